//! Evaluators: where the performance of an architecture comes from.

mod cached;
mod noisy;
mod table;

use crate::arch::Arch;

pub use cached::{Cached, Known};
pub use noisy::Noisy;
pub use table::TableEvaluator;

/// What came of one evaluation. Failure is data: a search goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The metrics, in the order of [`Evaluator::metrics`]. A metric can be NaN where it was not
    /// measured; a NaN objective counts as a failure.
    Done(Vec<f64>),
    /// Why there is no result.
    Failed(String),
}

impl Evaluator for Box<dyn Evaluator> {
    fn metrics(&self) -> &[String] {
        (**self).metrics()
    }

    fn evaluate(&mut self, batch: &[Arch]) -> Vec<Outcome> {
        (**self).evaluate(batch)
    }
}

/// Something that measures architectures.
pub trait Evaluator: Send {
    /// The names of the metrics that an evaluation yields.
    fn metrics(&self) -> &[String];

    /// Evaluates a batch; one outcome for each architecture, in the same order.
    fn evaluate(&mut self, batch: &[Arch]) -> Vec<Outcome>;
}
