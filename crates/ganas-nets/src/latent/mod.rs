//! A latent space of architectures: encoder, predictor and decoder, trained together.
//!
//! Luo et al. 2018, "Neural architecture optimization", NeurIPS, arXiv 1808.07233. A GRU reads the decisions that
//! make an architecture; the mean of its states is the latent point. A network of one hidden layer predicts a
//! value from 0 to 1 there, and another GRU makes the decisions again. The paper has LSTMs and attention.

mod batch;
mod loss;
mod walk;

use ganas_core::rng::Rng;
use ganas_core::space::LabelSet;
use ganas_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::gru::gru;
use crate::layers::bias_tanh;
use crate::params::{Adam, Id, Params, Weights, exact};
use crate::ppo::read;
use crate::{Dims, NetError};
use batch::{Batch, Step, Tables};

pub use walk::Speller;

/// The norm that gradients are scaled down to (SemiNAS: 5).
const MOST_GRADIENT: f32 = 5.0;

/// Steps that a report is of.
const LAST: usize = 10;

/// A decision on the way to an architecture, as a token of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The node that is added.
    pub node: usize,
    /// The earlier node whose edge to it is decided; `None` for the label of the node.
    pub source: Option<usize>,
    /// Available options.
    pub options: LabelSet,
    /// Chosen option.
    pub choice: u8,
}

/// Settings of a [`Latent`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LatentConfig {
    /// The width of the states, and so of the latent space. Default 32 (ours).
    pub width: usize,
    /// Hidden units of the predictor. Default 64 (ours).
    pub hidden: usize,
    /// Weight of the squared error of the predictor; the decoder's loss has the rest. Default 0.8 (SemiNAS).
    pub trade_off: f64,
    /// The learning rate of Adam. Default 3e-3 (ours; SemiNAS 1e-3).
    pub learning_rate: f64,
    /// Sequences of a step. Default 100 (SemiNAS).
    pub minibatch: usize,
    /// Weight of half the squares of the parameters in the loss. Default 1e-4 (SemiNAS).
    pub decay: f64,
}

impl Default for LatentConfig {
    fn default() -> Self {
        LatentConfig {
            width: 32,
            hidden: 64,
            trade_off: 0.8,
            learning_rate: 3e-3,
            minibatch: 100,
            decay: 1e-4,
        }
    }
}

/// Mean losses of the last ten steps of a fit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LatentReport {
    /// The squared error of the predictor.
    pub error: f32,
    /// The loss of the decoder in nats for each decision.
    pub spelling: f32,
}

/// Encoder, predictor and decoder; saved as [`LatentState`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "LatentState", into = "LatentState")]
pub struct Latent {
    config: LatentConfig,
    tables: Tables,
    params: Params,
    adam: Adam,
    ids: Ids,
}

/// Complete state of a [`Latent`], for saving. Its numbers are restored exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentState {
    config: LatentConfig,
    dims: Dims,
    adam: Adam,
    #[serde(with = "exact")]
    values: Vec<f32>,
}

impl From<Latent> for LatentState {
    fn from(latent: Latent) -> Self {
        LatentState {
            dims: latent.tables.dims,
            values: latent.params.values().to_vec(),
            config: latent.config,
            adam: latent.adam,
        }
    }
}

impl TryFrom<LatentState> for Latent {
    type Error = NetError;

    fn try_from(state: LatentState) -> Result<Self, NetError> {
        let mut latent = Latent::new(state.config, state.dims, &mut Rng::stream(0, "overwritten"));
        latent.params.set(&state.values)?;
        latent.adam = state.adam;
        Ok(latent)
    }
}

/// The parameters by their use.
#[derive(Clone, Copy, Debug)]
struct Ids {
    encoder: Reader,
    decoder: Reader,
    /// From the latent point to the first state of the decoder, and to the gates of each step.
    start: (Id, Id),
    point: Id,
    label: (Id, Id),
    hidden: (Id, Id),
    value: (Id, Id),
}

/// The parameters of a GRU over tokens.
#[derive(Clone, Copy, Debug)]
struct Reader {
    table: Id,
    recurrent: Id,
}

impl Reader {
    fn new(rows: usize, width: usize, params: &mut Params, rng: &mut Rng) -> Self {
        Reader {
            table: params.weight(rows, 3 * width, 1.0, rng),
            recurrent: params.weight(width, 3 * width, 1.0, rng),
        }
    }
}

impl Latent {
    /// Networks with random parameters for the graphs of a space.
    pub fn new(config: LatentConfig, dims: Dims, rng: &mut Rng) -> Self {
        let mut params = Params::new();
        let p = &mut params;
        let tables = Tables { dims };
        let (width, hidden) = (config.width.max(1), config.hidden.max(1));
        let outputs = tables.outputs();
        let ids = Ids {
            encoder: Reader::new(tables.rows(), width, p, rng),
            decoder: Reader::new(tables.rows(), width, p, rng),
            start: (p.weight(width, width, 1.0, rng), p.bias(width, 0.0)),
            point: p.weight(width, 3 * width, 1.0, rng),
            label: (p.weight(width, outputs, 1.0, rng), p.bias(outputs, 0.0)),
            hidden: (p.weight(width, hidden, 1.0, rng), p.bias(hidden, 0.0)),
            value: (p.weight(hidden, 1, 1.0, rng), p.bias(1, 0.0)),
        };
        Latent {
            config,
            tables,
            params,
            adam: Adam::default(),
            ids,
        }
    }

