//! Evaluations by programs of the user's own: persistent workers that speak JSON over their standard
//! input and output. `docs/command-evaluator.md` says what is said.
//!
//! All of it is one loop over events. Each process has a thread that only listens; what it heard goes
//! into one queue. A worker that crashes, hangs or says what it should not is killed with its process
//! group and started again, and what it had to do goes to whoever is free. If this process is killed,
//! a guard process ends the workers.

mod guard;
mod lines;
mod log;
mod protocol;
mod worker;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Details, Evaluator, Outcome, Work};
use crate::error::{Error, Result};
use crate::space::{NamedGraph, SearchSpace};
use crate::trial::{Axis, Trial};

use guard::Guard;
use lines::Line;
use log::Log;
use protocol::{PROTOCOL, Reply, Request, brief, numbers, unusable};
use worker::{Ear, Heard, Process};

/// How often it is looked whether to stop.
const POLL: Duration = Duration::from_millis(50);
/// Lines that wait to be dealt with, before workers have to wait to say more.
const QUEUE: usize = 1024;
/// Lines without a message that a worker may print in one evaluation.
const NOISE: usize = 10_000;
/// Characters of such a line that are shown.
const MURMUR: usize = 60;
/// Starts in a row that fail before a worker is given up.
const STARTS: u32 = 3;
/// The wait before a worker is started again, doubled each time that it fails.
const BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// How long the rest of a message may take to come.
const TORN: Duration = Duration::from_secs(5);
/// How long the output of a process may stay open after its end, as a child of it may hold it.
const GRACE: Duration = Duration::from_secs(1);
/// A turn of the loop that takes longer than this was a pause, as by Ctrl-Z, and no time of a worker's.
const PAUSE: Duration = Duration::from_secs(1);

/// How workers are run.
#[derive(Clone, Debug)]
pub struct CommandConfig {
    /// The program and its arguments; there is at least the program.
    pub words: Vec<OsString>,
    /// How many run at once.
    pub workers: usize,
    /// The most time that an evaluation may take.
    pub timeout: Option<Duration>,
    /// The most time from the start of a worker until it is ready.
    pub startup: Duration,
    /// How often an evaluation is tried again after the worker that had it was lost.
    pub retries: usize,
    /// Handed on to the workers.
    pub seed: u64,
    /// Handed on to the workers.
    pub budget: Option<f64>,
    /// The folder for what they say on standard error, in a file each.
    pub logs: Option<PathBuf>,
}

