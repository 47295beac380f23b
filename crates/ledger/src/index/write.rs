//! A turn's changes of the index: which nodes they need, and the nodes that come in their place.

use super::tree::{Change, Node, wanted};
use crate::Ledger;
use crate::key::Key;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::LedgerError;
use crate::stored::{decode, encode};
use crate::tick::Work;
use std::collections::BTreeMap;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// Writes what `work.marks` changes, and what the turn has put off: a read for every level of the tree and a write. The
    /// commit makes it valid.
    pub(crate) async fn fold_index(&self, work: &mut Work) -> Result<(), LedgerError> {
        let mut marks = std::mem::take(&mut work.marks);
        marks.retain(|_, add| *add != 0);
        if marks.is_empty() {
            return self.flush(work).await;
        }
        let additions: Vec<(String, i64)> = marks.into_iter().collect();
        let root = Some(work.root.ix.clone()).filter(|root| !root.is_empty());
        let nodes = self.nodes_for(work, root.as_deref(), &additions).await?;
        let (base, mut made) = (self.unique(), 0_u32);
        let name = || {
            made += 1;
            format!("{base}{made}")
        };
        let mut change = Change { nodes: &nodes, written: Vec::new(), replaced: Vec::new(), name };
        let new = change.apply(root.as_deref(), &additions);
        let key = |node: &str| Key::Index { shard: work.shard, node }.to_string();
        for (name, node) in &change.written {
            work.writes.push((key(name), encode(&key(name), node)?));
        }
        // A node that is not understood stays where it is, so that it can be looked at.
        let replaced = change.replaced.iter().map(|name| key(name)).filter(|key| !work.bad.contains(key));
        let replaced: Vec<String> = replaced.collect();
        work.gc.extend(replaced);
        work.index = Some(new.unwrap_or_default());
        self.flush(work).await
    }

    /// Reads the nodes that a change needs, level by level.
    async fn nodes_for(
        &self,
        work: &mut Work,
        root: Option<&str>,
        additions: &[(String, i64)],
    ) -> Result<BTreeMap<String, Node>, LedgerError> {
        let mut nodes = BTreeMap::new();
        let mut level: Vec<_> = root.map(|root| (root.to_owned(), 0..additions.len())).into_iter().collect();
        while !level.is_empty() {
            let key = |node: &str| Key::Index { shard: work.shard, node }.to_string();
            let found = self.kv.get_many(level.iter().map(|(name, _)| key(name)).collect()).await?;
            let mut below = Vec::new();
            for (name, share) in level {
                let key = key(&name);
                match found.get(&key).map(|bytes| decode::<Node>(&key, bytes)) {
                    Some(Ok(node)) => {
                        if !share.is_empty() {
                            below.extend(wanted(&node, share, additions));
                        }
                        nodes.insert(name, node);
                    }
                    _ => work.bad.push(key),
                }
            }
            level = below;
        }
        Ok(nodes)
    }
}
