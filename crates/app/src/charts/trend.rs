//! A figure over time, with the band within which its true value lies.

use super::{WIDTH, at, step};
use askama::Template;
use ringback_core::figures::Estimate;

const TOP: f64 = 12.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 12.0;
const HEIGHT: f64 = 150.0;
/// Smallest range of values that is shown, so that chance does not look like a landslide.
const LEAST: f64 = 40.0;

/// One point of a trend.
pub(crate) struct Spot {
    /// When, as people read it.
    pub when: String,
    /// None when nobody answered.
    pub estimate: Option<Estimate>,
    /// What is said of it, in words.
    pub says: String,
}

/// A spot as it is drawn.
struct Dot {
    x: String,
    y: String,
    small: bool,
    says: String,
}

#[derive(Template)]
#[template(path = "charts/trend.svg")]
pub(crate) struct Trend {
    id: String,
    title: String,
    unit: String,
    bands: Vec<String>,
    lines: Vec<String>,
    dots: Vec<Dot>,
    /// Height and label of each line of the grid, and whether it is zero.
    grid: Vec<(String, String, bool)>,
    ticks: Vec<(String, String, &'static str)>,
}

impl Trend {
    /// Draws spots in order. `floor` and `ceiling` are the ends of the figure's scale.
    pub fn new(id: String, title: String, unit: String, (floor, ceiling): (f64, f64), spots: &[Spot]) -> Self {
        let estimates = || spots.iter().filter_map(|spot| spot.estimate);
        let low = estimates().map(|e| e.low).fold(ceiling, f64::min);
        let high = estimates().map(|e| e.high).fold(floor, f64::max);
        let middle = f64::midpoint(low, high);
        let (low, high) = (low.min(middle - LEAST / 2.0), high.max(middle + LEAST / 2.0));
        let step = step(high - low);
        let low = ((low / step).floor() * step).max(floor);
        let high = ((high / step).ceil() * step).min(ceiling).max(low + step);
        let y = |value: f64| TOP + HEIGHT * (high - value) / (high - low);
        let count = f64::from(u32::try_from(spots.len().max(2) - 1).unwrap_or(1));
        let x = |i: usize| LEFT + (WIDTH - LEFT - RIGHT) * f64::from(u32::try_from(i).unwrap_or(0)) / count;
        let (mut bands, mut lines, mut dots) = (Vec::new(), Vec::new(), Vec::new());
        let placed: Vec<(f64, Option<Estimate>)> = spots.iter().enumerate().map(|(i, s)| (x(i), s.estimate)).collect();
        // Where nobody answered there is a gap.
        for run in placed.split(|(_, estimate)| estimate.is_none()) {
            let point = |of: fn(&Estimate) -> f64| {
                move |(x, e): &(f64, Option<Estimate>)| e.map(|e| format!("{},{}", at(*x), at(y(of(&e)))))
            };
            let along = run.iter().filter_map(point(|e| e.high));
            let back = run.iter().rev().filter_map(point(|e| e.low));
            if run.len() > 1 {
                bands.push(along.chain(back).collect::<Vec<_>>().join(" "));
                lines.push(run.iter().filter_map(point(|e| e.value)).collect::<Vec<_>>().join(" "));
            }
        }
        for (spot, (x, estimate)) in spots.iter().zip(&placed) {
            if let Some(e) = estimate {
                dots.push(Dot { x: at(*x), y: at(y(e.value)), small: e.is_small(), says: spot.says.clone() });
            }
        }
        let mut grid = Vec::new();
        let mut value = low;
        while value <= high + 0.001 {
            grid.push((at(y(value)), format!("{value:.0}").replace('-', "−"), value == 0.0));
            value += step;
        }
        Self { id, title, unit, bands, lines, dots, grid, ticks: ticks(spots, x) }
    }

    const fn height() -> f64 {
        TOP + HEIGHT + 26.0
    }
}

/// The first, the middle and the last.
fn ticks(spots: &[Spot], x: impl Fn(usize) -> f64) -> Vec<(String, String, &'static str)> {
    let last = spots.len().saturating_sub(1);
    let mut chosen = vec![(0, "start"), (last / 2, "middle"), (last, "end")];
    chosen.dedup_by_key(|(i, _)| *i);
    chosen.into_iter().filter_map(|(i, anchor)| Some((at(x(i)), spots.get(i)?.when.clone(), anchor))).collect()
}
