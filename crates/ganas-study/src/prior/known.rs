//! Metrics that are free: columns of the table that a strategy may look at before an evaluation.

use ganas_core::Prior;
use ganas_core::error::{Error, Result};

use super::searched::Searched;

/// The columns of these names.
///
/// # Errors
/// If there is no table, or only an evaluation tells the value of a column.
pub(super) fn open(names: &[String], task: &Searched) -> Result<Vec<Prior>> {
    let Some(first) = names.first() else {
        return Ok(Vec::new());
    };
    let Some(table) = task.table else {
        return Err(
            Error::input(format!("there is no table that has `{first}`"))
                .mend("add `--table FILE` with a column of this name, or leave out `--known`"),
        );
    };
    let mut priors: Vec<Prior> = Vec::with_capacity(names.len());
    for name in names {
        let refuse = |what: &str, mend: &str| {
            Err(Error::input(format!("`--known {name}`: {what}")).mend(mend))
        };
        if priors.iter().any(|prior| prior.name() == name) {
            return refuse("it is named twice", "name it once");
        }
        if task
            .objectives
            .iter()
            .any(|o| task.at_full(&o.metric) == *name)
        {
            return refuse(
                "this is what the search evaluates, and is not known before",
                "leave it out, or search for another `--objective`",
            );
        }
        let is_column = table.columns().contains(name);
        if !is_column && task.space.costs().contains(name) {
            return refuse("a cost of the space is known without it", "leave it out");
        }
        let column = table.column(name)?;
        table.check_objective(column)?;
        let rows = (0..table.len()).map(|row| (table.arch(row), table.value(row, column)));
        priors.push(Prior::metric(name, rows));
    }
    Ok(priors)
}
