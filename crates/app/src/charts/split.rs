//! One bar cut into the parts of a whole; what they are is written beside it.

use super::{WIDTH, at};
use askama::Template;

/// A part.
pub(crate) struct Part {
    /// How it is filled: `one` to `five`, from dark to light.
    pub class: &'static str,
    pub count: u64,
    pub says: String,
}

struct Drawn {
    x: String,
    width: String,
    part: Part,
}

#[derive(Template)]
#[template(path = "charts/split.svg")]
pub(crate) struct Split {
    id: String,
    title: String,
    unit: String,
    parts: Vec<Drawn>,
}

impl Split {
    #[expect(clippy::cast_precision_loss, reason = "counts of cases")]
    pub fn new(id: String, title: String, unit: String, parts: Vec<Part>) -> Self {
        let whole = parts.iter().map(|part| part.count).sum::<u64>().max(1) as f64;
        let mut from = 0.0;
        let draw = |part: Part| {
            let share = part.count as f64 / whole;
            let (x, width) = (from, WIDTH * share);
            from += width;
            let gap = if width > 3.0 { 1.0 } else { 0.0 };
            Drawn { x: at(x), width: at(width - gap), part }
        };
        Self { id, title, unit, parts: parts.into_iter().filter(|part| part.count > 0).map(draw).collect() }
    }
}
