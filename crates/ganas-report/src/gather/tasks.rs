//! Runs grouped by their tasks.

use std::collections::HashMap;

use crate::{Architectures, Bound, Goal, Origin, Run, State, Task};
use ganas_core::constraint::{Comparison, Constraint};

use ganas_study::registry::Registry;

use super::draw::ArchDrawer;
use super::found::{Evaluation, Found, Key};

/// The best architectures that are shown (ours).
const SHOWN: usize = 6;

/// The best architectures that are drawn, for rows of the table too (ours): with tens of thousands of
/// rows drawn the page would be several times as large.
const DRAWN: usize = 100;

/// The tasks of some runs, in the order in which they come.
pub fn tasks(runs: Vec<Found>, registry: &Registry) -> Vec<Task> {
    let mut groups: Vec<(Key, Vec<Found>)> = Vec::new();
    for found in runs {
        match groups
            .iter_mut()
            .find(|(key, _)| key.is_task_of(&found.key))
        {
            Some((_, group)) => group.push(found),
            None => groups.push((found.key.clone(), vec![found])),
        }
    }
    groups
        .into_iter()
        .map(|(key, group)| task(&key, group, registry))
        .collect()
}

/// Returns true if all bounds hold for metrics with these names.
pub fn complies(bounds: &[Constraint], names: &[String], metrics: &[Option<f64>]) -> bool {
    bounds.iter().all(|bound| {
        let place = names.iter().position(|name| *name == bound.metric);
        let value = place.and_then(|i| metrics.get(i).copied().flatten());
        bound.holds(value.unwrap_or(f64::NAN))
    })
}

/// Names the bounds of runs that differ in them: they are not averaged, and their bests differ.
/// Whether they do.
fn name_bounds(group: &mut [Found]) -> bool {
    let first = group[0].key.constraints.clone();
    if group.iter().all(|found| found.key.constraints == first) {
        return false;
    }
    for found in group {
        found.run.bounds = found.key.constraints.join(", ");
        let within = match found.run.bounds.as_str() {
            "" => "no bounds".to_owned(),
            bounds => bounds.to_owned(),
        };
        found.run.strategy += &format!(" ({within})");
        found.origin.strategy = found.run.strategy.clone();
    }
    true
}

/// Notes for the reader of a comparison. `differ` is true if the runs have different bounds.
fn notes(group: &[Found], differ: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let mut budgets: Vec<usize> = group.iter().map(|f| f.run.budget).collect();
    budgets.sort_unstable();
    budgets.dedup();
    if budgets.len() > 1 {
        let all: Vec<String> = budgets.iter().map(usize::to_string).collect();
        notes.push(format!(
            "The runs may spend different numbers of queries: {}. Compare them at the same number.",
            all.join(", ")
        ));
    }
    let unfinished = group
        .iter()
        .filter(|f| f.run.state != State::Finished)
        .count();
    if unfinished > 0 {
        notes.push(format!(
            "{unfinished} of {} not finished: shown up to the last evaluation. Mean curves end with the \
             first of them.",
            match group.len() {
                1 => "1 run is".into(),
                all => format!("{all} runs are"),
            }
        ));
    }
    if group
        .iter()
        .any(|f| f.run.steps.is_empty() && !f.run.rank_at.is_empty())
    {
        notes.push("Some of these results have ranks at a few numbers of queries only.".into());
    }
    let silent = group.iter().filter(|f| f.evaluations.is_empty()).count();
    if silent > 0 && silent < group.len() {
        notes.push(format!(
            "{silent} of {} runs have no recorded evaluations: the architectures shown are those of \
             the others.",
            group.len()
        ));
    }
    if differ {
        notes.push(
            "The runs have different bounds, which stand beside their strategies. Ranks are among the \
             architectures that keep a run's own bounds."
                .into(),
        );
    }
    notes
}

fn task(key: &Key, mut group: Vec<Found>, registry: &Registry) -> Task {
    let differ = name_bounds(&mut group);
    let common = |text: &&String| group.iter().all(|f| f.key.constraints.contains(text));
    let constraints = Key {
        constraints: key.constraints.iter().filter(common).cloned().collect(),
        ..key.clone()
    }
    .constraints();
    let mut task = Task {
        space: key.space.clone(),
        objective: key.objective.clone(),
        minimize: key.minimize,
        objectives: goals(&group[0]),
        source: source(&group[0]),
        // Where bounds differ, so do these.
        optimum: group.iter().find_map(|f| f.optimum).filter(|_| !differ),
        compliant: group.iter().find_map(|f| f.compliant).filter(|_| !differ),
        constraints: constraints.iter().map(bound).collect(),
        ..Task::default()
    };
    task.notes = notes(&group, differ);
    let mut catalogue = Catalogue::new(&group);
    for found in &mut group {
        let constraints = found.key.constraints();
        let (evaluations, metrics) = (&found.evaluations, &found.metrics);
        found.run.evaluations = evaluations
            .iter()
            .map(|e| catalogue.place(e, metrics, &constraints))
            .collect();
        found.run.rounds_of = evaluations.iter().map(|e| e.round).collect();
        add_origin(&mut task.origins, &found.origin);
        for start in &found.starts {
            if !task.starts.contains(start) {
                task.starts.push(start.clone());
            }
        }
    }
    task.metrics = catalogue.metrics;
    task.archs = catalogue.archs;
    let mut drawn = best(&task, group.iter().map(|f| &f.run));
    let fronts = group.iter().flat_map(|f| &f.run.front);
    for arch in fronts.filter_map(|point| point.arch.as_ref()) {
        if drawn.len() < 2 * DRAWN && !drawn.contains(arch) {
            drawn.push(arch.clone());
        }
    }
    task.best = drawn.iter().take(SHOWN).cloned().collect();
    let drawer = ArchDrawer::open(key, &group, registry);
    task.runs = group.into_iter().map(|f| f.run).collect();
    match drawer {
        Ok(drawer) => drawer.draw(&mut task, &drawn),
        Err(why) => task
            .notes
            .push(format!("Architectures are not drawn: {why}.")),
    }
    task
}

