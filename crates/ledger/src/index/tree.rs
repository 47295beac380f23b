//! The tree: nodes, and how changes of names make new ones. Pure.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// Entries of a node at most. (Few under simulation, so that trees grow high there.)
const MOST: usize = if cfg!(feature = "mutants") { 4 } else { 64 };
/// A node with fewer entries is put together with its neighbour, where both fit into one.
const FEW: usize = MOST / 4;

/// Names and what is to be added to their counts, in order, each name once.
pub type Additions = [(String, i64)];

/// `x:` a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Node {
    /// Names and their counts, in order.
    #[serde(rename = "l")]
    Leaf(Vec<(String, i64)>),
    /// Nodes below, in order.
    #[serde(rename = "c")]
    Inner(Vec<Child>),
}

/// A node below.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// The first name in it when it was written; names before belong to its predecessor.
    pub first: String,
    /// Under which name it is stored.
    pub node: String,
    /// How many entries it has.
    pub size: usize,
}

/// A child of a node that is being made.
enum Part {
    Kept(Child),
    Fresh(Node),
}

/// A tree under change.
pub struct Change<'a, N> {
    /// The nodes that [`wanted`] asked for, as far as they are there.
    pub nodes: &'a BTreeMap<String, Node>,
    /// New nodes, under their names.
    pub written: Vec<(String, Node)>,
    /// Nodes that are part of the tree no more.
    pub replaced: Vec<String>,
    /// Gives a name nobody else has.
    pub name: N,
}

impl Node {
    fn len(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(children) => children.len(),
        }
    }

    fn first(&self) -> &str {
        let first = match self {
            Self::Leaf(entries) => entries.first().map(|(name, _)| name),
            Self::Inner(children) => children.first().map(|child| &child.first),
        };
        first.map(String::as_str).unwrap_or_default()
    }

    /// Which of an inner node's children names from `from` to before `to` are in.
    pub fn below(&self, from: &str, to: Option<&str>) -> Vec<Child> {
        let Self::Inner(children) = self else { return Vec::new() };
        let ends = children.iter().skip(1).map(|next| Some(next.first.as_str())).chain([None]);
        let within = |(child, end): &(&Child, Option<&str>)| {
            end.is_none_or(|end| end > from) && to.is_none_or(|to| child.first.as_str() < to)
        };
        children.iter().zip(ends).filter(within).map(|(child, _)| child.clone()).collect()
    }
}

/// The parts of sorted additions that belong to each child.
fn shares(children: &[Child], additions: &Additions) -> Vec<Range<usize>> {
    let mut shares = Vec::with_capacity(children.len());
    let mut from = 0;
    for next in children.iter().skip(1) {
        let to = additions.partition_point(|(name, _)| *name < next.first);
        shares.push(from..to);
        from = to;
    }
    shares.push(from..additions.len());
    shares
}

/// Which nodes below `node` a change needs: those that it changes, and a neighbour of one that may become small. With
/// each its part of the additions.
pub fn wanted(node: &Node, additions: Range<usize>, all: &Additions) -> Vec<(String, Range<usize>)> {
    let Node::Inner(children) = node else { return Vec::new() };
    let mut wanted: BTreeMap<usize, Range<usize>> = BTreeMap::new();
    for (i, share) in shares(children, &all[additions.clone()]).into_iter().enumerate() {
        if share.is_empty() {
            continue;
        }
        if children[i].size < FEW + share.len() {
            let neighbour = if i + 1 < children.len() { i + 1 } else { i.saturating_sub(1) };
            wanted.entry(neighbour).or_insert(0..0);
        }
        wanted.insert(i, share.start + additions.start..share.end + additions.start);
    }
    wanted.into_iter().map(|(i, share)| (children[i].node.clone(), share)).collect()
}

