//! What people do to a case, and what it may do from where it stands.

use super::{Case, State};
use crate::consent::ContactChannel;
use crate::names::named;
use chrono::{DateTime, Utc};

/// How a contact attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactOutcome {
    /// Spoken with, or answered.
    Reached,
    /// Nobody there.
    NotReached,
    /// The customer has a message.
    MessageLeft,
}

named!(ContactOutcome { Reached = "reached", NotReached = "not_reached", MessageLeft = "message_left" });

/// Something a person does to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseEvent {
    /// Takes the case.
    Acknowledge,
    /// Tried to reach the customer.
    Contact {
        /// How.
        channel: ContactChannel,
        /// With what outcome.
        outcome: ContactOutcome,
    },
    /// Found and remedied the cause.
    Resolve {
        /// Why the customer was unhappy.
        root_cause: String,
        /// What was done.
        remedy: Option<String>,
    },
    /// Told the customer what was done.
    Inform {
        /// How.
        channel: ContactChannel,
    },
    /// Closes the case.
    Close {
        /// Why the customer was not told; required when they were not.
        without_informing: Option<String>,
    },
}

/// The kinds of [`CaseEvent`], as the API names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// [`CaseEvent::Acknowledge`]
    Acknowledge,
    /// [`CaseEvent::Contact`]
    Contact,
    /// [`CaseEvent::Resolve`]
    Resolve,
    /// [`CaseEvent::Inform`]
    Inform,
    /// [`CaseEvent::Close`]
    Close,
}

named!(EventKind {
    Acknowledge = "acknowledge",
    Contact = "contact",
    Resolve = "resolve",
    Inform = "inform",
    Close = "close",
});

impl CaseEvent {
    /// The event's kind.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Acknowledge => EventKind::Acknowledge,
            Self::Contact { .. } => EventKind::Contact,
            Self::Resolve { .. } => EventKind::Resolve,
            Self::Inform { .. } => EventKind::Inform,
            Self::Close { .. } => EventKind::Close,
        }
    }

    /// The channel on which the event reaches the customer, which consent must allow.
    #[must_use]
    pub const fn contacts_on(&self) -> Option<ContactChannel> {
        match self {
            Self::Contact { channel, .. } | Self::Inform { channel } => Some(*channel),
            _ => None,
        }
    }
}

/// A change that a case does not allow where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The state does not allow it.
    #[error("a case that is {} does not allow `{}`", .state.as_str(), .event.as_str())]
    NotFromHere {
        /// Where the case stands.
        state: State,
        /// What was asked for.
        event: EventKind,
    },
    /// Closing a case whose customer was not told needs a reason.
    #[error("the customer has not been informed: inform them first, or give the reason in `without_informing`")]
    NotInformed,
}

impl State {
    /// What may be done from this state.
    #[must_use]
    pub const fn allowed(self) -> &'static [EventKind] {
        use EventKind::{Acknowledge, Close, Contact, Inform, Resolve};
        match self {
            Self::New => &[Acknowledge, Contact],
            Self::Acknowledged | Self::Contacted => &[Contact, Resolve],
            Self::Resolved => &[Contact, Inform, Close],
            Self::Informed => &[Close],
            Self::Closed => &[],
        }
    }
}

impl Case {
    /// Applies an event: the case as it stands afterwards.
    ///
    /// # Errors
    /// When the state does not allow the event, or a case would close without the customer knowing and without a reason.
    pub fn apply(&self, event: &CaseEvent, who: &str, note: &str, now: DateTime<Utc>) -> Result<Self, Refused> {
        if !self.state.allowed().contains(&event.kind()) {
            return Err(Refused::NotFromHere { state: self.state, event: event.kind() });
        }
        let mut case = self.clone();
        let detail = case.enter(event, who, now)?;
        case.record(now, who, event.kind().as_str(), detail, Some(note.to_owned()));
        Ok(case)
    }

    fn enter(&mut self, event: &CaseEvent, who: &str, now: DateTime<Utc>) -> Result<Option<String>, Refused> {
        match event {
            CaseEvent::Acknowledge => {
                self.take(who);
                Ok(None)
            }
            CaseEvent::Contact { channel, outcome } => {
                self.take(who);
                if *outcome != ContactOutcome::NotReached {
                    self.first_contact.meet(now);
                    if self.state == State::Acknowledged {
                        self.state = State::Contacted;
                    }
                }
                let outcome = match outcome {
                    ContactOutcome::Reached => "reached",
                    ContactOutcome::NotReached => "not reached",
                    ContactOutcome::MessageLeft => "message left",
                };
                Ok(Some(format!("{channel}, {outcome}")))
            }
            CaseEvent::Resolve { root_cause, remedy } => {
                self.state = State::Resolved;
                self.root_cause = Some(root_cause.clone());
                self.remedy.clone_from(remedy);
                Ok(Some(format!("root cause: {root_cause}")))
            }
            CaseEvent::Inform { channel } => {
                self.state = State::Informed;
                self.first_contact.meet(now);
                Ok(Some(channel.to_string()))
            }
            CaseEvent::Close { without_informing } => self.close(without_informing.as_deref(), now),
        }
    }

