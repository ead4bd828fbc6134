//! Timeouts of workers.

use std::time::{Duration, Instant};

use super::CommandEvaluator;
use super::worker::{State, Task, Worker};
use crate::evaluate::Work;

/// Interval between checks for a stop.
pub(super) const POLL: Duration = Duration::from_millis(50);

/// Timeout of the rest of a message.
const TORN: Duration = Duration::from_secs(5);

/// Time for which the output of an exited process may stay open, as a child of it may hold it.
const GRACE: Duration = Duration::from_secs(1);

impl CommandEvaluator {
    /// Postpones all timeouts, after a time in which this process was stopped.
    pub(super) fn postpone(&mut self, by: Duration) {
        for worker in &mut self.workers {
            if let State::Starting(until)
            | State::Stopping(_, until)
            | State::Busy(Task {
                until: Some(until), ..
            }) = &mut worker.state
            {
                *until += by;
            }
            if let Some(gone) = &mut worker.gone {
                *gone += by;
            }
            if let Some(torn) = &mut worker.torn {
                torn.since += by;
            }
        }
    }

    /// Finds processes that have exited while a child of theirs holds their output open.
    pub(super) fn check_exits(&mut self, work: &mut dyn Work) {
        let now = Instant::now();
        for i in 0..self.workers.len() {
            let worker = &mut self.workers[i];
            let process = worker.process.as_mut();
            if process.is_some_and(|process| process.status().is_some()) {
                // Its last output may not have been received.
                let since = *worker.gone.get_or_insert(now);
                if now.duration_since(since) >= GRACE {
                    self.exited(i, work);
                }
            }
        }
    }

    /// Kills workers after a timeout.
    pub(super) fn check_timeouts(&mut self, work: &mut dyn Work) {
        let now = Instant::now();
        for i in 0..self.workers.len() {
            let worker = &self.workers[i];
            if let Some(torn) = &worker.torn
                && now.duration_since(torn.since) >= TORN
            {
                let why = format!("it sent half a message, `{}`", torn.beginning);
                self.lose(i, &why, work);
                continue;
            }
            let why = match &worker.state {
                State::Starting(until) if *until <= now => {
                    format!(
                        "it was not ready after {} s",
                        self.config.startup.as_secs_f64()
                    )
                }
                State::Stopping(_, until) if *until <= now => {
                    let grace = self.config.grace.as_secs_f64();
                    format!("it did not stop within {grace} s")
                }
                State::Busy(Task {
                    until: Some(until), ..
                }) if *until <= now => {
                    let limit = self.config.timeout.unwrap_or_default();
                    format!("it took more than {} s", limit.as_secs_f64())
                }
                _ => continue,
            };
            let why = worker.with_last_output(why);
            self.lose(i, &why, work);
        }
    }

    /// Time to wait for output before timeouts are checked.
    pub(super) fn time_to_wait(&self) -> Duration {
        let now = Instant::now();
        let next = |worker: &Worker| match &worker.state {
            State::Starting(until) | State::Stopping(_, until) => Some(*until),
            State::Busy(task) => task.until,
            State::Down(until) if !self.jobs.is_empty() => Some(*until),
            _ => None,
        };
        let next = self.workers.iter().filter_map(next).min();
        next.map_or(POLL, |until| until.saturating_duration_since(now).min(POLL))
    }
}
