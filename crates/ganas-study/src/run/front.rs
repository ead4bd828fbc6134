//! The front of a run, and how its hypervolume grew.

use std::collections::BTreeMap;

use ganas_core::driver::Problem;
use ganas_core::front::{self, ReferenceBox, improvement};
use ganas_core::ledger::{Ledger, Query};

use super::track::budgets;
use crate::record::{FrontMember, FrontRecord};
use crate::task::Task;
use crate::task::front::FrontMeasure;

/// The front of a run as its record has it.
pub(super) struct RunFront {
    /// Numbers of the front.
    pub record: FrontRecord,
    /// Architectures, by the first objective, best first.
    pub members: Vec<FrontMember>,
    /// Reference point by metric.
    pub reference: BTreeMap<String, f64>,
}

/// A compliant trial with its values without noise.
struct Point<'q> {
    query: &'q Query,
    number: usize,
    values: Vec<f64>,
}

/// Front of a run that had `budget` queries, of which it `reached` some. `None` with a single objective.
pub(super) fn of_run(
    task: &Task,
    problem: &Problem,
    ledger: &Ledger,
    budget: usize,
    reached: usize,
) -> Option<RunFront> {
    let measure = task.front.as_ref()?;
    let points = points(task, problem, ledger);
    let values: Vec<Vec<f64>> = points.iter().map(|point| point.values.clone()).collect();
    let (reference, area) = measure.area_of(&values);
    let turned: Vec<Vec<f64>> = values.iter().map(|v| measure.turned(v)).collect();
    let mut front: Vec<&Point> = (front::front(&turned).into_iter())
        .map(|i| &points[i])
        .collect();
    front.sort_by(|a, b| {
        let first = |point: &Point| task.objective.turn(point.values[0]);
        first(b).total_cmp(&first(a))
    });
    let steps = area.map_or_else(Vec::new, |area| steps(&points, &area));
    let whole = measure.table.as_ref().map(|table| table.hypervolume);
    let share = |volume: f64| whole.map_or(volume, |whole| volume / whole);
    let at = |queries: usize| {
        let until = steps.partition_point(|(query, _)| *query <= queries);
        until.checked_sub(1).map_or(0.0, |i| steps[i].1)
    };
    let hypervolume = at(usize::MAX);
    let share_at = (budgets(budget).into_iter())
        .map(|b| (b, (b <= reached).then(|| share(at(b)))))
        .collect();
    Some(RunFront {
        record: FrontRecord {
            front_size: front.len(),
            hypervolume,
            hypervolume_share: whole.map(|_| share(hypervolume)),
            share_at,
            hypervolume_steps: steps,
            front_values: front.iter().map(|point| point.values.clone()).collect(),
            front_archs: (front.iter())
                .map(|point| task.space.format(&point.query.arch))
                .collect(),
        },
        members: front
            .iter()
            .map(|point| member(task, problem, point))
            .collect(),
        reference: named(measure, &reference),
    })
}

fn named(measure: &FrontMeasure, reference: &[f64]) -> BTreeMap<String, f64> {
    match reference {
        [] => measure.on_record(),
        reference => measure.named(reference),
    }
}

/// All compliant trials in order.
fn points<'q>(task: &Task, problem: &Problem, ledger: &'q Ledger) -> Vec<Point<'q>> {
    let numbered = ledger.queries().iter().enumerate();
    let compliant = numbered.filter(|(_, q)| q.merit().is_some() && q.trial().is_full());
    compliant
        .map(|(place, query)| {
            let mut values = problem.objective_metrics(&query.metrics);
            values[0] = task.without_noise(&query.arch, values[0]);
            Point {
                query,
                number: (place + 1).saturating_sub(ledger.history()),
                values,
            }
        })
        .collect()
}

/// Queries that added to the hypervolume, with the volume after each.
fn steps(points: &[Point], area: &ReferenceBox) -> Vec<(usize, f64)> {
    let mut front: Vec<Vec<f64>> = Vec::new();
    let mut steps: Vec<(usize, f64)> = Vec::new();
    let mut volume = 0.0;
    for point in points {
        let gains = area.gains(&point.values);
        let added = improvement(&gains, &front);
        if added <= 0.0 {
            continue;
        }
        volume += added;
        front.retain(|other| !front::dominates(&gains, other));
        front.push(gains);
        match steps.last_mut().filter(|(query, _)| *query == point.number) {
            // Several that were known before the first query.
            Some(step) => step.1 = volume,
            None => steps.push((point.number, volume)),
        }
    }
    steps
}

fn member(task: &Task, problem: &Problem, point: &Point) -> FrontMember {
    let metrics = problem.metrics().iter().cloned();
    let values = point.query.metrics.iter();
    let mut metrics: BTreeMap<String, Option<f64>> = metrics
        .zip(values.map(|v| Some(*v).filter(|v| v.is_finite())))
        .collect();
    metrics.insert(task.objective.metric.clone(), Some(point.values[0]));
    FrontMember {
        arch: task.space.format(&point.query.arch),
        metrics,
        query: point.number,
    }
}
