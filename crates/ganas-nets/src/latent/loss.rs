//! Cross-entropy of choices out of sets.

use std::sync::Arc;

use ganas_core::space::LabelSet;
use ganas_tensor::Tensor;

use crate::layers::log_softmax;
use crate::op;

/// A choice out of a set of options, whose logits follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub options: LabelSet,
    /// Column of the first option.
    pub first: usize,
    pub choice: u8,
}

impl Pick {
    /// The log-probabilities of all options up to the last possible one.
    fn logs(&self, row: &[f32]) -> Vec<f32> {
        let count = 128 - self.options.leading_zeros() as usize;
        log_softmax(&row[self.first..][..count], self.options)
    }
}

/// The negative log-probability of the choice of each row.
///
/// # Shapes
/// - `logits`: `[rows, outputs]`
/// - output: `[rows, 1]`
pub(super) fn cross_entropy(logits: Tensor<2>, picks: &Arc<Vec<Pick>>) -> Tensor<2> {
    let [rows, outputs] = logits.dims();
    let picks = picks.clone();
    op::node([logits], move |[logits]| {
        let logs: Vec<Vec<f32>> = (picks.iter().zip(logits.chunks_exact(outputs)))
            .map(|(pick, row)| pick.logs(row))
            .collect();
        let losses = (picks.iter().zip(&logs)).map(|(pick, logs)| -logs[usize::from(pick.choice)]);
        let losses = losses.collect();
        let pull = move |grad: &[f32]| {
            let mut back = vec![0.0; rows * outputs];
            let parts = back.chunks_exact_mut(outputs).zip(grad);
            for ((row, grad), (pick, logs)) in parts.zip(picks.iter().zip(&logs)) {
                for (k, log) in logs.iter().enumerate().filter(|(_, log)| log.is_finite()) {
                    let hit = f32::from(u8::from(k == usize::from(pick.choice)));
                    row[pick.first + k] = grad * (log.exp() - hit);
                }
            }
            [back]
        };
        (losses, [rows, 1], pull)
    })
}
