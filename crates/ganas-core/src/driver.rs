//! The driver: runs any strategy against any evaluator.

mod course;
mod failures;
mod overlap;
mod rounds;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::checkpoint::Checkpoint;
use crate::constraint::{Constraint, Predicate, contradiction};
use crate::error::{Error, Result, nearest};
use crate::evaluate::{Details, Evaluator, Outcome};
use crate::ledger::{Ledger, Query};
use crate::pool::{Admitted, Pool};
use crate::space::{Sampler, SearchSpace};
use crate::strategy::{Context, Rejected, Strategy};

use course::Course;
pub(crate) use overlap::OpenBatch;

/// Rounds in a row without a new query after which a strategy counts as stalled.
const STALLED_ROUNDS: usize = 20_000;

/// What is searched for: a metric, and which way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// The metric's name.
    pub metric: String,
    /// Whether smaller is better.
    pub minimize: bool,
}

impl Objective {
    /// A metric's value turned so that larger is better, and back.
    pub fn turn(&self, value: f64) -> f64 {
        if self.minimize { -value } else { value }
    }
}

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

/// The record of one round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Round {
    /// The round's number, from 1; 0 evaluates the starting points.
    pub round: usize,
    /// Architectures that the strategy asked for.
    pub asked: usize,
    /// Of those, new ones that were evaluated.
    pub new: usize,
    /// Queries so far.
    pub queries: usize,
    /// The best objective so far among compliant architectures.
    pub best: Option<f64>,
    /// What the strategy reports: once it was told, or, where rounds overlap, once it had asked.
    pub gauges: Vec<(String, f64)>,
}

/// Something that watches a search. An error stops the search and is returned from it.
pub trait Observer {
    /// The search begins, or goes on after so many rounds. What was queried in those is told again,
    /// but not how they ended.
    fn begin(&mut self, rounds: usize) -> Result<()> {
        let _ = rounds;
        Ok(())
    }

    /// What else is known of an evaluation, before it [finishes](Self::finished).
    fn details(&mut self, arch: &Arch, details: &Details) -> Result<()> {
        let _ = (arch, details);
        Ok(())
    }

    /// An evaluation finished just now, in whatever order evaluations do.
    fn finished(&mut self, arch: &Arch, outcome: &Outcome) -> Result<()> {
        let _ = (arch, outcome);
        Ok(())
    }

    /// An evaluation counts that had finished before the search was resumed, and that the round
    /// which is going on asked for.
    fn recalled(&mut self, arch: &Arch, outcome: &Outcome) -> Result<()> {
        let _ = (arch, outcome);
        Ok(())
    }

    /// Nothing is to be done but to wait for evaluations, or a round of them is over.
    fn wait(&mut self) -> Result<()> {
        Ok(())
    }

    /// A new query was charged; `number` counts from 1. In rounds that follow each other this is in
    /// the order asked for, once all evaluations of the round have finished.
    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        let _ = (number, query);
        Ok(())
    }

    /// A round ended.
    fn round(&mut self, round: &Round) -> Result<()> {
        let _ = round;
        Ok(())
    }

    /// So many seconds of wall time went into a part of a round: what the strategy names in its
    /// [`timings`](Strategy::timings), `asking` for the rest of the time in which it made up its
    /// mind, `evaluating` for the time in which there was nothing to do but to wait for
    /// evaluations, and `telling`. This is told before the round ends, where rounds overlap before
    /// the next one that does; times are no part of the trace.
    fn spent(&mut self, part: &str, seconds: f64) -> Result<()> {
        let _ = (part, seconds);
        Ok(())
    }

    /// The search is between two rounds; `state` is its state, if its strategy can be saved.
    fn between(&mut self, state: &dyn Fn() -> Option<Checkpoint>) -> Result<()> {
        let _ = state;
        Ok(())
    }
}

/// What is searched, by which measure, and within which bounds.
pub struct Problem<'a> {
    space: &'a dyn SearchSpace,
    objective: Objective,
    constraints: Vec<Constraint>,
    pub(crate) sampler: Sampler,
    metrics: Vec<String>,
    /// How many of the metrics come from the evaluator; the rest are costs of the space.
    measured: usize,
    /// The costs of the space that make up the rest, by index.
    derived: Vec<usize>,
    objective_index: usize,
    /// For each constraint, its metric among `metrics`.
    constrained: Vec<usize>,
    /// For each constraint, its metric among the costs of the space, where those decide.
    pub(crate) cheap: Vec<Option<usize>>,
    pub(crate) predicates: Vec<Predicate>,
    pool: Option<Admitted>,
}

