//! A graph with the choices that built it.

use ganas_core::arch::{Graph, contains, mask};
use ganas_core::space::{Growth, LabelSet, Link, Rules};
use serde::{Deserialize, Serialize};

use crate::NetError;

/// The choices that were open when a node was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The labels on offer.
    pub labels: LabelSet,
    /// The earlier nodes for which the edge to the new node was free.
    pub free: u64,
}

/// A grown graph. Step `i` adds node `i + 1`; the first node is always given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    /// The graph.
    pub graph: Graph,
    /// The open choices of each step.
    pub steps: Vec<Step>,
    /// The log-probability of each step's choices when they were made.
    pub log_probs: Vec<f32>,
    /// The return that was expected at each step.
    pub values: Vec<f32>,
}

impl Rollout {
    /// A rollout of one node, the lowest label that the growth starts with.
    pub(crate) fn start(growth: &dyn Growth, rules: Rules) -> Result<Self, NetError> {
        let labels = growth.labels(&Graph::default(), rules);
        if labels == 0 {
            return Err(NetError::NoStart);
        }
        let mut graph = Graph::default();
        graph.push(labels.trailing_zeros() as u8, 0);
        Ok(Rollout {
            graph,
            steps: Vec::new(),
            log_probs: Vec::new(),
            values: Vec::new(),
        })
    }

    /// The construction of a given graph, from which a generator can compute its probability. Its
    /// log-probabilities and values are zero until [`Generator::replay`](crate::Generator::replay)
    /// fills them in.
    pub fn from_graph(growth: &dyn Growth, rules: Rules, graph: &Graph) -> Result<Self, NetError> {
        let mut rollout = Self::start(growth, rules)?;
        if graph.labels.first() != rollout.graph.labels.first() {
            return Err(NetError::NoConstruction { node: 0 });
        }
        for v in 1..graph.len() {
            let failed = Err(NetError::NoConstruction { node: v });
            let (label, inputs) = (graph.labels[v], graph.inputs[v]);
            let labels = growth.labels(&rollout.graph, rules);
            if labels >> label & 1 == 0 || v >= growth.max_nodes() {
                return failed;
            }
            let mut free = 0;
            for u in 0..v {
                let taken = contains(inputs, u);
                match growth.link(&rollout.graph, label, inputs & mask(u), u, rules) {
                    Link::May => free |= 1 << u,
                    Link::Must if taken => {}
                    Link::MayNot if !taken => {}
                    _ => return failed,
                }
            }
            rollout.graph.push(label, inputs);
            rollout.steps.push(Step { labels, free });
        }
        rollout.log_probs = vec![0.0; rollout.steps.len()];
        rollout.values = vec![0.0; rollout.steps.len()];
        Ok(rollout)
    }

    /// The log-probability of the whole construction.
    pub fn log_prob(&self) -> f32 {
        self.log_probs.iter().sum()
    }
}
