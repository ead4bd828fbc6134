//! Evaluations by programs of the user: persistent workers that exchange JSON messages over standard
//! input and output. `docs/command-evaluator.md` describes the messages.
//!
//! The evaluator is one loop over events. Each process has a thread that reads its output into one
//! queue. A worker that crashes, hangs or breaks the protocol is killed with its process group and
//! started again, and its trial is retried by an idle worker. If this process is killed, a guard
//! process kills the workers.

mod config;
mod guard;
mod lifecycle;
mod lines;
mod log;
mod process;
mod protocol;
mod replies;
mod timeouts;
mod worker;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use super::{Evaluator, Work};
use crate::error::{Error, Result};
use crate::space::SearchSpace;
use crate::trial::Axis;

pub use config::{CommandConfig, Note, Watch};
use guard::Guard;
use log::Log;
use process::{Output, Process, Sender};
use timeouts::POLL;
use worker::{Job, State, Worker};

/// Capacity of the queue of output. Workers wait while it is full.
const QUEUE: usize = 1024;

/// Cycle of the loop that took longer was a pause of this process, as by Ctrl-Z.
const PAUSE: Duration = Duration::from_secs(1);

/// Evaluator by workers of the user.
pub struct CommandEvaluator {
    config: CommandConfig,
    space: Arc<dyn SearchSpace>,
    /// Names of the metrics. The first one is the objective.
    metrics: Vec<String>,
    axis: Option<Axis>,
    /// Number of required metrics, which come first.
    needed: usize,
    /// Set once a result had all required metrics.
    is_complete: bool,
    /// Reason why no result can be used, if there is one.
    refusal: Option<Error>,
    workers: Vec<Worker>,
    /// Trials that wait for a worker.
    jobs: VecDeque<Job>,
    /// Number of submitted trials.
    ids: u64,
    /// Number of started processes.
    processes: u64,
    sender: Sender,
    receiver: Receiver<Output>,
    watch: Option<Watch>,
    guard: Guard,
}

impl CommandEvaluator {
    /// Evaluator of architectures of a space. The first metric is the objective, and the first
    /// `needed` metrics are required: the search ends if the first result lacks one of them. Workers
    /// are started for the first trials.
    pub fn new(
        config: CommandConfig,
        space: Arc<dyn SearchSpace>,
        metrics: Vec<String>,
        needed: usize,
    ) -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let logs = config.logs.clone();
        let worker = |i| Worker::new(logs.as_deref().map(|folder| Log::new(folder, i)));
        CommandEvaluator {
            workers: (0..config.workers.max(1)).map(worker).collect(),
            config,
            space,
            needed: needed.min(metrics.len()),
            is_complete: false,
            refusal: None,
            metrics,
            axis: None,
            jobs: VecDeque::new(),
            ids: 0,
            processes: 0,
            sender,
            receiver,
            watch: None,
            guard: Guard::default(),
        }
    }

    /// Sends the fidelity of each trial to the workers, by the name of an axis.
    pub fn with_axis(mut self, axis: Axis) -> Self {
        self.axis = Some(axis);
        self
    }

    /// Sets the receiver of notes about workers.
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    fn tell(&self, i: usize, note: Note) {
        if let Some(watch) = &self.watch {
            watch(i, note);
        }
    }

    fn is_busy(&self) -> bool {
        let busy = |w: &Worker| matches!(w.state, State::Busy(..));
        !self.jobs.is_empty() || self.workers.iter().any(busy)
    }

    /// Stops all running evaluations.
    fn abandon(&mut self) {
        self.jobs.clear();
        for i in 0..self.workers.len() {
            if let State::Busy(..) | State::Stopping(..) = self.workers[i].state {
                self.kill(i);
                self.workers[i].state = State::Down(Instant::now());
            }
        }
    }

    /// Error if no worker can be started any more.
    fn failure_of_all(&self) -> Option<Error> {
        let retired = |worker: &Worker| match &worker.state {
            State::Retired(why) => Some(why.clone()),
            _ => None,
        };
        let whys: Option<Vec<String>> = self.workers.iter().map(retired).collect();
        let why = whys?.pop()?;
        let log = (self.workers.first()).and_then(|worker| worker.log.as_ref());
        Some(Error::input(match log {
            Some(log) => format!("no worker gets ready: {why}; see {}", log.path().display()),
            None => format!("no worker gets ready: {why}"),
        }))
    }
}

impl Evaluator for CommandEvaluator {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
    }

    fn slots(&self) -> usize {
        self.workers.len()
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let mut checked = Instant::now();
        let mut cycle_start = Instant::now();
        loop {
            while let Some(trial) = work.next() {
                self.ids += 1;
                self.jobs.push_back(Job {
                    id: self.ids,
                    trial,
                    lost: 0,
                });
            }
            if !self.is_busy() {
                return Ok(());
            }
            self.assign(work);
            if let Some(error) = self.failure_of_all() {
                self.abandon();
                return Err(error);
            }
            let received = self.receiver.recv_timeout(self.time_to_wait());
            // Before timeouts are checked.
            let cycle = cycle_start.elapsed();
            cycle_start = Instant::now();
            if cycle > PAUSE {
                self.postpone(cycle);
            }
            if let Ok(first) = received {
                self.receive_all(first, work);
            }
            if let Some(error) = self.refusal.take() {
                self.abandon();
                return Err(error);
            }
            self.check_timeouts(work);
            if checked.elapsed() >= POLL {
                checked = Instant::now();
                self.check_exits(work);
                (self.workers.iter().filter_map(|w| w.log.as_ref())).for_each(Log::limit);
                if work.stopped() {
                    self.abandon();
                    return Ok(());
                }
            }
        }
    }
}

impl Drop for CommandEvaluator {
    fn drop(&mut self) {
        let processes = self.workers.iter_mut().filter_map(|w| w.process.as_mut());
        processes.for_each(Process::send_bye);
        let since = Instant::now();
        for i in 0..self.workers.len() {
            if let Some(process) = &mut self.workers[i].process {
                process.wait_for_exit(since);
            }
            self.kill(i);
        }
    }
}
