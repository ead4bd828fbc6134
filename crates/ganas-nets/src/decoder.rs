//! The edge decoder: a GRU that goes through the earlier nodes and decides which of them feed the
//! new one (GA-NAS section 3.2).

use std::sync::Arc;

use ganas_core::{arch::mask, rng::Rng};
use ganas_tensor::Tensor;

use crate::gru::{GruStep, gru};
use crate::layers::{EdgeChoice, bias_tanh};
use crate::params::{Id, Params, Weights};
use crate::rollout::Rollout;
use crate::sparse::Sparse;

/// The parameters of the decoder.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    start: Id,
    label: Id,
    start_bias: Id,
    read: Id,
    read_bias: Id,
    bit: Id,
    recurrent: Id,
    logit: Id,
    logit_bias: Id,
}

impl Decoder {
    pub fn new(
        width: usize,
        labels: usize,
        edge_bias: f32,
        scale: f64,
        params: &mut Params,
        rng: &mut Rng,
    ) -> Self {
        Decoder {
            start: params.weight(width, width, 1.0, rng),
            label: params.weight(labels, width, 1.0, rng),
            start_bias: params.bias(width, 0.0),
            read: params.weight(width, 3 * width, 1.0, rng),
            read_bias: params.bias(3 * width, 0.0),
            bit: params.weight(1, 3 * width, 1.0, rng),
            recurrent: params.weight(width, 3 * width, 1.0, rng),
            logit: params.weight(width, 1, scale, rng),
            logit_bias: params.bias(1, edge_bias),
        }
    }

    /// The state of the GRU before the first node.
    ///
    /// # Shapes
    /// - `states`: `[steps, width]`, of which `rows` selects some
    /// - `labels`: selects the rows of the chosen labels
    /// - output: `[rows, width]`
    pub fn start(
        &self,
        w: &Weights,
        states: Tensor<2>,
        rows: &Arc<Sparse>,
        labels: &Arc<Sparse>,
    ) -> Tensor<2> {
        let states = rows.apply(states).matmul(w[self.start].clone());
        let labels = labels.apply(w[self.label].clone());
        bias_tanh(states + labels, w[self.start_bias].clone())
    }

    /// The projections of each node that the GRU reads.
    ///
    /// # Shapes
    /// - `nodes`: `[nodes, width]`
    /// - output: `[nodes, 3 * width]`
    pub fn readings(&self, w: &Weights, nodes: Tensor<2>) -> Tensor<2> {
        nodes.matmul(w[self.read].clone()) + w[self.read_bias].clone()
    }

    /// Reads one more node for each row; rows at the end of `hidden` that the step does not name
    /// are done and dropped.
    ///
    /// # Shapes
    /// - `readings`: `[nodes, 3 * width]`, `hidden`: `[at least rows, width]`
    /// - output: `[rows, width]`
    pub fn advance(
        &self,
        w: &Weights,
        readings: &Tensor<2>,
        hidden: Tensor<2>,
        step: &Arc<GruStep>,
    ) -> Tensor<2> {
        let active = hidden.clone().narrow(0, 0, step.reads.len());
        let recurrent = active.matmul(w[self.recurrent].clone());
        gru(
            readings.clone(),
            w[self.bit].clone(),
            hidden,
            recurrent,
            step,
        )
    }

    /// The logits of taking the edge from the node that was just read.
    ///
    /// # Shapes
    /// - `hidden`: `[rows, width]`
    /// - output: `[rows, 1]`
    pub fn logits(&self, w: &Weights, hidden: Tensor<2>) -> Tensor<2> {
        hidden.matmul(w[self.logit].clone()) + w[self.logit_bias].clone()
    }

    /// The logits of all free edges of a plan.
    ///
    /// # Shapes
    /// - `states`: `[steps, width]`, `nodes`: `[nodes, width]`
    /// - output: `[logits, 1]`
    pub fn replay(
        &self,
        w: &Weights,
        states: Tensor<2>,
        nodes: Tensor<2>,
        plan: &Plan,
    ) -> Tensor<2> {
        let mut hidden = self.start(w, states, &plan.rows, &plan.labels);
        let readings = self.readings(w, nodes);
        let mut all = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            hidden = self.advance(w, &readings, hidden, step);
            all.push(self.logits(w, hidden.clone()));
        }
        Tensor::cat(all, 0)
    }
}

/// The GRU steps that replay the edge choices of some rollouts.
///
/// Only node steps with a free edge have a row, and only up to their last free edge. Rows are
/// sorted by the number of nodes that they read, longest first, so the active rows are always the
/// first ones.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    rows: Arc<Sparse>,
    labels: Arc<Sparse>,
    steps: Vec<Arc<GruStep>>,
    pub choices: Arc<Vec<EdgeChoice>>,
}

