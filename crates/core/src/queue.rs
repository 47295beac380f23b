//! Who gets a case: the members of a queue, how many each takes on a day, and which cases get a person when more arrives
//! than can be worked.
//!
//! What counts is worth: the value of the customer's tier times the severity of the case. While somebody has room, every
//! case gets a person. Afterwards a case of more worth takes the place of the least one that nobody has touched yet; the
//! others are for automation. Decides only, over a roster that is kept elsewhere.

use crate::calendar::Calendar;
use crate::id::QueueId;
use crate::rule::Priority;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

/// Somebody who works a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Their name, as the cases' owner.
    pub name: String,
    /// New cases that they take on a day.
    pub per_day: u16,
}

/// Who of those who have room is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Who has used up the smallest share of their day.
    LeastLoaded,
    /// One after the other.
    RoundRobin,
    /// Who owns the customer's account; the least loaded where nobody does, or where they have no room.
    AccountOwner,
}

/// A queue that gives its cases to its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub id: QueueId,
    /// Who works it, in the order of the programme; at least one.
    pub members: Vec<Member>,
    /// How one of them is chosen.
    pub choice: Choice,
    /// Whose days are counted; none: those of UTC. What comes outside of working time counts for the next working day.
    pub calendar: Option<Calendar>,
    /// Which member owns which account.
    pub accounts: BTreeMap<String, String>,
}

/// How severe a case of a priority is, from 1 to 4.
#[must_use]
pub const fn severity(priority: Priority) -> u32 {
    match priority {
        Priority::Low => 1,
        Priority::Normal => 2,
        Priority::High => 3,
        Priority::Critical => 4,
    }
}

/// A case that asks for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// The case.
    pub case: String,
    /// The value of the customer's tier times the severity of the case.
    pub worth: u32,
    /// The customer's account.
    pub account: Option<String>,
}

/// A case that has a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The case.
    pub case: String,
    /// Who has it.
    pub member: String,
    /// What it is worth.
    pub worth: u32,
    /// Somebody has begun to work it: it keeps its person.
    pub firm: bool,
    /// Why it got them, in words.
    pub why: String,
}

/// A case that has lost its person to one of more worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loser {
    /// The case.
    pub case: String,
    /// Why, in words.
    pub why: String,
}

/// Who has got what on a day. Never holds more cases than the queue can work on one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The day, as the queue's calendar counts it.
    pub day: NaiveDate,
    /// The cases that have a person, in the order in which they got one.
    pub places: Vec<Place>,
    /// Cases that have lost their person and do not know it yet.
    pub losers: Vec<Loser>,
    /// Whose turn it is, for [`Choice::RoundRobin`].
    pub turn: u32,
}

/// What is decided of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It gets a person.
    Person {
        /// Who.
        member: String,
        /// Why them, in words.
        why: String,
    },
    /// It would get a person if this case lost its own: the least worth of those that are not firm.
    InsteadOf(String),
    /// It gets none.
    Automation {
        /// Why, in words.
        why: String,
    },
}

impl Queue {
    /// The day that a case counts for which comes at an instant.
    #[must_use]
    pub fn day(&self, at: DateTime<Utc>) -> NaiveDate {
        match &self.calendar {
            Some(calendar) => calendar.local(calendar.after(at, 1)).date(),
            None => at.date_naive(),
        }
    }

    /// Cases that it can work on a day.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.members.iter().map(|member| usize::from(member.per_day)).sum()
    }
}

impl Roster {
    /// Turns to another day, on which everybody has room. A day that has passed does not come back.
    pub fn turn_to(&mut self, day: NaiveDate) {
        if day > self.day {
            self.day = day;
            self.places.clear();
        }
    }

    fn load(&self, member: &Member) -> usize {
        self.places.iter().filter(|place| place.member == member.name).count()
    }

