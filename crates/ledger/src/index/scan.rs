//! Reading the index: names in order, from anywhere, as many as are asked for.

use super::tree::{Child, Node};
use crate::Ledger;
use crate::key::Key;
use crate::port::{Clock, Entropy, Store};
use crate::program::Program;
use crate::record::LedgerError;
use crate::stored::decode;
use std::collections::VecDeque;

/// How often a read starts again because a node was replaced meanwhile.
const ATTEMPTS: usize = 8;
/// Nodes read at once.
const TOGETHER: usize = 8;
/// Names that a node is expected to bring at least.
const EXPECTED: usize = 16;

impl<S: Store, C: Clock, E: Entropy, P: Program> Ledger<S, C, E, P> {
    /// The first `limit` names from `from` on and before `to`, over all shards, in order. What a change moved appears
    /// once it is sealed.
    ///
    /// Costs, for every shard, a read of the root, one for each level of the tree, and one for about 128 names more.
    ///
    /// # Errors
    /// When the store fails, or a node is not understood.
    pub async fn scan(&self, from: &str, to: &str, limit: usize) -> Result<Vec<String>, LedgerError> {
        let mut names = Vec::new();
        for shard in 0..self.options.shards {
            names.extend(self.scan_shard(shard, from, to, limit).await?);
        }
        names.sort_unstable();
        names.dedup();
        names.truncate(limit);
        Ok(names)
    }

    async fn scan_shard(&self, shard: u8, from: &str, to: &str, limit: usize) -> Result<Vec<String>, LedgerError> {
        for _ in 0..ATTEMPTS {
            let root = self.root(shard).await?.ix;
            if root.is_empty() {
                return Ok(Vec::new());
            }
            if let Some(names) = self.descend(shard, root, from, to, limit).await? {
                return Ok(names);
            }
        }
        Err(LedgerError::Contended { key: self.root_key(shard) })
    }

    /// None: a node has gone meanwhile.
    async fn descend(
        &self,
        shard: u8,
        root: String,
        from: &str,
        to: &str,
        limit: usize,
    ) -> Result<Option<Vec<String>>, LedgerError> {
        let key = |node: &str| Key::Index { shard, node }.to_string();
        let mut names = Vec::new();
        let mut open: VecDeque<String> = VecDeque::from([root]);
        while names.len() < limit && !open.is_empty() {
            let many = ((limit - names.len()).div_ceil(EXPECTED)).clamp(1, TOGETHER).min(open.len());
            let now: Vec<String> = open.drain(..many).collect();
            let found = self.kv.get_many(now.iter().map(|node| key(node)).collect()).await?;
            let mut below: Vec<Child> = Vec::new();
            for node in now {
                let key = key(&node);
                let Some(bytes) = found.get(&key) else { return Ok(None) };
                match decode::<Node>(&key, bytes)? {
                    Node::Leaf(entries) => {
                        let within = |name: &String| name.as_str() >= from && name.as_str() < to;
                        let there = entries.into_iter().filter(|(name, n)| *n > 0 && within(name));
                        names.extend(there.map(|(name, _)| name));
                    }
                    inner => below.extend(inner.below(from, Some(to))),
                }
            }
            // Nodes that are read together are of one depth, so what is below them comes before the rest.
            for child in below.into_iter().rev() {
                open.push_front(child.node);
            }
        }
        names.truncate(limit);
        Ok(Some(names))
    }
}