impl<'a> Problem<'a> {
    /// Puts a problem together, given the names of what its evaluator measures. A cost of the space
    /// of the same name stands back behind it.
    ///
    /// # Errors
    /// If the objective or a constraint names no known metric, two constraints contradict each
    /// other, or the sampler is not feasible in the space.
    pub fn new(
        space: &'a dyn SearchSpace,
        measured: &[String],
        objective: Objective,
        constraints: Vec<Constraint>,
        sampler: Sampler,
    ) -> Result<Self> {
        let costs = space.costs();
        let derived: Vec<usize> = (0..costs.len())
            .filter(|&i| !measured.contains(&costs[i]))
            .collect();
        let mut metrics = measured.to_vec();
        metrics.extend(derived.iter().map(|&i| costs[i].clone()));
        let objective_index = find(&metrics, &objective.metric)?;
        let constrained: Vec<usize> = constraints
            .iter()
            .map(|c| find(&metrics, &c.metric))
            .collect::<Result<_>>()?;
        if let Some((low, high)) = contradiction(&constraints) {
            return Err(
                Error::input(format!("`{low}` and `{high}` contradict each other"))
                    .mend("leave one of them out"),
            );
        }
        let cheap = (constraints.iter())
            .map(|c| derived.iter().copied().find(|&i| costs[i] == c.metric))
            .collect();
        Sampler::feasible(space, Some(sampler))?;
        Ok(Problem {
            space,
            objective,
            constraints,
            sampler,
            measured: measured.len(),
            derived,
            metrics,
            objective_index,
            constrained,
            cheap,
            predicates: Vec::new(),
            pool: None,
        })
    }

    /// The problem, where what is measured under these names is the space's own cost of that name,
    /// so that it is known before a query is spent.
    pub fn agreeing(mut self, names: &[String]) -> Self {
        for (constraint, cheap) in self.constraints.iter().zip(&mut self.cheap) {
            if names.contains(&constraint.metric) {
                let costs = self.space.costs();
                *cheap = costs.iter().position(|cost| *cost == constraint.metric);
            }
        }
        match self.pool.take() {
            Some(admitted) => self.within(admitted.pool),
            None => self,
        }
    }

    /// The problem with further conditions on architectures.
    pub fn requiring(mut self, predicates: Vec<Predicate>) -> Self {
        self.predicates = predicates;
        match self.pool.take() {
            Some(admitted) => self.within(admitted.pool),
            None => self,
        }
    }

    /// The problem within a pool: nothing else can be evaluated.
    pub fn within(mut self, pool: Arc<Pool>) -> Self {
        let admitted = pool.archs().iter().map(|a| self.complies_beforehand(a));
        let admitted = admitted.collect();
        self.pool = Some(Admitted::new(pool, admitted));
        self
    }

