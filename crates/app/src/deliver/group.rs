//! Groups alerts that belong together into one message, so that a storm of answers is no storm of messages.
//!
//! Each group has a journal of the ledger for each day: who joined, and which of them a message was made of. The first
//! that is in no message yet leads: when it is time it notes whom its message covers, and sends it. The others wait until
//! the leader's delivery has arrived. A crash in between repeats the same message, and loses nobody.

use super::silence::labels;
use crate::App;
use crate::config::{Channel, Grouping};
use crate::dossier::Dossier;
use chrono::{DateTime, Utc};
use ringback_core::alert::Delivery;
use ringback_core::rule::Priority;
use ringback_ledger::{Clock, Entropy, LedgerError, Record, Store};
use serde_json::{Value, json};

/// How long after its time a group waits for its leader, in seconds, before another one leads.
const LEADER_LATE_S: u64 = 150;
/// How many alerts one message covers at most: so that a storm is told in one message, and the note of it is of a size that
/// every store takes.
const MOST: usize = 2_000;
const DAY_S: u64 = 86_400;

/// One alert of a group: `{case}/{delivery}`, and what it says in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub name: String,
    pub says: String,
    at: u64,
}

/// What a journal says.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Who joined, in order.
    members: Vec<Member>,
    /// Messages: who led, whom they cover, when.
    messages: Vec<(String, Vec<String>, u64)>,
    /// Alerts that went out on their own, and when.
    alone: Vec<(String, u64)>,
}

/// What is to be done with an alert.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It goes out on its own.
    Alone,
    /// Not now.
    Wait(u64),
    /// It leads: a message about these, itself among them.
    Lead(Vec<Member>),
    /// Another one's message covers it.
    Covered(String),
    /// It is in no group yet.
    Join(u64),
}

impl Group {
    fn read(notes: impl Iterator<Item = Value>) -> Self {
        let mut group = Self::default();
        for note in notes {
            let text = |name: &str| note.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let at = note.get("at").and_then(Value::as_u64).unwrap_or(0);
            if let Some(covers) = note.get("covers").and_then(Value::as_array) {
                let covers = covers.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                group.messages.push((text("leader"), covers, at));
            } else if note.get("alone").is_some() {
                group.alone.push((text("alone"), at));
            } else {
                group.members.push(Member { name: text("name"), says: text("says"), at });
            }
        }
        group
    }

    /// Whether an alert is in it, however.
    fn knows(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
            || self.messages.iter().any(|(leader, _, _)| leader == name)
            || self.alone.iter().any(|(known, _)| known == name)
    }

    /// What is to be done with an alert, now.
    fn turn(&self, name: &str, by: &Grouping, now: u64) -> Turn {
        // A message that this one led before, and that may not have arrived.
        if let Some((_, covers, _)) = self.messages.iter().find(|(leader, _, _)| leader == name) {
            let covers = sorted(covers.iter());
            return Turn::Lead(
                self.members.iter().filter(|m| covers.binary_search(&&m.name).is_ok()).cloned().collect(),
            );
        }
        if let Some((leader, _, _)) = self.messages.iter().find(|(_, covers, _)| covers.iter().any(|c| c == name)) {
            return Turn::Covered(leader.clone());
        }
        let covered = sorted(self.messages.iter().flat_map(|(_, covers, _)| covers));
        let open: Vec<&Member> = self.members.iter().filter(|m| covered.binary_search(&&m.name).is_err()).collect();
        let first = open.first().map_or(now, |first| first.at);
        let last = self.messages.iter().map(|(_, _, at)| *at).max();
        // After a quiet time, too, the first waits for others.
        let due = (first + u64::from(by.wait_s)).max(last.map_or(0, |last| last + u64::from(by.interval_s)));
        if !open.iter().any(|member| member.name == name) {
            // One that was to go out alone, and has not had its channel's turn yet, still is.
            if self.alone.iter().any(|(known, _)| known == name) {
                return Turn::Alone;
            }
            let lately = self.alone.iter().filter(|(_, at)| *at + u64::from(by.interval_s) > now).count();
            return if lately < usize::from(by.alone) && open.is_empty() { Turn::Alone } else { Turn::Join(due) };
        }
        let leads = open.first().is_some_and(|first| first.name == name);
        if now < due || (!leads && now < due + LEADER_LATE_S) {
            return Turn::Wait(if leads { due } else { due.max(now) + 60 });
        }
        let mut covered: Vec<Member> = open.into_iter().filter(|m| m.name != name).take(MOST - 1).cloned().collect();
        covered.extend(self.members.iter().find(|m| m.name == name).cloned());
        covered.sort_by_key(|member| member.at);
        Turn::Lead(covered)
    }
}

