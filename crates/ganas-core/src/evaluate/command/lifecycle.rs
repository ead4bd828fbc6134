//! Life of workers: starts, submitted trials, losses and exits.

use std::fs;
use std::time::{Duration, Instant};

use xxhash_rust::xxh3::xxh3_64;

use super::CommandEvaluator;
use super::config::Note;
use super::process::Process;
use super::protocol::{PROTOCOL, Request};
use super::worker::{Job, State, Task, Worker};
use crate::arch::Arch;
use crate::evaluate::{Details, Outcome, Work};
use crate::space::NamedGraph;

/// Number of failed starts in a row after which a worker is given up.
const STARTS: u32 = 3;

/// Wait before a worker is started again, doubled after each loss.
const BACKOFF: Duration = Duration::from_millis(100);

/// Longest wait before a worker is started again.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

impl CommandEvaluator {
    /// Starts workers for waiting trials, and submits trials to idle workers.
    pub(super) fn assign(&mut self, work: &mut dyn Work) {
        let now = Instant::now();
        let starting = |w: &Worker| matches!(w.state, State::Starting(_) | State::Idle);
        let mut wanted =
            (self.jobs.len()).saturating_sub(self.workers.iter().filter(|w| starting(w)).count());
        for i in 0..self.workers.len() {
            match self.workers[i].state {
                State::Down(until) if until <= now && wanted > 0 => {
                    wanted -= 1;
                    self.start(i, work);
                }
                State::Idle => {
                    if let Some(job) = self.jobs.pop_front() {
                        self.submit(i, job, work);
                    }
                }
                _ => {}
            }
        }
    }

    /// Reports a lost worker, and adds it to the log of the worker.
    pub(super) fn report_loss(&self, i: usize, how: &str) {
        if let Some(log) = &self.workers[i].log {
            log.note(&format!("ganas: this worker was lost: {how}"));
        }
        self.tell(i, Note::Lost(how));
    }

    /// Kills the process of a worker with its group, if it has one.
    pub(super) fn kill(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        worker.torn = None;
        worker.gone = None;
        if let Some(process) = worker.process.take() {
            let group = process.group();
            drop(process);
            self.guard.release(group);
        }
    }

    pub(super) fn start(&mut self, i: usize, work: &mut dyn Work) {
        self.processes += 1;
        let (words, sender) = (&self.config.words, self.sender.clone());
        let worker = &mut self.workers[i];
        let process = Process::start(words, i, self.processes, worker.log.as_mut(), sender);
        let process = process.and_then(|process| match self.guard.add(process.group()) {
            Ok(()) => Ok(process),
            Err(e) => Err(format!("no `sh` can be started to watch over it ({e})")),
        });
        worker.number = self.processes;
        worker.noise = 0;
        match process {
            Ok(mut process) => {
                // If it does not read, it will not be ready either.
                let _ = process.send(&Request::Hello {
                    protocol: PROTOCOL,
                    space: self.space.name(),
                    objective: &self.metrics[0],
                });
                worker.process = Some(process);
                worker.state = State::Starting(Instant::now() + self.config.startup);
            }
            Err(why) => {
                worker.failed_starts = STARTS;
                worker.state = State::Starting(Instant::now());
                self.lose(i, &why, work);
            }
        }
    }

    pub(super) fn submit(&mut self, i: usize, job: Job, work: &mut dyn Work) {
        let process = self.workers[i].process.as_mut();
        if process.is_some_and(|process| process.status().is_some()) {
            self.jobs.push_front(job);
            return self.exited(i, work);
        }
        let checkpoint = match self.checkpoint(&job.trial.arch) {
            Ok(checkpoint) => checkpoint,
            Err(why) => return work.done(&job.trial, Outcome::Failed(why)),
        };
        let said = match &mut self.workers[i].process {
            Some(process) => process.send(&Request::Evaluate {
                id: job.id,
                arch: &self.space.format(&job.trial.arch),
                graph: NamedGraph::new(&*self.space, &job.trial.arch),
                fidelity: (self.axis.as_ref()).map(|axis| axis.by_name(job.trial.fidelity)),
                checkpoint,
                seed: self.config.seed,
                budget: self.config.budget,
            }),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        let worker = &mut self.workers[i];
        worker.noise = 0;
        match said {
            Ok(()) => {
                let begun = Instant::now();
                // A time beyond the range of the clock is no timeout.
                let until = self.config.timeout.and_then(|t| begun.checked_add(t));
                worker.state = State::Busy(Task {
                    job,
                    begun,
                    until,
                    reported: 0,
                });
            }
            // It exited while it was idle, which is not a fault of the trial.
            Err(_) => {
                self.jobs.push_front(job);
                self.lose(i, "it does not listen", work);
            }
        }
    }

    /// The folder of an architecture, made anew if it was removed; `None` without several fidelities.
    fn checkpoint(&self, arch: &Arch) -> Result<Option<String>, String> {
        let (Some(folder), Some(_)) = (&self.config.checkpoints, &self.axis) else {
            return Ok(None);
        };
        let name = format!("{:016x}", xxh3_64(self.space.format(arch).as_bytes()));
        let folder = folder.join(name);
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(Some(folder.display().to_string())),
            Err(e) => Err(format!(
                "the checkpoint folder {} cannot be made ({e})",
                folder.display()
            )),
        }
    }

