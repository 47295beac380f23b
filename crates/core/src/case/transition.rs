//! Carries out what people do to a case.

use super::{Case, CaseEvent, ContactOutcome, EventKind, Refused, State, Task, Terms, Waiting, money};
use crate::consent::ContactChannel;
use crate::id::QueueId;
use chrono::{DateTime, TimeDelta, Utc};

type Detail = Result<Option<String>, Refused>;

impl Case {
    /// Applies an event: the case as it stands afterwards, with one line more in its history.
    ///
    /// # Errors
    /// When the case does not allow the event where it stands, or not under these terms.
    pub fn apply(
        &self,
        event: &CaseEvent,
        who: &str,
        note: &str,
        now: DateTime<Utc>,
        terms: &Terms,
    ) -> Result<Self, Refused> {
        if !self.state.events().contains(&event.kind()) {
            return Err(Refused::NotFromHere { state: self.state, event: event.kind() });
        }
        let mut case = self.clone();
        if self.is_automated() && event.kind() != EventKind::Merge {
            if !terms.may_overrule {
                return Err(Refused::ForAutomation);
            }
            case.take_back(who, now);
        }
        let detail = case.enter(event, who, now, terms)?;
        case.record(now, who, event.kind().as_str(), detail, Some(note.to_owned()));
        Ok(case)
    }

    fn enter(&mut self, event: &CaseEvent, who: &str, now: DateTime<Utc>, terms: &Terms) -> Detail {
        match event {
            CaseEvent::Acknowledge => {
                self.take(who);
                Ok(None)
            }
            CaseEvent::Assign { owner, queue } => Ok(Some(self.assign(owner.as_deref(), queue.as_ref()))),
            CaseEvent::Contact { channel, outcome } => Ok(Some(self.contact(*channel, *outcome, who, now, terms))),
            CaseEvent::Wait { reason, until } => self.wait(reason, *until, now, terms),
            CaseEvent::Resume => {
                self.end_waiting(now);
                Ok(None)
            }
            CaseEvent::Resolve { root_cause, remedy, goodwill } => {
                self.resolve(root_cause, remedy.as_deref(), *goodwill, now, terms)
            }
            CaseEvent::Inform { channel } => {
                self.state = State::Informed;
                self.first_contact.meet(now);
                Ok(Some(channel.to_string()))
            }
            CaseEvent::Close { without_informing } => self.close(without_informing.as_deref(), now, terms),
            CaseEvent::Reopen => {
                self.reopen(now);
                Ok(None)
            }
            CaseEvent::Merge { into } => {
                self.end_waiting(now);
                self.state = State::Merged;
                self.ended_at = Some(now);
                self.merged_into = Some(into.clone());
                Ok(Some(format!("into {into}")))
            }
            CaseEvent::Split { department, task } => Ok(Some(self.split(department, task, now))),
            CaseEvent::FinishTask { task } => self.finish_task(*task, now),
            CaseEvent::ChangePolicy { .. } if !terms.may_overrule => Err(Refused::PolicyIsALeads),
            CaseEvent::ChangePolicy { id, policy } => {
                let before = self.policy_id.clone();
                self.change_policy(id, policy, now);
                Ok(Some(format!("{before} → {id}")))
            }
        }
    }

    fn take(&mut self, who: &str) {
        if self.state == State::New {
            self.state = State::Acknowledged;
        }
        self.owner.get_or_insert_with(|| who.to_owned());
    }

    fn assign(&mut self, owner: Option<&str>, queue: Option<&QueueId>) -> String {
        let before = self.owner.take().unwrap_or_else(|| "nobody".to_owned());
        self.owner = owner.map(str::to_owned);
        let mut detail = format!("{before} → {}", owner.unwrap_or("nobody"));
        if let Some(queue) = queue.filter(|queue| **queue != self.queue) {
            detail = format!("{detail}, queue {} → {queue}", self.queue);
            self.queue = queue.clone();
        }
        detail
    }

    fn contact(
        &mut self,
        channel: Option<ContactChannel>,
        outcome: ContactOutcome,
        who: &str,
        now: DateTime<Utc>,
        terms: &Terms,
    ) -> String {
        self.take(who);
        let outcome = match outcome {
            ContactOutcome::Reached => {
                self.unreached.clear();
                self.spoken(now);
                "reached".to_owned()
            }
            ContactOutcome::MessageLeft => {
                self.spoken(now);
                "message left".to_owned()
            }
            ContactOutcome::NotReached => self.missed(now, terms),
        };
        match channel {
            Some(channel) => format!("{channel}, {outcome}"),
            None => format!("other, {outcome}"),
        }
    }

