//! Counts of the projections, read back as what they say: answers and cases by cell.

use super::query::{Countries, Selection};
use ringback_core::figures::{Estimate, Histogram, Nps, Share};
use ringback_core::names::Named as _;
use ringback_core::survey::Metric;
use ringback_ledger::{Counts, REST};
use std::collections::{BTreeMap, BTreeSet};

/// What answers have in common that are counted together. `-` where an answer says nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub metric: &'static str,
    pub country: String,
    pub touchpoint: String,
    pub segment: String,
    pub survey: String,
}

/// Answers by band and score.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers {
    pub bands: Nps,
    pub scores: BTreeMap<u8, u64>,
}

impl Answers {
    pub const fn n(&self) -> u64 {
        self.bands.n()
    }

    /// The metric's figure: the Net Promoter Score, or the share of the highest band in percent.
    pub fn estimate(&self, metric: &str) -> Option<Estimate> {
        match metric {
            "nps" => self.bands.score(),
            _ => Share { part: self.bands.promoters, of: self.n() }.percent(),
        }
    }

    /// The mean score.
    #[expect(clippy::cast_precision_loss, reason = "sums of scores stay far below 2^53")]
    pub fn mean(&self) -> Option<f64> {
        let n: u64 = self.scores.values().sum();
        let sum: u64 = self.scores.iter().map(|(score, count)| u64::from(*score) * count).sum();
        (n > 0).then(|| sum as f64 / n as f64)
    }

    pub fn add(&mut self, other: &Self) {
        self.bands.detractors += other.bands.detractors;
        self.bands.passives += other.bands.passives;
        self.bands.promoters += other.bands.promoters;
        for (score, count) in &other.scores {
            *self.scores.entry(*score).or_default() += count;
        }
    }

    fn count(&mut self, field: &str, n: u64) {
        match field {
            "detractor" | "dissatisfied" => self.bands.detractors += n,
            "passive" | "neutral" => self.bands.passives += n,
            "promoter" | "satisfied" => self.bands.promoters += n,
            _ => {
                if let Some(score) = numbered(field, 's') {
                    *self.scores.entry(score).or_default() += n;
                }
            }
        }
    }
}

/// What became of cases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Worked by a person, those that go on in another case included.
    pub worked: u64,
    pub merged: u64,
    /// All but those that go on in another case: `open + automated + quick + later + slow`.
    pub cases: u64,
    pub open: u64,
    pub automated: u64,
    /// Closed within 48 hours, within 72, after that.
    pub quick: u64,
    pub later: u64,
    pub slow: u64,
    /// Of the lowest band; of these who answered again; of these who is won back.
    pub low: u64,
    pub again: u64,
    pub won: u64,
    pub first_contact: Share,
    pub closure: Share,
    pub to_contact: Histogram,
    pub to_closure: Histogram,
    pub causes: BTreeMap<String, u64>,
}

impl Work {
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.worked, other.worked),
            (&mut self.merged, other.merged),
            (&mut self.cases, other.cases),
            (&mut self.open, other.open),
            (&mut self.automated, other.automated),
            (&mut self.quick, other.quick),
            (&mut self.later, other.later),
            (&mut self.slow, other.slow),
            (&mut self.low, other.low),
            (&mut self.again, other.again),
            (&mut self.won, other.won),
            (&mut self.first_contact.part, other.first_contact.part),
            (&mut self.first_contact.of, other.first_contact.of),
            (&mut self.closure.part, other.closure.part),
            (&mut self.closure.of, other.closure.of),
        ] {
            *mine += theirs;
        }
        self.to_contact.merge(&other.to_contact);
        self.to_closure.merge(&other.to_closure);
        for (cause, n) in &other.causes {
            *self.causes.entry(cause.clone()).or_default() += n;
        }
    }

    fn count(&mut self, field: &str, n: u64) {
        match field {
            "worked" => self.worked += n,
            "merged" => self.merged += n,
            "case" => self.cases += n,
            "open" => self.open += n,
            "automated" => self.automated += n,
            "quick" => self.quick += n,
            "later" => self.later += n,
            "slow" => self.slow += n,
            "low" => self.low += n,
            "again" => self.again += n,
            "won" => self.won += n,
            "fk" | "fm" => met(&mut self.first_contact, field == "fk", n),
            "ck" | "cm" => met(&mut self.closure, field == "ck", n),
            _ => {
                if let Some(cause) = field.strip_prefix("why:") {
                    *self.causes.entry(cause.to_owned()).or_default() += n;
                } else if let Some(bucket) = numbered(field, 'f') {
                    self.to_contact.add(bucket, n);
                } else if let Some(bucket) = numbered(field, 'c') {
                    self.to_closure.add(bucket, n);
                }
            }
        }
    }
}

