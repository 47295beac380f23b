//! Projections: a day's counts, copied on every write.
//!
//! A tick reads the day's current document, adds, and writes the result under a new name, which
//! the root takes up in the commit. So the counts, the cursor and the lease change in one
//! compare-and-swap, and a tick that is not committed has counted nothing.
//!
//! A document has a limit: what comes under new names when it is full goes to [`REST`]. Names are
//! never taken out, so what was added there is taken away there again, and sums stay exact.
//!
//! The root names the documents of recent days only. Those of older days are named in a list a
//! month, written the same way, so that the root does not grow with the years.

use crate::key::Key;
use crate::mutation::Mutation;
use crate::port::{Clock, Entropy, Store};
use crate::program::{Count, Program};
use crate::record::LedgerError;
use crate::stored::{Root, decode, encode};
use crate::tick::Work;
use crate::{Counts, Ledger};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Days that the root names at most; then it keeps half of them. (Few under simulation, so that
/// it happens there.)
const DAYS: usize = if cfg!(feature = "mutants") { 4 } else { 62 };
/// Rows of a document at most.
const ROWS: usize = 1_000;
/// What a document takes at most, in bytes, as [`Size`] counts it: it must stay below the 400 kB that some stores take for a
/// value, however many rows have however many fields and whatever strangers call them.
const BYTES: usize = 320 * 1024;
/// Fields of a row at most.
const FIELDS: usize = 500;
/// Fields of a family at most, in a row: a family is what stands before a colon, and what comes after it may be strangers'
/// words. Those that have no place are counted together, as the family's [`REST`].
const FAMILY: usize = 100;
/// The row, and the field, of what has no place of its own.
pub const REST: &str = "~";
/// How often a read is repeated because the document was replaced meanwhile.
const ATTEMPTS: usize = 8;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// The projection of a day (yyyymmdd), over all shards: 2 reads a shard.
    pub async fn counts(&self, day: u32) -> Result<Counts, LedgerError> {
        Ok(self.counts_of(&[day]).await?.remove(&day).unwrap_or_default())
    }

    /// The projections of several days, as far as they have any: 3 reads a shard, however many there are.
    pub async fn counts_of(&self, days: &[u32]) -> Result<BTreeMap<u32, Counts>, LedgerError> {
        let mut total: BTreeMap<u32, Counts> = BTreeMap::new();
        for shard in 0..self.options.shards {
            for (day, counts) in self.shard_counts(shard, days).await? {
                match total.entry(day) {
                    Entry::Vacant(first) => drop(first.insert(counts)),
                    Entry::Occupied(mut known) => add(known.get_mut(), counts),
                }
            }
        }
        Ok(total)
    }

    async fn shard_counts(&self, shard: u8, days: &[u32]) -> Result<BTreeMap<u32, Counts>, LedgerError> {
        let mut lost = String::new();
        for _ in 0..ATTEMPTS {
            let root = self.root(shard).await?;
            let mut names = root.d.clone();
            let mut months: Vec<u32> = days.iter().filter(|day| !names.contains_key(day)).map(|d| month(*d)).collect();
            months.sort_unstable();
            months.dedup();
            if months.iter().any(|month| root.m.contains_key(month)) {
                months.retain(|month| root.m.contains_key(month));
                let (listed, foreign) = self.listed(shard, &root, &months).await?;
                if let Some(key) = foreign.into_iter().next() {
                    let reason = "not a list of days".to_owned();
                    return Err(LedgerError::Corrupt { key, reason });
                }
                // A day that was counted again since stands in the root.
                names = listed.into_iter().chain(names).collect();
            }
            let key =
                |day: &u32| Some((*day, Key::Projection { shard, day: *day, write: names.get(day)? }.to_string()));
            let keys: BTreeMap<u32, String> = days.iter().filter_map(key).collect();
            let found = match keys.is_empty() {
                true => BTreeMap::new(),
                false => self.kv.get_many(keys.values().cloned().collect()).await?,
            };
            // One that is not there was replaced meanwhile.
            match keys.values().find(|key| !found.contains_key(*key)) {
                Some(key) => lost.clone_from(key),
                None => {
                    let decoded = keys.into_iter().map(|(day, key)| Ok((day, decode(&key, &found[&key])?)));
                    return decoded.collect();
                }
            }
        }
        Err(crate::missing(lost))
    }

    /// The days that lists of months name, and the keys of lists that are not understood.
    async fn listed(
        &self,
        shard: u8,
        root: &Root,
        months: &[u32],
    ) -> Result<(BTreeMap<u32, String>, Vec<String>), LedgerError> {
        let key = |month: &u32| {
            let write = root.m.get(month)?;
            Some(Key::Month { shard, month: *month, write }.to_string())
        };
        let keys: Vec<String> = months.iter().filter_map(key).collect();
        let found = self.kv.get_many(keys.clone()).await?;
        let (mut names, mut foreign) = (BTreeMap::new(), Vec::new());
        for key in keys {
            match found.get(&key).map(|bytes| decode::<BTreeMap<u32, String>>(&key, bytes)) {
                Some(Ok(days)) => names.extend(days),
                _ => foreign.push(key),
            }
        }
        Ok((names, foreign))
    }

    /// Moves the names of older days out of the root, into lists of their months.
    pub(crate) async fn archive_days(&self, work: &mut Work) -> Result<(), LedgerError> {
        let shard = work.shard;
        let mut names = work.root.d.clone();
        names.extend(work.days.clone());
        if names.len() <= DAYS {
            return Ok(());
        }
        let old: Vec<(u32, String)> = names.into_iter().rev().skip(DAYS / 2).collect();
        let mut lists: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
        for (day, write) in old {
            lists.entry(month(day)).or_default().insert(day, write);
            work.archived.push(day);
        }
        let mut entries = Vec::new();
        for (month, days) in lists {
            let (mut list, foreign) = self.listed(shard, &work.root, &[month]).await?;
            list.extend(days);
            if let Some(old) = work.root.m.get(&month).filter(|_| foreign.is_empty()) {
                work.gc.push(Key::Month { shard, month, write: old }.to_string());
            }
            work.bad.extend(foreign);
            let write = self.unique();
            let key = Key::Month { shard, month, write: &write }.to_string();
            entries.push((key.clone(), encode(&key, &list)?));
            work.months.insert(month, write);
        }
        self.kv.set_many(&entries).await
    }

    /// Adds counts: the documents to write, their names in `work.days`, the old ones in `work.gc`.
    pub(crate) async fn fold(&self, work: &mut Work, counts: &[Count]) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        let mut days: BTreeMap<u32, Counts> = BTreeMap::new();
        for count in counts {
            let row = days.entry(count.day).or_default();
            let row = row.entry(count.row.clone()).or_default();
            *row.entry(count.field.clone()).or_default() += count.add;
        }
        let shard = work.shard;
        let current = self.current(work, days.keys().copied()).await?;
        let name = |(day, write): (&u32, &String)| Key::Projection { shard, day: *day, write }.to_string();
        let olds: Vec<String> = current.iter().map(name).collect();
        let bases = self.kv.get_many(olds).await?;
        let fixed = self.mutated(Mutation::FixedProjection);
        let mut written = Vec::new();
        for (day, added) in days {
            let mut counts = Counts::new();
            if let Some(old) = current.get(&day) {
                let key = Key::Projection { shard, day, write: old }.to_string();
                match bases.get(&key).map(|bytes| decode::<Counts>(&key, bytes)) {
                    Some(Ok(base)) => counts = base,
                    // Left where it is, and named, so that it can be looked at.
                    _ => work.bad.push(key.clone()),
                }
                if !fixed && !work.bad.contains(&key) {
                    work.gc.push(key);
                }
            }
            add(&mut counts, added);
            let write = if fixed { "F".to_owned() } else { self.unique() };
            let key = Key::Projection { shard, day, write: &write }.to_string();
            written.push((key.clone(), encode(&key, &counts)?));
            work.days.insert(day, write);
        }
        Ok(written)
    }

    /// The names of the documents that days have now, as far as they have one.
    async fn current(
        &self,
        work: &mut Work,
        days: impl Iterator<Item = u32>,
    ) -> Result<BTreeMap<u32, String>, LedgerError> {
        let (mut current, mut older) = (BTreeMap::new(), Vec::new());
        for day in days {
            match work.root.d.get(&day) {
                Some(write) => {
                    current.insert(day, write.clone());
                }
                None => older.push(day),
            }
        }
        let mut months: Vec<u32> = older.iter().map(|day| month(*day)).collect();
        months.dedup();
        let (listed, foreign) = self.listed(work.shard, &work.root, &months).await?;
        work.bad.extend(foreign);
        current.extend(listed.into_iter().filter(|(day, _)| older.contains(day)));
        Ok(current)
    }
}

