//! The classifier on pairs of encodings, and its loss.

use std::sync::Arc;

use ganas_core::rng::Rng;
use ganas_tensor::Tensor;

use crate::discriminator::FitReport;
use crate::layers::{dot, sigmoid, softplus, tanh};
use crate::op;
use crate::params::{Id, Params, Weights};

/// One hidden layer on a pair, its first half for the row's graph and its second for the
/// column's.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    first: Id,
    second: Id,
    pub bias: Id,
    output: Id,
    output_bias: Id,
}

impl Head {
    pub fn new(width: usize, hidden: usize, params: &mut Params, rng: &mut Rng) -> Self {
        Head {
            first: params.weight(width, hidden, 1.0, rng),
            second: params.weight(width, hidden, 1.0, rng),
            bias: params.bias(hidden, 0.0),
            output: params.weight(hidden, 1, 1.0, rng),
            output_bias: params.bias(1, 0.0),
        }
    }

    pub fn first(&self, w: &Weights, encoded: Tensor<2>) -> Tensor<2> {
        encoded.matmul(w[self.first].clone()) + w[self.bias].clone()
    }

    pub fn second(&self, w: &Weights, encoded: Tensor<2>) -> Tensor<2> {
        encoded.matmul(w[self.second].clone())
    }

    pub fn logits(&self, w: &Weights, first: Tensor<2>, second: Tensor<2>) -> Tensor<2> {
        pair_logits(first, second, w[self.output].clone()) + w[self.output_bias].clone()
    }
}

/// The output of the classifier for all pairs, `sum_k output_k tanh(first_ik + second_jk)`.
///
/// # Shapes
/// - `first`: `[truth, hidden]`, `second`: `[others, hidden]`, `output`: `[hidden, 1]`
/// - result: `[truth, others]`
fn pair_logits(first: Tensor<2>, second: Tensor<2>, output: Tensor<2>) -> Tensor<2> {
    let ([rows, h], [columns, _]) = (first.dims(), second.dims());
    op::node([first, second, output], move |[first, second, output]| {
        let mut logits = vec![0.0; rows * columns];
        let mut kept = vec![0.0; rows * columns * h];
        for i in 0..rows {
            let a = &first[i * h..][..h];
            for j in 0..columns {
                let b = &second[j * h..][..h];
                let t = &mut kept[(i * columns + j) * h..][..h];
                for ((t, a), b) in t.iter_mut().zip(a).zip(b) {
                    *t = tanh(a + b);
                }
                logits[i * columns + j] = dot(t, output);
            }
        }
        let output = output.to_vec();
        let pull = move |grad: &[f32]| {
            let mut da = vec![0.0; rows * h];
            let mut db = vec![0.0; columns * h];
            let mut dout = vec![0.0; h];
            for i in 0..rows {
                let da = &mut da[i * h..][..h];
                for j in 0..columns {
                    let g = grad[i * columns + j];
                    let t = &kept[(i * columns + j) * h..][..h];
                    let db = &mut db[j * h..][..h];
                    for k in 0..h {
                        let slope = g * output[k] * (1.0 - t[k] * t[k]);
                        da[k] += slope;
                        db[k] += slope;
                        dout[k] += g * t[k];
                    }
                }
            }
            [da, db, dout]
        };
        (logits, [rows, columns], pull)
    })
}

/// The target of a pair's logit, and its weight in the loss.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub value: f32,
    pub weight: f32,
}

/// Scales the weights so that the two classes weigh one half each.
pub(crate) fn balance(targets: &mut [Target]) {
    for class in [false, true] {
        let member = |t: &Target| (t.value > 0.5) == class;
        let total: f32 = targets.iter().filter(|t| member(t)).map(|t| t.weight).sum();
        let of_class = targets.iter_mut().filter(|t| member(t));
        of_class.for_each(|t| t.weight *= 0.5 / total.max(1e-8));
    }
}

/// The weighted cross-entropy of logits.
///
/// # Shapes
/// - `logits`: any with one number for each target
/// - output: `[1, 1]`
pub(crate) fn cross_entropy(logits: Tensor<2>, targets: &Arc<Vec<Target>>) -> Tensor<2> {
    let targets = targets.clone();
    op::node([logits], move |[logits]| {
        let loss = entropy(logits, &targets);
        let slope = |(z, t): (&f32, &Target)| t.weight * (sigmoid(*z) - t.value);
        let slopes: Vec<f32> = logits.iter().zip(targets.iter()).map(slope).collect();
        let pull = move |grad: &[f32]| [slopes.iter().map(|s| grad[0] * s).collect()];
        (vec![loss], [1, 1], pull)
    })
}

fn entropy(logits: &[f32], targets: &[Target]) -> f32 {
    let loss = |(&z, t): (&f32, &Target)| t.weight * (softplus(z) - t.value * z);
    logits.iter().zip(targets).map(loss).sum()
}

pub(crate) fn measure(logits: &[f32], targets: &[Target]) -> FitReport {
    let loss = entropy(logits, targets);
    let right =
        |(&z, t): (&f32, &Target)| f32::from(u8::from((z > 0.0) == (t.value > 0.5))) * t.weight;
    FitReport {
        loss,
        accuracy: logits.iter().zip(targets).map(right).sum(),
        rank_accuracy: None,
    }
}
