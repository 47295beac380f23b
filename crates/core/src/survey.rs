//! What a survey asks and what a score on it means: metric, scale, thresholds, band.

use crate::id::{SurveyId, TouchpointId};
use crate::names::named;
use std::collections::BTreeMap;

/// What a survey measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Net Promoter Score: "how likely are you to recommend us?", 0–10 (Reichheld, *The One Number You Need to Grow*, HBR 2003).
    Nps,
    /// Customer satisfaction: 1–5.
    Csat,
    /// Customer effort, agreement with "it was easy": 1–7, high is good (Dixon et al., CES 2.0).
    Ces,
    /// One to five stars.
    Stars,
    /// Thumb down or up: 0 or 1.
    Thumbs,
}

named!(Metric { Nps = "nps", Csat = "csat", Ces = "ces", Stars = "stars", Thumbs = "thumbs" });

impl Metric {
    /// The metric's lowest and highest score, both included.
    #[must_use]
    pub const fn scale(self) -> (u8, u8) {
        match self {
            Self::Nps => (0, 10),
            Self::Csat => (1, 5),
            Self::Ces => (1, 7),
            Self::Stars => (1, 5),
            Self::Thumbs => (0, 1),
        }
    }

    /// Thresholds where the survey names none: NPS 0–6/7–8/9–10, CSAT and stars 1–2/3/4–5, CES 1–3/4/5–7, thumbs 0/–/1.
    #[must_use]
    pub const fn default_thresholds(self) -> Thresholds {
        match self {
            Self::Nps => Thresholds { low: 6, high: 9 },
            Self::Csat | Self::Stars => Thresholds { low: 2, high: 4 },
            Self::Ces => Thresholds { low: 3, high: 5 },
            Self::Thumbs => Thresholds { low: 0, high: 1 },
        }
    }

    /// The metric's name as people write it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nps => "NPS",
            Self::Csat => "CSAT",
            Self::Ces => "CES",
            Self::Stars => "stars",
            Self::Thumbs => "thumbs",
        }
    }
}

/// Where the bands begin and end on a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Highest score of the lowest band.
    pub low: u8,
    /// Lowest score of the highest band; greater than `low`.
    pub high: u8,
}

impl Thresholds {
    /// Whether the thresholds cut the metric's scale into bands that can be reached.
    #[must_use]
    pub fn fit(self, metric: Metric) -> bool {
        let (min, max) = metric.scale();
        min <= self.low && self.low < self.high && self.high <= max
    }
}

/// A score that lies on its survey's scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u8);

/// A score that does not lie on its survey's scale.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("score {given} is not a whole number in {min}..={max}")]
pub struct ScoreOutOfScale {
    /// What was given.
    pub given: f64,
    /// Lowest score of the scale.
    pub min: u8,
    /// Highest score of the scale.
    pub max: u8,
}

impl Score {
    /// Checks a number against a metric's scale.
    ///
    /// # Errors
    /// When the number is not whole or lies outside the scale.
    pub fn new(given: f64, metric: Metric) -> Result<Self, ScoreOutOfScale> {
        let (min, max) = metric.scale();
        if given.fract() == 0.0 && given >= f64::from(min) && given <= f64::from(max) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole and within 0..=10, checked above"
            )]
            return Ok(Self(given as u8));
        }
        Err(ScoreOutOfScale { given, min, max })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What a score means, in the words of its metric. Of one metric the unhappier is the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// NPS, lowest band.
    Detractor,
    /// NPS, middle band.
    Passive,
    /// NPS, highest band.
    Promoter,
    /// Every other metric, lowest band.
    Dissatisfied,
    /// Every other metric, middle band.
    Neutral,
    /// Every other metric, highest band.
    Satisfied,
}

named!(Band {
    Detractor = "detractor",
    Passive = "passive",
    Promoter = "promoter",
    Dissatisfied = "dissatisfied",
    Neutral = "neutral",
    Satisfied = "satisfied",
});