/// To be searched: there may be thousands.
fn sorted<'n>(names: impl Iterator<Item = &'n String>) -> Vec<&'n String> {
    let mut names: Vec<&String> = names.collect();
    names.sort_unstable();
    names
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// What is to be done with an alert to a channel that groups; noted, so that it holds after a crash.
    pub(super) async fn take_turn(
        &self,
        record: &Record<Dossier>,
        delivery: &Delivery,
        channel: &Channel,
        says: &str,
    ) -> Result<Turn, LedgerError> {
        let critical = record.body.case.as_ref().is_some_and(|case| case.priority == Priority::Critical);
        let Some(by) =
            channel.group.as_ref().filter(|_| !critical && super::silence::can_be_silenced(&delivery.occasion))
        else {
            return Ok(Turn::Alone);
        };
        let (now, name) = (self.clock.now(), format!("{}/{}", record.eid, delivery.id));
        let all = labels(&record.body, delivery);
        let values: Vec<&str> = by
            .by
            .iter()
            .map(|label| all.iter().find(|(name, _)| name == label).map_or("", |(_, v)| v.as_str()))
            .collect();
        let journal = |day: u64| self.namer.group(&channel.id, &values, day);
        let (group, journal) = self.joined(&name, delivery.grouped_at, journal).await?;
        let turn = group.turn(&name, by, now);
        let note = match &turn {
            Turn::Alone if group.alone.iter().any(|(known, _)| *known == name) => return Ok(turn),
            Turn::Alone => json!({ "alone": name, "at": now }),
            Turn::Join(_) => json!({ "name": name, "says": says, "at": now }),
            Turn::Lead(members) => {
                let covers: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
                json!({ "leader": name, "covers": covers, "at": now })
            }
            Turn::Wait(_) | Turn::Covered(_) => return Ok(turn),
        };
        let noted = group.messages.iter().any(|(leader, _, _)| *leader == name);
        if !noted && (by.alone > 0 || turn != Turn::Alone) {
            self.ledger.note_person(&journal, note).await?;
        }
        Ok(turn)
    }

    /// The group that an alert is in, or, when it is in none yet, today's.
    ///
    /// Since when it waits was written down after it had joined, perhaps past midnight.
    async fn joined(
        &self,
        name: &str,
        since: Option<DateTime<Utc>>,
        journal: impl Fn(u64) -> String,
    ) -> Result<(Group, String), LedgerError> {
        let today = self.clock.now() / DAY_S;
        let day = since.and_then(|at| u64::try_from(at.timestamp()).ok()).map_or(today, |at| at / DAY_S);
        let first = (self.group(&journal(day)).await?, journal(day));
        if first.0.knows(name) {
            return Ok(first);
        }
        let before = journal(day.saturating_sub(1));
        let group = self.group(&before).await?;
        match group.knows(name) {
            true => Ok((group, before)),
            false if day == today => Ok(first),
            false => Ok((self.group(&journal(today)).await?, journal(today))),
        }
    }

    async fn group(&self, journal: &str) -> Result<Group, LedgerError> {
        let notes = self.ledger.person(journal).await?.into_iter().filter_map(|entry| entry.note);
        Ok(Group::read(notes))
    }

    /// The delivery that led a group's message; none when it is gone.
    pub(super) async fn leader(&self, name: &str) -> Result<Option<Delivery>, LedgerError> {
        let Some((case, delivery)) = name.split_once('/') else { return Ok(None) };
        let record = self.ledger.read(case).await?;
        Ok(record.and_then(|record| record.body.delivery(delivery).cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY: Grouping = Grouping { by: Vec::new(), wait_s: 30, interval_s: 300, repeat_s: 0, alone: 0 };

    fn group(notes: &[Value]) -> Group {
        Group::read(notes.iter().cloned())
    }

    fn joins(name: &str, at: u64) -> Value {
        json!({ "name": name, "says": "x", "at": at })
    }

    fn names(turn: &Turn) -> Vec<&str> {
        match turn {
            Turn::Lead(members) => members.iter().map(|m| m.name.as_str()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_waits_and_leads_and_the_others_are_covered() {
        assert_eq!(group(&[]).turn("a", &BY, 1_000), Turn::Join(1_030));
        let two = [joins("a", 1_000), joins("b", 1_010)];
        assert_eq!(group(&two).turn("a", &BY, 1_029), Turn::Wait(1_030));
        assert_eq!(names(&group(&two).turn("a", &BY, 1_030)), ["a", "b"]);
        assert_eq!(group(&two).turn("b", &BY, 1_030), Turn::Wait(1_090));
        let told = [&two[..], &[json!({ "leader": "a", "covers": ["a", "b"], "at": 1_030 })]].concat();
        assert_eq!(group(&told).turn("b", &BY, 1_040), Turn::Covered("a".into()));
        assert_eq!(names(&group(&told).turn("a", &BY, 1_500)), ["a", "b"], "after a crash the same message");
    }

    #[test]
    fn a_storm_is_told_in_one_message() {
        let notes: Vec<Value> = (0..1_500).map(|n| joins(&format!("case/{n}"), 1_000 + n / 100)).collect();
        let group = group(&notes);
        assert_eq!(names(&group.turn("case/0", &BY, 1_030)).len(), 1_500);
        assert!(group.knows("case/1499") && !group.knows("case/1500"));
    }

    #[test]
    fn who_comes_later_is_in_the_next_message_an_interval_later() {
        let notes = [joins("a", 1_000), json!({ "leader": "a", "covers": ["a"], "at": 1_030 }), joins("c", 1_040)];
        assert_eq!(group(&notes).turn("d", &BY, 1_050), Turn::Join(1_330));
        assert_eq!(group(&notes).turn("c", &BY, 1_300), Turn::Wait(1_330));
        assert_eq!(names(&group(&notes).turn("c", &BY, 1_330)), ["c"]);
    }

    #[test]
    fn after_a_quiet_time_the_first_waits_for_others_again() {
        let told = [joins("a", 1_000), json!({ "leader": "a", "covers": ["a"], "at": 1_030 })];
        assert_eq!(group(&told).turn("b", &BY, 9_000), Turn::Join(9_030));
        let two = [&told[..], &[joins("b", 9_000), joins("c", 9_020)]].concat();
        assert_eq!(group(&two).turn("b", &BY, 9_029), Turn::Wait(9_030));
        assert_eq!(names(&group(&two).turn("b", &BY, 9_030)), ["b", "c"]);
    }

    #[test]
    fn a_slow_writer_whom_the_message_does_not_name_is_not_taken_for_told() {
        // Its place in the journal is before the message, which did not see it.
        let notes = [joins("a", 1_000), joins("late", 1_020), json!({ "leader": "a", "covers": ["a"], "at": 1_030 })];
        assert_eq!(names(&group(&notes).turn("late", &BY, 1_330)), ["late"]);
    }

    #[test]
    fn another_one_leads_when_the_leader_does_not() {
        let notes = [joins("a", 1_000), joins("b", 1_001)];
        assert_eq!(names(&group(&notes).turn("b", &BY, 1_030 + LEADER_LATE_S)), ["a", "b"]);
    }

    #[test]
    fn a_few_go_out_alone_before_a_flood_is_grouped() {
        let by = Grouping { alone: 2, ..BY };
        let mut notes = vec![json!({ "alone": "a", "at": 1_000 })];
        assert_eq!(group(&notes).turn("b", &by, 1_010), Turn::Alone);
        notes.push(json!({ "alone": "b", "at": 1_010 }));
        assert_eq!(group(&notes).turn("c", &by, 1_020), Turn::Join(1_050));
        assert_eq!(group(&notes).turn("a", &by, 1_030), Turn::Alone, "it was told so before");
        assert_eq!(group(&notes).turn("c", &by, 1_400), Turn::Alone, "it is quiet again");
    }
}