fn month(day: u32) -> u32 {
    day / 100
}

/// How much room a document takes, about: by its names, so that it does not shrink while something has found no place.
struct Size(usize);

impl Size {
    /// Quotes, colon, comma and braces of a row.
    const ROW: usize = 8;
    /// Quotes, colon, comma and digits of a field.
    const FIELD: usize = 12;

    fn of(counts: &Counts) -> Self {
        let fields = |row: &BTreeMap<String, i64>| row.keys().map(|field| written(field) + Self::FIELD).sum::<usize>();
        Self(counts.iter().map(|(name, row)| written(name) + Self::ROW + fields(row)).sum())
    }

    /// Whether a name has room, which it takes.
    fn takes(&mut self, name: &str, around: usize) -> bool {
        let takes = written(name) + around;
        let fits = self.0 + takes <= BYTES;
        self.0 += if fits { takes } else { 0 };
        fits
    }
}

/// How many bytes a name takes between its quotes: some characters are escaped (RFC 8259, 7).
fn written(name: &str) -> usize {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    name.bytes().map(byte).sum()
}

/// Adds to a document, within its limits.
fn add(counts: &mut Counts, added: Counts) {
    let mut size = Size::of(counts);
    for (row, fields) in added {
        let fits = counts.contains_key(&row) || (counts.len() < ROWS && size.takes(&row, Size::ROW));
        let cell = counts.entry(if fits { row } else { REST.to_owned() }).or_default();
        for (field, n) in fields {
            let field = place(cell, field, &mut size);
            *cell.entry(field).or_default() += n;
        }
    }
    forget_nothing(counts);
}