/// A survey of the programme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Its name.
    pub id: SurveyId,
    /// What it measures.
    pub metric: Metric,
    /// Where in the journey it asks.
    pub touchpoint: TouchpointId,
    /// The journey the touchpoint belongs to.
    pub journey: Option<String>,
    /// Where its bands lie.
    pub thresholds: Thresholds,
    /// Where they lie for customers of a country (ISO 3166 alpha-2), where that differs: cultures score differently.
    pub countries: BTreeMap<String, Thresholds>,
}

impl Survey {
    /// Where the bands lie for a customer of a country (ISO 3166 alpha-2).
    #[must_use]
    pub fn cut(&self, country: Option<&str>) -> &Thresholds {
        country.and_then(|c| self.countries.get(c)).unwrap_or(&self.thresholds)
    }

    /// What a score on this survey means for a customer of a country.
    #[must_use]
    pub fn band(&self, score: Score, country: Option<&str>) -> Band {
        let cut = self.cut(country);
        let nps = self.metric == Metric::Nps;
        match score.get() {
            s if s <= cut.low && nps => Band::Detractor,
            s if s <= cut.low => Band::Dissatisfied,
            s if s >= cut.high && nps => Band::Promoter,
            s if s >= cut.high => Band::Satisfied,
            _ if nps => Band::Passive,
            _ => Band::Neutral,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(metric: Metric) -> Survey {
        Survey {
            id: SurveyId::new("s").unwrap(),
            metric,
            touchpoint: TouchpointId::new("t").unwrap(),
            journey: None,
            thresholds: metric.default_thresholds(),
            countries: BTreeMap::from([("CH".to_owned(), Thresholds { low: 5, high: 8 })]),
        }
    }

    #[test]
    fn bands_follow_the_metrics_own_thresholds() {
        let cases = [
            (Metric::Nps, vec![0u8, 6], vec![7u8, 8], vec![9u8, 10]),
            (Metric::Csat, vec![1, 2], vec![3], vec![4, 5]),
            (Metric::Ces, vec![1, 3], vec![4], vec![5, 7]),
            (Metric::Stars, vec![1, 2], vec![3], vec![4, 5]),
            (Metric::Thumbs, vec![0], vec![], vec![1]),
        ];
        for (metric, low, middle, high) in cases {
            let s = survey(metric);
            let names = |scores: Vec<u8>| -> Vec<&str> {
                scores.iter().map(|n| s.band(Score::new(f64::from(*n), metric).unwrap(), None).as_str()).collect()
            };
            let nps = metric == Metric::Nps;
            assert!(names(low).iter().all(|b| *b == if nps { "detractor" } else { "dissatisfied" }));
            assert!(names(middle).iter().all(|b| *b == if nps { "passive" } else { "neutral" }));
            assert!(names(high).iter().all(|b| *b == if nps { "promoter" } else { "satisfied" }));
        }
    }

    #[test]
    fn a_country_may_have_thresholds_of_its_own() {
        let s = survey(Metric::Nps);
        let six = Score::new(6.0, Metric::Nps).unwrap();
        assert_eq!(s.band(six, Some("DE")), Band::Detractor);
        assert_eq!(s.band(six, Some("CH")), Band::Passive);
    }

    #[test]
    fn a_score_off_the_scale_is_refused() {
        for (given, metric) in [
            (11.0, Metric::Nps),
            (-1.0, Metric::Nps),
            (0.0, Metric::Csat),
            (7.5, Metric::Nps),
            (f64::NAN, Metric::Ces),
            (0.0, Metric::Stars),
            (2.0, Metric::Thumbs),
        ] {
            assert!(Score::new(given, metric).is_err(), "{given}");
        }
        assert_eq!(Score::new(11.0, Metric::Nps).unwrap_err().to_string(), "score 11 is not a whole number in 0..=10");
    }
}
