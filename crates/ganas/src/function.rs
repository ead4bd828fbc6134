//! Functions as evaluators.

use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::space::SearchSpace;

/// Function that measures the objective of an architecture, or tells why the evaluation failed.
pub(crate) type Measure =
    Box<dyn FnMut(&dyn SearchSpace, &Arch) -> std::result::Result<f64, String> + Send>;

/// Evaluator that calls a function.
pub(crate) struct Function {
    space: Arc<dyn SearchSpace>,
    metrics: Vec<String>,
    measure: Measure,
}

impl Function {
    /// An evaluator of one metric.
    pub fn new(space: Arc<dyn SearchSpace>, metric: &str, measure: Measure) -> Function {
        Function {
            space,
            metrics: vec![metric.to_owned()],
            measure,
        }
    }
}

impl Evaluator for Function {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            if work.stopped() {
                break;
            }
            let outcome = match (self.measure)(&*self.space, &trial.arch) {
                Ok(value) => Outcome::Done(vec![value]),
                Err(reason) => Outcome::Failed(reason),
            };
            work.done(&trial, outcome);
        }
        Ok(())
    }
}
