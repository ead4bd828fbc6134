//! Rows of the table of a task.

use ganas_core::Pool;
use ganas_core::constraint::Constraint;
use ganas_core::driver::Problem;
use ganas_core::error::{Result, counted};
use ganas_core::problem::Objectives;
use ganas_core::space::SearchSpace;
use ganas_core::trial::Fidelity;
use ganas_tables::Table;
use rayon::prelude::*;

use crate::source::Source;

/// Checks that a column is not one of words.
///
/// # Errors
/// Its first cell that is not a number.
pub fn check_numeric(table: &Table, metric: &str) -> Result<()> {
    if table.ignored().iter().any(|column| column.name == metric) {
        table.column(metric).map(|_| ())
    } else {
        Ok(())
    }
}

/// The rows of a table that can be evaluated, where they are not the whole space: those that have the
/// objective, at some level at least. Of several objectives, one is enough, and the evaluation of the row
/// fails.
pub fn pool(
    source: &dyn Source,
    table: &Table,
    space: &dyn SearchSpace,
    objectives: &[&str],
    notes: &mut Vec<String>,
) -> Result<Option<Pool>> {
    let file = table.source().display();
    if let Some(levels) = source.levels() {
        let objective = objectives[0];
        let missing = levels.missing(table, objective);
        if missing.gaps > 0 {
            notes.push(format!(
                "note: the curves of {} of {file} have gaps in `{objective}`; an evaluation there fails",
                counted(missing.gaps, "row")
            ));
        }
        if missing.empty == 0 {
            return Ok(table.pool(space));
        }
        notes.push(left_out(missing.empty, table, objective));
        let is_measured = |row: usize| levels.curve(table, row, objective).any(|v| !v.is_nan());
        let measured = (0..table.len()).filter(|&row| is_measured(row));
        return Ok(Some(Pool::new(measured.map(|row| table.arch(row)))));
    }
    let column = |objective: &&str| table.columns().iter().position(|name| name == objective);
    let columns: Option<Vec<usize>> = objectives.iter().map(column).collect();
    let mut measured = objectives.iter().filter_map(column);
    measured.try_for_each(|column| table.check_objective(column).map(drop))?;
    // What is not a column may be a cost of the space, which every row has.
    let Some(columns) = columns else {
        return Ok(table.pool(space));
    };
    let has_any = |row: usize| columns.iter().any(|&c| !table.value(row, c).is_nan());
    let measured: Vec<usize> = (0..table.len()).filter(|&row| has_any(row)).collect();
    let missing = table.len() - measured.len();
    if missing == 0 {
        return Ok(table.pool(space));
    }
    notes.push(left_out(missing, table, &objectives.join("` or `")));
    Ok(Some(Pool::new(measured.iter().map(|&row| table.arch(row)))))
}

/// A note about rows without the objective.
fn left_out(missing: usize, table: &Table, objective: &str) -> String {
    let file = table.source().display();
    let left = table.len() - missing;
    match missing {
        1 => format!("note: 1 row of {file} has no `{objective}` and is left out; {left} remain"),
        _ => format!(
            "note: {missing} rows of {file} have no `{objective}` and are left out; {left} remain"
        ),
    }
}

/// Notes that the space's own cost counts, though workers may measure one of that name.
pub fn replaced(
    source: &dyn Source,
    space: &dyn SearchSpace,
    constraints: &[Constraint],
) -> Vec<String> {
    if source.workers().is_none() {
        return Vec::new();
    }
    let measured = source.metrics();
    let mut said: Vec<&str> = Vec::new();
    for metric in constraints.iter().map(|c| c.metric.as_str()) {
        let own = space.costs().iter().any(|cost| cost == metric);
        if own && !measured.iter().any(|m| m == metric) && !said.contains(&metric) {
            said.push(metric);
        }
    }
    let note = |metric: &&str| {
        format!(
            "note: the bound on `{metric}` is on the space's own cost; `--metric {metric}` takes what \
             workers send"
        )
    };
    said.iter().map(note).collect()
}

/// The columns that constraints or several objectives are about and that have the space's own cost of their name in
/// every row: what breaks a bound on one of them is known before it is evaluated, and so is the objective. A column with other
/// numbers, such as weights in millions, is a measurement like any other.
pub fn agreeing(
    table: &Table,
    space: &dyn SearchSpace,
    constraints: &[Constraint],
    objectives: &Objectives,
) -> Vec<String> {
    let agrees = |metric: &String| {
        let cost = space.costs().iter().position(|cost| cost == metric)?;
        let column = table.columns().iter().position(|name| name == metric)?;
        let same = |row: usize| {
            let (recorded, own) = (table.value(row, column), space.cost(&table.arch(row), cost));
            // A table may hold fewer digits.
            (recorded - own).abs() <= 1e-6 * own.abs()
        };
        (0..table.len())
            .into_par_iter()
            .all(same)
            .then(|| metric.clone())
    };
    let bounded = constraints.iter().map(|c| &c.metric);
    // A search for a single objective has no use for what is known of it.
    let optimized = objectives.iter().filter(|_| objectives.len() > 1);
    let metrics = bounded.chain(optimized.map(|o| &o.metric));
    metrics.filter_map(agrees).collect()
}

/// Returns the bounds on metrics that need an evaluation, with the columns of a table that have their names.
pub fn bounds_in<'p>(problem: &'p Problem, table: &Table) -> Vec<(&'p Constraint, usize)> {
    let column = |name: &str| table.columns().iter().position(|column| column == name);
    (problem.measured_constraints())
        .filter_map(|(constraint, _)| Some((constraint, column(&constraint.metric)?)))
        .collect()
}

/// All metrics of a table's row, as a search would see them at full fidelity.
pub fn metrics_of(problem: &Problem, source: &dyn Source, table: &Table, row: usize) -> Vec<f64> {
    let measured = match source.levels() {
        Some(levels) => levels.values(table, row, Fidelity::Full),
        None => (0..table.columns().len())
            .map(|c| table.value(row, c))
            .collect(),
    };
    problem.complete(&table.arch(row), measured)
}
