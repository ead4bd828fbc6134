//! Growth of the graphs of a space: the choices of the generator at each step.

use crate::arch::Graph;

/// Set of labels of a vocabulary, as a mask.
pub type LabelSet = u128;

/// State of an edge from an earlier node to the node that is being added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Given edge.
    Must,
    /// Edge of the generator's choice.
    May,
    /// Forbidden edge.
    MayNot,
}

/// Enforcement of a space's rules while a graph grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Rules {
    /// Offers only choices that can still end in a valid architecture. Every finished graph is
    /// valid.
    Enforced,
    /// Forbids only choices that the space cannot represent. Finished graphs may break the rules,
    /// and the generator has to learn them. [`Growth::violations`] counts the broken rules.
    Learned,
}

/// Autoregressive grammar of a space. A graph grows node by node, and each node is fed by earlier
/// ones.
///
/// For each new node, the generator picks a label out of [`Growth::labels`]. It then goes through
/// the earlier nodes in order. For each node that [`Growth::link`] leaves open, it decides if that
/// node feeds the new node. A choice with one option is forced: it carries no decision and no
/// probability. The grammar covers the whole space: each architecture has at least one
/// construction.
pub trait Growth {
    /// Returns the names of the node labels. Label 0 is the input and 1 the output of a graph.
    fn vocabulary(&self) -> &[String];

    /// Returns the largest number of nodes of a finished graph.
    fn max_nodes(&self) -> usize;

    /// Returns the labels that the next node of `partial` may take. The set is empty if `partial`
    /// is finished.
    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet;

    /// Returns the state of the edge from node `from` of `partial` to the next node. The next node
    /// has the given label and is fed so far by the set `chosen` of nodes before `from`.
    fn link(&self, partial: &Graph, label: u8, chosen: u64, from: usize, rules: Rules) -> Link;

    /// Counts the rules of the space that a graph breaks. In an unfinished graph, only rules count
    /// that no further step can mend. The count is zero for a finished graph exactly if it is a
    /// valid architecture.
    fn violations(&self, graph: &Graph) -> usize;
}
