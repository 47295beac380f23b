//! Times, counted so that the counts of several days can be added up and a median still be told.

use std::collections::BTreeMap;

/// Bits of a value that its bucket keeps besides the highest: 8 buckets for every doubling.
const BITS: u32 = 3;
/// Buckets for every doubling; smaller values have a bucket each.
const STEPS: u64 = 1 << BITS;

/// A histogram of seconds whose buckets grow with what they hold: each is an eighth of a power of two wide, so that what
/// is told from it lies within 6.25 % of the truth. Two histograms are merged by adding their counts, exactly.
///
/// The idea is the HDR histogram's (Tene, hdrhistogram.org); that quantiles with a relative error can be merged is shown in
/// Masson, Rim, Lee, *DDSketch*, PVLDB 12, 2019.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: BTreeMap<u16, u64>,
}

impl Histogram {
    /// The bucket of a time.
    #[must_use]
    pub fn bucket(seconds: u64) -> u16 {
        let exponent = seconds.max(1).ilog2();
        if exponent < BITS {
            return u16::try_from(seconds).unwrap_or(u16::MAX);
        }
        let (octave, step) = (exponent - BITS, (seconds >> (exponent - BITS)) - STEPS);
        u16::try_from(u64::from(octave + 1) * STEPS + step).unwrap_or(u16::MAX)
    }

    /// The shortest time of a bucket, and the shortest of the next, in seconds.
    #[must_use]
    pub fn limits(bucket: u16) -> (u64, u64) {
        let (octave, step) = (u64::from(bucket) / STEPS, u64::from(bucket) % STEPS);
        if octave == 0 {
            return (step, step + 1);
        }
        let octave = u32::try_from(octave - 1).unwrap_or(u32::MAX).min(u64::BITS - BITS - 2);
        ((STEPS + step) << octave, (STEPS + step + 1) << octave)
    }

    /// Adds times of a bucket.
    pub fn add(&mut self, bucket: u16, count: u64) {
        if count > 0 {
            *self.counts.entry(bucket).or_default() += count;
        }
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            self.add(*bucket, *count);
        }
    }

    /// How many times it holds.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The time within which a share (0 to 1) of all lie, in seconds: the middle of the bucket that holds the time of rank
    /// ⌈share × n⌉. None of nothing.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let n = self.n();
        let rank = super::number(n) * share.clamp(0.0, 1.0);
        let mut seen = 0;
        for (bucket, count) in &self.counts {
            seen += count;
            if super::number(seen) >= rank && seen > 0 {
                let (low, high) = Self::limits(*bucket);
                return Some(low + (high - low) / 2);
            }
        }
        None
    }

    /// Half of all are done within this time, in seconds.
    #[must_use]
    pub fn median(&self) -> Option<u64> {
        self.quantile(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seconds: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for seconds in seconds {
            histogram.add(Histogram::bucket(*seconds), 1);
        }
        histogram
    }

    #[test]
    fn every_time_lies_in_its_bucket_and_buckets_follow_each_other() {
        let times = (0..5_000).chain((13..63).map(|e| 1 << e)).chain((13..63).map(|e| (1 << e) - 1));
        for seconds in times {
            let (low, high) = Histogram::limits(Histogram::bucket(seconds));
            assert!(low <= seconds && seconds < high, "{seconds} in {low}..{high}");
            assert!((high - low) * 8 <= low.max(8), "{seconds}: {low}..{high} is too wide");
        }
        for bucket in 0..400 {
            assert_eq!(Histogram::limits(bucket).1, Histogram::limits(bucket + 1).0, "{bucket}");
        }
    }

    #[test]
    fn the_median_of_hours_is_told_within_its_bucket() {
        // 1 h, 5 h, 30 h: the median is 18,000 s, whose bucket is 16,384 + 0 … + 2,048.
        let hours = of(&[3_600, 18_000, 108_000]);
        assert_eq!(Histogram::limits(Histogram::bucket(18_000)), (16_384, 18_432));
        assert_eq!((hours.median(), hours.n()), (Some(17_408), 3));
        assert_eq!(hours.quantile(1.0), Some((106_496 + 114_688) / 2));
        assert_eq!(Histogram::default().median(), None);
    }

    #[test]
    fn merging_is_adding() {
        let (mut a, b) = (of(&[5, 700, 90_000]), of(&[700, 3]));
        a.merge(&b);
        assert_eq!(a, of(&[5, 700, 90_000, 700, 3]));
    }
}
