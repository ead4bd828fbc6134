//! The driver: runs any strategy against any evaluator.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::constraint::{Constraint, contradiction};
use crate::error::{Error, Result, nearest};
use crate::evaluate::{Evaluator, Outcome};
use crate::ledger::{Ledger, Query};
use crate::pool::Pool;
use crate::space::{Sampler, SearchSpace};
use crate::strategy::{Context, Gauge, Rejected, Strategy};

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
    /// The strategy had nothing more to propose.
    Exhausted,
    /// The strategy kept proposing what had been evaluated already.
    Stalled,
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
    /// What the strategy reports.
    pub gauges: Vec<Gauge>,
}

/// Something that watches a search. An error stops the search and is returned from it.
pub trait Observer {
    /// A new query was charged; `number` counts from 1.
    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        let _ = (number, query);
        Ok(())
    }

    /// A round ended.
    fn round(&mut self, round: &Round) -> Result<()> {
        let _ = round;
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
    /// For each constraint, its metric among the costs of the space.
    pub(crate) cheap: Vec<Option<usize>>,
    pool: Option<Admitted>,
}

/// A pool, and what the constraints on costs of the space leave of it.
pub(crate) struct Admitted {
    pub pool: Arc<Pool>,
    admitted: Vec<bool>,
}

impl Admitted {
    /// The members of the pool that are admitted, with their places.
    pub fn admitted(&self) -> impl Iterator<Item = (usize, &Arch)> {
        (self.pool.archs().iter().enumerate()).filter(|(i, _)| self.admitted[*i])
    }
}

impl<'a> Problem<'a> {
    /// Puts a problem together, given the names of what its evaluator measures.
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
            .map(|c| costs.iter().position(|cost| *cost == c.metric))
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
            pool: None,
        })
    }

    /// The problem within a pool: nothing else can be evaluated.
    pub fn within(mut self, pool: Arc<Pool>) -> Self {
        let admitted = pool.archs().iter().map(|a| self.complies_beforehand(a));
        self.pool = Some(Admitted {
            admitted: admitted.collect(),
            pool,
        });
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

    /// Whether an architecture can be evaluated and the constraints on costs of the space hold.
    pub fn admits(&self, arch: &Arch) -> bool {
        match &self.pool {
            Some(p) => p.pool.find(arch).is_some_and(|i| p.admitted[i]),
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

    /// Whether all constraints hold for an architecture with these metrics.
    pub fn complies(&self, metrics: &[f64]) -> bool {
        (self.constraints.iter().zip(&self.constrained))
            .all(|(constraint, &index)| constraint.holds(metrics[index]))
    }

    /// All metrics of an architecture, given those that were measured.
    pub fn complete(&self, arch: &Arch, measured: Vec<f64>) -> Vec<f64> {
        let mut metrics = measured;
        metrics.extend(self.derived.iter().map(|&i| self.space.cost(arch, i)));
        metrics
    }

    fn context<'b>(&'b self, ledger: &'b Ledger, rejected: &'b Rejected) -> Context<'b> {
        Context {
            space: self.space,
            ledger,
            sampler: self.sampler,
            problem: self,
            rejected,
        }
    }

    fn query(&self, arch: Arch, round: usize, outcome: Outcome) -> Query {
        let failed = |reason: String| Query {
            arch,
            round,
            score: None,
            compliant: false,
            metrics: Vec::new(),
            failure: Some(reason),
        };
        match outcome {
            Outcome::Failed(reason) => failed(reason),
            Outcome::Done(measured) if measured.len() != self.measured => failed(format!(
                "{} metrics came back where {} were expected",
                measured.len(),
                self.measured
            )),
            Outcome::Done(measured) => {
                let metrics = self.complete(&arch, measured);
                let value = metrics[self.objective_index];
                if !value.is_finite() {
                    return failed(format!("the objective is {value}"));
                }
                Query {
                    arch,
                    round,
                    score: Some(self.objective.turn(value)),
                    compliant: self.complies(&metrics),
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
}

/// What came of a search.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every query.
    pub ledger: Ledger,
    /// Every round.
    pub rounds: Vec<Round>,
    /// Why it ended.
    pub stop: StopReason,
    /// Distinct architectures that the strategy looked at and constraints ruled out without a
    /// query.
    pub rejected: usize,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// Runs a strategy on a problem until its queries are spent, it has nothing more to propose, or
/// `stop` is set.
///
/// # Errors
/// Only what an observer or the strategy returns. Failed evaluations are data.
pub fn search(
    problem: &Problem,
    evaluator: &mut dyn Evaluator,
    strategy: &mut dyn Strategy,
    limits: &Limits,
    observers: &mut [&mut dyn Observer],
    stop: &AtomicBool,
) -> Result<Run> {
    let begun = Instant::now();
    let mut ledger = Ledger::default();
    let mut rounds: Vec<Round> = Vec::new();
    let rejected = Rejected::default();
    let mut idle = 0;
    let reason = loop {
        let left = limits.queries.saturating_sub(ledger.len());
        if left == 0 {
            break StopReason::Budget;
        }
        if stop.load(Ordering::Relaxed) {
            break StopReason::Interrupted;
        }
        let number = if limits.start.is_empty() {
            rounds.len() + 1
        } else {
            rounds.len()
        };
        let asked = match number {
            0 => limits.start.clone(),
            _ => strategy.ask(&problem.context(&ledger, &rejected), left)?,
        };
        if asked.is_empty() {
            break StopReason::Exhausted;
        }
        let mut batch: Vec<Arch> = Vec::new();
        let mut told: Vec<Arch> = Vec::with_capacity(asked.len());
        for arch in &asked {
            debug_assert_eq!(problem.space.check(arch), Ok(()));
            if ledger.get(arch).is_none() && !batch.contains(arch) {
                if !problem.context(&ledger, &rejected).admits(arch) {
                    continue;
                }
                if batch.len() == left {
                    continue;
                }
                batch.push(*arch);
            }
            told.push(*arch);
        }
        let outcomes = evaluator.evaluate(&batch);
        for (arch, outcome) in batch.iter().zip(outcomes) {
            let query = problem.query(*arch, number, outcome);
            for observer in observers.iter_mut() {
                observer.queried(ledger.len() + 1, &query)?;
            }
            ledger.record(query);
        }
        let results: Vec<Query> = told.iter().filter_map(|a| ledger.get(a).cloned()).collect();
        if number > 0 {
            strategy.tell(&problem.context(&ledger, &rejected), &results);
        }
        let best = ledger
            .best()
            .and_then(Query::merit)
            .map(|m| problem.objective.turn(m));
        let round = Round {
            round: number,
            asked: asked.len(),
            new: batch.len(),
            queries: ledger.len(),
            best,
            gauges: if number > 0 {
                strategy.gauges()
            } else {
                Vec::new()
            },
        };
        for observer in observers.iter_mut() {
            observer.round(&round)?;
        }
        rounds.push(round);
        idle = if batch.is_empty() { idle + 1 } else { 0 };
        if idle == STALLED_ROUNDS {
            break StopReason::Stalled;
        }
    };
    Ok(Run {
        ledger,
        rounds,
        stop: reason,
        rejected: rejected.count(),
        seconds: begun.elapsed().as_secs_f64(),
    })
}
