//! Errors of this crate.

/// An error of a network.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum NetError {
    /// The order of a k-GNN is not 1, 2 or 3.
    #[error("a k-GNN needs k = 1, 2 or 3, not {0}")]
    Order(usize),
    /// A graph has more nodes than a k-GNN of this order takes.
    #[error("a {k}-GNN takes graphs of at most {limit} nodes, and one has {nodes}")]
    TooLarge {
        /// The order.
        k: usize,
        /// The most nodes it takes.
        limit: usize,
        /// The number of nodes of the graph.
        nodes: usize,
    },
    /// A graph does not fit the space that the network was made for.
    #[error(
        "a graph with {labels} labels or {nodes} nodes does not fit a network made for {for_labels} labels and {for_nodes} nodes"
    )]
    Foreign {
        /// The graph's highest label, plus one.
        labels: usize,
        /// The graph's number of nodes.
        nodes: usize,
        /// The vocabulary that the network was made for.
        for_labels: usize,
        /// The number of nodes that it was made for.
        for_nodes: usize,
    },
    /// A set of graphs that must not be empty is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Two inputs that belong together differ in length.
    #[error("{what}: {left} against {right}")]
    Mismatch {
        /// The names of the two inputs.
        what: &'static str,
        /// The length of the one.
        left: usize,
        /// The length of the other.
        right: usize,
    },
    /// A graph cannot be built by the rules of the growth.
    #[error("node {node} of the graph cannot be built by the rules of the space")]
    NoConstruction {
        /// The node that no allowed choice yields.
        node: usize,
    },
    /// A growth offers no first node.
    #[error("the space offers no first node")]
    NoStart,
}
