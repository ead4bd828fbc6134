//! The record of a search that has ended.

use std::collections::BTreeMap;

use ganas_core::arch::Arch;
use ganas_core::driver::{Problem, StopReason};
use ganas_core::ledger::Query;
use ganas_core::trial::Fidelity;
use ganas_core::with_excess;

use super::execute::Executed;
use super::front;
use super::plan::Plan;
use super::top;
use super::track::{Improvement, Judged, rank_at};
use crate::progress::Bar;
use crate::record::{FidelityRun, Improved, Nearest, Run, SearchReport, Step};
use crate::task::Task;

/// The architecture that is reported in a column that the search does not see.
struct Reported {
    arch: Arch,
    value: f64,
    rank: usize,
}

impl Plan<'_> {
    /// Returns true if a search was stopped before its end.
    pub(super) fn is_broken_off(stop: StopReason) -> bool {
        matches!(stop, StopReason::Interrupted | StopReason::Failures)
    }

    /// Makes the record. What is evaluated again is charged on the bar.
    pub(super) fn summarise(
        &self,
        problem: &Problem,
        executed: &Executed,
        bar: &Bar,
    ) -> SearchReport {
        let (task, done) = (self.task, &executed.run);
        let broken_off = Self::is_broken_off(done.stop);
        let mut improvements = executed.improvements.clone();
        let full = improvements
            .iter_mut()
            .filter(|i| i.fidelity == Fidelity::Full);
        for step in full {
            step.value = task.without_noise(&step.arch, step.value);
        }
        let best = improvements.last();
        let again = if broken_off {
            Vec::new()
        } else {
            done.ledger.top(task.reevaluate)
        };
        bar.advance(again.len());
        let picks = match task.reevaluate {
            0 => best.map(|b| b.arch).into_iter().collect(),
            _ => again.iter().map(|q| q.arch).collect::<Vec<Arch>>(),
        };
        let reported = reported(task, picks);
        let mut run = self.run_record(executed, &improvements, reported.as_ref(), again.len());
        let reached = self.reached(executed);
        let front = front::of_run(task, problem, &done.ledger, self.queries, reached);
        let (mut members, mut reference) = (None, BTreeMap::new());
        if let Some(front) = front {
            run.front = Some(front.record);
            (members, reference) = (Some(front.members), front.reference);
        }
        let evaluated = done.ledger.charged();
        let space = &task.space;
        let mut report = SearchReport {
            space: space.name().into(),
            objective: task.label(),
            optimum: task.optimum(),
            best_row: task.best_row(),
            front: members,
            reference,
            table_front: task.table_front(),
            run,
            row: None,
            top: Vec::new(),
            trajectory: (improvements.iter())
                .map(|i| Step {
                    query: i.query,
                    best: i.value,
                    arch: space.format(&i.arch),
                    rank: rank_of(task, i),
                    cost: task.axis.as_ref().map(|_| i.cost),
                    level: task.axis.as_ref().map(|axis| axis.level(i.fidelity)),
                })
                .collect(),
            improved: improved(problem, task, done.ledger.queries(), done.ledger.best()),
            nearest: match done.ledger.best() {
                Some(_) => None,
                None => nearest(problem, task, done.ledger.queries()),
            },
            failure: evaluated.iter().find_map(|q| q.failure.clone()),
            winner: None,
            outlook: None,
            provenance: executed.provenance.clone(),
        };
        if self.alone && !broken_off {
            let best = best.map(|b| b.arch);
            (report.row, report.top) = top::of(task, problem, &done.ledger, best, self.top);
        }
        report
    }

    /// Returns true if a search ended before its budget was spent, and can be continued.
    fn is_unfinished(stop: StopReason) -> bool {
        Self::is_broken_off(stop) || stop == StopReason::TimeLimit
    }

    /// The number of queries up to which the run can be judged.
    fn reached(&self, executed: &Executed) -> usize {
        if Self::is_unfinished(executed.run.stop) {
            executed.run.ledger.charged().len()
        } else {
            self.queries
        }
    }

    /// The numbers of the run; `again` is how many were evaluated again.
    fn run_record(
        &self,
        executed: &Executed,
        improvements: &[Improvement],
        reported: Option<&Reported>,
        again: usize,
    ) -> Run {
        let (task, done) = (self.task, &executed.run);
        let evaluated = done.ledger.charged();
        let best = improvements.last();
        let seen = executed.improvements.last().map(|best| best.value);
        let reached = self.reached(executed);
        let measured = match &task.report {
            Some(_) => reported.map(|reported| reported.value),
            None => best.map(|best| best.value),
        };
        let judged = reported.map(|r| r.arch).or(best.map(|best| best.arch));
        let best_row = task.best_row();
        let distance = |value: Option<f64>| Some(value? - best_row.as_ref()?.value);
        Run {
            strategy: self.recipe.strategy().into(),
            preset: self.recipe.preset().into(),
            seed: self.seed,
            queries: evaluated.len() + again,
            best: best.map(|b| b.value),
            best_arch: best.map(|b| task.space.format(&b.arch)),
            best_rank: best.and_then(|b| rank_of(task, b)),
            queries_to_best: best.map(|b| b.query),
            queries_to_optimum: best
                .filter(|b| rank_of(task, b) == Some(1))
                .map(|b| b.query),
            rank_at: match &task.ranking {
                Some(_) => {
                    let budget = self.queries;
                    let judged = Judged { budget, reached };
                    rank_at(improvements, judged, |i| i.query, |i| rank_of(task, i))
                }
                None => BTreeMap::new(),
            },
            fidelity: self.fidelity_record(executed, improvements),
            seconds: executed.seconds,
            stop: done.stop,
            rejected: done.rejected,
            noncompliant: (evaluated.iter())
                .filter(|q| q.failure.is_none() && !q.compliant)
                .count(),
            failed: evaluated.iter().filter(|q| q.failure.is_some()).count(),
            reported: reported.map(|reported| reported.value),
            reported_rank: reported.map(|reported| reported.rank),
            reported_arch: reported
                .filter(|_| task.reevaluate > 0)
                .map(|reported| task.space.format(&reported.arch)),
            measured_distance: distance(measured),
            predicted_distance: distance(judged.and_then(|arch| task.predicted(&arch))),
            reevaluated: (task.reevaluate > 0).then_some(again),
            seen: seen.filter(|_| task.deviation().is_some()),
            front: None,
            steps: Vec::new(),
        }
    }
}

