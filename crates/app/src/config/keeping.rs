//! `[store]` and `[retention]`: how answers are kept, and for how long.

use super::Config;
use super::table::{Checked, Table};
use ringback_core::id::SurveyId;
use ringback_core::names::Named as _;
use ringback_core::rule::Track;
use ringback_ledger::Options;
use std::collections::BTreeMap;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// For how many days answers are kept, with their cases. Whatever is named nowhere is kept for ever.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// What neither of the following names.
    pub days: Option<u32>,
    /// By survey.
    pub surveys: BTreeMap<SurveyId, u32>,
    /// By the case's track; goes before the survey's.
    pub tracks: Vec<(Track, u32)>,
}

impl Retention {
    /// Days for an answer to a survey, with a case on a track if it has one.
    #[must_use]
    pub fn days_for(&self, survey: &SurveyId, track: Option<Track>) -> Option<u32> {
        let of_track = self.tracks.iter().find(|(named, _)| Some(*named) == track).map(|(_, days)| *days);
        of_track.or_else(|| self.surveys.get(survey).copied()).or(self.days)
    }

    /// The shortest of all, in seconds: from that age on a record is asked about.
    fn shortest(&self) -> Option<u64> {
        let of_tracks = self.tracks.iter().map(|(_, days)| days);
        let days = self.surveys.values().chain(of_tracks).chain(&self.days).min();
        days.map(|days| u64::from(*days) * DAY)
    }
}

impl Config {
    /// How the ledger is set up.
    #[must_use]
    pub fn ledger_options(&self) -> Options {
        Options { shards: self.shards, kind: None, retention: self.retention.shortest(), ..Options::default() }
    }
}

/// `[store]`: the number of shards.
pub(super) fn read_shards(table: &Table<'_>) -> Checked<u8> {
    let shards = table.small("shards")?.unwrap_or(1);
    if !(1..=64).contains(&shards) {
        return table.fail(table.at, "shards must be 1 to 64 (1 on SQLite)");
    }
    table.done()?;
    Ok(shards)
}

/// `[retention]`
pub(super) fn read_retention(table: &Table<'_>, config: &Config) -> Checked<Retention> {
    let mut retention = Retention::default();
    if let Some(days) = table.value("days") {
        retention.days = Some(table.days("days", days)?);
    }
    if let Some(surveys) = table.table("surveys")? {
        for (name, value) in surveys.names() {
            let id = SurveyId::new(name.value).ok().filter(|id| config.surveys.contains_key(id));
            let Some(id) = id else { return surveys.fail(name.at, format!("no survey `{}`", name.value)) };
            retention.surveys.insert(id, surveys.days(name.value, value)?);
        }
    }
    if let Some(tracks) = table.table("tracks")? {
        for (name, value) in tracks.names() {
            let Some(track) = Track::from_name(name.value) else {
                return tracks.fail(name.at, format!("no track `{}`", name.value));
            };
            retention.tracks.push((track, tracks.days(name.value, value)?));
        }
    }
    table.done()?;
    Ok(retention)
}
