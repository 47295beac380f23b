//! `[store]` and `[retention]`: how answers are kept, and for how long.

use super::table::{Checked, Table};
use super::{Config, Sequence};
use crate::digest::sha256_hex;
use crate::identity::Namer;
use crate::stored::FORMAT;
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

    /// A number that stands for all of it: another one, and what is stored is looked at anew.
    fn rule(&self) -> u64 {
        let tracks: BTreeMap<&str, u32> = self.tracks.iter().map(|(track, days)| (track.as_str(), *days)).collect();
        let digest = sha256_hex(format!("{:?} {:?} {tracks:?}", self.days, self.surveys).as_bytes());
        u64::from_str_radix(&digest[..16], 16).unwrap_or(1)
    }
}

impl Config {
    /// Surveys whose answers have a time to be kept, and which the programme does not ask: not, or not any more.
    #[must_use]
    pub fn kept_of_no_survey(&self) -> Vec<&SurveyId> {
        self.retention.surveys.keys().filter(|id| !self.surveys.contains_key(*id)).collect()
    }

    /// Sequences that would ask after the answers they follow are gone: the survey answered, and the one asked.
    #[must_use]
    pub fn asked_too_late(&self) -> Vec<(&SurveyId, &SurveyId)> {
        let late = |s: &&Sequence| {
            let asks_s = u64::from(s.after_s) + u64::from(s.remind_s.unwrap_or(0));
            self.retention.days_for(&s.from, None).is_some_and(|days| u64::from(days) * DAY <= asks_s)
        };
        self.messages.sequences.iter().filter(late).map(|s| (&s.from, &s.ask)).collect()
    }

    /// How the ledger is set up, for an application whose names are this namer's.
    #[must_use]
    pub fn ledger_options(&self, namer: &Namer) -> Options {
        let (retention, retention_rule) = (self.retention.shortest(), self.retention.rule());
        let (format, names) = (FORMAT, namer.mark());
        Options { shards: self.shards, kind: None, retention, retention_rule, format, names, ..Options::default() }
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
pub(super) fn read_retention(table: &Table<'_>) -> Checked<Retention> {
    let mut retention = Retention::default();
    if let Some(days) = table.value("days") {
        retention.days = Some(table.days("days", days)?);
    }
    if let Some(surveys) = table.table("surveys")? {
        for (name, value) in surveys.names() {
            // One that is asked no more may have answers that are kept.
            let Ok(id) = SurveyId::new(name.value) else {
                return surveys.fail(name.at, format!("`{}` is no survey's id", name.value));
            };
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