/// What is worth telling a user about a worker.
pub enum Note<'a> {
    /// How far its evaluation is, from 0 to 1, and what it says about it.
    Progress(Option<f64>, Option<&'a str>),
    /// Its evaluation is over.
    Done,
    /// It was lost: why, and what becomes of it and its work.
    Lost(&'a str),
}

/// Who is told, with the worker's index.
pub type Watch = Box<dyn Fn(usize, Note) + Send>;

/// Evaluates by workers of the user's own.
pub struct CommandEvaluator {
    config: CommandConfig,
    space: Arc<dyn SearchSpace>,
    /// The first one is the objective.
    metrics: Vec<String>,
    axis: Option<Axis>,
    /// How many of them, from the first on, a search cannot do without.
    needed: usize,
    /// Whether a result had all of those.
    complete: bool,
    /// Why no result can be used, if so.
    useless: Option<Error>,
    workers: Vec<Worker>,
    jobs: VecDeque<Job>,
    /// Evaluations so far.
    ids: u64,
    /// Processes so far.
    lives: u64,
    ear: Ear,
    heard: Receiver<(usize, u64, Heard)>,
    watch: Option<Watch>,
    guard: Guard,
}

/// An evaluation that is wanted.
struct Job {
    id: u64,
    trial: Trial,
    /// Workers that were lost over it.
    lost: usize,
}

struct Worker {
    state: State,
    process: Option<Process>,
    life: u64,
    /// How often in a row it was lost.
    losses: u32,
    /// Of those, how often it was not even ready.
    stillborn: u32,
    /// The evaluation that it answered last.
    answered: Option<u64>,
    /// Lines without a message since the last one with.
    noise: usize,
    /// The last of them.
    murmur: String,
    /// The beginning of a message whose rest has not come, and since when.
    torn: Option<(Instant, String)>,
    /// Since when its process has ended, while its output is still open.
    gone: Option<Instant>,
    log: Option<Log>,
}

/// An evaluation in progress.
struct Task {
    job: Job,
    begun: Instant,
    /// When it has to be done.
    until: Option<Instant>,
}

enum State {
    /// Not running, and not to be started before this.
    Down(Instant),
    /// Running, and to be ready by this.
    Starting(Instant),
    Idle,
    Busy(Task),
    /// Never started again, and why.
    Retired(String),
}

impl CommandEvaluator {
    /// An evaluator of architectures of a space; the first metric is the objective. The first
    /// `needed` metrics are those that the search cannot do without: it ends where the first result
    /// has not all of them. Workers are started when there is work.
    pub fn new(
        config: CommandConfig,
        space: Arc<dyn SearchSpace>,
        metrics: Vec<String>,
        needed: usize,
    ) -> Self {
        let (ear, heard) = sync_channel(QUEUE);
        let now = Instant::now();
        let logs = config.logs.clone();
        let worker = |i| Worker {
            state: State::Down(now),
            process: None,
            life: 0,
            losses: 0,
            stillborn: 0,
            answered: None,
            noise: 0,
            murmur: String::new(),
            torn: None,
            gone: None,
            log: logs.as_deref().map(|folder| Log::new(folder, i)),
        };
        CommandEvaluator {
            workers: (0..config.workers.max(1)).map(worker).collect(),
            config,
            space,
            needed: needed.min(metrics.len()),
            complete: false,
            useless: None,
            metrics,
            axis: None,
            jobs: VecDeque::new(),
            ids: 0,
            lives: 0,
            ear,
            heard,
            watch: None,
            guard: Guard::default(),
        }
    }

    /// Sends the fidelity of each trial to the workers, by the name of an axis.
    pub fn with_axis(mut self, axis: Axis) -> Self {
        self.axis = Some(axis);
        self
    }

    /// The same, and who is told of its workers.
    pub fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    fn tell(&self, i: usize, note: Note) {
        if let Some(watch) = &self.watch {
            watch(i, note);
        }
    }

    /// Starts workers that are wanted, and gives work to those that are free.
    fn employ(&mut self, work: &mut dyn Work) {
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
                        self.give(i, job, work);
                    }
                }
                _ => {}
            }
        }
    }

    /// Tells of a worker that was lost, and notes it in its log.
    fn mourn(&self, i: usize, how: &str) {
        if let Some(log) = &self.workers[i].log {
            log.note(&format!("ganas: this worker was lost: {how}"));
        }
        self.tell(i, Note::Lost(how));
    }

    /// Ends a worker's process with its group, if it has one.
    fn end(&mut self, i: usize) {
        let worker = &mut self.workers[i];
        worker.torn = None;
        worker.gone = None;
        if let Some(process) = worker.process.take() {
            let group = process.group();
            drop(process);
            self.guard.release(group);
        }
    }

    fn start(&mut self, i: usize, work: &mut dyn Work) {
        self.lives += 1;
        let (words, ear) = (&self.config.words, self.ear.clone());
        let worker = &mut self.workers[i];
        let process = Process::start(words, i, self.lives, worker.log.as_mut(), ear);
        let process = process.and_then(|process| match self.guard.add(process.group()) {
            Ok(()) => Ok(process),
            Err(e) => Err(format!("no `sh` can be started to watch over it ({e})")),
        });
        worker.life = self.lives;
        worker.noise = 0;
        match process {
            Ok(mut process) => {
                // If it does not listen, it will not be ready either.
                let _ = process.say(&Request::Hello {
                    protocol: PROTOCOL,
                    space: self.space.name(),
                    objective: &self.metrics[0],
                });
                worker.process = Some(process);
                worker.state = State::Starting(Instant::now() + self.config.startup);
            }
            Err(why) => {
                worker.stillborn = STARTS;
                worker.state = State::Starting(Instant::now());
                self.lose(i, &why, work);
            }
        }
    }

    fn give(&mut self, i: usize, job: Job, work: &mut dyn Work) {
        let process = self.workers[i].process.as_mut();
        if process.is_some_and(|process| process.ended().is_some()) {
            self.jobs.push_front(job);
            return self.ended(i, work);
        }
        let said = match &mut self.workers[i].process {
            Some(process) => process.say(&Request::Evaluate {
                id: job.id,
                arch: &self.space.format(&job.trial.arch),
                graph: NamedGraph::new(&*self.space, &job.trial.arch),
                fidelity: (self.axis.as_ref()).map(|axis| axis.by_name(job.trial.fidelity)),
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
                // A time that is too far away to be told is none.
                let until = self.config.timeout.and_then(|t| begun.checked_add(t));
                worker.state = State::Busy(Task { job, begun, until });
            }
            // It went while it had nothing to do, which is no fault of the job.
            Err(_) => {
                self.jobs.push_front(job);
                self.lose(i, "it does not listen", work);
            }
        }
    }

    /// Kills a worker's process, and sees what becomes of its work.
    fn lose(&mut self, i: usize, why: &str, work: &mut dyn Work) {
        let retries = self.config.retries;
        self.end(i);
        let worker = &mut self.workers[i];
        let backoff = BACKOFF * 2u32.saturating_pow(worker.losses.min(16));
        let down = State::Down(Instant::now() + backoff.min(LONGEST_BACKOFF));
        let then = match std::mem::replace(&mut worker.state, down) {
            State::Starting(_) => {
                worker.losses += 1;
                worker.stillborn += 1;
                if worker.stillborn >= STARTS {
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
                    // Whether so many fail that it is no use is for the search to say.
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
            State::Idle => {
                worker.state = State::Down(Instant::now());
                "it had nothing to do".to_owned()
            }
            retired => {
                worker.state = retired;
                return;
            }
        };
        self.mourn(i, &format!("{why}; {then}"));
    }

    /// Sees what becomes of a worker that closed its standard output.
    fn ended(&mut self, i: usize, work: &mut dyn Work) {
        let worker = &mut self.workers[i];
        let fate = worker.process.as_mut().and_then(Process::fate);
        if let (State::Idle, Some(true)) = (&worker.state, fate.map(|status| status.success())) {
            // A worker may go after each evaluation.
            worker.state = State::Down(Instant::now());
            return self.end(i);
        }
        let why = worker.with_last_words(match fate {
            Some(status) => format!("it ended ({status})"),
            None => "it closed its standard output".into(),
        });
        self.lose(i, &why, work);
    }

    fn hear(&mut self, i: usize, line: Line, work: &mut dyn Work) {
        let worker = &mut self.workers[i];
        worker.torn = None;
        let reply = match line {
            Line::Reply(reply) => reply,
            Line::Torn(beginning) => {
                worker.torn = Some((Instant::now(), beginning));
                return;
            }
            Line::Broken(why) => return self.lose(i, &format!("it {why}"), work),
            Line::Unusable(why) if self.complete => {
                return self.lose(i, &format!("it {why}"), work);
            }
            // By all appearances, no later one would be any better.
            Line::Unusable(why) => {
                self.useless = Some(Error::input(format!("worker {i} {why}")));
                return;
            }
            Line::Noise(text) | Line::Update(text) if text.is_empty() => return,
            Line::Update(text) => return self.murmurs(i, text),
            Line::Noise(text) => {
                worker.noise += 1;
                if worker.noise > NOISE {
                    let why = format!("it printed {NOISE} lines that are no message");
                    return self.lose(i, &why, work);
                }
                return self.murmurs(i, text);
            }
        };
        match reply {
            Reply::Ready => {
                if let State::Starting(_) = worker.state {
                    worker.state = State::Idle;
                    worker.stillborn = 0;
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
                self.answer(i, id, outcome, more, work);
            }
            Reply::Error { id, reason } => {
                let id = match (id, &worker.state) {
                    (Some(id), _) => id,
                    (None, State::Busy(task)) => task.job.id,
                    (None, _) => return,
                };
                self.answer(i, id, Outcome::Failed(reason), BTreeMap::new(), work);
            }
            Reply::Progress { fraction, message } => {
                self.tell(i, Note::Progress(fraction, message.as_deref()));
            }
            Reply::Other => {}
        }
    }

    /// Keeps and shows what a worker printed: somebody who sees it knows why there is no answer.
    fn murmurs(&mut self, i: usize, text: String) {
        let said: String = text.chars().take(MURMUR).collect();
        self.workers[i].murmur = text;
        self.tell(i, Note::Progress(None, Some(&said)));
    }

    /// Whether a result shows that workers never send what is needed: the first one lacks it, or has
    /// no number in its place.
    fn cannot_use(&mut self, i: usize, id: u64, metrics: &BTreeMap<String, Value>) -> bool {
        let due = matches!(&self.workers[i].state, State::Busy(task) if task.job.id == id);
        if self.complete || !due {
            return false;
        }
        let Some((name, why)) = unusable(metrics, &self.metrics[..self.needed]) else {
            self.complete = true;
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
        self.useless = Some(Error::input(format!("{why}; {mend}")));
        true
    }

    fn answer(
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
            // The first answer counts.
            _ if worker.answered == Some(id) => return,
            State::Busy(task) => format!("it was asked for {}", task.job.id),
            _ => "it was not asked for anything".into(),
        };
        self.lose(i, &format!("it answered for {id}, and {asked}"), work);
    }

    /// Puts off all ends of time, after a time in which nobody could be listened to.
    fn put_off(&mut self, by: Duration) {
        for worker in &mut self.workers {
            if let State::Starting(until)
            | State::Busy(Task {
                until: Some(until), ..
            }) = &mut worker.state
            {
                *until += by;
            }
            for since in [
                worker.gone.as_mut(),
                worker.torn.as_mut().map(|(since, _)| since),
            ]
            .into_iter()
            .flatten()
            {
                *since += by;
            }
        }
    }

    /// Notices processes that have ended though their output is open, as a child of theirs holds it.
    fn miss(&mut self, work: &mut dyn Work) {
        let now = Instant::now();
        for i in 0..self.workers.len() {
            let worker = &mut self.workers[i];
            let process = worker.process.as_mut();
            if process.is_some_and(|process| process.ended().is_some()) {
                // What it said last may be on its way.
                let since = *worker.gone.get_or_insert(now);
                if now.duration_since(since) >= GRACE {
                    self.ended(i, work);
                }
            }
        }
    }

    /// Kills who takes too long.
    fn hurry(&mut self, work: &mut dyn Work) {
        let now = Instant::now();
        for i in 0..self.workers.len() {
            let worker = &self.workers[i];
            if let Some((since, beginning)) = &worker.torn
                && now.duration_since(*since) >= TORN
            {
                let why = format!("it sent half a message, `{beginning}`");
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
                State::Busy(Task {
                    until: Some(until), ..
                }) if *until <= now => {
                    let limit = self.config.timeout.unwrap_or_default();
                    format!("it took more than {} s", limit.as_secs_f64())
                }
                _ => continue,
            };
            let why = worker.with_murmur(why);
            self.lose(i, &why, work);
        }
    }

    /// How long to wait for somebody to say something.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let next = |worker: &Worker| match &worker.state {
            State::Starting(until) => Some(*until),
            State::Busy(task) => task.until,
            State::Down(until) if !self.jobs.is_empty() => Some(*until),
            _ => None,
        };
        let next = self.workers.iter().filter_map(next).min();
        next.map_or(POLL, |until| until.saturating_duration_since(now).min(POLL))
    }

    /// Deals with all that was heard.
    fn listen(&mut self, first: (usize, u64, Heard), work: &mut dyn Work) {
        let mut next = Some(first);
        while let Some((i, life, heard)) = next {
            // What a process said that was killed since does not count.
            if self.workers[i].life == life && self.workers[i].process.is_some() {
                match heard {
                    Heard::Line(line) => self.hear(i, line, work),
                    Heard::Ended => self.ended(i, work),
                }
            }
            next = match self.useless {
                Some(_) => None,
                None => self.heard.try_recv().ok(),
            };
        }
    }

    fn busy(&self) -> bool {
        let busy = |w: &Worker| matches!(w.state, State::Busy(..));
        !self.jobs.is_empty() || self.workers.iter().any(busy)
    }

    /// Gives up all that was begun.
    fn abandon(&mut self) {
        self.jobs.clear();
        for i in 0..self.workers.len() {
            if let State::Busy(..) = self.workers[i].state {
                self.end(i);
                self.workers[i].state = State::Down(Instant::now());
            }
        }
    }

    /// Why no worker can be started, if none can.
    fn hopeless(&self) -> Option<Error> {
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

impl Worker {
    /// A reason, and what the worker printed last.
    fn with_murmur(&self, why: String) -> String {
        match &*self.murmur {
            "" => why,
            murmur => format!("{why}, and had printed `{murmur}`"),
        }
    }

    /// A reason, and what the worker wrote last on standard error and elsewhere.
    fn with_last_words(&self, why: String) -> String {
        let last = self.log.as_ref().and_then(Log::last_line);
        let last = last.map(|line| brief(&line));
        match last.filter(|line| *line != self.murmur) {
            Some(line) => self.with_murmur(format!(
                "{why}, and its last line on standard error is `{line}`"
            )),
            None => self.with_murmur(why),
        }
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
        let mut looked = Instant::now();
        let mut turned = Instant::now();
        loop {
            while let Some(trial) = work.next() {
                self.ids += 1;
                self.jobs.push_back(Job {
                    id: self.ids,
                    trial,
                    lost: 0,
                });
            }
            if !self.busy() {
                return Ok(());
            }
            self.employ(work);
            if let Some(error) = self.hopeless() {
                self.abandon();
                return Err(error);
            }
            let heard = self.heard.recv_timeout(self.patience());
            // Before anybody is found to be late.
            let turn = turned.elapsed();
            turned = Instant::now();
            if turn > PAUSE {
                self.put_off(turn);
            }
            if let Ok(first) = heard {
                self.listen(first, work);
            }
            if let Some(error) = self.useless.take() {
                self.abandon();
                return Err(error);
            }
            self.hurry(work);
            if looked.elapsed() >= POLL {
                looked = Instant::now();
                self.miss(work);
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
        processes.for_each(Process::dismiss);
        let since = Instant::now();
        for i in 0..self.workers.len() {
            if let Some(process) = &mut self.workers[i].process {
                process.leave(since);
            }
            self.end(i);
        }
    }
}