impl<N: FnMut() -> String> Change<'_, N> {
    /// Adds to the tree below `root` (none: an empty one). Gives the new root; none when nothing is left.
    pub fn apply(&mut self, root: Option<&str>, additions: &Additions) -> Option<String> {
        let mut nodes = match root {
            Some(root) => self.rebuild(root, additions),
            None => split_leaf(merge(&[], additions)),
        };
        while nodes.len() > 1 {
            let children = nodes.into_iter().map(|node| self.write(node)).collect();
            nodes = split_inner(children);
        }
        match nodes.pop()? {
            // A root with one child is none.
            Node::Inner(mut children) if children.len() == 1 => children.pop().map(|child| self.lowest(child.node)),
            node => Some(self.write(node).node),
        }
    }

    /// Steps down over nodes with one child, as far as they are known.
    fn lowest(&mut self, mut name: String) -> String {
        loop {
            let fresh = self.written.iter().position(|(known, _)| *known == name);
            let node = fresh.map(|i| &self.written[i].1).or_else(|| self.nodes.get(&name));
            let Some(Node::Inner(children)) = node else { return name };
            let [only] = children.as_slice() else { return name };
            let below = only.node.clone();
            match fresh {
                Some(i) => drop(self.written.remove(i)),
                None => self.replaced.push(name),
            }
            name = below;
        }
    }

    fn write(&mut self, node: Node) -> Child {
        let child = Child { first: node.first().to_owned(), node: (self.name)(), size: node.len() };
        self.written.push((child.node.clone(), node));
        child
    }

    /// What comes in the place of a node. A node that is not there counts as empty.
    fn rebuild(&mut self, name: &str, additions: &Additions) -> Vec<Node> {
        self.replaced.push(name.to_owned());
        match self.nodes.get(name) {
            None => split_leaf(merge(&[], additions)),
            Some(Node::Leaf(entries)) => split_leaf(merge(entries, additions)),
            Some(Node::Inner(children)) => {
                let mut parts = Vec::new();
                for (child, share) in children.iter().zip(shares(children, additions)) {
                    if share.is_empty() {
                        parts.push(Part::Kept(child.clone()));
                    } else {
                        parts.extend(self.rebuild(&child.node, &additions[share]).into_iter().map(Part::Fresh));
                    }
                }
                let parts = self.join(parts);
                let child = |part| match part {
                    Part::Kept(child) => child,
                    Part::Fresh(node) => self.write(node),
                };
                split_inner(parts.into_iter().map(child).collect())
            }
        }
    }

    /// Puts small nodes together with their neighbours.
    fn join(&mut self, parts: Vec<Part>) -> Vec<Part> {
        let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
        for part in parts {
            let together = match (joined.last(), &part) {
                (Some(Part::Fresh(a)), Part::Fresh(b)) => {
                    (a.len() < FEW || b.len() < FEW).then(|| (a.clone(), b.clone()))
                }
                (Some(Part::Fresh(a)), Part::Kept(b)) if a.len() < FEW => self.known(b).map(|b| (a.clone(), b)),
                (Some(Part::Kept(a)), Part::Fresh(b)) if b.len() < FEW => self.known(a).map(|a| (a, b.clone())),
                _ => None,
            };
            match together.and_then(|(a, b)| concatenate(a, b)) {
                None => joined.push(part),
                Some(node) => {
                    let before = joined.pop();
                    for gone in [before, Some(part)].into_iter().flatten() {
                        if let Part::Kept(child) = gone {
                            self.replaced.push(child.node);
                        }
                    }
                    joined.push(Part::Fresh(node));
                }
            }
        }
        joined
    }

    fn known(&self, child: &Child) -> Option<Node> {
        self.nodes.get(&child.node).cloned()
    }
}

/// Two neighbours as one, where that is small enough not to be split again soon.
fn concatenate(a: Node, b: Node) -> Option<Node> {
    if a.len() + b.len() > MOST / 2 {
        return None;
    }
    match (a, b) {
        (Node::Leaf(a), Node::Leaf(b)) => Some(Node::Leaf([a, b].concat())),
        (Node::Inner(a), Node::Inner(b)) => Some(Node::Inner([a, b].concat())),
        _ => None,
    }
}

fn merge(entries: &[(String, i64)], additions: &Additions) -> Vec<(String, i64)> {
    let mut counts: BTreeMap<&str, i64> = entries.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    for (name, add) in additions {
        *counts.entry(name).or_default() += add;
    }
    counts.into_iter().filter(|(_, n)| *n != 0).map(|(name, n)| (name.to_owned(), n)).collect()
}

fn split_leaf(entries: Vec<(String, i64)>) -> Vec<Node> {
    split(&entries).map(|part| Node::Leaf(part.to_vec())).collect()
}

fn split_inner(children: Vec<Child>) -> Vec<Node> {
    split(&children).map(|part| Node::Inner(part.to_vec())).collect()
}

/// Parts of even size, as few as possible.
fn split<T>(all: &[T]) -> impl Iterator<Item = &[T]> {
    let parts = all.len().div_ceil(MOST).max(1);
    all.chunks(all.len().div_ceil(parts).max(1))
}

#[cfg(test)]
mod tests;