impl Plan<'_> {
    /// The numbers of a run at several fidelities.
    fn fidelity_record(
        &self,
        executed: &Executed,
        improvements: &[Improvement],
    ) -> Option<FidelityRun> {
        let unfinished = Self::is_unfinished(executed.run.stop);
        let (task, ledger) = (self.task, &executed.run.ledger);
        let axis = task.axis.as_ref()?;
        let best = improvements.last();
        let cost = ledger.cost();
        let spent = usize::try_from(cost).unwrap_or(usize::MAX);
        let budget = self.cost.map_or(spent, |cost| cost as usize);
        let judged = Judged {
            budget,
            reached: if unfinished { spent } else { budget },
        };
        let full = best.filter(|i| i.fidelity == Fidelity::Full);
        let is_full = |q: &&Query| q.reached() == Fidelity::Full;
        let is_stopped = |q: &&Query| q.stopped.is_some();
        Some(FidelityRun {
            cost,
            cost_to_best: best.map(|i| i.cost),
            best_at_max: full.map(|i| i.value),
            final_rank: best.and_then(|i| task.rank_of_arch(&i.arch)),
            recommended_at: best.map(|i| axis.level(i.fidelity)),
            trained_to_max: ledger.charged().iter().filter(is_full).count(),
            stopped_early: ledger.charged().iter().filter(is_stopped).count(),
            rank_at_cost: match &task.ranking {
                Some(_) => rank_at(
                    improvements,
                    judged,
                    |i| i.cost as usize,
                    |i| rank_of(task, i),
                ),
                None => BTreeMap::new(),
            },
            cost_steps: Vec::new(),
        })
    }
}

/// The rank of an improvement in the table, by its value at full fidelity.
fn rank_of(task: &Task, improvement: &Improvement) -> Option<usize> {
    match &task.axis {
        Some(_) => task.rank_of_arch(&improvement.arch),
        None => task.rank_of(improvement.value),
    }
}

/// The best of some architectures in the column that is reported.
fn reported(task: &Task, picks: Vec<Arch>) -> Option<Reported> {
    let known = picks.into_iter().filter_map(|arch| {
        let (value, rank) = task.reported(&arch)?;
        Some(Reported { arch, value, rank })
    });
    known.min_by_key(|reported| reported.rank)
}

/// Compares each starting point with the best.
fn improved(
    problem: &Problem,
    task: &Task,
    queries: &[Query],
    best: Option<&Query>,
) -> Vec<Improved> {
    let Some(best) = best else {
        return Vec::new();
    };
    let value = |q: &Query| q.value().map(|score| task.objective.turn(score));
    (task.start.iter())
        .filter_map(|arch| queries.iter().find(|q| q.round == 0 && q.arch == *arch))
        .map(|start| Improved {
            start: task.space.format(&start.arch),
            value: value(start),
            rank: value(start).and_then(|v| task.rank_of(v)),
            change: value(best).zip(value(start)).map(|(to, from)| to - from),
            metrics: (task.constraints.iter())
                .filter_map(|c| problem.metrics().iter().position(|m| *m == c.metric))
                .map(|i| {
                    let of = |q: &Query| q.metrics.get(i).copied().filter(|v| !v.is_nan());
                    (problem.metrics()[i].clone(), [of(start), of(best)])
                })
                .collect(),
        })
        .collect()
}

/// The evaluated architecture that is nearest to complying.
fn nearest(problem: &Problem, task: &Task, queries: &[Query]) -> Option<Nearest> {
    let beyond = |q: &Query| problem.excess(&q.arch, Some(&q.metrics));
    let measured = queries.iter().filter(|q| q.value().is_some());
    let nearest = measured.min_by(|a, b| beyond(a).total_cmp(&beyond(b)))?;
    Some(Nearest {
        arch: task.space.format(&nearest.arch),
        breaches: (problem
            .breaches(&nearest.arch, Some(&nearest.metrics))
            .iter())
        .map(|(constraint, value)| with_excess(constraint, *value))
        .collect(),
    })
}
