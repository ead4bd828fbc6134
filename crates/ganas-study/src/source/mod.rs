//! Sources of evaluations: tables, surrogates, trainings, supernets, workers and other programs.

pub mod caller;
pub mod device;
pub mod recipe;
pub mod registered;
pub mod supernet;
pub mod table;
pub mod training;
pub mod workers;

mod open;

/// Name of the dataset that is built in.
pub const DIGITS: &str = "digits";

use std::path::Path;
use std::sync::Arc;

use ganas_core::error::Result;
use ganas_core::evaluate::Evaluator;
use ganas_core::trial::Axis;
use ganas_tables::{Levels, Table};

use crate::progress::Remarks;
use crate::record::TaskRecord;

pub use caller::Caller;
pub use open::open;
pub use registered::Registered;
pub use supernet::{SUPERNET, Shared};
pub use table::{Predicted, Tabulated};
pub use training::Trained;
pub use workers::Workers;

/// Source of evaluations, opened and checked.
pub trait Source: Send + Sync {
    /// Names of the metrics that it measures.
    fn metrics(&self) -> Vec<String>;

    /// An evaluator for a search with this seed.
    ///
    /// Workers write their standard error into the folder `out`, and remark on their progress.
    ///
    /// # Errors
    /// If it cannot be made.
    fn evaluator(
        &self,
        seed: u64,
        out: Option<&Path>,
        remarks: &Remarks,
    ) -> Result<Box<dyn Evaluator>>;

    /// Adds what has to be known to evaluate again to the record of a task.
    fn record(&self, record: &mut TaskRecord);

    /// Name of the device that networks are computed on, if there are any.
    fn device(&self) -> Option<&str> {
        None
    }

    /// Returns true if an evaluation is a look-up, which takes almost no time.
    fn looks_up(&self) -> bool {
        false
    }

    /// Returns true if an evaluation takes long, as a training does. A search then makes fewer of them by
    /// default.
    fn takes_time(&self) -> bool {
        false
    }

    /// Returns true if it scores by shared weights.
    fn is_supernet(&self) -> bool {
        false
    }

    /// Stem of the name of a run's folder, where a run has one without being asked.
    fn folder_stem(&self) -> Option<&str> {
        None
    }

    /// The table that has the metrics, if one has.
    fn table(&self) -> Option<&Arc<Table>> {
        None
    }

    /// Metrics of the table at the levels of the cost axis, if there are several fidelities.
    fn levels(&self) -> Option<&Levels> {
        None
    }

    /// The cost axis, if it evaluates at several fidelities.
    fn axis(&self) -> Option<&Axis> {
        None
    }

    /// The trainings, if networks are trained.
    fn trained(&self) -> Option<&Trained> {
        None
    }

    /// The models, if metrics are predicted.
    fn predicted(&self) -> Option<&Predicted> {
        None
    }

    /// The workers, if programs of the user's measure.
    fn workers(&self) -> Option<&Workers> {
        None
    }

    /// The program that the search is embedded in, if that measures.
    fn caller(&self) -> Option<&Caller> {
        None
    }
}
