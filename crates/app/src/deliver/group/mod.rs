//! Groups alerts that belong together into one message, so that a storm of answers is no storm of messages.
//!
//! Each group has a journal of the ledger for each day: who joined, and which of them a message was made of. The first
//! that is in no message yet leads: when it is time it notes whom its message covers, and sends it. The others wait until
//! the leader's delivery has arrived. A crash in between repeats the same message, and loses nobody.
//!
//! Which journal an alert is in is written down with it before it may lead: what the group goes by can change meanwhile,
//! and whoever is covered must find the message that names them. What is decided is in `turn`; here it is looked up and
//! noted.

mod turn;

pub(super) use turn::{Group, Member, Turn};

use super::Round;
use super::silence::{can_be_silenced, labels};
use crate::App;
use crate::config::{Channel, Grouping};
use crate::dossier::Dossier;
use crate::time::{from_unix, unix};
use ringback_core::alert::{Delivery, DeliveryState};
use ringback_core::rule::Priority;
use ringback_ledger::{Clock, Entropy, LedgerError, Record, Store};
use serde_json::{Value, json};

const DAY_S: u64 = 86_400;
/// How long one that another's message covers waits at most before it looks how that one stands, in seconds.
const LOOK_AGAIN_S: u64 = 3_600;

/// What is to be done with an alert, and the journal of the group that it is in.
pub(super) struct Place {
    pub turn: Turn,
    pub journal: Option<String>,
}

impl<S: Store, C: Clock, E: Entropy> App<S, C, E> {
    /// What is to be done with an alert to a channel; where it groups, noted, so that it holds after a crash.
    pub(super) async fn take_turn(
        &self,
        round: &Round,
        record: &Record<Dossier>,
        delivery: &Delivery,
        channel: &Channel,
        says: &str,
    ) -> Result<Place, LedgerError> {
        let critical = record.body.case.as_ref().is_some_and(|case| case.priority == Priority::Critical);
        let alone = Place { turn: Turn::Alone, journal: None };
        let Some(by) = channel.group.as_ref().filter(|_| can_be_silenced(&delivery.occasion)) else { return Ok(alone) };
        if critical && delivery.group.is_none() {
            return Ok(alone);
        }
        let name = format!("{}/{}", record.eid, delivery.id);
        let journal = self.journal_of(round, record, delivery, channel, &name).await?;
        let mut turn = self.turn_in(round, &journal, &name, by, critical).await?;
        if matches!(turn, Turn::Lead(_)) {
            if delivery.group.is_none() {
                // First it is written down where those will look that its message covers.
                let turn = Turn::Wait(self.clock.now() + 60);
                return Ok(Place { turn, journal: Some(journal) });
            }
            // One of a round becomes leader: the others look again when its message is noted.
            let leads = self.look(round, &journal, |group| group.has_noted(&name, &turn)).await?;
            if !leads && !round.leading.borrow_mut().insert(journal.clone()) {
                let turn = Turn::Wait(self.clock.now() + 60);
                return Ok(Place { turn, journal: Some(journal) });
            }
            // What others have noted since the round looked counts: nobody is told twice.
            round.groups.borrow_mut().remove(&journal);
            turn = self.turn_in(round, &journal, &name, by, critical).await?;
        }
        let turn = match turn {
            Turn::Covered(leader) => self.covered(round, &journal, &leader).await?,
            turn => self.noted(round, &journal, name, says, turn).await?,
        };
        Ok(Place { turn, journal: Some(journal) })
    }

    async fn turn_in(
        &self,
        round: &Round,
        journal: &str,
        name: &str,
        by: &Grouping,
        critical: bool,
    ) -> Result<Turn, LedgerError> {
        let now = self.clock.now();
        let turn = self.look(round, journal, |group| group.turn(name, by, now)).await?;
        // What has become critical waits no longer: it leads nobody but itself.
        let waits = critical && matches!(turn, Turn::Wait(_));
        if waits { self.look(round, journal, |group| group.itself(name)).await } else { Ok(turn) }
    }