    /// Asks a worker to stop its evaluation, and ends the trial.
    pub(super) fn stop(&mut self, i: usize, outcome: Outcome, work: &mut dyn Work) {
        let until = Instant::now() + self.config.grace;
        let worker = &mut self.workers[i];
        let State::Busy(Task { job, begun, .. }) =
            std::mem::replace(&mut worker.state, State::Down(Instant::now()))
        else {
            return;
        };
        let said = worker
            .process
            .as_mut()
            .map(|p| p.send(&Request::Stop { id: job.id }));
        worker.losses = 0;
        work.details(&job.trial, Details::taking(begun.elapsed()));
        work.done(&job.trial, outcome);
        match said {
            Some(Ok(())) => self.workers[i].state = State::Stopping(job.id, until),
            _ => self.kill(i),
        }
        self.tell(i, Note::Done);
    }

    /// Handles the loss of a worker: kills its process, and retries its trial or lets it fail.
    pub(super) fn lose(&mut self, i: usize, why: &str, work: &mut dyn Work) {
        let retries = self.config.retries;
        self.kill(i);
        let worker = &mut self.workers[i];
        let backoff = BACKOFF * 2u32.saturating_pow(worker.losses.min(16));
        let down = State::Down(Instant::now() + backoff.min(LONGEST_BACKOFF));
        let then = match std::mem::replace(&mut worker.state, down) {
            State::Starting(_) => {
                worker.losses += 1;
                worker.failed_starts += 1;
                if worker.failed_starts >= STARTS {
                    worker.state = State::Retired(why.to_owned());
                    "it is not started again".to_owned()
                } else {
                    "it is started again".to_owned()
                }
            }
            State::Busy(Task { mut job, begun, .. }) => {
                worker.losses += 1;
                job.lost += 1;
                if job.lost > retries {
                    // The search decides if too many fail.
                    worker.losses = 0;
                    let times = match job.lost {
                        1 => String::new(),
                        n => format!(", the last of {n} workers that tried"),
                    };
                    work.details(&job.trial, Details::taking(begun.elapsed()));
                    work.done(&job.trial, Outcome::Failed(format!("{why}{times}")));
                    "its evaluation failed".to_owned()
                } else {
                    let lost = job.lost;
                    self.jobs.push_front(job);
                    format!("its evaluation is tried again ({lost} of {retries})")
                }
            }
            State::Stopping(..) => {
                worker.state = State::Down(Instant::now());
                "its evaluation was stopped before, so nothing is lost".to_owned()
            }
            State::Idle => {
                worker.state = State::Down(Instant::now());
                "it had nothing to do".to_owned()
            }
            retired => {
                worker.state = retired;
                return;
            }
        };
        self.report_loss(i, &format!("{why}; {then}"));
    }

    /// Handles a worker that closed its standard output.
    pub(super) fn exited(&mut self, i: usize, work: &mut dyn Work) {
        let worker = &mut self.workers[i];
        let fate = worker.process.as_mut().and_then(Process::exit_status);
        if let (State::Idle, Some(true)) = (&worker.state, fate.map(|status| status.success())) {
            // A worker may exit after each evaluation.
            worker.state = State::Down(Instant::now());
            return self.kill(i);
        }
        let why = worker.with_last_words(match fate {
            Some(status) => format!("it ended ({status})"),
            None => "it closed its standard output".into(),
        });
        self.lose(i, &why, work);
    }
}
