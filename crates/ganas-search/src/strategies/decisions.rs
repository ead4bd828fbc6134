//! The decisions that make an architecture: the label of each node of its graph, and whether each
//! earlier node that the space leaves open feeds it.
//!
//! Chains and edge cells have one categorical decision a place, DARTS' cells the source and the op
//! of each edge, node cells the ops of the vertices and the bits of the upper triangle. Since a
//! graph is grown under the rules of its space, what the decisions make is always valid.

use ganas_core::arch::{Graph, bits};
use ganas_core::space::{Growth, LabelSet, Link, Rules};
use serde::{Deserialize, Serialize};

/// One decision on the way to a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Label of this node.
    Label(usize),
    /// Link from the first node to the second: 1 if it exists, 0 if not.
    Link(usize, usize),
}

impl Decision {
    /// Index among all decisions: those of a node follow those of the nodes before.
    pub fn index(self) -> usize {
        match self {
            Decision::Label(t) => t * (t + 1) / 2,
            Decision::Link(u, t) => t * (t + 1) / 2 + 1 + u,
        }
    }

    /// The number of decisions of graphs with at most `nodes` nodes.
    pub fn count(nodes: usize) -> usize {
        Decision::Label(nodes).index()
    }
}

/// A decision that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The decision.
    pub decision: Decision,
    /// Available options; at least two.
    pub options: LabelSet,
    /// Chosen option.
    pub choice: u8,
}

/// Grows a graph by asking for every decision, those with only one option too.
pub fn grow(
    space: &(impl Growth + ?Sized),
    mut choose: impl FnMut(Decision, LabelSet) -> u8,
) -> Graph {
    let mut graph = Graph::default();
    loop {
        let t = graph.len();
        let labels = space.labels(&graph, Rules::Enforced);
        if labels == 0 {
            return graph;
        }
        let label = choose(Decision::Label(t), labels);
        let mut chosen = 0;
        for u in 0..t {
            let linked = match space.link(&graph, label, chosen, u, Rules::Enforced) {
                Link::Must => true,
                Link::MayNot => false,
                Link::May => choose(Decision::Link(u, t), 0b11) == 1,
            };
            if linked {
                chosen |= 1 << u;
            }
        }
        graph.push(label, chosen);
    }
}

/// Grows a graph by asking for the decisions that have more than one option, and notes them.
pub fn decide(
    space: &(impl Growth + ?Sized),
    mut choose: impl FnMut(Decision, LabelSet) -> u8,
) -> (Graph, Vec<Made>) {
    let mut made = Vec::new();
    let graph = grow(space, |decision, options| {
        if options.count_ones() == 1 {
            return options.trailing_zeros() as u8;
        }
        let choice = choose(decision, options);
        made.push(Made {
            decision,
            options,
            choice,
        });
        choice
    });
    (graph, made)
}

/// The decisions that make the graph of an architecture.
pub fn decisions_of(space: &(impl Growth + ?Sized), graph: &Graph) -> Vec<Made> {
    let choice = |decision: Decision, _: LabelSet| match decision {
        Decision::Label(t) => graph.labels[t],
        Decision::Link(u, t) => (graph.inputs[t] >> u & 1) as u8,
    };
    decide(space, choice).1
}

/// The members of a set of options, ascending.
pub fn members(options: LabelSet) -> impl Iterator<Item = u8> {
    let (low, high) = (options as u64, (options >> 64) as u64);
    bits(low).chain(bits(high).map(|i| i + 64)).map(|i| i as u8)
}

#[cfg(test)]
mod tests {
    use ganas_core::rng::Rng;
    use ganas_core::space::{SearchSpace, darts, from_toml, nasbench101, nasbench201};

    use super::*;

    #[test]
    fn replaying_the_decisions_of_a_graph_makes_it_again() {
        let chain = "name = \"blocks\"\nkind = \"chain\"\nchoices = [[\"a\"], [\"a\", \"b\"]]";
        let spaces: [Box<dyn SearchSpace>; 4] = [
            Box::new(nasbench101()),
            Box::new(nasbench201()),
            Box::new(darts()),
            from_toml(chain).unwrap(),
        ];
        let mut rng = Rng::stream(0, "decisions");
        for space in &spaces {
            let arch = space.sample(space.samplers()[0], &mut rng);
            let graph = space.graph(&arch);
            let made = decisions_of(&**space, &graph);
            let mut left = made.iter();
            let (again, same) = decide(&**space, |decision, options| {
                let next = left.next().unwrap();
                assert_eq!((next.decision, next.options), (decision, options));
                assert!(members(options).any(|o| o == next.choice));
                next.choice
            });
            assert_eq!((again, same), (graph, made.clone()), "{}", space.name());
            assert!(made.iter().all(|m| m.options.count_ones() > 1));
        }
        // Six edges, each with five ops; and a place with one op is no decision.
        let places = |i: usize| {
            let space = &spaces[i];
            let arch = space.sample(space.samplers()[0], &mut Rng::stream(1, "decisions"));
            decisions_of(&**space, &space.graph(&arch)).len()
        };
        assert_eq!((places(1), places(3)), (6, 1));
    }

    #[test]
    fn every_decision_has_a_place_of_its_own() {
        let all = (0..6).flat_map(|t| {
            std::iter::once(Decision::Label(t)).chain((0..t).map(move |u| Decision::Link(u, t)))
        });
        let places: Vec<usize> = all.map(Decision::index).collect();
        assert_eq!(places, (0..Decision::count(6)).collect::<Vec<_>>());
    }
}
