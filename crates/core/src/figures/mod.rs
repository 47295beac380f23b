//! Figures of the outer loop: scores and shares with how sure one may be of them, and medians of times.
//!
//! Formulas over counts, each with its source. Nothing here knows where counts come from, of which period they are, or how
//! a figure is shown. All intervals are two-sided and cover 95 %.

mod histogram;
mod score;

pub use histogram::Histogram;
pub use score::{Nps, Share};

/// The 97.5 % quantile of the normal distribution: an interval of ±[`Z`] standard errors covers 95 %.
pub const Z: f64 = 1.959_963_984_540_054;

/// Fewer answers than this are a small sample, and a figure of them says so. 30 is the rule of thumb for the normal
/// approximation (Hogg, Tanis, Zimmerman, *Probability and Statistical Inference*).
pub const SMALL_SAMPLE: u64 = 30;

/// A figure, and between what limits its true value lies with 95 % confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure itself.
    pub value: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// Of how many answers or cases.
    pub n: u64,
}

impl Estimate {
    /// Whether there are too few answers to rely on the figure.
    #[must_use]
    pub const fn is_small(&self) -> bool {
        self.n < SMALL_SAMPLE
    }

    /// How much this differs from an earlier, independent estimate of the same kind.
    ///
    /// MOVER, the method of variance estimates recovery: the limits of a difference follow from the limits of both
    /// (Zou and Donner, *Construction of confidence limits about effect measures*, Statistics in Medicine 27, 2008; for
    /// shares with Wilson's limits this is Newcombe's method 10, Statistics in Medicine 17, 1998).
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let distance = |a: f64, b: f64| a.hypot(b);
        let value = self.value - earlier.value;
        Self {
            value,
            low: value - distance(self.value - self.low, earlier.high - earlier.value),
            high: value + distance(self.high - self.value, earlier.value - earlier.low),
            n: self.n.min(earlier.n),
        }
    }

    /// Whether a difference is beyond what chance alone would bring about.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// A count as a number to calculate with. Exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of answers stay far below 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}
