//! Reads the projections that a selection needs: three reads, however much is stored and however long the period.

use super::count::STANDING;
use super::period::Point;
use super::query::{Countries, Selection};
use super::tables::BLENDED;
use super::tally::{Answers, Cell, Tally, Work};
use crate::App;
use crate::problem::Problem;
use ringback_core::names::Named as _;
use ringback_core::survey::Metric;
use ringback_ledger::{Clock, Counts, Entropy, Store};

/// What the projections say of a selection.
#[derive(Debug)]
pub(super) struct Figures {
    /// The parts of the period, oldest first.
    pub points: Vec<(Point, Tally)>,
    /// All of them together.
    pub total: Tally,
    /// The period before.
    pub before: Tally,
    /// How things stand now, by queue and owner.
    pub standing: Counts,
    blended: bool,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    pub(super) async fn figures(&self, selection: &Selection) -> Result<Figures, Problem> {
        let points = selection.period.points();
        let earlier = selection.period.before().map(|before| before.docs()).unwrap_or_default();
        let mut docs: Vec<u32> = points.iter().flat_map(|point| point.docs.iter().copied()).collect();
        docs.extend(earlier.iter().copied().chain([STANDING]));
        let mut counts = self.ledger.counts_of(&docs).await.map_err(|error| self.store_failed(&error))?;
        let read = |docs: &[u32]| {
            let mut tally = Tally::default();
            docs.iter().filter_map(|doc| counts.get(doc)).for_each(|counts| tally.read(counts, selection));
            tally
        };
        let points: Vec<(Point, Tally)> = points.into_iter().map(|point| (point.clone(), read(&point.docs))).collect();
        let mut total = Tally::default();
        points.iter().for_each(|(_, tally)| total.add(tally));
        let before = read(&earlier);
        let standing = counts.remove(&STANDING).unwrap_or_default();
        Ok(Figures { points, total, before, standing, blended: selection.countries == Countries::Blended })
    }
}

impl Figures {
    /// Under which country a cell's scores are shown.
    pub fn country(&self, cell: &Cell) -> String {
        if self.blended { BLENDED.to_owned() } else { cell.country.clone() }
    }

    /// How many answers.
    pub fn answers(&self) -> u64 {
        self.total.answers.values().map(Answers::n).sum()
    }

    /// All cases together.
    pub fn work(&self) -> Work {
        self.total.work_by(|_, _| ()).remove(&()).unwrap_or_default()
    }

    /// Every score of a metric's scale, with how many answers gave it.
    #[expect(clippy::unused_self, reason = "what is said of figures is asked of them")]
    pub fn scores_of(&self, metric: &str, answers: &Answers) -> Vec<(u8, u64)> {
        let Some((min, max)) = Metric::from_name(metric).map(Metric::scale) else { return Vec::new() };
        (min..=max).map(|score| (score, answers.scores.get(&score).copied().unwrap_or(0))).collect()
    }
}
