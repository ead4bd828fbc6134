//! What an architecture is.

mod graph;

pub use graph::{Graph, INPUT, MAX_LABELS, MAX_NODES, OUTPUT, bits, mask};