impl Plan {
    /// The plan for rollouts whose nodes begin at the rows `starts` of the node matrix. Returns
    /// `None` if no rollout has a free edge.
    pub fn new(rollouts: &[&Rollout], starts: &[usize]) -> Option<Plan> {
        struct Row {
            step: usize,
            start: usize,
            label: u8,
            inputs: u64,
            free: u64,
        }
        let mut rows = Vec::new();
        let mut steps = 0;
        for (rollout, &start) in rollouts.iter().zip(starts) {
            for (i, step) in rollout.steps.iter().enumerate() {
                if step.free != 0 {
                    rows.push(Row {
                        step: steps + i,
                        start,
                        label: rollout.graph.labels[i + 1],
                        inputs: rollout.graph.inputs[i + 1],
                        free: step.free,
                    });
                }
            }
            steps += rollout.steps.len();
        }
        let length = |row: &Row| 64 - row.free.leading_zeros() as usize;
        rows.sort_by_key(|row| std::cmp::Reverse(length(row)));
        let longest = length(rows.first()?);
        let mut select = Sparse::new(rows.len(), 1);
        let mut labels = Sparse::new(rows.len(), 1);
        for (i, row) in rows.iter().enumerate() {
            select.add(i, 0, row.step, 1.0);
            labels.add(i, 0, row.label as usize, 1.0);
        }
        let mut plan = Vec::new();
        let mut choices = Vec::new();
        let mut logits = 0;
        for j in 0..longest {
            let active = rows.partition_point(|row| length(row) > j);
            let bit = |set: u64, j: usize| set >> j & 1 == 1;
            for (i, row) in rows[..active].iter().enumerate() {
                if bit(row.free, j) {
                    choices.push(EdgeChoice {
                        logit: (logits + i) as u32,
                        row: row.step as u32,
                        taken: bit(row.inputs, j),
                    });
                }
            }
            logits += active;
            let before = |row: &Row| f32::from(u8::from(j > 0 && bit(row.inputs, j - 1)));
            plan.push(Arc::new(GruStep {
                reads: rows[..active]
                    .iter()
                    .map(|r| (r.start + j) as u32)
                    .collect(),
                bits: rows[..active].iter().map(before).collect(),
            }));
        }
        Some(Plan {
            rows: Arc::new(select),
            labels: Arc::new(labels),
            steps: plan,
            choices: Arc::new(choices),
        })
    }
}

/// The edges of a node as they are decided, for all graphs that grow by a node.
///
/// The GRU runs only from the first free choice of any graph on, and then catches up with the edges
/// decided so far. If all edges are given, it never runs.
pub(crate) struct Live<'a> {
    decoder: &'a Decoder,
    weights: &'a Weights,
    states: Tensor<2>,
    nodes: Tensor<2>,
    starts: Vec<usize>,
    labels: Vec<u8>,
    progress: Option<(Tensor<2>, Tensor<2>, usize)>,
}

impl<'a> Live<'a> {
    /// One row for each graph, with the label that was chosen for its new node.
    pub fn new(
        decoder: &'a Decoder,
        weights: &'a Weights,
        states: Tensor<2>,
        nodes: Tensor<2>,
        starts: Vec<usize>,
        labels: Vec<u8>,
    ) -> Self {
        Live {
            decoder,
            weights,
            states,
            nodes,
            starts,
            labels,
            progress: None,
        }
    }

    /// The logits of edge `j` of all graphs, given the edges chosen before it.
    pub fn logits(&mut self, j: usize, chosen: &[u64]) -> Vec<f32> {
        let (readings, mut hidden, mut next) = self.progress.take().unwrap_or_else(|| {
            let mut rows = Sparse::new(self.labels.len(), 1);
            let mut labels = Sparse::new(self.labels.len(), 1);
            for (i, &label) in self.labels.iter().enumerate() {
                rows.add(i, 0, i, 1.0);
                labels.add(i, 0, label as usize, 1.0);
            }
            let (rows, labels) = (Arc::new(rows), Arc::new(labels));
            let hidden = self
                .decoder
                .start(self.weights, self.states.clone(), &rows, &labels);
            (
                self.decoder.readings(self.weights, self.nodes.clone()),
                hidden,
                0,
            )
        });
        while next <= j {
            let bit =
                |&set: &u64| f32::from(u8::from(next > 0 && (set & mask(next)) >> (next - 1) == 1));
            let step = GruStep {
                reads: self.starts.iter().map(|&s| (s + next) as u32).collect(),
                bits: chosen.iter().map(bit).collect(),
            };
            hidden = self
                .decoder
                .advance(self.weights, &readings, hidden, &Arc::new(step));
            next += 1;
        }
        let logits = self.decoder.logits(self.weights, hidden.clone());
        self.progress = Some((readings, hidden, next));
        crate::ppo::read(logits)
    }
}
