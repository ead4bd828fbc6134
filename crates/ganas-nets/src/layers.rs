//! Layers of one tape node each: bias and tanh, and the distributions of choices.

use std::sync::Arc;

use ganas_core::space::LabelSet;
use ganas_tensor::Tensor;

use crate::op;

/// The hyperbolic tangent to within 1e-6: a rational function, as in Eigen.
///
/// The compiler vectorises it, which makes it about ten times as fast as the function of the C
/// library. It gives the same bits on every platform.
#[inline]
pub(crate) fn tanh(x: f32) -> f32 {
    let x = x.clamp(-7.905_311, 7.905_311);
    let s = x * x;
    let mut p = -2.760_768_5e-16f32;
    for c in [
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297e-8,
        1.485_722_4e-5,
        6.372_619e-4,
        4.893_525e-3,
    ] {
        p = p * s + c;
    }
    let mut q = 1.198_258_4e-6f32;
    for c in [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525_3e-3] {
        q = q * s + c;
    }
    x * p / q
}

/// The logistic function.
#[inline]
pub(crate) fn sigmoid(x: f32) -> f32 {
    0.5 + 0.5 * tanh(0.5 * x)
}

/// `log(1 + exp(x))`.
#[inline]
pub(crate) fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The scalar product, in eight partial sums that the compiler can keep in vector registers.
#[inline]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut parts = [0.0f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(a, b)| a * b)
        .sum::<f32>();
    for (a, b) in a.zip(b) {
        for k in 0..8 {
            parts[k] += a[k] * b[k];
        }
    }
    rest + parts.iter().sum::<f32>()
}

/// `tanh(x + bias)`.
///
/// # Shapes
/// - `x`: `[rows, width]`, `bias`: `[1, width]`
/// - output: `[rows, width]`
pub(crate) fn bias_tanh(x: Tensor<2>, bias: Tensor<2>) -> Tensor<2> {
    let shape = x.dims();
    let width = shape[1];
    op::node([x, bias], |[x, bias]| {
        let mut out = vec![0.0; x.len()];
        let rows = out.chunks_exact_mut(width).zip(x.chunks_exact(width));
        for (out, x) in rows {
            for ((o, x), b) in out.iter_mut().zip(x).zip(bias) {
                *o = tanh(x + b);
            }
        }
        let kept = out.clone();
        let pull = move |grad: &[f32]| {
            let slope: Vec<f32> = grad
                .iter()
                .zip(&kept)
                .map(|(g, y)| g * (1.0 - y * y))
                .collect();
            let mut bias = vec![0.0; width];
            for row in slope.chunks_exact(width) {
                bias.iter_mut().zip(row).for_each(|(b, s)| *b += s);
            }
            [slope, bias]
        };
        (out, shape, pull)
    })
}

/// The log-probabilities of the labels of a set; minus infinity outside of it.
pub(crate) fn log_softmax(logits: &[f32], allowed: LabelSet) -> Vec<f32> {
    let member = |i: usize| allowed >> i & 1 == 1;
    let chosen = || logits.iter().enumerate().filter(|(i, _)| member(*i));
    let top = chosen().fold(f32::NEG_INFINITY, |m, (_, &z)| m.max(z));
    let total = top + chosen().map(|(_, &z)| (z - top).exp()).sum::<f32>().ln();
    let value = |(i, &z): (usize, &f32)| {
        if member(i) {
            z - total
        } else {
            f32::NEG_INFINITY
        }
    };
    logits.iter().enumerate().map(value).collect()
}

/// A choice of one label out of a set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelChoice {
    /// The labels on offer.
    pub allowed: LabelSet,
    /// The label taken.
    pub label: u8,
}

