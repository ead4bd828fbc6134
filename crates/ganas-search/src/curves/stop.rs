//! Early stops: trainings whose predicted end is unlikely to be better than the best so far.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use ganas_core::arch::Arch;
use ganas_core::driver::{Problem, Stopper};
use ganas_core::ledger::Ledger;
use ganas_core::trial::Trial;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::EndModel;
use crate::strategies::halving::Ladder;

/// Factor between the levels at which a training can be stopped (ours).
const FACTOR: usize = 2;

/// The fewest curves that reached the highest level before any training is stopped (ours).
const LEAST: usize = 5;

/// Stops a trial if the probability that it would become the best is small.
///
/// The probability that a stopped trial would have been better than the best at that time is at most the
/// stated one in all, over all levels at which it can be stopped: each level has an equal part of it.
pub struct EarlyStop {
    probability: f64,
    /// The model of the last ledger, by its number of queries.
    fitted: Mutex<Option<(usize, Fitted)>>,
}

#[derive(Clone)]
struct Fitted {
    model: EndModel,
    /// Number of curves that reached the highest level.
    whole: usize,
}

impl EarlyStop {
    /// Stops with a probability of being wrong, between 0 and 1.
    pub fn new(probability: f64) -> Self {
        EarlyStop {
            probability,
            fitted: Mutex::new(None),
        }
    }

    fn fitted(&self, ledger: &Ledger, ladder: &Ladder) -> Fitted {
        let mut fitted = self.fitted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, fitted)) = &*fitted
            && *count == ledger.len()
        {
            return fitted.clone();
        }
        let fresh = Fitted {
            model: EndModel::fit(ledger, ladder),
            whole: whole_curves(ledger, ladder),
        };
        *fitted = Some((ledger.len(), fresh.clone()));
        fresh
    }
}

/// Number of architectures with a curve up to the highest level.
fn whole_curves(ledger: &Ledger, ladder: &Ladder) -> usize {
    let top = ladder.from(0).last().copied();
    let archs: HashSet<Arch> = ledger.queries().iter().map(|query| query.arch).collect();
    let is_whole = |arch: &&Arch| ledger.curve(arch).next_back().map(|(level, _)| level) == top;
    archs.iter().filter(is_whole).count()
}

impl Stopper for EarlyStop {
    fn stops(
        &self,
        problem: &Problem,
        ledger: &Ledger,
        trial: &Trial,
        curve: &[(u32, f64)],
    ) -> Option<f64> {
        let axis = problem.axis()?;
        let ladder = Ladder::new(Some(axis), FACTOR);
        let (level, _) = *curve.last()?;
        if !trial.is_full() || !ladder.from(0).contains(&level) {
            return None;
        }
        let best = ledger.best()?.merit()?;
        let Fitted { model, whole } = self.fitted(ledger, &ladder);
        if whole < LEAST {
            return None;
        }
        let end = model.end(curve)?;
        // A line through the values of n others leaves n - 2 degrees of freedom.
        let student = StudentsT::new(0.0, 1.0, (whole - 2) as f64).ok()?;
        let ahead = 1.0 - student.cdf((best - end.mean) / end.deviation.max(f64::MIN_POSITIVE));
        let part = self.probability / ladder.steps().max(1) as f64;
        (ahead < part).then_some(end.mean)
    }
}
