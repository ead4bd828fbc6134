//! Evaluators: where the performance of an architecture comes from.

mod cached;
pub mod command;
mod noisy;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arch::Arch;
use crate::error::Result;
use crate::trial::{Axis, Trial};

pub use cached::{Cached, Known};
pub use noisy::Noisy;

/// What came of one evaluation. Failure is data: a search goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The metrics, in the order of [`Evaluator::metrics`]. A metric can be NaN where it was not
    /// measured; a NaN objective counts as a failure.
    Done(Vec<f64>),
    /// Why there is no result.
    Failed(String),
}

/// What is known of an evaluation beside its metrics. A search does not depend on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// Values by name that came back without being asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, Value>,
    /// The seconds that it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

impl Details {
    /// Those of an evaluation that took a time, to the millisecond.
    pub fn taking(time: Duration) -> Details {
        Details {
            more: BTreeMap::new(),
            seconds: Some((1e3 * time.as_secs_f64()).round() / 1e3),
        }
    }
}

/// Where an evaluator takes trials from, and where it puts what came of them.
pub trait Work {
    /// The next trial, if there is one to begin now. There can be more after [`done`](Self::done)
    /// was called.
    fn next(&mut self) -> Option<Trial>;

    /// What else is known of a trial, just before [`done`](Self::done) is called for it. An
    /// evaluator that knows nothing more does not call it.
    fn details(&mut self, trial: &Trial, details: Details) {
        let _ = (trial, details);
    }

    /// What came of a trial that [`next`](Self::next) gave, as soon as it is known: from then on it
    /// is not lost.
    fn done(&mut self, trial: &Trial, outcome: Outcome);

    /// Whether to give up what was begun and to return. Who waits for evaluations asks at least
    /// every 0.1 seconds.
    fn stopped(&mut self) -> bool;
}

/// Something that measures architectures.
///
/// ```
/// use ganas_core::arch::Arch;
/// use ganas_core::error::Result;
/// use ganas_core::evaluate::{Evaluator, Outcome, Work};
///
/// /// Counts the ops of index 0.
/// struct Zeros(Vec<String>);
///
/// impl Evaluator for Zeros {
///     fn metrics(&self) -> &[String] {
///         &self.0
///     }
///
///     fn run(&mut self, work: &mut dyn Work) -> Result<()> {
///         while let Some(trial) = work.next() {
///             let zeros = trial.arch.ops().iter().filter(|op| **op == 0).count();
///             work.done(&trial, Outcome::Done(vec![zeros as f64]));
///         }
///         Ok(())
///     }
/// }
///
/// let mut zeros = Zeros(vec!["zeros".into()]);
/// assert_eq!(zeros.evaluate(&[Arch::new(&[0, 1, 0])]), [Outcome::Done(vec![2.0])]);
/// ```
pub trait Evaluator: Send {
    /// The names of the metrics that an evaluation yields.
    fn metrics(&self) -> &[String];

    /// Cost axis of its evaluations. An evaluator without one evaluates at full fidelity only.
    fn axis(&self) -> Option<&Axis> {
        None
    }

    /// How many evaluations it has under way at once.
    fn slots(&self) -> usize {
        1
    }

    /// Evaluates trials until there are no more, and owes an outcome for each that it took,
    /// in whatever order.
    ///
    /// # Errors
    /// If it can evaluate no more at all. That one evaluation fails is an outcome.
    fn run(&mut self, work: &mut dyn Work) -> Result<()>;

    /// Evaluates architectures at full fidelity; one outcome for each, in the same order.
    fn evaluate(&mut self, batch: &[Arch]) -> Vec<Outcome> {
        self.evaluate_trials(&Trial::full(batch.iter().copied()))
    }

    /// Evaluates a batch; one outcome for each trial, in the same order.
    fn evaluate_trials(&mut self, batch: &[Trial]) -> Vec<Outcome> {
        let mut listed = Listed {
            left: batch.iter(),
            outcomes: HashMap::new(),
        };
        let why = match self.run(&mut listed) {
            Ok(()) => "no outcome came back".to_owned(),
            Err(error) => error.to_string(),
        };
        let mut outcomes = listed.outcomes;
        let failed = || Outcome::Failed(why.clone());
        let outcome = |trial| outcomes.get_mut(trial).and_then(Vec::pop);
        // From the back, since equals are taken from the end of what came of them.
        let mut turned: Vec<Outcome> = (batch.iter().rev().map(outcome))
            .map(|o| o.unwrap_or_else(failed))
            .collect();
        turned.reverse();
        turned
    }
}

impl Evaluator for Box<dyn Evaluator> {
    fn metrics(&self) -> &[String] {
        (**self).metrics()
    }

    fn axis(&self) -> Option<&Axis> {
        (**self).axis()
    }

    fn slots(&self) -> usize {
        (**self).slots()
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        (**self).run(work)
    }
}

/// A batch as work.
struct Listed<'a> {
    left: std::slice::Iter<'a, Trial>,
    outcomes: HashMap<Trial, Vec<Outcome>>,
}

impl Work for Listed<'_> {
    fn next(&mut self) -> Option<Trial> {
        self.left.next().copied()
    }

    fn done(&mut self, trial: &Trial, outcome: Outcome) {
        self.outcomes.entry(*trial).or_default().push(outcome);
    }

    fn stopped(&mut self) -> bool {
        false
    }
}
