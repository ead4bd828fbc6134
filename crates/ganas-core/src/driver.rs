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

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// All queries were spent.
    Budget,
    /// Something as good as the target was found.
    Target,
    /// The strategy had nothing more to propose.
    Exhausted,
    /// The strategy kept proposing what had been evaluated already.
    Stalled,
    /// Evaluations kept failing: the first ones all failed, or many in a row for the same reason.
    Failures,
    /// Its time was up.
    TimeLimit,
    /// Somebody asked it to stop.
    Interrupted,
}

/// How far a search goes, and from where.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The number of queries to spend.
    pub queries: usize,
    /// Trials that are evaluated first.
    pub start: Vec<Trial>,
    /// The value of the objective that ends the search, once something compliant is as good.
    pub target: Option<f64>,
    /// So many failed evaluations end the search if they are the first; four times as many in a row do
    /// later if they fail for the same reason. 0 never ends it.
    pub max_failures: usize,
    /// When it ends, whatever it has come to.
    pub deadline: Option<Instant>,
}

/// What came of a search.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every query.
    pub ledger: Ledger,
    /// Every round since it began or was resumed from a checkpoint.
    pub rounds: Vec<Round>,
    /// Why it ended.
    pub stop: StopReason,
    /// Distinct architectures that the strategy looked at and constraints ruled out without a
    /// query.
    pub rejected: usize,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// A search that is about to run: from nothing, or from what is known already.
pub struct Search<'a> {
    problem: &'a Problem<'a>,
    limits: &'a Limits,
    history: Vec<Finished>,
    finished: Vec<Finished>,
    checkpoint: Option<Checkpoint>,
    /// How many evaluations are under way at once, each from so many evaluations on; none where
    /// rounds follow each other.
    slots: Vec<(usize, usize)>,
}

impl<'a> Search<'a> {
    /// A search from nothing, in rounds that follow each other.
    pub fn new(problem: &'a Problem<'a>, limits: &'a Limits) -> Self {
        Search {
            problem,
            limits,
            history: Vec::new(),
            finished: Vec::new(),
            checkpoint: None,
            slots: Vec::new(),
        }
    }

    /// Lets rounds overlap, so that so many evaluations are under way at any time. The trace then
    /// depends on the order in which they finish.
    pub fn asynchronous(self, slots: usize) -> Self {
        Search {
            slots: vec![(0, slots.max(1))],
            ..self
        }
    }

    /// Where rounds overlap: another number of evaluations under way, from so many evaluations on.
    pub fn slots_from(mut self, evaluations: usize, slots: usize) -> Self {
        self.slots.push((evaluations, slots.max(1)));
        self
    }

    /// Evaluations that were made before and are known from the beginning. They are no queries.
    pub fn knowing(self, history: Vec<Finished>) -> Self {
        Search { history, ..self }
    }

    /// Goes on with a search that came to some evaluations, in the order in which they finished,
    /// and maybe to a checkpoint. Everything else has to be as it was; then the search ends as if
    /// nothing had happened. A checkpoint that does not fit is ignored.
    pub fn resuming(self, finished: Vec<Finished>, checkpoint: Option<Checkpoint>) -> Self {
        Search {
            finished,
            checkpoint,
            ..self
        }
    }

    /// Runs a strategy until the queries are spent, the target is reached, it has nothing more to
    /// propose, or `stop` is set.
    ///
    /// # Errors
    /// Only what an observer, the strategy or the evaluator returns. Failed evaluations are data.
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
        let strategy = &mut Supervised::new(self.problem, strategy)?;
        let count = self.finished.len();
        let fits = |c: &Checkpoint| c.queries.iter().all(|(place, _)| *place < count);
        let checkpoint = match self.checkpoint.filter(fits) {
            Some(checkpoint) if strategy.restore(&checkpoint.strategy)? => Some(checkpoint),
            _ => None,
        };
        let (problem, limits) = (self.problem, self.limits);
        let mut course = Course::new(problem, limits, self.finished, observers, stop);
        for Finished { trial, outcome } in self.history {
            course.ledger.remember(problem.query(trial, 0, outcome));
        }
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

/// Runs a strategy on a problem until its queries are spent, it has nothing more to propose, or
/// `stop` is set.
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
