//! The index: names in order, under which records stand, for lists that never look at all records.
//!
//! [`Program::marks`] says under which names a record stands. The names of all records of a shard
//! form a tree of small nodes that is copied on write, like a projection: a turn writes the nodes
//! it changes under new names, and its commit makes the new root node valid. What a change moves is
//! noted in the record and sealed like counts are, so that it is exact after a crash anywhere.
//!
//! A name has a count, which is added to. The order in which several changes of one record are
//! sealed therefore does not matter: what was taken away before it was added adds up to nothing.

mod scan;
mod tree;
mod write;

use crate::change::Moves;
use std::collections::BTreeMap;

/// What changes from one list of names to another: the new ones added, the old ones taken away.
pub(crate) fn difference(before: Vec<String>, after: Vec<String>) -> Moves {
    let mut moves: BTreeMap<String, i64> = BTreeMap::new();
    for name in before {
        *moves.entry(name).or_default() -= 1;
    }
    for name in after {
        *moves.entry(name).or_default() += 1;
    }
    moves.into_iter().filter(|(_, add)| *add != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_moves() {
        let names = |text: &str| text.split(' ').filter(|n| !n.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let moved = |before, after| difference(names(before), names(after));
        assert_eq!(moved("a b", "b c"), [("a".to_owned(), -1), ("c".to_owned(), 1)]);
        assert_eq!(moved("a b", "b a"), []);
        assert_eq!(moved("", "a"), [("a".to_owned(), 1)]);
    }
}