    /// Decides of a case, and writes down the place that it gets. Asking again gives the same answer; what it is worth by then
    /// counts.
    pub fn decide(&mut self, queue: &Queue, applicant: &Applicant) -> Decision {
        if let Some(place) = self.places.iter_mut().find(|place| place.case == applicant.case) {
            place.worth = applicant.worth;
            return Decision::Person { member: place.member.clone(), why: place.why.clone() };
        }
        if let Some((member, why)) = self.choose(queue, applicant) {
            let load = self.load(member) + 1;
            let why = format!("{why}; {load} of {} on {}", member.per_day, self.day);
            return self.take(applicant, member.name.clone(), why);
        }
        let worth = applicant.worth;
        match self.least() {
            Some(place) if place.worth < worth => Decision::InsteadOf(place.case.clone()),
            _ => Decision::Automation {
                why: format!(
                    "{} cases, all that the queue can work on {}, are worth at least its {worth} or are being worked",
                    self.places.len(),
                    self.day
                ),
            },
        }
    }

    /// Gives a case the place of another one, which has just been found untouched.
    pub fn replace(&mut self, loser: &str, applicant: &Applicant) -> Option<Decision> {
        let index = self.places.iter().position(|place| place.case == loser && !place.firm)?;
        let lost = self.places.remove(index);
        let (more, less, day) = (applicant.worth, lost.worth, self.day);
        let why = format!("a case of worth {more} came before this one of worth {less}; {day} is full");
        self.losers.push(Loser { case: lost.case, why });
        let why = format!("worth {more}, and so before a case of worth {less}; {day} is full");
        Some(self.take(applicant, lost.member, why))
    }

    /// Forgets cases that know by now that they have lost their person.
    pub fn forget(&mut self, told: &[Loser]) {
        self.losers.retain(|loser| !told.contains(loser));
    }

    /// Somebody works a case: it keeps its person.
    pub fn make_firm(&mut self, case: &str) {
        for place in self.places.iter_mut().filter(|place| place.case == case) {
            place.firm = true;
        }
    }

    fn take(&mut self, applicant: &Applicant, member: String, why: String) -> Decision {
        self.places.push(Place {
            case: applicant.case.clone(),
            member: member.clone(),
            worth: applicant.worth,
            firm: false,
            why: why.clone(),
        });
        Decision::Person { member, why }
    }

    /// The least worth of those that may lose their person; of several the one that came last.
    fn least(&self) -> Option<&Place> {
        self.places.iter().rev().filter(|place| !place.firm).min_by_key(|place| place.worth)
    }

    /// Who of those who have room.
    fn choose<'q>(&mut self, queue: &'q Queue, applicant: &Applicant) -> Option<(&'q Member, String)> {
        let room = |member: &&Member| self.load(member) < usize::from(member.per_day);
        if queue.choice == Choice::RoundRobin {
            let (count, turn) = (queue.members.len(), self.turn as usize);
            let next = (0..count).map(|step| (turn + step) % count).find(|i| room(&&queue.members[*i]))?;
            self.turn = u32::try_from(next + 1).unwrap_or(0);
            return Some((&queue.members[next], "next in turn".to_owned()));
        }
        let owner = applicant.account.as_ref().and_then(|account| queue.accounts.get(account));
        let owner = owner.filter(|_| queue.choice == Choice::AccountOwner);
        if let Some(member) = queue.members.iter().filter(room).find(|member| Some(&member.name) == owner) {
            return Some((member, "owns the account".to_owned()));
        }
        // Shares compared without dividing.
        let used = |member: &Member| (self.load(member), usize::from(member.per_day));
        let mut least: Option<&Member> = None;
        for member in queue.members.iter().filter(room) {
            let less = least.is_none_or(|best| used(member).0 * used(best).1 < used(best).0 * used(member).1);
            least = if less { Some(member) } else { least };
        }
        let why = match owner {
            Some(owner) => format!("least loaded, as {owner}, who owns the account, has no room"),
            None => "least loaded".to_owned(),
        };
        Some((least?, why))
    }
}

#[cfg(test)]
mod tests;