    /// The journal of the group that an alert is in: the one it was written down with; or else today's, or yesterday's
    /// where it had joined before midnight and nobody came to writing that down.
    async fn journal_of(
        &self,
        round: &Round,
        record: &Record<Dossier>,
        delivery: &Delivery,
        channel: &Channel,
        name: &str,
    ) -> Result<String, LedgerError> {
        if let Some(journal) = &delivery.group {
            return Ok(journal.clone());
        }
        let all = labels(&record.body, delivery);
        let value = |label: &String| all.iter().find(|(name, _)| name == label).map_or("", |(_, v)| v.as_str());
        let by = channel.group.as_ref().map(|group| &group.by);
        let values: Vec<&str> = by.into_iter().flatten().map(value).collect();
        let day = self.clock.now() / DAY_S;
        let [today, before] = [day, day.saturating_sub(1)].map(|day| self.namer.group(&channel.id, &values, day));
        for journal in [&today, &before] {
            if self.look(round, journal, |group| group.knows(name)).await? {
                return Ok(journal.clone());
            }
        }
        Ok(today)
    }

    /// Looks at a group, as the round has seen it: read once, and what the round itself notes is added.
    async fn look<T>(&self, round: &Round, journal: &str, look: impl FnOnce(&Group) -> T) -> Result<T, LedgerError> {
        if let Some(group) = round.groups.borrow().get(journal) {
            return Ok(look(group));
        }
        let notes = self.ledger.person(journal).await?.into_iter().filter_map(|entry| entry.note);
        let mut groups = round.groups.borrow_mut();
        // Another one of the round may have read it meanwhile, and added to it.
        Ok(look(groups.entry(journal.to_owned()).or_insert_with(|| Group::read(notes))))
    }

    /// Notes what a turn means for the group.
    async fn noted(
        &self,
        round: &Round,
        journal: &str,
        name: String,
        says: &str,
        turn: Turn,
    ) -> Result<Turn, LedgerError> {
        let now = self.clock.now();
        let known = self.look(round, journal, |group| group.has_noted(&name, &turn)).await?;
        let note = match &turn {
            _ if known => return Ok(turn),
            Turn::Alone => json!({ "alone": name, "at": now }),
            Turn::Join(_) => json!({ "name": name, "says": says, "at": now }),
            Turn::Lead(members) => {
                let covers: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
                json!({ "leader": name, "covers": covers, "at": now })
            }
            Turn::Wait(_) | Turn::Covered(_) | Turn::Told(_) => return Ok(turn),
        };
        self.note(round, journal, note).await?;
        Ok(turn)
    }

    async fn note(&self, round: &Round, journal: &str, note: Value) -> Result<(), LedgerError> {
        self.ledger.note_person(journal, note.clone()).await?;
        if let Some(group) = round.groups.borrow_mut().get_mut(journal) {
            group.add(&note);
        }
        Ok(())
    }

    /// What an alert that a message covers has come to, as its leader's delivery stands.
    async fn covered(&self, round: &Round, journal: &str, leader: &str) -> Result<Turn, LedgerError> {
        let now = self.clock.now();
        let found = self.leader(leader).await?.filter(|found| found.group.as_deref().is_none_or(|its| its == journal));
        match found {
            Some(found) if found.state == DeliveryState::Delivered => Ok(Turn::Told(leader.to_owned())),
            // Looked at as often as the message itself is tried.
            Some(found) if found.state == DeliveryState::Pending => {
                let next = found.not_before.max(Some(found.look_again_at(from_unix(now))));
                Ok(Turn::Wait(next.map_or(now, unix).min(now + LOOK_AGAIN_S)))
            }
            // That message never arrives: somebody else leads. After some of them each goes for itself, as it may be the
            // message that is refused.
            _ if self.look(round, journal, Group::may_lead_again).await? => {
                self.note(round, journal, json!({ "void": leader, "at": now })).await?;
                Ok(Turn::Wait(now + 60))
            }
            _ => Ok(Turn::Alone),
        }
    }

    /// The delivery that led a group's message; none when it is gone.
    async fn leader(&self, name: &str) -> Result<Option<Delivery>, LedgerError> {
        let Some((case, delivery)) = name.split_once('/') else { return Ok(None) };
        let record = self.ledger.read(case).await?;
        Ok(record.and_then(|record| record.body.delivery(delivery).cloned()))
    }
}
