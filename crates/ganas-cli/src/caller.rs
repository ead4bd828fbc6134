//! Evaluations that come from the program that a search is embedded in, such as Python.

use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Evaluator, Work};
use ganas_core::space::SearchSpace;
use serde::Serialize;

use crate::args::TaskArgs;
use crate::workers::Wanted;

/// Who evaluates.
#[derive(Clone, Debug, Serialize)]
pub struct Caller {
    /// The program.
    pub caller: String,
    /// What is asked of it; the objective first.
    pub metrics: Vec<String>,
    /// How many of them, from the first on, the search cannot do without.
    #[serde(skip)]
    pub needed: usize,
}

impl Caller {
    /// The caller of this name.
    ///
    /// # Errors
    /// If a constraint cannot be read.
    pub fn open(name: &str, args: &TaskArgs, space: &dyn SearchSpace) -> Result<Caller> {
        let Wanted { metrics, needed } = Wanted::of(args, space)?;
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

impl Evaluator for Absent {
    fn metrics(&self) -> &[String] {
        &self.0.metrics
    }

    fn run(&mut self, _: &mut dyn Work) -> Result<()> {
        Err(self.0.absent())
    }
}
