//! Every key of the ledger, in one enum. Nothing else in the ledger spells a key.
//!
//! Counter keys and value keys never overlap: a counter is only ever touched by increments, and by
//! swaps that keep its form (a cell that is decided, a meter that is lifted); the store's own form
//! of numbers never meets a value (on SQLite that would stop the host).

use std::fmt;

/// A key. Slots are zero-padded only to read well; nothing sorts or lists keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// Which store this is and which roots are valid. A counter that is decided once; see `open`.
    Origin,
    /// Cosmos: the decision itself, as counters there can neither be read nor swapped.
    Decision,
    /// A key that one start-up probe uses and removes.
    Scratch(&'a str),
    /// The root of a shard (CAS).
    Root { shard: u8, generation: u64 },
    /// Counter: the last slot allotted.
    Slots { shard: u8 },
    /// An event and what became of it.
    Event { shard: u8, n: u64 },
    /// Sealed id → slots and fingerprints.
    Id(&'a str),
    /// Hint: id → slot, before sealing.
    Hint(&'a str),
    /// Counter: the last entry of a minute's timers.
    Bucket { shard: u8, minute: u64 },
    /// Timers of a minute.
    Timers { shard: u8, minute: u64, entry: u64 },
    /// A day's projection, one name a write.
    Projection { shard: u8, day: u32, write: &'a str },
    /// The days of a month and the names of their projections, one name a write.
    Month { shard: u8, month: u32, write: &'a str },
    /// A node of the index.
    Index { shard: u8, node: &'a str },
    /// Counter: which generation of a sheet is valid.
    SheetCell(&'a str),
    /// A sheet (CAS).
    Sheet { name: &'a str, generation: u64 },
    /// Counter: the last entry of a person's journal.
    Journal(&'a str),
    /// An entry of a person's journal.
    JournalEntry { person: &'a str, entry: u64 },
    /// How many entries the sealer has filed in a person's journal, as far as is known; see `filed`.
    Filed(&'a str),
    /// An entry that the sealer has filed in a person's journal.
    FiledEntry { person: &'a str, entry: u64 },
    /// A meter; see `meter`.
    Meter(&'a str),
    /// An order to erase by criteria, and what it came to (CAS).
    Order(&'a str),
    /// Counter: the last letter of a shard.
    Letters { shard: u8 },
    /// A letter: a job that did not reach its receiver.
    Letter { shard: u8, number: u64 },
    /// Counter, on SQLite: the last number given to a key ring; see `vault`.
    Rings,
    /// A key ring (CAS), encrypted under a key that is configured.
    Ring(u64),
}

impl Key<'_> {
    /// Whether the key holds a counter.
    #[cfg(test)]
    pub fn is_counter(&self) -> bool {
        matches!(
            self,
            Self::Origin
                | Self::Slots { .. }
                | Self::Bucket { .. }
                | Self::SheetCell(_)
                | Self::Journal(_)
                | Self::Meter(_)
                | Self::Letters { .. }
                | Self::Rings
        )
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Origin => f.write_str("o"),
            Self::Decision => f.write_str("od"),
            Self::Scratch(name) => write!(f, "z:{name}"),
            Self::Root { shard, generation } => write!(f, "c:{shard:02x}:{generation:x}"),
            Self::Slots { shard } => write!(f, "n:{shard:02x}"),
            Self::Event { shard, n } => write!(f, "k:{shard:02x}:{n:012}"),
            Self::Id(eid) => write!(f, "i:{eid}"),
            Self::Hint(eid) => write!(f, "h:{eid}"),
            Self::Bucket { shard, minute } => write!(f, "b:{shard:02x}:{minute}"),
            Self::Timers { shard, minute, entry } => write!(f, "b:{shard:02x}:{minute}:{entry}"),
            Self::Projection { shard, day, write } => write!(f, "p:{shard:02x}:{day}:{write}"),
            Self::Month { shard, month, write } => write!(f, "y:{shard:02x}:{month}:{write}"),
            Self::Index { shard, node } => write!(f, "x:{shard:02x}:{node}"),
            Self::SheetCell(name) => write!(f, "q:{name}"),
            Self::Sheet { name, generation } => write!(f, "q:{name}:{generation:x}"),
            Self::Journal(person) => write!(f, "u:{person}"),
            Self::JournalEntry { person, entry } => write!(f, "u:{person}:{entry}"),
            Self::Filed(person) => write!(f, "f:{person}"),
            Self::FiledEntry { person, entry } => write!(f, "f:{person}:{entry}"),
            Self::Meter(name) => write!(f, "l:{name}"),
            Self::Order(name) => write!(f, "e:{name}"),
            Self::Letters { shard } => write!(f, "d:{shard:02x}"),
            Self::Letter { shard, number } => write!(f, "d:{shard:02x}:{number}"),
            Self::Rings => f.write_str("r"),
            Self::Ring(number) => write!(f, "r:{number:x}"),
        }
    }
}

/// Whether what stands under this key is encrypted when values are: everything but counters, which the store itself must
/// read, and what says what the store is and how far it is (origin, roots, key ring), which holds nothing of anybody.
pub(crate) fn is_encrypted(key: &str) -> bool {
    let mut parts = key.split(':');
    match (parts.next(), parts.count()) {
        (Some("e" | "f" | "h" | "i" | "k" | "p" | "x" | "y"), _) | (Some("b"), 3) => true,
        (Some("q" | "u" | "d"), parts) => parts == 2,
        _ => false,
    }
}

/// Whether `text` may stand in a key as an event id or a pseudonym: 1 to 128 characters of
/// `A-Z a-z 0-9 . _ -`. (No store forbids these; `:` separates; `/ \ ? #` are refused by Cosmos.)
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether `text` is a fingerprint: 1 to 16 ASCII letters or digits.
pub fn is_fingerprint(text: &str) -> bool {
    (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The shard of an event id among `shards`: the first byte of FNV-1a, mixed as in MurmurHash3 (on its
/// own FNV hardly moves the first byte of short ids that are alike).
pub fn shard_of(eid: &str, shards: u8) -> u8 {
    let hash = eid
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (hash >> 56) as u8 % shards.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spelled_as_documented() {
        let table = [
            (Key::Origin, "o", true),
            (Key::Decision, "od", false),
            (Key::Scratch("ab"), "z:ab", false),
            (Key::Root { shard: 1, generation: 255 }, "c:01:ff", false),
            (Key::Slots { shard: 15 }, "n:0f", true),
            (Key::Event { shard: 0, n: 42 }, "k:00:000000000042", false),
            (Key::Id("e1"), "i:e1", false),
            (Key::Hint("e1"), "h:e1", false),
            (Key::Bucket { shard: 0, minute: 7 }, "b:00:7", true),
            (Key::Timers { shard: 0, minute: 7, entry: 1 }, "b:00:7:1", false),
            (Key::Projection { shard: 0, day: 20260101, write: "x" }, "p:00:20260101:x", false),
            (Key::Month { shard: 0, month: 202601, write: "x" }, "y:00:202601:x", false),
            (Key::Index { shard: 0, node: "x1" }, "x:00:x1", false),
            (Key::SheetCell("care"), "q:care", true),
            (Key::Sheet { name: "care", generation: 255 }, "q:care:ff", false),
            (Key::Journal("p1"), "u:p1", true),
            (Key::JournalEntry { person: "p1", entry: 3 }, "u:p1:3", false),
            (Key::Filed("p1"), "f:p1", false),
            (Key::FiledEntry { person: "p1", entry: 3 }, "f:p1:3", false),
            (Key::Meter("a.00ff"), "l:a.00ff", true),
            (Key::Order("5f0c"), "e:5f0c", false),
            (Key::Letters { shard: 2 }, "d:02", true),
            (Key::Letter { shard: 2, number: 9 }, "d:02:9", false),
            (Key::Rings, "r", true),
            (Key::Ring(31), "r:1f", false),
        ];
        let open = ["o", "od", "z:ab", "c:01:ff", "r:1f"];
        for (key, text, counter) in table {
            assert_eq!(key.to_string(), text);
            assert_eq!(key.is_counter(), counter, "{text}");
            assert_eq!(is_encrypted(text), !counter && !open.contains(&text), "{text}");
        }
    }

    #[test]
    fn longest_key_fits_the_documented_limit_of_256_bytes() {
        let name = "x".repeat(128);
        for key in [
            Key::JournalEntry { person: &name, entry: u64::MAX },
            Key::Id(&name),
            Key::Projection { shard: 255, day: u32::MAX, write: &name[..32] },
        ] {
            assert!(key.to_string().len() <= 256);
        }
    }

    #[test]
    fn names_that_would_break_keys_are_refused() {
        for bad in ["", "a:b", "a/b", "ä", "a b", &"x".repeat(129)] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_name("AZ09.a_b-c"));
        assert!(!is_fingerprint("a.b") && !is_fingerprint("") && is_fingerprint("0123abcd"));
    }

    #[test]
    fn every_shard_gets_its_part() {
        let mut seen = [0_u32; 4];
        for i in 0..4_000 {
            seen[usize::from(shard_of(&format!("e{i}"), 4))] += 1;
        }
        assert!(seen.iter().all(|&n| n > 700), "{seen:?}");
        assert_eq!(shard_of("x", 1), 0);
    }
}