/// The log-probability and the entropy of a choice of label for each row. Both are zero if only one
/// label is on offer.
///
/// # Shapes
/// - `logits`: `[rows, labels]`
/// - output: `[rows, 2]`
pub(crate) fn categorical(logits: Tensor<2>, choices: &Arc<Vec<LabelChoice>>) -> Tensor<2> {
    let [rows, labels] = logits.dims();
    let choices = choices.clone();
    op::node([logits], move |[logits]| {
        let mut out = vec![0.0; rows * 2];
        let mut logs = vec![f32::NEG_INFINITY; rows * labels];
        for (i, choice) in choices.iter().enumerate() {
            if choice.allowed.count_ones() < 2 {
                continue;
            }
            let row = &mut logs[i * labels..][..labels];
            row.copy_from_slice(&log_softmax(
                &logits[i * labels..][..labels],
                choice.allowed,
            ));
            out[2 * i] = row[choice.label as usize];
            out[2 * i + 1] = row
                .iter()
                .filter(|l| l.is_finite())
                .map(|l| -l * l.exp())
                .sum();
        }
        let entropies: Vec<f32> = out.iter().skip(1).step_by(2).copied().collect();
        let pull = move |grad: &[f32]| {
            let mut back = vec![0.0; rows * labels];
            for (i, choice) in choices.iter().enumerate() {
                let (dp, dh) = (grad[2 * i], grad[2 * i + 1]);
                for k in 0..labels {
                    let log = logs[i * labels + k];
                    if log.is_finite() {
                        let p = log.exp();
                        let hit = f32::from(u8::from(k == choice.label as usize));
                        back[i * labels + k] = dp * (hit - p) - dh * p * (log + entropies[i]);
                    }
                }
            }
            [back]
        };
        (out, [rows, 2], pull)
    })
}

/// A choice to take an edge or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EdgeChoice {
    /// The row of the logit.
    pub logit: u32,
    /// The output row that it counts towards.
    pub row: u32,
    /// True if the edge was taken.
    pub taken: bool,
}

/// The log-probabilities and the entropies of choices of edges, summed for each row.
///
/// # Shapes
/// - `logits`: `[_, 1]`
/// - output: `[rows, 2]`
pub(crate) fn bernoulli(
    logits: Tensor<2>,
    choices: &Arc<Vec<EdgeChoice>>,
    rows: usize,
) -> Tensor<2> {
    let [inputs, _] = logits.dims();
    let choices = choices.clone();
    op::node([logits], move |[logits]| {
        let mut out = vec![0.0; rows * 2];
        for c in choices.iter() {
            let z = logits[c.logit as usize];
            out[2 * c.row as usize] -= softplus(if c.taken { -z } else { z });
            out[2 * c.row as usize + 1] += softplus(z) - z * sigmoid(z);
        }
        let kept = logits.to_vec();
        let pull = move |grad: &[f32]| {
            let mut back = vec![0.0; inputs];
            for c in choices.iter() {
                let z = kept[c.logit as usize];
                let p = sigmoid(z);
                let (dp, dh) = (grad[2 * c.row as usize], grad[2 * c.row as usize + 1]);
                back[c.logit as usize] +=
                    dp * (f32::from(u8::from(c.taken)) - p) - dh * z * p * (1.0 - p);
            }
            [back]
        };
        (out, [rows, 2], pull)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_tanh_is_tanh() {
        for i in -12_000..=12_000 {
            let x = i as f32 / 1000.0;
            assert!(
                (tanh(x) - x.tanh()).abs() < 1e-6,
                "{x}: {} {}",
                tanh(x),
                x.tanh()
            );
        }
        assert!((sigmoid(0.3) - 0.574_442_5).abs() < 1e-6);
        assert!((softplus(0.0) - 2f32.ln()).abs() < 1e-6 && softplus(90.0) == 90.0);
    }

    #[test]
    fn log_softmax_covers_only_what_is_allowed() {
        let logs = log_softmax(&[1.0, 2.0, 3.0, 80.0], 0b0111);
        assert!((logs[..3].iter().map(|l| l.exp()).sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(logs[3], f32::NEG_INFINITY);
    }
}
