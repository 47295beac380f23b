//! `[[queues]]` and `[tiers]`: who works the cases, how many of them, and what a customer's tier is worth.

use super::Config;
use super::table::{Checked, Table};
use crate::access::Action;
use ringback_core::id::{CalendarId, QueueId};
use ringback_core::queue::{Choice, Member, Queue};
use std::collections::BTreeMap;

/// Most cases that a queue can give away on a day: all of them stand in one document.
const MOST_A_DAY: usize = 2_000;

pub(super) fn read(table: &Table<'_>, config: &Config) -> Checked<(QueueId, Queue)> {
    let id = table.required_parsed("id", QueueId::new)?.value;
    let choices = [
        ("least-loaded", Choice::LeastLoaded),
        ("round-robin", Choice::RoundRobin),
        ("account-owner", Choice::AccountOwner),
    ];
    let choice = table.required_choice("choice", &choices)?;
    let calendar = match table.parsed("calendar", CalendarId::new)? {
        None => None,
        Some(named) => match config.calendars.get(&named.value) {
            None => return table.fail(named.at, format!("no calendar `{}`", named.value)),
            found => found.cloned(),
        },
    };
    let members = members(table)?;
    let accounts = accounts(table, &members, choice)?;
    table.done()?;
    let queue = Queue { id: id.clone(), members, choice, calendar, accounts };
    if queue.members.is_empty() {
        return table.fail(table.at, format!("queue `{id}` has no members: name some, or leave the queue out here"));
    }
    if queue.capacity() > MOST_A_DAY {
        return table
            .fail(table.at, format!("queue `{id}` takes {} cases a day; {MOST_A_DAY} are the most", queue.capacity()));
    }
    Ok((id, queue))
}

impl Config {
    /// Whether somebody of that name may work cases, as far as it can be known: of whom an identity provider lets in only
    /// the queues' members are.
    #[must_use]
    pub fn works_cases(&self, name: &str) -> bool {
        match self.access.iter().find(|token| token.id == name) {
            Some(token) => token.role.may(Action::WorkCase),
            None => {
                let mut members = self.queues.values().flat_map(|queue| &queue.members);
                self.provider.is_some() && members.any(|member| member.name == name)
            }
        }
    }

    /// Members of queues who get cases and cannot work them, as no token with such a role has their name. Complete once
    /// the tokens beside the programme are added.
    #[must_use]
    pub fn strangers(&self) -> Vec<(&QueueId, &str)> {
        let members =
            self.queues.iter().flat_map(|(id, queue)| queue.members.iter().map(move |m| (id, m.name.as_str())));
        members.filter(|(_, name)| !self.works_cases(name)).collect()
    }
}

fn members(table: &Table<'_>) -> Checked<Vec<Member>> {
    let mut members: Vec<Member> = Vec::new();
    for member in table.tables("members")? {
        let Some(name) = member.person("name")? else { return member.fail(member.at, "`name` is missing") };
        if members.iter().any(|known| known.name == name.value) {
            return member.fail(name.at, format!("`{}` is a member twice", name.value));
        }
        let per_day = match member.small("per_day")? {
            None => return member.fail(member.at, "`per_day` is missing: how many new cases they take on a day"),
            Some(0) => return member.fail(member.at, "who takes 0 cases a day is no member: leave them out"),
            Some(per_day) => u16::from(per_day),
        };
        member.done()?;
        members.push(Member { name: name.value, per_day });
    }
    Ok(members)
}

fn accounts(table: &Table<'_>, members: &[Member], choice: Choice) -> Checked<BTreeMap<String, String>> {
    let mut accounts = BTreeMap::new();
    let Some(all) = table.table("accounts")? else { return Ok(accounts) };
    if choice != Choice::AccountOwner {
        return table.fail(all.at, "`accounts` are for `choice = \"account-owner\"`");
    }
    for (account, value) in all.names() {
        let owner = value.get_ref().as_str().filter(|owner| members.iter().any(|member| member.name == *owner));
        let Some(owner) = owner else {
            return table.fail(account.at, format!("account `{}` must name a member of the queue", account.value));
        };
        accounts.insert(account.value.to_owned(), owner.to_owned());
    }
    Ok(accounts)
}

/// `[tiers]`: what a customer of a tier is worth; one of another tier is worth 1.
pub(super) fn tiers(table: &Table<'_>) -> Checked<BTreeMap<String, u32>> {
    let mut tiers = BTreeMap::new();
    for (tier, value) in table.names() {
        let worth = value.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok());
        match worth {
            Some(worth @ 1..=1_000) => drop(tiers.insert(tier.value.to_owned(), worth)),
            _ => return table.fail(value.span().start, format!("tier `{}` must be worth 1 to 1000", tier.value)),
        }
    }
    Ok(tiers)
}
