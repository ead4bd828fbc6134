//! Steps uphill in the latent space, and the decisions that a latent point stands for.

use ganas_core::space::LabelSet;
use ganas_tensor::tensor;

use super::batch::Batch;
use super::{Latent, Token};
use crate::NetError;
use crate::layers::{sigmoid, tanh};
use crate::params::{Id, Weights};
use crate::ppo::read;

/// Sequences that are encoded at once.
const AT_ONCE: usize = 256;

impl Latent {
    /// The latent points of sequences, one after another.
    ///
    /// # Errors
    /// If a sequence is empty or of another space.
    pub fn encode(&self, sequences: &[&[Token]]) -> Result<Vec<Vec<f32>>, NetError> {
        let weights = self.params.frozen();
        let width = self.config.width.max(1);
        let mut points = vec![Vec::new(); sequences.len()];
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(sequences[i].len()));
        for part in order.chunks(AT_ONCE) {
            let sorted: Vec<&[Token]> = part.iter().map(|&i| sequences[i]).collect();
            let batch = Batch::new(self.tables, &sorted)?;
            let found = read(self.points(&weights, &batch));
            for (&i, point) in part.iter().zip(found.chunks_exact(width)) {
                points[i] = point.to_vec();
            }
        }
        Ok(points)
    }

    /// The predicted value of each latent point, and the direction of length 1 in which it rises most. The
    /// direction is zero where the prediction is flat.
    pub fn slopes(&self, points: &[Vec<f32>]) -> Vec<(f32, Vec<f32>)> {
        let weights = self.params.frozen();
        let width = self.config.width.max(1);
        let leaf = tensor(points.concat(), [points.len(), width]).require_grad();
        let values = self.predict(&weights, leaf.clone());
        let predicted = read(values.clone().detach());
        let gradients = values.sum().backward();
        let slopes = leaf.grad(&gradients).map(read).unwrap_or_default();
        let unit = |slope: &[f32]| {
            let length = slope.iter().map(|s| s * s).sum::<f32>().sqrt();
            let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
            slope.iter().map(|s| scale * s).collect()
        };
        (predicted.into_iter())
            .zip(slopes.chunks_exact(width).map(unit))
            .collect()
    }

    /// The decoder in a form that makes one decision after another.
    pub fn speller(&self) -> Speller {
        let weights = self.params.frozen();
        let numbers = |weights: &Weights, id: Id| read(weights[id].clone());
        let of = |id| numbers(&weights, id);
        let ids = &self.ids;
        Speller {
            tables: self.tables,
            width: self.config.width.max(1),
            table: of(ids.decoder.table),
            recurrent: of(ids.decoder.recurrent),
            start: (of(ids.start.0), of(ids.start.1)),
            point: of(ids.point),
            label: (of(ids.label.0), of(ids.label.1)),
            gates: Vec::new(),
            hidden: Vec::new(),
            last: 0,
        }
    }
}

/// Decoder that makes the decisions of one latent point after another, each the most likely one.
pub struct Speller {
    tables: super::batch::Tables,
    width: usize,
    table: Vec<f32>,
    recurrent: Vec<f32>,
    start: (Vec<f32>, Vec<f32>),
    point: Vec<f32>,
    label: (Vec<f32>, Vec<f32>),
    /// Inputs of the gates that do not change.
    gates: Vec<f32>,
    hidden: Vec<f32>,
    /// Row of the token before.
    last: usize,
}

impl Speller {
    /// Begins a sequence at a latent point.
    pub fn begin(&mut self, point: &[f32]) {
        self.gates = vec![0.0; 3 * self.width];
        add_product(&mut self.gates, point, &self.point);
        self.hidden.clone_from(&self.start.1);
        add_product(&mut self.hidden, point, &self.start.0);
        self.hidden.iter_mut().for_each(|h| *h = tanh(*h));
        self.last = self.tables.start();
    }

    /// Makes the next decision, which has the given options.
    pub fn choose(&mut self, node: usize, source: Option<usize>, options: LabelSet) -> u8 {
        let mut token = Token {
            node,
            source,
            options,
            choice: 0,
        };
        self.advance(&token);
        let first = self.tables.first(&token);
        let logit = |k: usize| {
            let column = self
                .label
                .0
                .iter()
                .skip(first + k)
                .step_by(self.tables.outputs());
            let sum: f32 = self.hidden.iter().zip(column).map(|(h, w)| h * w).sum();
            sum + self.label.1[first + k]
        };
        let mut best = (f32::NEG_INFINITY, options.trailing_zeros() as usize);
        for k in (0..128).filter(|k| options >> k & 1 == 1) {
            let logit = logit(k);
            if logit > best.0 {
                best = (logit, k);
            }
        }
        token.choice = best.1 as u8;
        self.last = self.tables.output(&token);
        token.choice
    }

    /// One step of the GRU.
    fn advance(&mut self, token: &Token) {
        let w = self.width;
        let mut inputs = self.gates.clone();
        for row in std::iter::once(self.last).chain(self.tables.places(token)) {
            let row = &self.table[row * 3 * w..][..3 * w];
            inputs.iter_mut().zip(row).for_each(|(i, r)| *i += r);
        }
        let mut recurrent = vec![0.0; 3 * w];
        add_product(&mut recurrent, &self.hidden, &self.recurrent);
        for k in 0..w {
            let reset = sigmoid(inputs[k] + recurrent[k]);
            let update = sigmoid(inputs[w + k] + recurrent[w + k]);
            let candidate = tanh(inputs[2 * w + k] + reset * recurrent[2 * w + k]);
            self.hidden[k] = candidate + update * (self.hidden[k] - candidate);
        }
    }
}

/// Adds the product of a row with a matrix.
fn add_product(sum: &mut [f32], row: &[f32], matrix: &[f32]) {
    for (x, weights) in row.iter().zip(matrix.chunks_exact(sum.len())) {
        sum.iter_mut().zip(weights).for_each(|(s, w)| *s += x * w);
    }
}
