//! Tree of growth steps, and random completions.

use ganas_core::arch::Graph;
use ganas_core::rng::Rng;
use ganas_core::space::{LabelSet, SearchSpace};

use super::super::decisions::{decide, members};

/// State on the way to an architecture.
#[derive(Default)]
struct Node {
    visits: f64,
    sum: f64,
    /// Nodes behind the options that were tried.
    children: Vec<Child>,
}

struct Child {
    option: u8,
    node: usize,
}

/// Tree whose root is the empty graph, and whose actions are the decisions of the space.
pub struct GrowthTree {
    exploration: f64,
    nodes: Vec<Node>,
}

impl GrowthTree {
    /// A tree with a root only.
    pub fn new(exploration: f64) -> Self {
        GrowthTree {
            exploration,
            nodes: vec![Node::default()],
        }
    }

    /// Adds the value of an evaluated architecture to the nodes on its way, and one node at the end of them.
    pub fn record(&mut self, choices: impl Iterator<Item = u8>, value: f64) {
        let mut at = 0;
        self.visit(at, value);
        for option in choices {
            let known = self.child(at, option);
            at = known.unwrap_or_else(|| self.add(at, option));
            self.visit(at, value);
            if known.is_none() {
                return;
            }
        }
    }

    /// Follows the best bounds down to a state with an untried option, and adds a node for one of those.
    /// Returns the options on the way; all of an architecture if its end is reached.
    pub fn descend(&mut self, space: &dyn SearchSpace, rng: &mut Rng) -> Vec<u8> {
        let mut path = Vec::new();
        let mut at = Some(0);
        decide(space, |_, options| {
            let Some(node) = at else {
                // What follows is a completion, which the caller draws.
                return options.trailing_zeros() as u8;
            };
            let untried = self.untried(node, options);
            let option = if untried.is_empty() {
                let best = self.best(node, options);
                at = self.child(node, best);
                best
            } else {
                let option = *rng.choose(&untried);
                self.add(node, option);
                at = None;
                option
            };
            path.push(option);
            option
        });
        path
    }

    /// Adds a value to all nodes of a path.
    pub fn pay(&mut self, path: &[u8], value: f64) {
        let mut at = 0;
        self.visit(at, value);
        for option in path {
            at = self
                .child(at, *option)
                .expect("paths of the tree are in it");
            self.visit(at, value);
        }
    }

    fn visit(&mut self, node: usize, value: f64) {
        self.nodes[node].visits += 1.0;
        self.nodes[node].sum += value;
    }

    fn child(&self, node: usize, option: u8) -> Option<usize> {
        let mut children = self.nodes[node].children.iter();
        let found = children.find(|child| child.option == option);
        found.map(|child| child.node)
    }

    fn add(&mut self, node: usize, option: u8) -> usize {
        let new = self.nodes.len();
        self.nodes.push(Node::default());
        self.nodes[node].children.push(Child { option, node: new });
        new
    }

    fn untried(&self, node: usize, options: LabelSet) -> Vec<u8> {
        let tried = |option: &u8| self.child(node, *option).is_some();
        members(options).filter(|option| !tried(option)).collect()
    }

    /// The option with the best bound among those that were tried; of equals, the first.
    fn best(&self, node: usize, options: LabelSet) -> u8 {
        let parent = self.nodes[node].visits.max(1.0).ln();
        let bound = |child: &Child| {
            let Node { visits, sum, .. } = self.nodes[child.node];
            sum / visits + self.exploration * (parent / visits).sqrt()
        };
        let children = self.nodes[node].children.iter();
        let possible = children.filter(|child| options >> child.option & 1 == 1);
        let better = |best: (f64, u8), next: (f64, u8)| if next.0 > best.0 { next } else { best };
        let best = possible
            .map(|child| (bound(child), child.option))
            .reduce(better);
        best.expect("a decision has options").1
    }
}

/// Grows a graph whose first decisions are given, and whose others are random.
pub fn complete(space: &dyn SearchSpace, path: &[u8], rng: &mut Rng) -> Graph {
    let mut given = path.iter();
    let choose = |_, options| match given.next() {
        Some(option) => *option,
        None => {
            let options: Vec<u8> = members(options).collect();
            *rng.choose(&options)
        }
    };
    decide(space, choose).0
}

#[cfg(test)]
mod tests {
    use ganas_core::space::nasbench201;

    use super::*;

    #[test]
    fn every_descent_adds_a_node_and_better_options_are_visited_more() {
        let space = nasbench201();
        let mut tree = GrowthTree::new(0.3);
        let mut rng = Rng::stream(0, "growth");
        let mut paths = std::collections::HashSet::new();
        for i in 0..500 {
            let path = tree.descend(&space, &mut rng);
            assert_eq!(tree.nodes.len(), i + 2);
            assert!(paths.insert(path.clone()), "{path:?} was added twice");
            let graph = complete(&space, &path, &mut rng);
            assert!(space.arch(&graph).is_ok());
            tree.pay(&path, f64::from(u8::from(path[0] == 4)));
        }
        let visits = |option| tree.nodes[tree.child(0, option).unwrap()].visits;
        assert!(
            [2, 3, 5, 6]
                .iter()
                .all(|&other| visits(4) > 3.0 * visits(other))
        );
        assert_eq!(tree.nodes[0].visits, 500.0);
    }

    #[test]
    fn an_evaluated_architecture_adds_one_node() {
        let mut tree = GrowthTree::new(0.3);
        tree.record([2, 3, 4].into_iter(), 1.0);
        tree.record([2, 3, 4].into_iter(), 0.0);
        tree.record([3].into_iter(), 0.5);
        assert_eq!(tree.nodes.len(), 4);
        let first = tree.child(0, 2).unwrap();
        assert_eq!(
            (tree.nodes[first].visits, tree.nodes[first].sum),
            (2.0, 1.0)
        );
        let second = tree.child(first, 3).unwrap();
        assert_eq!(
            (tree.nodes[second].visits, tree.nodes[second].sum),
            (1.0, 0.0)
        );
    }
}
