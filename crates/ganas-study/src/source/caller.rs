//! Evaluations that come from the program that a search is embedded in, such as Python.

use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Evaluator, Work};
use ganas_core::space::SearchSpace;

use super::Source;
use crate::progress::Remarks;
use crate::record::{CallerRecord, TaskRecord};
use crate::source::workers::Wanted;
use crate::spec::TaskSpec;

/// Who evaluates.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The program.
    pub caller: String,
    /// What is asked of it; the objective first.
    pub metrics: Vec<String>,
    /// How many of them, from the first on, the search cannot do without.
    pub needed: usize,
}

impl Caller {
    /// The caller of this name.
    ///
    /// # Errors
    /// If a constraint cannot be read.
    pub fn open(name: &str, task: &TaskSpec, space: &dyn SearchSpace) -> Result<Caller> {
        let Wanted { metrics, needed } = Wanted::of(task, space)?;
        Ok(Caller {
            caller: name.to_owned(),
            metrics,
            needed,
        })
    }

    /// Why this program alone cannot go on with a search.
    pub fn absent(&self) -> Error {
        Error::input(format!(
            "the evaluations of this search come from {}",
            self.caller
        ))
        .mend("go on there: in Python, with `ganas.Search.load(DIR)`")
    }
}

/// What stands for a caller that is not there.
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

    fn takes_time(&self) -> bool {
        true
    }
}

impl Evaluator for Absent {
    fn metrics(&self) -> &[String] {
        &self.0.metrics
    }

    fn run(&mut self, _: &mut dyn Work) -> Result<()> {
        Err(self.0.absent())
    }
}
