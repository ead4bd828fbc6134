//! The driver: runs any strategy against any evaluator.

mod boundary;
mod course;
mod failures;
mod observer;
mod overlap;
mod panics;
mod rounds;
mod supervised;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::evaluate::Evaluator;
use crate::journal::Finished;
use crate::ledger::Ledger;
use crate::strategy::Strategy;
use crate::trial::Trial;

use boundary::Boundary;
use course::Course;
pub use observer::{Observer, Round};
pub(crate) use overlap::OpenBatch;
use supervised::Supervised;

pub use crate::problem::{Objective, Problem, find};

/// Rounds in a row without a new query after which a strategy counts as stalled.
const STALLED_ROUNDS: usize = 20_000;

/// Reason for the end of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// All queries were spent, or no proposed trial fits into the rest of the cost.
    Budget,
    /// A compliant trial as good as the target was found.
    Target,
    /// The strategy had nothing more to propose.
    Exhausted,
    /// The strategy proposed known trials only, and no new one is left.
    Stalled,
    /// Too many trials failed: all of the first ones, or many in a row for the same reason.
    Failures,
    /// The time limit was reached.
    TimeLimit,
    /// The search was asked to stop.
    Interrupted,
}

/// Limits and starting points of a search.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Number of queries to spend.
    pub queries: usize,
    /// Cost to spend, in units of the problem's cost axis. A trial that would exceed it is not evaluated.
    pub cost: Option<u64>,
    /// Trials that are evaluated first.
    pub start: Vec<Trial>,
    /// Objective value that ends the search once a compliant trial is as good.
    pub target: Option<f64>,
    /// Number of failures that end a search if all its first trials fail. After a success, four times
    /// as many in a row end it if they have the same reason. 0 is no limit.
    pub max_failures: usize,
    /// Time at which the search ends.
    pub deadline: Option<Instant>,
}

/// Result of a search.
#[derive(Clone, Debug)]
pub struct Run {
    /// All queries.
    pub ledger: Ledger,
    /// Rounds since the beginning, or since the checkpoint from which the search was resumed.
    pub rounds: Vec<Round>,
    /// Reason for its end.
    pub stop: StopReason,
    /// Number of distinct architectures that the strategy considered and constraints rejected
    /// without a query.
    pub rejected: usize,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// Decides by its learning curve if a running trial is stopped early.
///
/// The decision follows from the arguments alone. The ledger is that of the beginning of the round, so that
/// the order in which trials finish does not matter.
pub trait Stopper: Sync {
    /// The predicted value at the fidelity of a trial, turned so that larger is better, if the trial is to
    /// be stopped; `None` if it is to be continued. The curve has all levels so far, the last one new.
    fn stops(
        &self,
        problem: &Problem,
        ledger: &Ledger,
        trial: &Trial,
        curve: &[(u32, f64)],
    ) -> Option<f64>;
}

/// Number of slots from some query on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct SlotChange {
    /// Queries after which it holds.
    after: usize,
    slots: usize,
}

/// Search that is about to run, from nothing or from known trials.
pub struct Search<'a> {
    problem: &'a Problem<'a>,
    limits: &'a Limits,
    history: Vec<Finished>,
    finished: Vec<Finished>,
    checkpoint: Option<Checkpoint>,
    /// Name of the strategy in errors, if it is not its own.
    name: Option<String>,
    /// Stops trials early, if there is one.
    stopper: Option<&'a dyn Stopper>,
    /// Numbers of slots, by increasing query; empty where rounds follow each other.
    slots: Vec<SlotChange>,
}

impl<'a> Search<'a> {
    /// Search from nothing, in rounds that follow each other.
    pub fn new(problem: &'a Problem<'a>, limits: &'a Limits) -> Self {
        Search {
            problem,
            limits,
            history: Vec::new(),
            finished: Vec::new(),
            checkpoint: None,
            name: None,
            stopper: None,
            slots: Vec::new(),
        }
    }

