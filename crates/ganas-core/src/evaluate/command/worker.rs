//! State of one worker.

use std::time::Instant;

use super::log::Log;
use super::process::Process;
use super::protocol::brief;
use crate::trial::Trial;

/// Trial that waits for a worker.
pub struct Job {
    pub id: u64,
    pub trial: Trial,
    /// Number of workers that were lost over it.
    pub lost: usize,
}

pub struct Worker {
    pub state: State,
    pub process: Option<Process>,
    pub number: u64,
    /// Number of losses in a row.
    pub losses: u32,
    /// Number of the last of them in which it was never ready.
    pub failed_starts: u32,
    /// Id of its last result.
    pub answered: Option<u64>,
    /// Number of lines without a message since the last message.
    pub noise: usize,
    /// The last such line.
    pub last_output: String,
    /// Beginning of an incomplete message, and its time.
    pub torn: Option<Torn>,
    /// Time at which its process was found to have exited while its output is open.
    pub gone: Option<Instant>,
    pub log: Option<Log>,
}

/// Beginning of a message.
pub struct Torn {
    pub since: Instant,
    pub beginning: String,
}

/// Running evaluation.
pub struct Task {
    pub job: Job,
    pub begun: Instant,
    /// Time of its timeout.
    pub until: Option<Instant>,
    /// The last level that was reported.
    pub reported: u32,
}

#[expect(clippy::large_enum_variant, reason = "there is one state a worker")]
pub enum State {
    /// No process. None may be started before this time.
    Down(Instant),
    /// Running, and not ready before a timeout.
    Starting(Instant),
    Idle,
    Busy(Task),
    /// Asked to stop the evaluation of this id, whose outcome is known. It is killed at that time.
    Stopping(u64, Instant),
    /// Never started again, with the reason.
    Retired(String),
}

impl Worker {
    /// A worker that is not running.
    pub fn new(log: Option<Log>) -> Self {
        Worker {
            state: State::Down(Instant::now()),
            process: None,
            number: 0,
            losses: 0,
            failed_starts: 0,
            answered: None,
            noise: 0,
            last_output: String::new(),
            torn: None,
            gone: None,
            log,
        }
    }

    /// Adds the last printed line to a reason.
    pub fn with_last_output(&self, why: String) -> String {
        match &*self.last_output {
            "" => why,
            output => format!("{why}, and had printed `{output}`"),
        }
    }

    /// Adds the last lines of standard error and standard output to a reason.
    pub fn with_last_words(&self, why: String) -> String {
        let last = self.log.as_ref().and_then(Log::last_line);
        let last = last.map(|line| brief(&line));
        match last.filter(|line| *line != self.last_output) {
            Some(line) => self.with_last_output(format!(
                "{why}, and its last line on standard error is `{line}`"
            )),
            None => self.with_last_output(why),
        }
    }
}
