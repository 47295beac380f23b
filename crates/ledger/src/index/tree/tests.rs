//! The tree against a plain map.

use super::*;

/// A tree in memory, checked after every change.
#[derive(Default)]
struct Tree {
    nodes: BTreeMap<String, Node>,
    root: Option<String>,
    made: u32,
    most_touched: usize,
}

impl Tree {
    fn add(&mut self, additions: &Additions) {
        let mut needed = BTreeMap::new();
        let mut wanting: Vec<_> = self.root.iter().map(|root| (root.clone(), 0..additions.len())).collect();
        while let Some((name, share)) = wanting.pop() {
            let node = self.nodes[&name].clone();
            if !share.is_empty() {
                wanting.extend(wanted(&node, share, additions));
            }
            needed.insert(name, node);
        }
        let made = &mut self.made;
        let name = || {
            *made += 1;
            made.to_string()
        };
        let mut change = Change { nodes: &needed, written: Vec::new(), replaced: Vec::new(), name };
        let root = change.apply(self.root.as_deref(), additions);
        self.most_touched = self.most_touched.max(change.written.len());
        for name in change.replaced {
            assert!(self.nodes.remove(&name).is_some(), "{name} was replaced twice");
        }
        self.nodes.extend(change.written);
        self.root = root;
        let mut reached = 0;
        if let Some(root) = &self.root {
            self.height(root, &mut reached);
        }
        assert_eq!(reached, self.nodes.len(), "every node is reached, and nothing is left behind");
    }

    /// All leaves are equally deep; sizes and first names are as the node above says.
    fn height(&self, name: &str, reached: &mut usize) -> usize {
        *reached += 1;
        let node = &self.nodes[name];
        assert!((1..=MOST).contains(&node.len()));
        let Node::Inner(children) = node else { return 0 };
        let mut heights = Vec::new();
        for child in children {
            assert_eq!(child.size, self.nodes[&child.node].len());
            heights.push(self.height(&child.node, reached));
        }
        heights.dedup();
        assert_eq!(heights.len(), 1, "leaves of one depth");
        heights[0] + 1
    }

    fn names(&self) -> Vec<(String, i64)> {
        let mut names = Vec::new();
        let mut open: Vec<String> = self.root.iter().cloned().collect();
        while let Some(name) = open.pop() {
            match &self.nodes[&name] {
                Node::Leaf(entries) => names.extend(entries.clone()),
                Node::Inner(children) => open.extend(children.iter().rev().map(|child| child.node.clone())),
            }
        }
        names
    }
}

/// A generator of numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn the_tree_says_what_a_plain_map_says_and_never_reaches_far() {
    let (mut tree, mut plain, mut numbers) = (Tree::default(), BTreeMap::<String, i64>::new(), Numbers(7));
    for round in 0..3_000 {
        let mut additions: BTreeMap<String, i64> = BTreeMap::new();
        for _ in 0..=numbers.below(6) {
            // More is added than taken away at first, and less later.
            let add = if numbers.below(3_000) > round { 1 } else { -1 };
            additions.insert(format!("{:05}", numbers.below(4_000)), add);
        }
        let additions: Vec<(String, i64)> = additions.into_iter().collect();
        for (name, add) in &additions {
            *plain.entry(name.clone()).or_default() += add;
        }
        plain.retain(|_, n| *n != 0);
        tree.add(&additions);
    }
    assert_eq!(tree.names(), plain.into_iter().collect::<Vec<_>>());
    assert!(tree.most_touched <= 60, "{}", tree.most_touched);
}

#[test]
fn what_is_taken_away_altogether_leaves_nothing() {
    let mut tree = Tree::default();
    let all = |add| (0..1_000).map(|i| (format!("{i:04}"), add)).collect::<Vec<_>>();
    // Taken away first: the order does not matter.
    tree.add(&all(-1));
    assert_eq!(tree.names().len(), 1_000);
    for part in all(1).chunks(7) {
        tree.add(part);
    }
    assert_eq!((tree.root, tree.nodes.len()), (None, 0));
}

#[test]
fn a_range_is_found_in_the_children_that_hold_it() {
    let child = |first: &str| Child { first: first.to_owned(), node: first.to_owned(), size: 1 };
    let node = Node::Inner(vec![child("b"), child("d"), child("f")]);
    let below = |from, to| node.below(from, to).into_iter().map(|c| c.first).collect::<String>();
    assert_eq!(below("a", None), "bdf");
    assert_eq!(below("d", None), "df");
    assert_eq!(below("c", Some("d")), "b");
    assert_eq!(below("e", Some("f~")), "df");
    assert_eq!(below("z", None), "f");
}
