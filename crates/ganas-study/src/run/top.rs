//! The best architectures of a run, with their rows in the user's own file.

use ganas_core::arch::Arch;
use ganas_core::driver::Problem;
use ganas_core::ledger::{Ledger, Query};
use ganas_tables::{SourceRow, Table};

use crate::record::Top;
use crate::task::Task;

/// Columns of numbers that name rows.
const NAMES: [&str; 6] = ["id", "index", "key", "name", "uid", "hash"];

/// The row of the best architecture, and the `k` best with theirs.
pub fn of(
    task: &Task,
    problem: &Problem,
    ledger: &Ledger,
    best: Option<Arch>,
    k: usize,
) -> (Option<SourceRow>, Vec<Top>) {
    let queries = ledger.top(k);
    let mut archs: Vec<Arch> = queries.iter().map(|q| q.arch).collect();
    archs.extend(best.filter(|arch| !archs.contains(arch)));
    let rows = rows(task, &archs);
    let row = |arch: &Arch| {
        let place = archs.iter().position(|a| a == arch)?;
        rows.get(place).cloned().flatten()
    };
    let top = queries.iter().filter_map(|query| {
        Some(Top {
            value: task.without_noise(&query.arch, value(task, query)?),
            arch: task.space.format(&query.arch),
            metrics: (problem.metrics().iter().cloned())
                .zip(
                    query
                        .metrics
                        .iter()
                        .map(|v| Some(*v).filter(|v| v.is_finite())),
                )
                .collect(),
            row: row(&query.arch),
        })
    });
    let top = top.collect();
    (best.and_then(|arch| row(&arch)), top)
}

fn value(task: &Task, query: &Query) -> Option<f64> {
    query.value().map(|score| task.objective.turn(score))
}

/// The rows of architectures in the file of the task's table.
fn rows(task: &Task, archs: &[Arch]) -> Vec<Option<SourceRow>> {
    let Some(table) = &task.table else {
        return vec![None; archs.len()];
    };
    let places: Vec<Option<usize>> = archs.iter().map(|arch| table.find(arch)).collect();
    let there: Vec<usize> = places.iter().flatten().copied().collect();
    let mut found = table.source_rows(&there, &*task.space).into_iter();
    (places.iter())
        .map(|place| place.and_then(|_| found.next().flatten()))
        .collect()
}

/// Formats a row in one line: its place in the file, its notation unless that is `known` already, and the
/// columns that name it.
pub fn shown(row: &SourceRow, table: &Table, known: &str) -> String {
    let mut parts = vec![format!("{}:{}", table.source().display(), row.line)];
    if row.arch != known {
        parts.push(row.arch.clone());
    }
    let names = |name: &str| {
        let number = table.columns().iter().any(|column| column == name);
        !number || NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    let cells = row
        .cells
        .iter()
        .filter(|(name, text)| names(name) && !text.is_empty());
    parts.extend(cells.map(|(name, text)| {
        if name.is_empty() {
            text.clone()
        } else {
            format!("{name} {text}")
        }
    }));
    parts.join(", ")
}
