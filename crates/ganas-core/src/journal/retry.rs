//! Evaluation of failed trials again.

use super::Finished;
use crate::evaluate::Outcome;
use crate::trial::Trial;

pub(super) fn has_failed(finished: &Finished) -> bool {
    match &finished.outcome {
        Outcome::Failed(_) => true,
        // The objective is mostly the first metric.
        Outcome::Done(metrics) => metrics.first().is_some_and(|value| !value.is_finite()),
    }
}

/// Removes failed trials. If all trials after the first failure failed, the search continues as if
/// they had not happened. Otherwise it begins with its earlier trials, so that no success is lost.
pub(super) fn forget_failed(finished: &mut Vec<Finished>, begin: &mut Vec<Trial>) {
    let Some(first) = finished.iter().position(has_failed) else {
        return;
    };
    if finished[first..].iter().all(has_failed) {
        finished.truncate(first);
        return;
    }
    for Finished { trial, .. } in finished.iter() {
        if !begin.contains(trial) {
            begin.push(*trial);
        }
    }
    finished.retain(|evaluation| !has_failed(evaluation));
}
