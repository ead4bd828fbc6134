//! Plans of runs.

use std::path::Path;
use std::time::Duration;

use ganas_core::driver::Observer;
use ganas_core::evaluate::Evaluator;
use ganas_search::Recipe;

use crate::history::History;
use crate::rundir::settings::Recorded;
use crate::spec::StudySpec;
use crate::task::Task;

/// Plan of one run.
pub struct Plan<'a> {
    /// The task.
    pub task: &'a Task,
    /// The strategy.
    pub recipe: &'a Recipe,
    /// The seed of all its random streams.
    pub seed: u64,
    /// The queries to spend.
    pub queries: usize,
    /// The cost to spend.
    pub cost: Option<u64>,
    /// The run directory to write.
    pub out: Option<&'a Path>,
    /// Epochs in which the best architecture is trained once more, where architectures are trained
    /// and there is a run directory.
    pub winner_epochs: Option<usize>,
    /// Evaluations that are known before it.
    pub history: &'a History,
    /// True if the next architectures are asked for before all evaluations of a round have finished.
    pub asynchronous: bool,
    /// The least time between two checkpoints in the run directory.
    pub every: Duration,
    /// The run of the directory that is resumed.
    pub resumed: Option<&'a Recorded>,
    /// True if the task was opened for this run alone. Then the evaluation of its start counts for the run,
    /// and `ga-nas` ends with an outlook. A benchmark has several seeds, and the start may evaluate
    /// differently with each.
    pub alone: bool,
    /// True if scalars for TensorBoard are written into the run folder.
    pub tensorboard: bool,
    /// Failed evaluations that end it if they are the first; 0 never ends it.
    pub max_failures: usize,
    /// The time that it may take, with what it took before it was resumed.
    pub time_limit: Option<Duration>,
    /// Number of best architectures that the result lists.
    pub top: usize,
    /// Specification on record, which makes the run again.
    pub spec: StudySpec,
    /// Command line on record, if it was begun by one.
    pub command: &'a [String],
}

/// Evaluator and observer of the program that the run is embedded in.
pub struct Hooks<'o> {
    /// Evaluator in place of the task's own source.
    pub evaluator: Option<Box<dyn Evaluator>>,
    /// Further observer of the run.
    pub observer: &'o mut dyn Observer,
}