    /// Lets rounds overlap, so that all slots are in use at any time. The trace then depends on the
    /// order in which trials finish.
    pub fn asynchronous(mut self, slots: usize) -> Self {
        self.slots.clear();
        self.slots_from(0, slots)
    }

    /// Changes the number of slots of overlapping rounds after a number of queries.
    pub fn slots_from(mut self, after: usize, slots: usize) -> Self {
        let slots = slots.max(1);
        self.slots.push(SlotChange { after, slots });
        self
    }

    /// Sets the name of the strategy in errors, such as the one under which it is registered.
    pub fn naming(self, strategy: impl Into<String>) -> Self {
        let name = Some(strategy.into());
        Search { name, ..self }
    }

    /// Lets a stopper end trials early, by the reports of the evaluator.
    pub fn stopping_early(self, stopper: &'a dyn Stopper) -> Self {
        let stopper = Some(stopper);
        Search { stopper, ..self }
    }

    /// Adds trials that are known from the beginning. They are not charged.
    pub fn knowing(self, history: Vec<Finished>) -> Self {
        Search { history, ..self }
    }

    /// Continues a search from its finished trials, in the order of its journal, and its checkpoint,
    /// if there is one. If all else is as it was, the search ends as if it had not been interrupted.
    /// A checkpoint of another search is ignored, and its rounds are replayed.
    pub fn resuming(self, finished: Vec<Finished>, checkpoint: Option<Checkpoint>) -> Self {
        Search {
            finished,
            checkpoint,
            ..self
        }
    }

    /// Runs a strategy until the queries are spent, the target is reached, nothing is left to
    /// propose, or `stop` is set.
    ///
    /// # Errors
    /// If the problem needs more than the strategy or the evaluator handles, if one of them breaks
    /// its contract, or if an observer fails. A failed trial is not an error.
    pub fn run(
        self,
        evaluator: &mut dyn Evaluator,
        strategy: &mut dyn Strategy,
        observers: &mut [&mut dyn Observer],
        stop: &AtomicBool,
    ) -> Result<Run> {
        let begun = Instant::now();
        if self.limits.target.is_some() && self.problem.objectives().len() > 1 {
            return Err(Error::input("a target needs a single objective")
                .mend("leave the target or all but one objective out"));
        }
        let evaluator = &mut Boundary::new(self.problem, evaluator)?;
        let strategy = &mut Supervised::new(self.problem, strategy, self.name)?;
        let count = self.finished.len();
        let fits = |c: &Checkpoint| c.queries.iter().all(|query| query.place < count);
        let checkpoint = match self.checkpoint.filter(fits) {
            Some(checkpoint) if strategy.restore(&checkpoint.strategy)? => Some(checkpoint),
            _ => None,
        };
        let (problem, limits) = (self.problem, self.limits);
        let mut course = Course::new(problem, limits, self.finished, observers, stop);
        course.stopping_early(self.stopper);
        self.history
            .into_iter()
            .for_each(|known| course.know(known));
        course.begin(checkpoint.as_ref().map_or(0, |c| c.rounds))?;
        if let Some(checkpoint) = &checkpoint {
            course.resume(checkpoint)?;
        }
        let (stop, rounds) = match &*self.slots {
            [] => rounds::run(&mut course, evaluator, strategy)?,
            slots => {
                let resumed = checkpoint.as_ref();
                overlap::run(&mut course, evaluator, strategy, slots, resumed)?
            }
        };
        Ok(Run {
            rejected: course.rejected.count(),
            ledger: course.ledger,
            rounds,
            stop,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }
}

/// Runs a search from nothing, in rounds that follow each other.
///
/// # Errors
/// As [`Search::run`].
pub fn search(
    problem: &Problem,
    evaluator: &mut dyn Evaluator,
    strategy: &mut dyn Strategy,
    limits: &Limits,
    observers: &mut [&mut dyn Observer],
    stop: &AtomicBool,
) -> Result<Run> {
    Search::new(problem, limits).run(evaluator, strategy, observers, stop)
}