    /// Trains all three for some steps on sequences with values from 0 to 1.
    ///
    /// # Errors
    /// If there are no sequences, a sequence is empty or of another space, or the number of values is another.
    pub fn fit(
        &mut self,
        sequences: &[&[Token]],
        values: &[f32],
        steps: usize,
        rng: &mut Rng,
    ) -> Result<LatentReport, NetError> {
        if sequences.is_empty() {
            return Err(NetError::Empty("the set of sequences"));
        }
        if sequences.len() != values.len() {
            return Err(NetError::Mismatch {
                what: "sequences and values",
                left: sequences.len(),
                right: values.len(),
            });
        }
        let mut reports = Vec::with_capacity(steps);
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        while reports.len() < steps {
            rng.shuffle(&mut order);
            for part in order.chunks(self.config.minibatch.max(1)) {
                if reports.len() == steps {
                    break;
                }
                let mut part = part.to_vec();
                part.sort_by_key(|&i| std::cmp::Reverse(sequences[i].len()));
                let sorted: Vec<&[Token]> = part.iter().map(|&i| sequences[i]).collect();
                let batch = Batch::new(self.tables, &sorted)?;
                let values = part.iter().map(|&i| values[i]).collect();
                reports.push(self.step(&batch, values));
            }
        }
        let last = &reports[steps.saturating_sub(LAST)..];
        let mean = |of: fn(&LatentReport) -> f32| {
            last.iter().map(of).sum::<f32>() / last.len().max(1) as f32
        };
        Ok(LatentReport {
            error: mean(|report| report.error),
            spelling: mean(|report| report.spelling),
        })
    }

    /// One step down the gradient.
    fn step(&mut self, batch: &Batch, values: Vec<f32>) -> LatentReport {
        let weights = self.params.tracked();
        let points = self.points(&weights, batch);
        let rows = values.len();
        let error =
            self.predict(&weights, points.clone()) - ganas_tensor::tensor(values, [rows, 1]);
        let error = error.square().mean();
        let spelling = self.spelling(&weights, batch, points).mean();
        let trade = self.config.trade_off;
        let loss = error.clone().mul_scalar(trade) + spelling.clone().mul_scalar(1.0 - trade);
        let mut gradient = self.params.gradient(&weights, &loss);
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let scale = MOST_GRADIENT / norm.max(MOST_GRADIENT);
        let decay = self.config.decay as f32;
        for (g, value) in gradient.iter_mut().zip(self.params.values()) {
            *g = scale * *g + decay * value;
        }
        let rate = self.config.learning_rate;
        self.adam.step(self.params.values_mut(), &gradient, rate);
        LatentReport {
            error: read(error)[0],
            spelling: read(spelling)[0],
        }
    }

    /// The latent points of a batch.
    ///
    /// # Shapes
    /// - output: `[sequences, width]`
    fn points(&self, w: &Weights, batch: &Batch) -> Tensor<2> {
        let table = &w[self.ids.encoder.table];
        let start = Tensor::zeros([batch.sequences, self.config.width.max(1)], &table.device());
        let inputs = |step: &Step| step.tokens.apply(table.clone());
        batch
            .pool
            .apply(self.run(w, self.ids.encoder, batch, inputs, start))
    }

    /// The states of a GRU at all positions of a batch.
    ///
    /// # Shapes
    /// - `inputs`: `[rows, 3 * width]` for the rows of a step
    /// - `start`: `[sequences, width]`
    /// - output: `[positions, width]`
    fn run(
        &self,
        w: &Weights,
        reader: Reader,
        batch: &Batch,
        inputs: impl Fn(&Step) -> Tensor<2>,
        start: Tensor<2>,
    ) -> Tensor<2> {
        let no_bit = Tensor::zeros([1, 3 * self.config.width.max(1)], &start.device());
        let mut hidden = start;
        let mut all = Vec::with_capacity(batch.steps.len());
        for step in &batch.steps {
            let active = hidden.clone().narrow(0, 0, step.gru.reads.len());
            let recurrent = active.matmul(w[reader.recurrent].clone());
            hidden = gru(inputs(step), no_bit.clone(), hidden, recurrent, &step.gru);
            all.push(hidden.clone());
        }
        Tensor::cat(all, 0)
    }

    /// The predicted values of latent points.
    ///
    /// # Shapes
    /// - `points`: `[rows, width]`
    /// - output: `[rows, 1]`
    fn predict(&self, w: &Weights, points: Tensor<2>) -> Tensor<2> {
        let (hidden, value) = (self.ids.hidden, self.ids.value);
        let hidden = bias_tanh(points.matmul(w[hidden.0].clone()), w[hidden.1].clone());
        // The logistic function of twice its argument.
        bias_tanh(hidden.matmul(w[value.0].clone()), w[value.1].clone())
            .mul_scalar(0.5)
            .add_scalar(0.5)
    }

    /// The losses of the decoder, given the decisions before each.
    ///
    /// # Shapes
    /// - output: `[positions, 1]`
    fn spelling(&self, w: &Weights, batch: &Batch, points: Tensor<2>) -> Tensor<2> {
        let ids = self.ids;
        let start = points.clone().matmul(w[ids.start.0].clone());
        let start = bias_tanh(start, w[ids.start.1].clone());
        let gates = points.matmul(w[ids.point].clone());
        let table = &w[ids.decoder.table];
        let inputs = |step: &Step| {
            let rows = step.gru.reads.len();
            step.before.apply(table.clone()) + gates.clone().narrow(0, 0, rows)
        };
        let states = self.run(w, ids.decoder, batch, inputs, start);
        let logits = states.matmul(w[ids.label.0].clone()) + w[ids.label.1].clone();
        loss::cross_entropy(logits, &batch.choices)
    }
}

#[cfg(test)]
mod tests;
