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

/// What to run.
pub struct Plan<'a> {
    /// The task.
    pub task: &'a Task,
    /// The strategy.
    pub recipe: &'a Recipe,
    /// The seed of all its random streams.
    pub seed: u64,
    /// The queries to spend.
    pub queries: usize,
    /// The run directory to write.
    pub out: Option<&'a Path>,
    /// Epochs in which the best architecture is trained once more, where architectures are trained
    /// and there is a run directory.
    pub winner_epochs: Option<usize>,
    /// Evaluations that are known before it.
    pub history: &'a History,
    /// Whether the next architectures are asked for before all evaluations of a round have
    /// finished.
    pub asynchronous: bool,
    /// The least time between two checkpoints in the run directory.
    pub every: Duration,
    /// The run of the directory that is resumed.
    pub resumed: Option<&'a Recorded>,
    /// Whether the task was opened for this run alone: then what its start came to counts for it, and
    /// `ga-nas` ends with what the theory makes of it. A benchmark has further seeds, with which the
    /// start may come to something else, and no end that anybody waits for.
    pub alone: bool,
    /// Whether the run directory gets scalars for TensorBoard.
    pub tensorboard: bool,
    /// Failed evaluations that end it if they are the first; 0 never ends it.
    pub max_failures: usize,
    /// The time that it may take, with what it took before it was resumed.
    pub time_limit: Option<Duration>,
    /// How many of the best architectures the result lists.
    pub top: usize,
    /// Specification on record, which makes the run again.
    pub spec: StudySpec,
    /// Command line on record, if it was begun by one.
    pub command: &'a [String],
}

/// A program that the run is embedded in.
pub struct Host<'o> {
    /// What evaluates in the place of the task's own source.
    pub evaluator: Option<Box<dyn Evaluator>>,
    /// What watches the run, beside its directory.
    pub observer: &'o mut dyn Observer,
}
