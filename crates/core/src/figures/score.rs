//! What a score and a share are, and how sure one may be of them.

use super::{Estimate, Z, number};

/// Answers to "how likely are you to recommend us?", by band.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Nps {
    /// Scores of the lowest band.
    pub detractors: u64,
    /// Scores in between.
    pub passives: u64,
    /// Scores of the highest band.
    pub promoters: u64,
}

impl Nps {
    /// How many answers.
    #[must_use]
    pub const fn n(self) -> u64 {
        self.detractors + self.passives + self.promoters
    }

    /// The Net Promoter Score, −100 to 100: the share of promoters less that of detractors, in points. None without answers.
    ///
    /// The score is Reichheld's (*The One Number You Need to Grow*, Harvard Business Review, December 2003). The interval is
    /// the adjusted Wald interval, which keeps its 95 % for small samples and scores near the ends: ¾ of an answer is added
    /// to promoters and to detractors, 1½ to passives (Rocks, *Interval Estimation for the "Net Promoter Score"*, The
    /// American Statistician 70, 2016).
    #[must_use]
    pub fn score(self) -> Option<Estimate> {
        let n = self.n();
        if n == 0 {
            return None;
        }
        let value = 100.0 * (number(self.promoters) - number(self.detractors)) / number(n);
        let size = number(n) + 3.0;
        let promoters = (number(self.promoters) + 0.75) / size;
        let detractors = (number(self.detractors) + 0.75) / size;
        let (centre, error) = (100.0 * (promoters - detractors), 100.0 * standard_error(promoters, detractors, size));
        // The figure itself stays inside, also where all answers are alike.
        let low = (centre - Z * error).clamp(-100.0, value);
        let high = (centre + Z * error).clamp(value, 100.0);
        Some(Estimate { value, low, high, n })
    }

    /// The variance of one answer that counts −1, 0 or 1: `p + d − (p − d)²`, 0 to 1 (Rocks 2016, equation 3). The score's
    /// own variance, in points², is 100² of that by the number of answers. None without answers.
    #[must_use]
    pub fn variance(self) -> Option<f64> {
        let n = number(self.n());
        (n > 0.0).then(|| variance(number(self.promoters) / n, number(self.detractors) / n))
    }
}

fn variance(promoters: f64, detractors: f64) -> f64 {
    promoters + detractors - (promoters - detractors).powi(2)
}

fn standard_error(promoters: f64, detractors: f64, size: f64) -> f64 {
    (variance(promoters, detractors) / size).sqrt()
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many have what is asked for; at most `of`.
    pub part: u64,
    /// Of how many.
    pub of: u64,
}

impl Share {
    /// The share in percent, 0 to 100. None of nothing.
    ///
    /// This is CSAT (satisfied of all answers), CES 2.0 (who agrees that it was easy; Dixon, Toman, DeLisi, *The Effortless
    /// Experience*, 2013), coverage and attainment. The interval is Wilson's score interval without continuity correction
    /// (Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, JASA 22, 1927), which stays within
    /// 0 to 100 and holds for small samples (Brown, Cai, DasGupta, Statistical Science 16, 2001).
    #[must_use]
    pub fn percent(self) -> Option<Estimate> {
        if self.of == 0 {
            return None;
        }
        let n = number(self.of);
        let p = number(self.part.min(self.of)) / n;
        let square = Z * Z;
        let centre = (p + square / (2.0 * n)) / (1.0 + square / n);
        let half = Z / (1.0 + square / n) * (p * (1.0 - p) / n + square / (4.0 * n * n)).sqrt();
        // At 0 and 1 the limit is exactly the share; rounding must not cross it.
        let low = (100.0 * (centre - half)).clamp(0.0, 100.0 * p);
        let high = (100.0 * (centre + half)).clamp(100.0 * p, 100.0);
        Some(Estimate { value: 100.0 * p, low, high, n: self.of })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, wanted: f64) {
        assert!((got - wanted).abs() < 0.005, "{got} is not {wanted}");
    }

    #[test]
    fn a_score_has_the_value_variance_and_interval_worked_by_hand() {
        // 100 answers: 50 promoters, 30 passives, 20 detractors. Score 50 − 20 = 30. Variance 0.7 − 0.3² = 0.61.
        // Adjusted: 50.75/103 = 0.492718, 20.75/103 = 0.201456; difference 0.291262, variance 0.694175 − 0.084834 = 0.609341,
        // standard error √(0.609341/103) = 0.076915; 1.96 of it 0.150750: from 0.140512 to 0.442012.
        let nps = Nps { detractors: 20, passives: 30, promoters: 50 };
        let score = nps.score().unwrap();
        assert_eq!((score.value, score.n), (30.0, 100));
        near(nps.variance().unwrap(), 0.61);
        near(score.low, 14.05);
        near(score.high, 44.20);
    }

    #[test]
    fn answers_that_are_all_alike_are_not_certainty() {
        // 3 promoters: adjusted 3.75/6 = 0.625 and 0.125; centre 0.5, variance 0.75 − 0.25 = 0.5, error √(0.5/6) = 0.288675.
        let score = Nps { promoters: 3, ..Nps::default() }.score().unwrap();
        assert_eq!((score.value, score.high), (100.0, 100.0));
        near(score.low, 50.0 - 56.58);
        assert!(score.is_small());
    }

    #[test]
    fn a_share_has_the_interval_of_wilsons_formula() {
        // 15 of 20 (Wilson): centre (0.75 + 3.841459/40)/(1 + 3.841459/20) = 0.709723, half 0.178551.
        let share = Share { part: 15, of: 20 }.percent().unwrap();
        assert_eq!((share.value, share.n), (75.0, 20));
        near(share.low, 53.13);
        near(share.high, 88.81);
        // None of 10: up to 3.8415/13.8415 = 27.75 %.
        let none = Share { part: 0, of: 10 }.percent().unwrap();
        assert_eq!((none.value, none.low), (0.0, 0.0));
        near(none.high, 27.75);
        assert_eq!(Share { part: 10, of: 10 }.percent().unwrap().high, 100.0);
    }

    #[test]
    fn of_nothing_there_is_no_figure() {
        assert_eq!(Nps::default().score(), None);
        assert_eq!(Nps::default().variance(), None);
        assert_eq!(Share::default().percent(), None);
    }

    #[test]
    fn a_difference_has_the_limits_of_newcombes_example() {
        // Newcombe 1998, table II (a): 56/70 less 48/80, method 10: 0.0524 to 0.3339.
        let now = Share { part: 56, of: 70 }.percent().unwrap();
        let change = now.since(&Share { part: 48, of: 80 }.percent().unwrap());
        near(change.value, 20.0);
        near(change.low, 5.24);
        near(change.high, 33.39);
        assert!(change.excludes_zero());
        assert!(!now.since(&now).excludes_zero());
    }
}
