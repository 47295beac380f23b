//! Charts as inline SVG, made on the server: no script, no colour that says what nothing else says.
//!
//! Each has a title and its unit, is readable in grey (shapes, lengths and written values tell, colours only help), and
//! stands beside a table with the same numbers. What is charted is the caller's; texts come in the reader's language.

mod bars;
mod columns;
mod split;
mod trend;

pub(crate) use bars::{Bar, Bars};
pub(crate) use columns::{Column, Columns};
pub(crate) use split::{Part, Split};
pub(crate) use trend::{Spot, Trend};

use askama::Template;

/// Charts are drawn this wide, in units of their own; a page scales them.
const WIDTH: f64 = 400.0;

/// A chart as markup. One that cannot be drawn is left out: its table says the same.
pub(crate) fn drawn(chart: &impl Template) -> String {
    chart.render().unwrap_or_default()
}

/// A coordinate, to a tenth.
fn at(value: f64) -> String {
    format!("{:.1}", value + 0.0)
}

/// Steps of a scale that people can read, so that at most five lie within a range.
fn step(range: f64) -> f64 {
    [1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0].into_iter().find(|step| range / step <= 5.0).unwrap_or(range / 5.0)
}
