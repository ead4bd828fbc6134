//! Settings of workers, and notes about them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of workers.
#[derive(Clone, Debug)]
pub struct CommandConfig {
    /// Program and its arguments, at least the program.
    pub words: Vec<OsString>,
    /// Number of workers.
    pub workers: usize,
    /// Timeout of an evaluation.
    pub timeout: Option<Duration>,
    /// Timeout from the start of a worker until it is ready.
    pub startup: Duration,
    /// Number of retries of an evaluation after its worker was lost.
    pub retries: usize,
    /// Seed, sent to the workers.
    pub seed: u64,
    /// Budget, sent to the workers.
    pub budget: Option<f64>,
    /// Time from a request to stop until a worker that does not answer is killed.
    pub grace: Duration,
    /// Folder for checkpoints, with a folder for each architecture.
    pub checkpoints: Option<PathBuf>,
    /// Folder for their logs of standard error, a file for each worker.
    pub logs: Option<PathBuf>,
}

/// Note about a worker for the user.
pub enum Note<'a> {
    /// Progress of its evaluation, from 0 to 1, and a message.
    Progress(Option<f64>, Option<&'a str>),
    /// End of its evaluation.
    Done,
    /// Loss of the worker: the reason, and the consequence.
    Lost(&'a str),
}

/// Receiver of notes, with the index of the worker.
pub type Watch = Box<dyn Fn(usize, Note) + Send>;
