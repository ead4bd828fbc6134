//! Runs that were found, with the identity of their tasks.

use std::path::PathBuf;

use ganas_core::constraint::{Condition, Constraint};
use ganas_core::error::Error;

use crate::{Origin, Run};

/// Run with the identity of its task.
pub struct Found {
    /// Task of the run. Runs with the same key are compared, even with other bounds.
    pub key: Key,
    /// The run, its evaluations left out.
    pub run: Run,
    /// The names of the metrics of its evaluations, the objective first.
    pub metrics: Vec<String>,
    /// The evaluations in order.
    pub evaluations: Vec<Evaluation>,
    /// The architectures that it started from.
    pub starts: Vec<String>,
    /// The provenance of the run.
    pub origin: Origin,
    /// The best value in the table, if it is known.
    pub optimum: Option<f64>,
    /// Compliant architectures in its table.
    pub compliant: Option<usize>,
    /// The folder that paths of its command line start from.
    pub started_in: Option<PathBuf>,
}

/// The identity of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Key {
    /// The space as it was named.
    pub space: String,
    /// The metric.
    pub objective: String,
    /// True if smaller is better.
    pub minimize: bool,
    /// The bounds, sorted.
    pub constraints: Vec<String>,
    /// The source of evaluations: the digest of a table, or another description.
    pub source: String,
    /// True if isomorphic strings count as one.
    pub merge_isomorphic: bool,
}

/// Evaluation of a run folder.
pub struct Evaluation {
    /// The round.
    pub round: usize,
    /// The architecture in its space's notation.
    pub arch: String,
    /// The metrics in the order of their names.
    pub metrics: Vec<Option<f64>>,
    /// The reason of a failure, if it is known.
    pub failure: Option<String>,
}

impl Key {
    /// Returns true if another run has the same task, possibly with other bounds.
    pub fn is_task_of(&self, other: &Key) -> bool {
        let unbounded = |key: &Key| Key {
            constraints: Vec::new(),
            ..key.clone()
        };
        unbounded(self) == unbounded(other)
    }

    /// The bounds.
    pub fn constraints(&self) -> Vec<Constraint> {
        let parsed = self
            .constraints
            .iter()
            .filter_map(|text| text.parse::<Condition>().ok());
        // Records hold numbers, even if the command line compared with an architecture.
        parsed
            .filter_map(|c| c.resolve(|_, _| Err(Error::input("no number"))).ok())
            .collect()
    }
}
