//! `evaluations.csv` in the folder of a run: a row for each query.
//!
//! Where evaluations take time, further columns hold what came back beside the metrics, the seconds
//! that an evaluation took, and why it failed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;

use ganas_core::driver::Problem;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Details;
use ganas_core::ledger::Query;
use ganas_core::trial::Axis;
use serde_json::Value;

use crate::text::one_line;

/// The column of the seconds that an evaluation took.
pub const SECONDS: &str = "evaluation_seconds";
/// The column of the reason why an evaluation failed.
pub const FAILURE: &str = "failure";

/// Writes the file.
pub struct Evaluations {
    path: PathBuf,
    writer: csv::Writer<File>,
    /// The names of the first columns.
    names: Vec<String>,
    /// The metrics in the order of their columns, as indices into a query's metrics.
    order: Vec<usize>,
    /// Cost axis, with a column of levels, if there are several fidelities.
    axis: Option<Axis>,
    /// The further columns, where there are any.
    further: Option<Further>,
}

/// Further columns. Their names become known as evaluations come back, and then the file is written
/// again.
#[derive(Default)]
struct Further {
    names: BTreeSet<String>,
    rows: Vec<Row>,
}

struct Row {
    first: Vec<String>,
    more: BTreeMap<String, String>,
    last: [String; 2],
}

impl Evaluations {
    /// Begins the file of a run on a problem, with further columns or without.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn create(path: PathBuf, problem: &Problem, further: bool) -> Result<Evaluations> {
        let metrics = problem.metrics();
        let objective = &problem.objective().metric;
        let mut order: Vec<usize> = (0..metrics.len()).collect();
        // The objective comes first, the others keep their order.
        order.sort_by_key(|&i| metrics[i] != *objective);
        let axis = problem.axis();
        let names = ["query", "round", "arch"].map(str::to_owned).into_iter();
        let names = names.chain(axis.map(|axis| axis.name().to_owned()));
        let mut evaluations = Evaluations {
            names: names
                .chain(order.iter().map(|&i| metrics[i].clone()))
                .collect(),
            writer: open(&path)?,
            path,
            order,
            axis: axis.cloned(),
            further: further.then(Further::default),
        };
        evaluations.rewrite()?;
        Ok(evaluations)
    }

    /// Adds a query.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(
        &mut self,
        number: usize,
        arch: &str,
        query: &Query,
        details: Option<&Details>,
    ) -> Result<()> {
        let mut first = vec![number.to_string(), query.round.to_string(), arch.to_owned()];
        let level = (self.axis.as_ref()).map(|axis| axis.level(query.reached()).to_string());
        first.extend(level);
        first.extend(self.order.iter().map(|&i| match query.metrics.get(i) {
            Some(value) if !value.is_nan() => value.to_string(),
            _ => String::new(),
        }));
        let Some(further) = &mut self.further else {
            return self.write(&first);
        };
        let more = details.into_iter().flat_map(|details| &details.more);
        let more: BTreeMap<String, String> = more
            .map(|(name, value)| (column(name, &self.names), cell(value)))
            .collect();
        let known = further.names.len();
        further.names.extend(more.keys().cloned());
        let failure = query.failure.as_deref().unwrap_or_default();
        let seconds = details.and_then(|details| details.seconds);
        further.rows.push(Row {
            first,
            more,
            last: [
                seconds.map(|s| s.to_string()).unwrap_or_default(),
                one_line(failure.lines().next().unwrap_or_default()),
            ],
        });
        if further.names.len() > known {
            return self.rewrite();
        }
        let row = further.rows.last().map(|row| further.cells(row));
        row.map_or(Ok(()), |row| self.write(&row))
    }

    fn rewrite(&mut self) -> Result<()> {
        self.writer = open(&self.path)?;
        let mut header = self.names.clone();
        let mut rows = Vec::new();
        if let Some(further) = &self.further {
            header.extend(further.names.iter().cloned());
            header.extend([SECONDS, FAILURE].map(str::to_owned));
            rows.extend(further.rows.iter().map(|row| further.cells(row)));
        }
        self.write(&header)?;
        rows.iter().try_for_each(|row| self.write(row))
    }

    fn write(&mut self, row: &[String]) -> Result<()> {
        (self.writer.write_record(row).map_err(Into::into))
            .and_then(|()| self.writer.flush())
            .map_err(|e| Error::write(&self.path, e))
    }
}

impl Further {
    fn cells(&self, row: &Row) -> Vec<String> {
        let more = self.names.iter().map(|name| row.more.get(name).cloned());
        let more = more.map(Option::unwrap_or_default);
        (row.first.iter().cloned())
            .chain(more)
            .chain(row.last.iter().cloned())
            .collect()
    }
}

/// The name of the column of a value that came back. One that is taken gets an ending.
fn column(name: &str, taken: &[String]) -> String {
    let name = one_line(name);
    if taken.contains(&name) || name == SECONDS || name == FAILURE {
        return format!("{name}_sent");
    }
    name
}

/// A value as it is shown.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(text),
        other => other.to_string(),
    }
}

fn open(path: &PathBuf) -> Result<csv::Writer<File>> {
    let file = File::create(path).map_err(|e| Error::write(path, e))?;
    Ok(csv::Writer::from_writer(file))
}
