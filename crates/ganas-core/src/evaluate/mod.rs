//! Evaluators: they measure the metrics of trials.

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

/// Outcome of one evaluation. A failure is data, and the search continues.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Metrics in the order of [`Evaluator::metrics`]. A metric that was not measured is NaN; a NaN
    /// objective counts as a failure.
    Done(Vec<f64>),
    /// Reason of a failure.
    Failed(String),
}

/// Details of an evaluation beside its metrics. The search does not depend on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// Further values of a result, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub more: BTreeMap<String, Value>,
    /// Seconds that it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Reports on the way. The search depends on them. The driver fills them in.
    #[serde(flatten)]
    pub progress: Progress,
}

/// Reports of a trial on the way to its fidelity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Metric of the first objective at lower levels, by increasing level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<(u32, f64)>,
    /// Level at which the trial was stopped early; its objective value is then a prediction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<u32>,
}

impl Details {
    /// Details of an evaluation that took a time, to the millisecond.
    pub fn taking(time: Duration) -> Details {
        Details {
            seconds: Some((1e3 * time.as_secs_f64()).round() / 1e3),
            ..Details::default()
        }
    }
}

/// Advice to the evaluator of a running trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The trial is to be continued.
    Continue,
    /// The trial is to be stopped.
    Stop,
}

/// Queue of trials from which an evaluator takes trials, and to which it returns outcomes.
pub trait Work {
    /// Takes the next trial, if there is one to begin now. More can follow after a call of
    /// [`done`](Self::done).
    fn next(&mut self) -> Option<Trial>;

    /// Reports the metrics of a running trial at a level below its fidelity. Levels increase. After
    /// [`Advice::Stop`], return an outcome soon; its metrics do not matter. The call is optional.
    fn report(&mut self, trial: &Trial, level: u32, metrics: &[f64]) -> Advice {
        let _ = (trial, level, metrics);
        Advice::Continue
    }

    /// Adds details to a trial, just before [`done`](Self::done) is called for it. The call is
    /// optional.
    fn details(&mut self, trial: &Trial, details: Details) {
        let _ = (trial, details);
    }

    /// Returns the outcome of a trial that [`next`](Self::next) gave. Call it as soon as the outcome is
    /// known, since a returned outcome is not lost.
    fn done(&mut self, trial: &Trial, outcome: Outcome);

    /// Returns true if running evaluations are to be stopped. While an evaluator waits, it calls this
    /// at least every 0.1 seconds, and returns if it is true.
    fn stopped(&mut self) -> bool;
}

/// Component that measures the metrics of trials.
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
    /// Names of the metrics of an outcome.
    fn metrics(&self) -> &[String];

    /// Cost axis of its evaluations. An evaluator without one evaluates at full fidelity only.
    fn axis(&self) -> Option<&Axis> {
        None
    }

    /// Number of trials that it evaluates at once.
    fn slots(&self) -> usize {
        1
    }

    /// Evaluates trials until there are no more. Each trial that was taken needs an outcome, in any
    /// order.
    ///
    /// # Errors
    /// If no further trial can be evaluated. The failure of one trial is an outcome.
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
        // From the back, since the outcomes of equal trials are taken from the end.
        let mut reversed: Vec<Outcome> = (batch.iter().rev().map(outcome))
            .map(|o| o.unwrap_or_else(failed))
            .collect();
        reversed.reverse();
        reversed
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

/// Work of a fixed batch.
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
