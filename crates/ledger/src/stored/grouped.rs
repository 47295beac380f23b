//! Additions to projections as they are stored: those that differ by their day only, and those that differ by their field
//! only, together. An answer counts the same on its day, in its week and in its month, and every event carries what it
//! counts: one by one they were half of what is written for it.
//!
//! The sum is kept, the order is not. Reads the form of single additions, too, which earlier versions have written.

use crate::program::Count;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// Days, row, and what is added to its fields on each of these days.
type Group = (Vec<u32>, String, Vec<(String, i64)>);
/// The same while it is gathered, by row and days.
type Groups<'a> = BTreeMap<(&'a str, Vec<u32>), Vec<(&'a str, i64)>>;

/// Writes them in groups.
pub fn serialize<S: Serializer>(counts: &[Count], serializer: S) -> Result<S::Ok, S::Error> {
    let mut days: BTreeMap<(&str, &str, i64), Vec<u32>> = BTreeMap::new();
    for Count { day, row, field, add } in counts {
        days.entry((row, field, *add)).or_default().push(*day);
    }
    let mut groups = Groups::new();
    for ((row, field, add), days) in days {
        groups.entry((row, days)).or_default().push((field, add));
    }
    serializer.collect_seq(groups.into_iter().map(|((row, days), fields)| (days, row, fields)))
}

/// Reads either form.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Count>, D::Error> {
    let stored = Vec::<Stored>::deserialize(deserializer)?;
    Ok(stored.into_iter().flat_map(|Stored(counts)| counts).collect())
}

/// A group, or a single addition.
struct Stored(Vec<Count>);

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Stored;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an addition to a projection, or a group of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Stored, A::Error> {
        Count::deserialize(MapAccessDeserializer::new(map)).map(|count| Stored(vec![count]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Stored, A::Error> {
        let (days, row, fields) = Group::deserialize(SeqAccessDeserializer::new(seq))?;
        let on = |day: &u32| {
            let (day, row) = (*day, &row);
            fields.iter().map(move |(field, add)| Count { day, row: row.clone(), field: field.clone(), add: *add })
        };
        Ok(Stored(days.iter().flat_map(on).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Plan;

    fn count(day: u32, row: &str, field: &str, add: i64) -> Count {
        Count { day, row: row.into(), field: field.into(), add }
    }

    fn sorted(mut counts: Vec<Count>) -> Vec<Count> {
        counts.sort_by(|a, b| (a.day, &a.row, &a.field, a.add).cmp(&(b.day, &b.row, &b.field, b.add)));
        counts
    }

    #[test]
    fn what_counts_alike_on_several_days_is_written_once() {
        let counts = vec![
            count(20_261_128, "a", "f", 1),
            count(20_261_128, "a", "g", 1),
            count(20_261_100, "a", "f", 1),
            count(20_261_100, "a", "g", 1),
            count(20_261_128, "a", "h", -2),
            count(99_999_999, "b", "f", 1),
            count(99_999_999, "b", "f", 1),
        ];
        let plan = Plan { counts: counts.clone(), ..Plan::default() };
        let text = serde_json::to_string(&plan).expect("JSON");
        let expected = r#"{"c":[[[20261128],"a",[["h",-2]]],[[20261128,20261100],"a",[["f",1],["g",1]]],[[99999999,99999999],"b",[["f",1]]]]}"#;
        assert_eq!(text, expected);
        let read: Plan = serde_json::from_str(&text).expect("a plan");
        assert_eq!(sorted(read.counts), sorted(counts));
    }

    #[test]
    fn single_additions_of_earlier_versions_are_read() {
        let old = r#"{"counts":[{"day":20261128,"row":"a","field":"f","add":1},{"day":20261100,"row":"a","field":"f","add":-1}]}"#;
        let read: Plan = serde_json::from_str(old).expect("a plan");
        assert_eq!(read.counts, [count(20_261_128, "a", "f", 1), count(20_261_100, "a", "f", -1)]);
        for bad in [r#"{"c":[[[1],"a"]]}"#, r#"{"c":[7]}"#, r#"{"c":[{"day":1}]}"#] {
            assert!(serde_json::from_str::<Plan>(bad).is_err(), "{bad}");
        }
    }
}
