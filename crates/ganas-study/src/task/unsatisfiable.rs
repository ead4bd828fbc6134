//! Why no row of a table keeps the constraints, and how far they would have to be loosened.

use ganas_core::constraint::{Comparison, Constraint};
use ganas_core::driver::Problem;
use ganas_core::error::Error;
use ganas_core::with_excess;
use ganas_tables::Table;

use crate::source::Source;
use crate::task::rows::metrics_of;

/// Explains why no row complies. If no row keeps one of the bounds, it names that bound with the nearest
/// value. Otherwise it names the row that breaks them by the least in all.
pub fn unsatisfiable(
    problem: &Problem,
    source: &dyn Source,
    table: &Table,
    constraints: &[Constraint],
) -> Error {
    let alone = constraints
        .iter()
        .find_map(|c| kept_by_none(problem, source, table, c));
    alone.unwrap_or_else(|| at_once(problem, source, table, constraints))
}

/// The place of a constraint's metric.
fn place(problem: &Problem, constraint: &Constraint) -> Option<usize> {
    let mut metrics = problem.metrics().iter();
    metrics.position(|metric| *metric == constraint.metric)
}

/// The error of a bound that no row keeps.
fn kept_by_none(
    problem: &Problem,
    source: &dyn Source,
    table: &Table,
    constraint: &Constraint,
) -> Option<Error> {
    let index = place(problem, constraint)?;
    let values = (0..table.len()).map(|row| metrics_of(problem, source, table, row)[index]);
    let values = values.filter(|v| !v.is_nan());
    let (closest, word) = match constraint.comparison {
        Comparison::AtMost | Comparison::Below => (values.reduce(f64::min), "smallest"),
        Comparison::AtLeast | Comparison::Above => (values.reduce(f64::max), "largest"),
    };
    let metric = &constraint.metric;
    match closest {
        Some(value) if constraint.holds(value) => None,
        Some(value) => Some(
            Error::input(format!("no architecture meets `{constraint}`")).mend(format!(
                "loosen it: the {word} `{metric}` in the table is {value}"
            )),
        ),
        None => Some(
            Error::input(format!("`{metric}` was never measured")).mend("leave out its constraint"),
        ),
    }
}

/// The error of bounds that no row keeps at once.
fn at_once(
    problem: &Problem,
    source: &dyn Source,
    table: &Table,
    constraints: &[Constraint],
) -> Error {
    let error = Error::input("no architecture meets all the constraints at once");
    let rows = (0..table.len()).filter(|&row| problem.unmet(&table.arch(row)).is_none());
    let nearest = rows
        .map(|row| {
            let metrics = metrics_of(problem, source, table, row);
            (problem.excess(&table.arch(row), Some(&metrics)), row)
        })
        .filter(|(excess, _)| excess.is_finite())
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((_, row)) = nearest else {
        return error.mend("loosen one of them");
    };
    let metrics = metrics_of(problem, source, table, row);
    let has = constraints.iter().filter_map(|constraint| {
        let value = metrics[place(problem, constraint)?];
        Some(if constraint.holds(value) {
            format!("{} {value}", constraint.metric)
        } else {
            with_excess(constraint, value)
        })
    });
    let has: Vec<String> = has.collect();
    error.mend(format!(
        "loosen one of them: the nearest, {}, has {}",
        problem.space().format(&table.arch(row)),
        has.join(" and ")
    ))
}
