//! How the graphs of a space grow: what the one generator may do at each step.

use crate::arch::Graph;

/// A set of labels of a vocabulary, as a mask.
pub type LabelSet = u128;

/// Whether an earlier node feeds the node that is being added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The edge is given.
    Must,
    /// The edge is the generator's choice.
    May,
    /// The edge is ruled out.
    MayNot,
}

/// How much of a space's rules is enforced while a graph grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Rules {
    /// Every choice on offer can still end in a valid architecture, so every finished graph is
    /// one.
    Enforced,
    /// Only what the space cannot represent is ruled out. Finished graphs may break the rules;
    /// [`Growth::violations`] counts how often, and the generator has to learn them.
    Learned,
}

/// The autoregressive grammar of a space: a graph grows node by node, and each node is fed by
/// earlier ones.
///
/// For each new node the generator picks a label out of [`Growth::labels`], then goes through the
/// earlier nodes in order and decides for each that [`Growth::link`] leaves open whether it feeds
/// the new node. A choice with one option is forced: it carries no decision and no probability.
/// The grammar of a space covers all of it: each architecture has at least one construction.
pub trait Growth {
    /// The names of the node labels. Label 0 is the input and 1 the output of a graph.
    fn vocabulary(&self) -> &[String];

    /// The most nodes that a finished graph has.
    fn max_nodes(&self) -> usize;

    /// The labels that the next node of `partial` may take. Empty when `partial` is finished.
    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet;

    /// Whether node `from` of `partial` feeds the next node, which has the given label and is fed
    /// so far by the set `chosen` of nodes before `from`.
    fn link(&self, partial: &Graph, label: u8, chosen: u64, from: usize, rules: Rules) -> Link;

    /// How many rules of the space a graph breaks; of an unfinished graph, how many it has broken
    /// beyond mending. Zero for a finished graph exactly when it is a valid architecture.
    fn violations(&self, graph: &Graph) -> usize;
}
