//! Output of workers: results, failures, progress, and lines without a message.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;

use super::CommandEvaluator;
use super::config::Note;
use super::lines::Line;
use super::process::{Output, Printed};
use super::protocol::{Reply, number, numbers, unusable};
use super::worker::{State, Torn};
use crate::error::Error;
use crate::evaluate::{Advice, Details, Outcome, Work};

/// Number of lines without a message that a worker may print in one evaluation.
const NOISE: usize = 10_000;

/// Number of characters of such a line that are shown.
const SHOWN: usize = 60;

impl CommandEvaluator {
    pub(super) fn receive(&mut self, i: usize, line: Line, work: &mut dyn Work) {
        let worker = &mut self.workers[i];
        worker.torn = None;
        let reply = match line {
            Line::Reply(reply) => reply,
            Line::Torn(beginning) => {
                let since = Instant::now();
                worker.torn = Some(Torn { since, beginning });
                return;
            }
            Line::Broken(why) => return self.lose(i, &format!("it {why}"), work),
            Line::Unusable(why) if self.is_complete => {
                return self.lose(i, &format!("it {why}"), work);
            }
            // Later messages would not be usable either.
            Line::Unusable(why) => {
                self.refusal = Some(Error::input(format!("worker {i} {why}")));
                return;
            }
            Line::Noise(text) | Line::Update(text) if text.is_empty() => return,
            Line::Update(text) => return self.show(i, text),
            Line::Noise(text) => {
                worker.noise += 1;
                if worker.noise > NOISE {
                    let why = format!("it printed {NOISE} lines that are no message");
                    return self.lose(i, &why, work);
                }
                return self.show(i, text);
            }
        };
        match reply {
            Reply::Ready => {
                if let State::Starting(_) = worker.state {
                    worker.state = State::Idle;
                    worker.failed_starts = 0;
                }
            }
            Reply::Result { id, metrics } => {
                if self.cannot_use(i, id, &metrics) {
                    return;
                }
                let outcome = match numbers(&metrics, &self.metrics) {
                    Ok(values) => Outcome::Done(values),
                    Err(why) => Outcome::Failed(why),
                };
                let asked = |name: &String| self.metrics.contains(name);
                let more = metrics.into_iter().filter(|(name, _)| !asked(name));
                let more = more.collect();
                self.complete(i, id, outcome, more, work);
            }
            Reply::Error { id, reason } => {
                let id = match (id, &worker.state) {
                    (Some(id), _) => id,
                    (None, State::Busy(task)) => task.job.id,
                    (None, State::Stopping(id, _)) => *id,
                    (None, _) => return,
                };
                self.complete(i, id, Outcome::Failed(reason), BTreeMap::new(), work);
            }
            Reply::Report {
                id,
                fidelity,
                metrics,
            } => self.report(i, id, &fidelity, &metrics, work),
            Reply::Progress { fraction, message } => {
                self.tell(i, Note::Progress(fraction, message.as_deref()));
            }
            Reply::Other => {}
        }
    }

    /// Keeps and shows a line that a worker printed. It may explain why no result comes.
    pub(super) fn show(&mut self, i: usize, text: String) {
        let said: String = text.chars().take(SHOWN).collect();
        self.workers[i].last_output = text;
        self.tell(i, Note::Progress(None, Some(&said)));
    }

    /// Returns true if the first result lacks a needed metric or has no number for it. Later results
    /// would lack it as well.
    pub(super) fn cannot_use(
        &mut self,
        i: usize,
        id: u64,
        metrics: &BTreeMap<String, Value>,
    ) -> bool {
        let due = matches!(&self.workers[i].state, State::Busy(task) if task.job.id == id);
        if self.is_complete || !due {
            return false;
        }
        let Some((name, why)) = unusable(metrics, &self.metrics[..self.needed]) else {
            self.is_complete = true;
            return false;
        };
        let place = if name == self.metrics[0] {
            "as the objective"
        } else {
            "in the constraint"
        };
        let mend = if metrics.contains_key(name) {
            "send a number from the worker".to_owned()
        } else {
            format!("name one of these {place}, or send it from the worker")
        };
        self.refusal = Some(Error::input(format!("{why}; {mend}")));
        true
    }