/// The objectives from the record of the run, if there are several.
fn goals(found: &Found) -> Vec<Goal> {
    let recorded = found.origin.task["objectives"].as_array();
    let goal = |objective: &serde_json::Value| {
        Some(Goal {
            metric: objective["metric"].as_str()?.to_owned(),
            minimize: objective["direction"] == "minimize",
        })
    };
    let goals: Vec<Goal> = recorded.into_iter().flatten().filter_map(goal).collect();
    if goals.len() > 1 { goals } else { Vec::new() }
}

/// The source of evaluations, from the record of the run.
fn source(found: &Found) -> String {
    let task = &found.origin.task;
    let table = task["table"]
        .as_str()
        .map(|table| match task["table_rows"].as_u64() {
            Some(rows) => format!("{table} ({rows} architectures)"),
            None => table.to_owned(),
        });
    match (&task["protocol"].as_str(), table) {
        (Some(protocol), Some(table)) => format!("{protocol}; {table}"),
        (Some(protocol), None) => (*protocol).to_owned(),
        (None, table) => table.unwrap_or_else(|| found.key.source.clone()),
    }
}

fn bound(constraint: &Constraint) -> Bound {
    Bound {
        metric: constraint.metric.clone(),
        comparison: match constraint.comparison {
            Comparison::AtMost => "<=",
            Comparison::Below => "<",
            Comparison::AtLeast => ">=",
            Comparison::Above => ">",
        }
        .into(),
        bound: constraint.bound,
    }
}

/// Runs that differ by their seed only are made in one way.
fn add_origin(origins: &mut Vec<Origin>, origin: &Origin) {
    let same = |o: &&mut Origin| {
        o.strategy == origin.strategy
            && o.ganas == origin.ganas
            && o.command == origin.command
            && o.settings == origin.settings
            && o.task == origin.task
    };
    match origins.iter_mut().find(same) {
        Some(known) => known.seeds.extend(&origin.seeds),
        None => origins.push(origin.clone()),
    }
}

/// The distinct best architectures: of everything evaluated or, without that, of the runs' bests.
fn best<'a>(task: &Task, runs: impl Iterator<Item = &'a Run>) -> Vec<String> {
    let turn = |value: f64| if task.minimize { value } else { -value };
    let archs = &task.archs;
    let mut ranked: Vec<(f64, &str)> = (0..archs.notation.len())
        .filter(|&i| archs.compliant[i])
        .filter_map(|i| Some((turn(archs.objective[i]?), archs.notation[i].as_str())))
        .collect();
    ranked.extend(runs.filter_map(|run| Some((turn(run.best?), run.best_arch.as_deref()?))));
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best: Vec<String> = Vec::new();
    for (_, arch) in ranked {
        if best.len() == DRAWN {
            break;
        }
        if !best.iter().any(|known| known == arch) {
            best.push(arch.to_owned());
        }
    }
    best
}

/// The distinct architectures of all runs.
struct Catalogue {
    /// The names of the metrics without the objective.
    metrics: Vec<String>,
    archs: Architectures,
    places: HashMap<String, Vec<usize>>,
}

impl Catalogue {
    fn new(group: &[Found]) -> Self {
        let mut metrics: Vec<String> = Vec::new();
        for name in group.iter().flat_map(|f| f.metrics.iter().skip(1)) {
            if !metrics.contains(name) {
                metrics.push(name.clone());
            }
        }
        Catalogue {
            archs: Architectures {
                metrics: vec![Vec::new(); metrics.len()],
                ..Architectures::default()
            },
            metrics,
            places: HashMap::new(),
        }
    }

    /// The index of an architecture that was evaluated within bounds. It is new unless an earlier
    /// evaluation has the same values.
    fn place(&mut self, evaluation: &Evaluation, names: &[String], bounds: &[Constraint]) -> usize {
        let complies = complies(bounds, names, &evaluation.metrics);
        let values: Vec<Option<f64>> = (self.metrics.iter())
            .map(|metric| {
                let i = names.iter().position(|name| name == metric)?;
                evaluation.metrics.get(i).copied().flatten()
            })
            .collect();
        let objective = evaluation.metrics.first().copied().flatten();
        let archs = &mut self.archs;
        let known = self.places.entry(evaluation.arch.clone()).or_default();
        let same = |&&place: &&usize| {
            archs.objective[place] == objective
                && values
                    .iter()
                    .zip(&archs.metrics)
                    .all(|(v, column)| column[place] == *v)
        };
        if let Some(&place) = known.iter().find(same) {
            archs.compliant[place] |= objective.is_some() && complies;
            return place;
        }
        let place = archs.notation.len();
        known.push(place);
        archs.notation.push(evaluation.arch.clone());
        archs.objective.push(objective);
        if let Some(why) = &evaluation.failure {
            archs.failures.insert(place, why.clone());
        }
        archs.compliant.push(objective.is_some() && complies);
        for (column, value) in archs.metrics.iter_mut().zip(values) {
            column.push(value);
        }
        place
    }
}
