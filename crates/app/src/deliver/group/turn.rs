//! What a group's journal says, and what follows for one alert of it. Pure: reads nothing, notes nothing.

use crate::config::Grouping;
use serde_json::Value;

/// How long after its time a group waits for its leader, in seconds, before another one leads.
const LEADER_LATE_S: u64 = 150;
/// How many alerts one message covers at most: so that a storm is told in one message, and the note of it is of a size that
/// every store takes.
const MOST: usize = 2_000;
/// How many of a group's messages may come to nothing before its alerts go out on their own.
const VOID_AT_MOST: usize = 3;

/// One alert of a group: `{case}/{delivery}`, and what it says in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::deliver) struct Member {
    pub name: String,
    pub says: String,
    at: u64,
}

/// What a journal says.
#[derive(Debug, Default)]
pub(in crate::deliver) struct Group {
    /// Who joined, in order.
    members: Vec<Member>,
    /// Messages: who led, whom they cover, when.
    messages: Vec<(String, Vec<String>, u64)>,
    /// Alerts that went out on their own, and when.
    alone: Vec<(String, u64)>,
    /// Leaders whose messages came to nothing.
    void: Vec<String>,
}

/// What is to be done with an alert.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::deliver) enum Turn {
    /// It goes out on its own.
    Alone,
    /// Not now.
    Wait(u64),
    /// It leads: a message about these, itself among them.
    Lead(Vec<Member>),
    /// Another one's message covers it.
    Covered(String),
    /// That one's message has arrived.
    Told(String),
    /// It is in no group yet.
    Join(u64),
}

impl Group {
    pub fn read(notes: impl Iterator<Item = Value>) -> Self {
        let mut group = Self::default();
        notes.for_each(|note| group.add(&note));
        group
    }

    /// Adds what a note says.
    pub fn add(&mut self, note: &Value) {
        let text = |name: &str| note.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let at = note.get("at").and_then(Value::as_u64).unwrap_or(0);
        if let Some(covers) = note.get("covers").and_then(Value::as_array) {
            let covers = covers.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            self.messages.push((text("leader"), covers, at));
        } else if note.get("alone").is_some() {
            self.alone.push((text("alone"), at));
        } else if note.get("void").is_some() {
            let leader = text("void");
            self.messages.retain(|(known, _, _)| *known != leader);
            if !self.void.contains(&leader) {
                self.void.push(leader);
            }
        } else {
            self.members.push(Member { name: text("name"), says: text("says"), at });
        }
    }

    /// Whether an alert is in it, however.
    pub fn knows(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
            || self.messages.iter().any(|(leader, _, _)| leader == name)
            || self.alone.iter().any(|(known, _)| known == name)
    }

    /// Whether it says already what a turn means.
    pub fn has_noted(&self, name: &str, turn: &Turn) -> bool {
        match turn {
            Turn::Alone => self.alone.iter().any(|(known, _)| known == name),
            Turn::Lead(_) => self.messages.iter().any(|(leader, _, _)| leader == name),
            _ => false,
        }
    }

    /// Whether another message may be tried where one came to nothing.
    pub fn may_lead_again(&self) -> bool {
        self.void.len() < VOID_AT_MOST
    }

    /// A message about one alert alone, which is in the group.
    pub fn itself(&self, name: &str) -> Turn {
        Turn::Lead(self.members.iter().filter(|member| member.name == name).take(1).cloned().collect())
    }

    /// What is to be done with an alert, now.
    pub fn turn(&self, name: &str, by: &Grouping, now: u64) -> Turn {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    #[test]
    fn when_a_message_comes_to_nothing_another_one_leads_and_not_for_ever() {
        let mut group = group(&[
            joins("a", 1_000),
            joins("b", 1_001),
            joins("c", 1_002),
            json!({ "leader": "a", "covers": ["a", "b", "c"], "at": 1_030 }),
        ]);
        assert_eq!(group.turn("b", &BY, 1_040), Turn::Covered("a".into()));
        for note in [json!({ "void": "a", "at": 1_040 }), json!({ "void": "a", "at": 1_041 })] {
            group.add(&note);
        }
        assert_eq!(group.turn("b", &BY, 1_100), Turn::Wait(1_160), "the first of them would lead, should it live");
        assert_eq!(names(&group.turn("b", &BY, 1_030 + LEADER_LATE_S)), ["a", "b", "c"]);
        assert!(group.may_lead_again());
        for leader in ["b", "c"] {
            group.add(&json!({ "void": leader, "at": 2_000 }));
        }
        assert!(!group.may_lead_again());
    }

    #[test]
    fn what_is_noted_already_is_not_noted_again() {
        let group = group(&[json!({ "alone": "a", "at": 1 }), json!({ "leader": "b", "covers": ["b"], "at": 2 })]);
        assert!(group.has_noted("a", &Turn::Alone) && !group.has_noted("b", &Turn::Alone));
        assert!(group.has_noted("b", &Turn::Lead(Vec::new())) && !group.has_noted("a", &Turn::Lead(Vec::new())));
        assert!(!group.has_noted("a", &Turn::Join(1)));
    }
}