    pub(super) fn complete(
        &mut self,
        i: usize,
        id: u64,
        outcome: Outcome,
        more: BTreeMap<String, Value>,
        work: &mut dyn Work,
    ) {
        let worker = &mut self.workers[i];
        let asked = match &worker.state {
            State::Busy(task) if task.job.id == id => {
                let trial = task.job.trial;
                let details = Details {
                    more,
                    ..Details::taking(task.begun.elapsed())
                };
                worker.state = State::Idle;
                worker.answered = Some(id);
                worker.losses = 0;
                self.tell(i, Note::Done);
                work.details(&trial, details);
                return work.done(&trial, outcome);
            }
            // Its outcome is known.
            State::Stopping(stopped, _) if *stopped == id => {
                worker.state = State::Idle;
                worker.answered = Some(id);
                return;
            }
            // The first result counts.
            _ if worker.answered == Some(id) => return,
            State::Busy(task) => format!("it was asked for {}", task.job.id),
            _ => "it was not asked for anything".into(),
        };
        self.lose(i, &format!("it answered for {id}, and {asked}"), work);
    }

    /// Takes a report of a running trial: its metrics at a level between the last report and its own.
    fn report(
        &mut self,
        i: usize,
        id: Option<u64>,
        fidelity: &BTreeMap<String, Value>,
        metrics: &BTreeMap<String, Value>,
        work: &mut dyn Work,
    ) {
        let Some(axis) = &self.axis else { return };
        let State::Busy(task) = &mut self.workers[i].state else {
            // It was stopped, and has not read it yet.
            return;
        };
        if id.is_some_and(|id| id != task.job.id) {
            let asked = task.job.id;
            let why = format!(
                "it reported on {}, and was asked for {asked}",
                id.unwrap_or(0)
            );
            return self.lose(i, &why, work);
        }
        let name = axis.name();
        let level = fidelity
            .get(name)
            .and_then(number)
            .filter(|l| l.fract() == 0.0);
        let (trial, last) = (task.job.trial, task.reported);
        let Some(level) = level.filter(|l| *l >= 1.0 && *l <= f64::from(u32::MAX)) else {
            let why = format!("it reported no whole number of `{name}`");
            return self.lose(i, &why, work);
        };
        let (level, highest) = (level as u32, axis.level(trial.fidelity));
        if level <= last || level > highest {
            let why = if level > highest {
                format!("it reported {level} {name} of {highest}")
            } else {
                format!("it reported {level} {name} after {last}")
            };
            return self.lose(i, &why, work);
        }
        task.reported = level;
        let values = match numbers(metrics, &self.metrics) {
            Ok(values) => values,
            Err(why) => return self.lose(i, &format!("it sent a report where {why}"), work),
        };
        if !values[0].is_finite() {
            let why = format!("`{}` was {} at {level} {name}", self.metrics[0], values[0]);
            return self.stop(i, Outcome::Failed(why), work);
        }
        if work.report(&trial, level, &values) == Advice::Stop {
            self.stop(i, Outcome::Failed("stopped early".into()), work);
        }
    }

    /// Handles all received output.
    pub(super) fn receive_all(&mut self, first: Output, work: &mut dyn Work) {
        let mut next = Some(first);
        while let Some(Output {
            worker,
            process,
            what,
        }) = next
        {
            // The output of a process that was killed since does not count.
            let current = &self.workers[worker];
            if current.number == process && current.process.is_some() {
                match what {
                    Printed::Line(line) => self.receive(worker, line, work),
                    Printed::End => self.exited(worker, work),
                }
            }
            next = match self.refusal {
                Some(_) => None,
                None => self.receiver.try_recv().ok(),
            };
        }
    }
}