/// Takes out what counts nothing any more, so that names which came and went leave their room to others. While something
/// stands under [`REST`] it stays: what is taken away must find the name under which it was added.
fn forget_nothing(counts: &mut Counts) {
    let overflow = |row: &String, field: &String, n: i64| n != 0 && (row == REST || field.ends_with(REST));
    if counts.iter().any(|(row, fields)| fields.iter().any(|(field, n)| overflow(row, field, *n))) {
        return;
    }
    counts.retain(|_, fields| {
        fields.retain(|_, n| *n != 0);
        !fields.is_empty()
    });
}

/// The name under which a field is counted in a row.
fn place(cell: &BTreeMap<String, i64>, field: String, size: &mut Size) -> String {
    if cell.contains_key(&field) {
        return field;
    }
    let family = field.split_once(':').map(|(family, _)| format!("{family}:"));
    let full = |family: &String| cell.keys().filter(|known| known.starts_with(family)).count() >= FAMILY;
    if let Some(family) = family.filter(full) {
        return family + REST;
    }
    if cell.len() < FIELDS && size.takes(&field, Size::FIELD) { field } else { REST.to_owned() }
}

/// What is to be counted when what a record adds changes: as little as possible.
pub(crate) fn difference(before: Vec<Count>, after: Vec<Count>) -> Vec<Count> {
    let mut sums: BTreeMap<(u32, String, String), i64> = BTreeMap::new();
    for (counts, sign) in [(before, -1), (after, 1)] {
        for Count { day, row, field, add } in counts {
            *sums.entry((day, row, field)).or_default() += sign * add;
        }
    }
    let left = sums.into_iter().filter(|(_, add)| *add != 0);
    left.map(|((day, row, field), add)| Count { day, row, field, add }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: std::ops::Range<usize>, n: i64) -> Counts {
        rows.map(|row| (format!("r{row:04}"), BTreeMap::from([("f".to_owned(), n)]))).collect()
    }

    #[test]
    fn what_has_no_place_is_taken_away_where_it_was_added() {
        let mut full = counts(0..ROWS, 1);
        add(&mut full, counts(ROWS - 1..ROWS + 3, 1));
        assert_eq!((full.len(), full[REST]["f"], full[&format!("r{:04}", ROWS - 1)]["f"]), (ROWS + 1, 3, 2));
        add(&mut full, counts(ROWS..ROWS + 3, -1));
        assert!(!full.contains_key(REST) && full.len() == ROWS);
        let fields = (0..FIELDS + 2).map(|field| (format!("{field}"), 1)).collect();
        add(&mut full, BTreeMap::from([("r0000".to_owned(), fields)]));
        assert_eq!((full["r0000"].len(), full["r0000"][REST]), (FIELDS + 1, 3));
    }

    #[test]
    fn names_that_come_and_go_leave_their_room_to_others() {
        let mut standing = Counts::new();
        for owner in 0..3 * ROWS {
            add(&mut standing, counts(owner..owner + 1, 1));
            add(&mut standing, counts(owner..owner + 1, -1));
        }
        assert_eq!(standing, Counts::new());
        // What stands under the rest is waited for.
        add(&mut standing, counts(0..ROWS + 1, 1));
        add(&mut standing, counts(0..10, -1));
        assert_eq!((standing.len(), standing["r0000"]["f"], standing[REST]["f"]), (ROWS + 1, 0, 1));
        add(&mut standing, counts(ROWS..ROWS + 1, -1));
        assert_eq!(standing.len(), ROWS - 10);
    }

    #[test]
    fn words_of_a_family_leave_the_others_their_room() {
        let said = |from: usize, to: usize, n| {
            let fields = (from..to).map(|cause| (format!("why:{cause:04}"), n)).collect();
            Counts::from([("r".to_owned(), fields)])
        };
        let mut row = said(0, 1, 1);
        add(&mut row, said(0, 400, 1));
        assert_eq!((row["r"].len(), row["r"]["why:~"], row["r"]["why:0000"]), (FAMILY + 1, 300, 2));
        add(&mut row, Counts::from([("r".to_owned(), BTreeMap::from([("won".to_owned(), 1)]))]));
        assert_eq!(row["r"]["won"], 1);
        add(&mut row, said(399, 400, -1));
        assert_eq!(row["r"]["why:~"], 299);
    }

    #[test]
    fn many_fields_of_many_rows_stay_below_what_a_store_takes() {
        let fields: BTreeMap<String, i64> = (0..300).map(|bucket| (format!("f{bucket}"), 1_234_567)).collect();
        let row = |row: usize| (format!("survey|touchpoint|DE|segment|nps|queue-{row}"), fields.clone());
        let mut full = Counts::new();
        for from in [0, 200, 400, 600, 0] {
            add(&mut full, (from..from + 200).map(row).collect());
        }
        assert!(serde_json::to_vec(&full).expect("encodes").len() < 400_000);
        let sum = full.values().flat_map(BTreeMap::values).sum::<i64>();
        assert_eq!(sum, 1_000 * 300 * 1_234_567, "nothing is left out");
        // What is escaped takes six times the room.
        let strange = |row: usize| (format!("{}{row}", "\u{1}\"".repeat(100)), BTreeMap::from([("f".to_owned(), 1)]));
        let mut full = Counts::new();
        add(&mut full, (0..900).map(strange).collect());
        assert!(serde_json::to_vec(&full).expect("encodes").len() < 400_000);
        assert_eq!(full.values().map(|row| row["f"]).sum::<i64>(), 900);
    }

    #[test]
    fn long_names_take_no_more_room_than_short_ones() {
        let long = |from: usize| {
            let name = |row: usize| (format!("{row:0800}"), BTreeMap::from([("f".to_owned(), 1)]));
            (from..from + 300).map(name).collect::<Counts>()
        };
        let mut counts = Counts::new();
        for from in [0, 300, 0, 300] {
            add(&mut counts, long(from));
        }
        let names: usize = counts.keys().map(String::len).sum();
        assert!(names <= BYTES, "{names}");
        assert_eq!(counts.values().map(|row| row["f"]).sum::<i64>(), 1_200, "nothing is left out");
        assert_eq!(counts[&format!("{:0800}", 0)]["f"], 2);
    }

    #[test]
    fn only_what_differs_is_counted() {
        let count = |field: &str, add| Count { day: 1, row: "r".into(), field: field.into(), add };
        let before = vec![count("a", 1), count("b", 1)];
        assert_eq!(difference(before.clone(), before.clone()), []);
        assert_eq!(
            difference(before, vec![count("b", 2), count("c", 1)]),
            [count("a", -1), count("b", 1), count("c", 1)]
        );
    }
}
