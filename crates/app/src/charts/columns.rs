//! How often each score was given.

use super::{WIDTH, at};
use askama::Template;

const TOP: f64 = 18.0;
const HEIGHT: f64 = 100.0;

/// One score.
pub(crate) struct Column {
    pub label: String,
    /// Percent.
    pub share: f64,
    /// The value as it is written above.
    pub text: String,
    /// `low`, `middle` or `high`: its band.
    pub band: &'static str,
    pub says: String,
}

struct Drawn {
    x: String,
    y: String,
    height: String,
    middle: String,
    text_y: String,
    column: Column,
}

#[derive(Template)]
#[template(path = "charts/columns.svg")]
pub(crate) struct Columns {
    id: String,
    title: String,
    unit: String,
    width: String,
    columns: Vec<Drawn>,
}

impl Columns {
    pub fn new(id: String, title: String, unit: String, columns: Vec<Column>) -> Self {
        let most = columns.iter().map(|column| column.share).fold(1.0, f64::max);
        let slot = WIDTH / f64::from(u32::try_from(columns.len().max(1)).unwrap_or(1));
        let width = (slot * 0.72).min(48.0);
        let draw = |(i, column): (usize, Column)| {
            let middle = slot * (f64::from(u32::try_from(i).unwrap_or(0)) + 0.5);
            let height = HEIGHT * column.share / most;
            let y = TOP + HEIGHT - height;
            let text_y = at(y - 5.0);
            Drawn { x: at(middle - width / 2.0), y: at(y), height: at(height), middle: at(middle), text_y, column }
        };
        Self { id, title, unit, width: at(width), columns: columns.into_iter().enumerate().map(draw).collect() }
    }
}