    /// The customer knows that somebody cares.
    fn spoken(&mut self, now: DateTime<Utc>) {
        self.end_waiting(now);
        self.first_contact.meet(now);
        if matches!(self.state, State::Acknowledged | State::Unreachable | State::Reopened) {
            self.state = State::Contacted;
        }
    }

    fn missed(&mut self, now: DateTime<Utc>, terms: &Terms) -> String {
        self.unreached.push(now);
        let worked = matches!(
            self.state,
            State::Acknowledged | State::Contacted | State::Waiting | State::Reopened | State::Unreachable
        );
        if worked && self.unreached.len() >= usize::from(terms.unreachable_after.max(1)) {
            self.end_waiting(now);
            self.state = State::Unreachable;
            return format!("not reached, {} times: unreachable", self.unreached.len());
        }
        "not reached".to_owned()
    }

    fn wait(&mut self, reason: &str, until: DateTime<Utc>, now: DateTime<Utc>, terms: &Terms) -> Detail {
        let longest_s = terms.longest_wait_s;
        if until <= now || until > now + TimeDelta::seconds(i64::from(longest_s)) {
            return Err(Refused::WaitOutOfBounds { longest_s });
        }
        self.begin_waiting(Waiting { since: now, until, reason: reason.to_owned(), from: self.state });
        Ok(Some(format!("until {}", until.format("%Y-%m-%d %H:%M UTC"))))
    }

    fn resolve(
        &mut self,
        root_cause: &str,
        remedy: Option<&str>,
        goodwill: Option<u64>,
        now: DateTime<Utc>,
        terms: &Terms,
    ) -> Detail {
        if let Some(open) = self.tasks.iter().find(|task| task.done_at.is_none()) {
            return Err(Refused::OpenTask { task: open.number, department: open.department.clone() });
        }
        let granted = self.grant(goodwill, terms)?;
        self.end_waiting(now);
        self.state = State::Resolved;
        self.root_cause = Some(root_cause.to_owned());
        self.remedy = remedy.map(str::to_owned);
        self.goodwill = granted;
        let granted = goodwill.map(|amount| format!(", goodwill {}", money(amount)));
        Ok(Some(format!("root cause: {root_cause}{}", granted.unwrap_or_default())))
    }

    /// What the case has cost in goodwill with what this remedy costs. The limit is the case's, not the remedy's:
    /// reopening it grants nobody more.
    fn grant(&self, goodwill: Option<u64>, terms: &Terms) -> Result<Option<u64>, Refused> {
        let Some(amount) = goodwill.filter(|amount| *amount > 0) else {
            return Ok(self.goodwill.or(goodwill));
        };
        let before = self.goodwill.unwrap_or(0);
        let total = before.saturating_add(amount);
        match terms.goodwill_limit {
            Some(limit) if total > limit => Err(Refused::GoodwillAbove { limit, before }),
            _ => Ok(Some(total)),
        }
    }

    fn close(&mut self, without_informing: Option<&str>, now: DateTime<Utc>, terms: &Terms) -> Detail {
        let informed = self.state == State::Informed;
        if !informed && without_informing.is_none() {
            return Err(Refused::NotInformed);
        }
        if let Some(open) = self.tasks.iter().find(|task| task.done_at.is_none()) {
            return Err(Refused::OpenTask { task: open.number, department: open.department.clone() });
        }
        self.state = State::Closed;
        self.ended_at = Some(now);
        self.closure.meet(now);
        self.first_contact.meet(now);
        self.survey_due_at = terms.survey_after_s.map(|after| now + TimeDelta::seconds(i64::from(after)));
        if informed {
            return Ok(None);
        }
        self.closed_without_informing = without_informing.map(str::to_owned);
        Ok(Some("customer not informed".to_owned()))
    }

    fn split(&mut self, department: &QueueId, task: &str, now: DateTime<Utc>) -> String {
        let number = u32::try_from(self.tasks.len() + 1).unwrap_or(u32::MAX);
        let (department, what) = (department.clone(), task.to_owned());
        let detail = format!("task {number} for {department}");
        self.tasks.push(Task { number, department, what, opened_at: now, done_at: None });
        detail
    }

    fn finish_task(&mut self, number: u32, now: DateTime<Utc>) -> Detail {
        let open = self.tasks.iter_mut().find(|task| task.number == number && task.done_at.is_none());
        let task = open.ok_or(Refused::NoSuchTask)?;
        task.done_at = Some(now);
        Ok(Some(format!("task {number} of {}", task.department)))
    }

    /// Writes down that another case goes on in this one. Repeating it changes nothing.
    pub fn absorb(&mut self, other: &str, who: &str, note: &str, now: DateTime<Utc>) {
        if self.merged.iter().any(|known| known == other) {
            return;
        }
        self.merged.push(other.to_owned());
        self.record(now, who, "merged", Some(format!("from {other}")), Some(note.to_owned()));
    }
}