    fn take(&mut self, who: &str) {
        if self.state == State::New {
            self.state = State::Acknowledged;
        }
        self.owner.get_or_insert_with(|| who.to_owned());
    }

    fn close(&mut self, without_informing: Option<&str>, now: DateTime<Utc>) -> Result<Option<String>, Refused> {
        let informed = self.state == State::Informed;
        if !informed && without_informing.is_none() {
            return Err(Refused::NotInformed);
        }
        self.state = State::Closed;
        self.closure.meet(now);
        self.first_contact.meet(now);
        if informed {
            return Ok(None);
        }
        self.closed_without_informing = without_informing.map(str::to_owned);
        Ok(Some("customer not informed".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::{Escalation, Policy};
    use crate::id::{PolicyId, QueueId, RouteId, RuleId};
    use crate::rule::{Action, Conditions, Priority, Rule, Track};

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + hour * 3600, 0).unwrap()
    }

    fn opened() -> Case {
        let rule = Rule {
            id: RuleId::new("detractor").unwrap(),
            when: Conditions::default(),
            then: Action {
                track: Track::Recovery,
                priority: Priority::High,
                queue: Some(QueueId::new("care").unwrap()),
                deadlines: Some(PolicyId::new("standard").unwrap()),
                alert: None,
                owner: None,
            },
        };
        let policy = Policy {
            first_contact_s: 24 * 3600,
            closure_s: 48 * 3600,
            warn_at: 0.75,
            warn: None,
            escalations: vec![Escalation { after_s: 0, route: RouteId::new("lead").unwrap() }],
            calendar: None,
        };
        Case::open(&rule, &policy, "hash", at(0)).unwrap()
    }

    fn event(name: &str) -> CaseEvent {
        match name {
            "acknowledge" => CaseEvent::Acknowledge,
            "reach" => CaseEvent::Contact { channel: ContactChannel::Phone, outcome: ContactOutcome::Reached },
            "miss" => CaseEvent::Contact { channel: ContactChannel::Phone, outcome: ContactOutcome::NotReached },
            "resolve" => CaseEvent::Resolve { root_cause: "late parcel".into(), remedy: None },
            "inform" => CaseEvent::Inform { channel: ContactChannel::Phone },
            "close" => CaseEvent::Close { without_informing: None },
            "close-anyway" => CaseEvent::Close { without_informing: Some("moved away".into()) },
            other => panic!("no event {other}"),
        }
    }

    /// Plays events in order; answers the state reached, or the refusal of the last event.
    fn play(events: &str) -> Result<Case, Refused> {
        let mut case = opened();
        for (hour, name) in (1..).zip(events.split_whitespace()) {
            case = case.apply(&event(name), "ada", "a note", at(hour))?;
        }
        Ok(case)
    }

    #[test]
    fn a_case_goes_from_new_to_closed_only_by_way_of_the_customer() {
        for (events, expected) in [
            ("acknowledge", "acknowledged"),
            ("miss", "acknowledged"),
            ("reach", "contacted"),
            ("acknowledge reach resolve", "resolved"),
            ("acknowledge resolve inform close", "closed"),
            ("acknowledge resolve close-anyway", "closed"),
        ] {
            assert_eq!(play(events).unwrap().state.as_str(), expected, "{events}");
        }
    }

    #[test]
    fn what_a_state_does_not_allow_is_refused() {
        for events in [
            "resolve",
            "inform",
            "close",
            "acknowledge acknowledge",
            "acknowledge close",
            "acknowledge resolve inform close reach",
        ] {
            assert!(matches!(play(events), Err(Refused::NotFromHere { .. })), "{events}");
        }
        assert_eq!(play("acknowledge resolve close"), Err(Refused::NotInformed));
    }

    #[test]
    fn contact_stops_the_first_clock_and_only_closing_stops_the_second() {
        let case = play("miss").unwrap();
        assert_eq!(case.first_contact.met_at, None);
        let case = play("miss reach").unwrap();
        assert_eq!((case.first_contact.met_at, case.closure.met_at), (Some(at(2)), None));
        let case = play("reach resolve inform close").unwrap();
        assert_eq!((case.first_contact.met_at, case.closure.met_at), (Some(at(1)), Some(at(4))));
        assert_eq!(case.next_deadline_step(), None);
    }

    #[test]
    fn a_message_that_never_arrives_has_informed_nobody() {
        let mut case = play("acknowledge resolve inform").unwrap();
        case.record_undelivered_message(at(9), "the receiver answered 422");
        assert_eq!(case.state, State::Resolved);
        assert_eq!(case.apply(&event("close"), "ada", "a note", at(10)), Err(Refused::NotInformed));
    }

    #[test]
    fn every_change_adds_one_line_of_history_and_one_version() {
        let case = play("acknowledge reach resolve inform close").unwrap();
        assert_eq!(case.version, 6);
        let names: Vec<&str> = case.history.iter().map(|h| h.event.as_str()).collect();
        assert_eq!(names, ["opened", "acknowledge", "contact", "resolve", "inform", "close"]);
        assert_eq!(case.owner.as_deref(), Some("ada"));
    }
}
