//! Measured figures, their targets, and the line each is printed on.

use std::fmt;
use std::time::Duration;

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Nothing: it is there to be read.
    None,
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

/// One measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Dotted, from the general to the particular.
    pub name: String,
    /// In the unit that the name ends with; a ratio has none.
    pub value: f64,
    /// What is asked.
    pub target: Target,
}

impl Figure {
    /// A figure.
    pub fn new(name: impl Into<String>, value: f64, target: Target) -> Self {
        Self { name: name.into(), value, target }
    }

    /// Whether it falls short of its target; a figure that is no number does.
    pub fn is_missed(&self) -> bool {
        match self.target {
            Target::None => false,
            Target::AtLeast(least) => self.value.is_nan() || self.value < least,
            Target::AtMost(most) => self.value.is_nan() || self.value > most,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {:.3} ", self.name, self.value)?;
        match self.target {
            Target::None => write!(out, "-"),
            Target::AtLeast(least) => write!(out, ">={least}"),
            Target::AtMost(most) => write!(out, "<={most}"),
        }
    }
}

/// How long each request took, over several rounds.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    latencies: Vec<Duration>,
    /// The time over which they were made.
    pub elapsed: Duration,
}

impl Sample {
    /// A sample of one round.
    pub const fn new(latencies: Vec<Duration>, elapsed: Duration) -> Self {
        Self { latencies, elapsed }
    }

    /// Adds another round's.
    pub fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.elapsed += other.elapsed;
    }

    /// How many requests.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// Requests a second.
    #[expect(clippy::cast_precision_loss, reason = "counts of a bench fit")]
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency in milliseconds that this share (0 to 1) of the requests did not exceed.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into what was counted"
    )]
    pub fn quantile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(index).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_name_value_and_target() {
        assert_eq!(
            Figure::new("intake.64.ratio", 0.8123, Target::AtLeast(0.8)).to_string(),
            "intake.64.ratio 0.812 >=0.8"
        );
        assert_eq!(Figure::new("bare.1.p50_ms", 1.0, Target::None).to_string(), "bare.1.p50_ms 1.000 -");
    }

    #[test]
    fn missing_a_target_is_told_from_meeting_it() {
        let missed = |value, target| Figure::new("x", value, target).is_missed();
        assert!(!missed(0.8, Target::AtLeast(0.8)) && missed(0.79, Target::AtLeast(0.8)));
        assert!(!missed(1.5, Target::AtMost(1.5)) && missed(1.51, Target::AtMost(1.5)));
        assert!(missed(f64::NAN, Target::AtLeast(0.8)) && missed(f64::NAN, Target::AtMost(1.5)));
        assert!(!missed(f64::NAN, Target::None));
    }

    #[test]
    fn quantiles_are_latencies_that_occurred() {
        let sample = Sample::new((1..=100).map(Duration::from_millis).collect(), Duration::from_secs(2));
        assert_eq!((sample.quantile_ms(0.5), sample.quantile_ms(0.99), sample.quantile_ms(1.0)), (50.0, 99.0, 100.0));
        assert_eq!(sample.rate(), 50.0);
        assert!(Sample::default().quantile_ms(0.5).is_nan());
    }
}