    /// The search space.
    pub fn space(&self) -> &'a dyn SearchSpace {
        self.space
    }

    /// The objective.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// The names of what the evaluator measures.
    pub fn measured(&self) -> &[String] {
        &self.metrics[..self.measured]
    }

    /// The names of a query's metrics: what the evaluator measures, then costs of the space.
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    pub(crate) fn pool(&self) -> Option<&Admitted> {
        self.pool.as_ref()
    }

    /// Whether an architecture can be evaluated.
    pub(crate) fn holds(&self, arch: &Arch) -> bool {
        (self.pool.as_ref()).is_none_or(|p| p.pool.find(arch).is_some())
    }

    /// Whether an architecture can be evaluated, the constraints on costs of the space hold, and
    /// so do all predicates.
    pub fn admits(&self, arch: &Arch) -> bool {
        match &self.pool {
            Some(pool) => pool.admits(arch),
            None => self.complies_beforehand(arch),
        }
    }

    fn complies_beforehand(&self, arch: &Arch) -> bool {
        self.constraints
            .iter()
            .zip(&self.cheap)
            .all(|(constraint, cost)| {
                cost.is_none_or(|index| constraint.holds(self.space.cost(arch, index)))
            })
            && self.unmet(arch).is_none()
    }

    /// The constraints on metrics that only an evaluation tells, each with its metric's place.
    pub fn measured_constraints(&self) -> impl Iterator<Item = (&Constraint, usize)> {
        (self
            .constraints
            .iter()
            .zip(&self.constrained)
            .zip(&self.cheap))
        .filter(|(_, cheap)| cheap.is_none())
        .map(|((constraint, &metric), _)| (constraint, metric))
    }

    /// The first predicate that does not hold for an architecture.
    pub fn unmet(&self, arch: &Arch) -> Option<&Predicate> {
        self.predicates.iter().find(|p| !(p.holds)(arch))
    }

    /// The constraints that an architecture breaks, with what it has instead: all of them where its
    /// metrics are given, else those on costs of the space.
    pub fn breaches(&self, arch: &Arch, metrics: Option<&[f64]>) -> Vec<(&Constraint, f64)> {
        let value = |i: usize| match metrics {
            Some(metrics) => Some(metrics[self.constrained[i]]),
            None => self.cheap[i].map(|cost| self.space.cost(arch, cost)),
        };
        (self.constraints.iter().enumerate())
            .filter_map(|(i, constraint)| Some((constraint, value(i)?)))
            .filter(|(constraint, value)| !constraint.holds(*value))
            .collect()
    }

    /// How far an architecture is beyond the bounds in all, as the sum of the shares of them: beyond
    /// all of them where its metrics are given, else beyond those on costs of the space. It is 0 only
    /// where the bounds are kept, and infinite where a metric was not measured.
    pub fn excess(&self, arch: &Arch, metrics: Option<&[f64]>) -> f64 {
        let breaches = self.breaches(arch, metrics);
        // A bound that has to be undercut is broken by what is just there.
        let beyond = |(c, value): &(&Constraint, f64)| c.excess(*value).max(f64::MIN_POSITIVE);
        breaches.iter().map(beyond).sum()
    }

    /// Whether all constraints and predicates hold for an architecture with these metrics.
    pub fn complies(&self, arch: &Arch, metrics: &[f64]) -> bool {
        (self.constraints.iter().zip(&self.constrained))
            .all(|(constraint, &index)| constraint.holds(metrics[index]))
            && self.unmet(arch).is_none()
    }

    /// All metrics of an architecture, given those that were measured.
    pub fn complete(&self, arch: &Arch, measured: Vec<f64>) -> Vec<f64> {
        let mut metrics = measured;
        metrics.extend(self.derived.iter().map(|&i| self.space.cost(arch, i)));
        metrics
    }

    fn context<'b>(
        &'b self,
        ledger: &'b Ledger,
        rejected: &'b Rejected,
        pending: &'b HashSet<Arch>,
    ) -> Context<'b> {
        Context {
            space: self.space,
            ledger,
            sampler: self.sampler,
            problem: self,
            rejected,
            pending,
        }
    }

    /// Why an evaluation failed, if it did.
    pub fn failure(&self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::Failed(reason) => Some(reason.clone()),
            Outcome::Done(measured) if measured.len() != self.measured => Some(format!(
                "{} metrics came back where {} were expected",
                measured.len(),
                self.measured
            )),
            Outcome::Done(measured) => {
                // A cost of the space is always a number.
                let value = measured.get(self.objective_index)?;
                (!value.is_finite()).then(|| format!("the objective is {value}"))
            }
        }
    }

    /// What an evaluation is on record as.
    pub fn query(&self, arch: Arch, round: usize, outcome: Outcome) -> Query {
        let failed = |reason: String| Query {
            arch,
            round,
            score: None,
            compliant: false,
            metrics: Vec::new(),
            failure: Some(reason),
        };
        match (self.failure(&outcome), outcome) {
            (Some(reason), _) | (None, Outcome::Failed(reason)) => failed(reason),
            (None, Outcome::Done(measured)) => {
                let metrics = self.complete(&arch, measured);
                Query {
                    compliant: self.complies(&arch, &metrics),
                    arch,
                    round,
                    score: Some(self.objective.turn(metrics[self.objective_index])),
                    metrics,
                    failure: None,
                }
            }
        }
    }
}

/// The place of a metric among others.
///
/// # Errors
/// If it is not among them; the error lists them.
pub fn find(metrics: &[String], name: &str) -> Result<usize> {
    metrics.iter().position(|m| m == name).ok_or_else(|| {
        let known = metrics.join(", ");
        let hint = match nearest(name, metrics.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? There are {known}"),
            None => format!("there are {known}"),
        };
        Error::input(format!("there is no metric `{name}`")).mend(hint)
    })
}

/// How far a search goes, and from where.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The number of queries to spend.
    pub queries: usize,
    /// Architectures that are evaluated first.
    pub start: Vec<Arch>,
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
    history: Vec<(Arch, Outcome)>,
    finished: Vec<(Arch, Outcome)>,
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
    pub fn knowing(self, history: Vec<(Arch, Outcome)>) -> Self {
        Search { history, ..self }
    }

    /// Goes on with a search that came to some evaluations, in the order in which they finished,
    /// and maybe to a checkpoint. Everything else has to be as it was; then the search ends as if
    /// nothing had happened. A checkpoint that does not fit is ignored.
    pub fn resuming(self, finished: Vec<(Arch, Outcome)>, checkpoint: Option<Checkpoint>) -> Self {
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
        let count = self.finished.len();
        let fits = |c: &Checkpoint| c.queries.iter().all(|(place, _)| *place < count);
        let checkpoint =
            (self.checkpoint).filter(|c| fits(c) && strategy.restore(&c.strategy).is_ok());
        let (problem, limits) = (self.problem, self.limits);
        let mut course = Course::new(problem, limits, self.finished, observers, stop);
        for (arch, outcome) in self.history {
            course.ledger.remember(problem.query(arch, 0, outcome));
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
