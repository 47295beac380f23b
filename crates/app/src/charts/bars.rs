//! One bar a row: attainment against a target, or load, of which a part stands out.

use super::{WIDTH, at};
use askama::Template;

const ROW: f64 = 44.0;

/// One row.
pub(crate) struct Bar {
    pub label: String,
    /// Its length.
    pub value: f64,
    /// How much of it stands out, from its beginning.
    pub of_these: f64,
    /// Where it should reach.
    pub target: Option<f64>,
    /// Within what its true value lies.
    pub interval: Option<(f64, f64)>,
    /// The value as it is written beside.
    pub text: String,
    /// Whether it falls short.
    pub short: bool,
}

struct Drawn {
    bar: Bar,
    label_y: String,
    y: String,
    middle: String,
    width: String,
    part: String,
    target: Option<String>,
    interval: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "charts/bars.svg")]
pub(crate) struct Bars {
    id: String,
    title: String,
    unit: String,
    height: String,
    bars: Vec<Drawn>,
}

impl Bars {
    /// Draws rows on a scale from 0 to `most`.
    pub fn new(id: String, title: String, unit: String, most: f64, bars: Vec<Bar>) -> Self {
        let x = |value: f64| WIDTH * (value / most.max(1.0)).clamp(0.0, 1.0);
        let draw = |(i, bar): (usize, Bar)| {
            let top = ROW * f64::from(u32::try_from(i).unwrap_or(0));
            Drawn {
                label_y: at(top + 13.0),
                y: at(top + 20.0),
                middle: at(top + 27.0),
                width: at(x(bar.value)),
                part: at(x(bar.of_these)),
                target: bar.target.map(|target| at(x(target).min(WIDTH - 1.5))),
                interval: bar.interval.map(|(low, high)| (at(x(low)), at(x(high)))),
                bar,
            }
        };
        let bars: Vec<Drawn> = bars.into_iter().enumerate().map(draw).collect();
        let height = at(ROW * f64::from(u32::try_from(bars.len().max(1)).unwrap_or(1)) - 4.0);
        Self { id, title, unit, height, bars }
    }
}