fn met(share: &mut Share, kept: bool, n: u64) {
    share.of += n;
    share.part += if kept { n } else { 0 };
}

/// The number in a field that is named by a letter and a number.
fn numbered<T: std::str::FromStr>(field: &str, letter: char) -> Option<T> {
    field.strip_prefix(letter)?.parse().ok()
}

/// What occurs in documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub countries: BTreeSet<String>,
    pub touchpoints: BTreeSet<String>,
    pub segments: BTreeSet<String>,
}

impl Seen {
    fn note(&mut self, cell: &Cell) {
        for (known, value) in [
            (&mut self.countries, &cell.country),
            (&mut self.touchpoints, &cell.touchpoint),
            (&mut self.segments, &cell.segment),
        ] {
            if !known.contains(value) {
                known.insert(value.clone());
            }
        }
    }

    fn add(&mut self, other: &Self) {
        self.countries.extend(other.countries.iter().cloned());
        self.touchpoints.extend(other.touchpoints.iter().cloned());
        self.segments.extend(other.segments.iter().cloned());
    }
}

/// What documents say, as far as it is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub answers: BTreeMap<Cell, Answers>,
    /// By cell and queue.
    pub work: BTreeMap<(Cell, String), Work>,
    /// Values of cells, whether they are selected or not.
    pub seen: Seen,
    /// Answers that had no cell of their own; see the ledger's limit.
    pub rest: u64,
}

impl Tally {
    /// Adds a document.
    pub fn read(&mut self, counts: &Counts, selection: &Selection) {
        for (row, fields) in counts {
            let fields = fields.iter().filter_map(|(field, n)| Some((field.as_str(), u64::try_from(*n).ok()?)));
            if row == REST {
                let mut rest = Answers::default();
                fields.for_each(|(field, n)| rest.count(field, n));
                self.rest += rest.n();
                continue;
            }
            let Some((cell, queue)) = cell(row) else { continue };
            self.seen.note(&cell);
            match queue {
                _ if !selection.takes(&cell) => {}
                None => {
                    let answers = self.answers.entry(cell).or_default();
                    fields.for_each(|(field, n)| answers.count(field, n));
                }
                Some(queue) => {
                    let work = self.work.entry((cell, queue)).or_default();
                    fields.for_each(|(field, n)| work.count(field, n));
                }
            }
        }
    }

    /// Adds what another says.
    pub fn add(&mut self, other: &Self) {
        for (cell, answers) in &other.answers {
            self.answers.entry(cell.clone()).or_default().add(answers);
        }
        for (place, work) in &other.work {
            self.work.entry(place.clone()).or_default().add(work);
        }
        self.rest += other.rest;
        self.seen.add(&other.seen);
    }

    /// Answers by what `of` says of their cells; those of which nothing is left are none.
    pub fn answers_by<K: Ord>(&self, of: impl Fn(&Cell) -> K) -> BTreeMap<K, Answers> {
        let mut by: BTreeMap<K, Answers> = BTreeMap::new();
        for (cell, answers) in self.answers.iter().filter(|(_, answers)| answers.n() > 0) {
            by.entry(of(cell)).or_default().add(answers);
        }
        by
    }

    /// Cases by what `of` says of their cells and queues.
    pub fn work_by<K: Ord>(&self, of: impl Fn(&Cell, &str) -> K) -> BTreeMap<K, Work> {
        let mut by: BTreeMap<K, Work> = BTreeMap::new();
        for ((cell, queue), work) in self.work.iter().filter(|(_, work)| work.cases + work.worked > 0) {
            by.entry(of(cell, queue)).or_default().add(work);
        }
        by
    }
}

/// `survey|touchpoint|country|segment|metric`, and the queue where it is about cases.
pub(super) fn cell(row: &str) -> Option<(Cell, Option<String>)> {
    let mut parts = row.split('|');
    let mut next = || parts.next().map(str::to_owned);
    let (survey, touchpoint, country, segment) = (next()?, next()?, next()?, next()?);
    let metric = Metric::from_name(&next()?)?.as_str();
    let queue = next();
    Some((Cell { metric, country, touchpoint, segment, survey }, queue))
}

impl Selection {
    pub(super) fn takes(&self, cell: &Cell) -> bool {
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        let country = match &self.countries {
            Countries::One(country) => *country == cell.country,
            Countries::Each | Countries::Blended => true,
        };
        country
            && is(&self.survey, &cell.survey)
            && is(&self.touchpoint, &cell.touchpoint)
            && is(&self.segment, &cell.segment)
    }
}
