//! Evaluations that come from the program that a search is embedded in, such as Python.

use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Evaluator, Work};
use ganas_core::space::SearchSpace;
use ganas_core::trial::Axis;

use super::Source;
use crate::progress::Remarks;
use crate::record::{CallerRecord, TaskRecord};
use crate::source::workers::RequestedMetrics;
use crate::spec::TaskSpec;

/// Program that evaluates, and the metrics that it returns.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The program.
    pub caller: String,
    /// Metrics that it returns; the objective first.
    pub metrics: Vec<String>,
    /// Number of metrics, from the first on, that the search needs.
    pub needed: usize,
    /// Cost axis, if there are several fidelities.
    pub axis: Option<Axis>,
}

impl Caller {
    /// The caller of this name.
    ///
    /// # Errors
    /// If a constraint cannot be read.
    pub fn open(
        name: &str,
        task: &TaskSpec,
        space: &dyn SearchSpace,
        axis: Option<&Axis>,
    ) -> Result<Caller> {
        let RequestedMetrics { metrics, needed } = RequestedMetrics::of_task(task, space)?;
        Ok(Caller {
            caller: name.to_owned(),
            metrics,
            needed,
            axis: axis.cloned(),
        })
    }

    /// Error of a search that only its own program can continue.
    pub fn absent(&self) -> Error {
        Error::input(format!(
            "the evaluations of this search come from {}",
            self.caller
        ))
        .mend("continue there: in Python, with `ganas.Search.load(DIR)`")
    }
}

/// Evaluator in place of a caller that is absent.
pub struct Absent(pub Caller);

impl Source for Caller {
    fn metrics(&self) -> Vec<String> {
        self.metrics.clone()
    }

    fn evaluator(&self, _: u64, _: Option<&Path>, _: &Remarks) -> Result<Box<dyn Evaluator>> {
        Ok(Box::new(Absent(self.clone())))
    }

    fn record(&self, record: &mut TaskRecord) {
        record.caller = Some(CallerRecord {
            caller: self.caller.clone(),
            metrics: self.metrics.clone(),
        });
    }

    fn caller(&self) -> Option<&Caller> {
        Some(self)
    }

    fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
    }

    fn takes_time(&self) -> bool {
        true
    }
}

impl Evaluator for Absent {
    fn metrics(&self) -> &[String] {
        &self.0.metrics
    }

    fn axis(&self) -> Option<&Axis> {
        self.0.axis.as_ref()
    }

    fn run(&mut self, _: &mut dyn Work) -> Result<()> {
        Err(self.0.absent())
    }
}
