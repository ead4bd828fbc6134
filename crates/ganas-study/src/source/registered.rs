//! Evaluators that were registered in Rust.

use std::path::Path;
use std::sync::Arc;

use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Evaluator;
use ganas_core::space::SearchSpace;
use ganas_core::trial::Axis;

use super::Source;
use crate::progress::Remarks;
use crate::record::TaskRecord;
use crate::registry::EvaluatorFactory;
use crate::session::Session;
use crate::spec::TaskSpec;

/// An evaluator of a registry.
pub struct Registered {
    name: String,
    metrics: Vec<String>,
    axis: Option<Axis>,
    space: Arc<dyn SearchSpace>,
    factory: Arc<EvaluatorFactory>,
}

impl Registered {
    /// Makes the evaluator of a name once, to learn what it measures.
    ///
    /// # Errors
    /// If there is no evaluator of that name, or it cannot be made.
    pub fn open(
        name: &str,
        task: &TaskSpec,
        space: &Arc<dyn SearchSpace>,
        session: &Session,
    ) -> Result<Registered> {
        if task.training.any() {
            return Err(Error::input("nothing is trained here")
                .mend("leave out the settings of training, or `--evaluator`"));
        }
        let factory = session.registry.evaluator(name)?;
        let first = factory(space, 0)?;
        Ok(Registered {
            name: name.to_owned(),
            metrics: first.metrics().to_vec(),
            axis: first.axis().cloned(),
            space: space.clone(),
            factory,
        })
    }
}

impl Source for Registered {
    fn metrics(&self) -> Vec<String> {
        self.metrics.clone()
    }

    fn evaluator(&self, seed: u64, _: Option<&Path>, _: &Remarks) -> Result<Box<dyn Evaluator>> {
        (self.factory)(&self.space, seed)
    }

    fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
    }

    fn record(&self, record: &mut TaskRecord) {
        record.evaluator = Some(self.name.clone());
    }

    fn takes_time(&self) -> bool {
        true
    }
}
