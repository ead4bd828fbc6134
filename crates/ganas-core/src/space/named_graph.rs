//! Graphs of architectures for other programs.

use serde::Serialize;

use super::SearchSpace;
use crate::arch::{Arch, bits};

/// Graph of an architecture by the names of its labels, for workers and files.
#[derive(Debug, Serialize)]
pub struct NamedGraph<'a> {
    /// Op of each node, in topological order.
    pub ops: Vec<&'a str>,
    /// Edges, each from an earlier node to a later one.
    pub edges: Vec<[usize; 2]>,
}

impl<'a> NamedGraph<'a> {
    /// Creates the graph of an architecture of a space.
    pub fn new(space: &'a dyn SearchSpace, arch: &Arch) -> Self {
        let graph = space.graph(arch);
        let names = space.vocabulary();
        NamedGraph {
            ops: graph.labels.iter().map(|l| &*names[*l as usize]).collect(),
            edges: (0..graph.len())
                .flat_map(|v| bits(graph.inputs[v]).map(move |u| [u, v]))
                .collect(),
        }
    }
}
