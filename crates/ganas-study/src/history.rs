//! Evaluations that the user has already: `--history`.

use std::io::Write;
use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Outcome;
use ganas_core::journal::Finished;
use ganas_core::trial::{Axis, Trial};
use ganas_core::{read_regular, write_whole};
use ganas_tables::{Import, Table};
use xxhash_rust::xxh3::xxh3_64;

use crate::fidelity::levels_in;
use crate::files::unreadable;
use crate::record::HistoryRecord;
use crate::scale;
use crate::task::Task;

/// The copy of it in the folder of a run.
pub const COPY: &str = "history.csv";

/// Evaluations that are known before a search.
#[derive(Default)]
pub struct History {
    /// The evaluations, in the order of the file.
    pub known: Vec<Finished>,
    /// The file, to keep a copy with the run.
    pub bytes: Vec<u8>,
    /// Notes for the user before the search.
    pub notes: Vec<String>,
}

impl History {
    /// Reads a CSV file, as tables are read, with the objective and the architecture in the columns that
    /// a table has it in, as `evaluations.csv` is one, and those of constraints on what is measured.
    /// Other metrics of the task are taken too. A row without the objective is passed over: it failed.
    ///
    /// # Errors
    /// If a row is not an evaluation, or contradicts an earlier one.
    pub fn read(file: &Path, task: &Task) -> Result<History> {
        let bytes = read_regular(file).map_err(|e| unreadable(Error::io(file, e)))?;
        History::of(bytes, file, task)
    }

    /// The same from the content of a file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(bytes: Vec<u8>, file: &Path, task: &Task) -> Result<History> {
        let mut notes = Vec::new();
        let known = parse(&bytes, file, task, &mut notes)?;
        Ok(History {
            known,
            bytes,
            notes,
        })
    }

    /// Keeps a copy of the file in the folder of a run, which is resumed with it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let path = folder.join(COPY);
        if self.bytes.is_empty() {
            return Ok(());
        }
        write_whole(&path, |mut file| file.write_all(&self.bytes))
    }

    /// Returns the record of the history; `None` without one.
    pub fn record(&self) -> Option<HistoryRecord> {
        (!self.bytes.is_empty()).then(|| HistoryRecord {
            evaluations: self.known.len(),
            digest: format!("{:016x}", xxh3_64(&self.bytes)),
        })
    }
}

/// Reads the evaluations of all levels, lowest level first. Where there is a cost axis, the file has its level
/// in a column of its name, as `evaluations.csv` has; without that column, all rows are at full fidelity.
fn parse(bytes: &[u8], file: &Path, task: &Task, notes: &mut Vec<String>) -> Result<Vec<Finished>> {
    let Some(axis) = &task.axis else {
        return parse_rows(bytes, file, task, None, notes);
    };
    let mut all = Vec::new();
    let levels = levels_in(bytes, file, axis)?;
    if levels.is_empty() {
        return parse_rows(bytes, file, task, None, notes);
    }
    for level in levels {
        all.extend(parse_rows(bytes, file, task, Some((axis, level)), notes)?);
    }
    Ok(all)
}

/// Reads the rows of one level, or all of them.
fn parse_rows(
    bytes: &[u8],
    file: &Path,
    task: &Task,
    level: Option<(&Axis, u32)>,
    notes: &mut Vec<String>,
) -> Result<Vec<Finished>> {
    let reading = match level {
        Some((axis, level)) => {
            let mut reading = task.reading.clone();
            reading.filters.push(format!("{}={level}", axis.name()));
            reading
        }
        None => task.reading.clone(),
    };
    let fidelity = level
        .and_then(|(axis, level)| axis.fidelity(level))
        .unwrap_or_default();
    let import = Import {
        // What chooses rows of the table need not be in the history.
        passes_over: task.table.is_some(),
        may_be_empty: true,
        ..reading.import()?
    };
    let space = &*task.space;
    let table = Table::from_text(bytes, file, space, &import)?;
    notes.extend(task.reading.merged(&table));
    let problem = task.problem()?;
    let bounds = problem.measured_constraints();
    let measured_by = task.source.metrics();
    let objectives: Vec<&String> = (task.objectives.iter().map(|o| &o.metric))
        .filter(|name| task.front.is_none() || measured_by.contains(name))
        .collect();
    // Without a bound's metric nothing that is known would ever comply.
    for name in (objectives.iter().copied()).chain(bounds.map(|(bound, _)| &bound.metric)) {
        let there = |known: &&str| known == name;
        let known = table.columns().iter().map(String::as_str);
        if !known
            .chain(table.ignored_columns())
            .any(|column| there(&column))
        {
            return Err(Error::input(format!("there is no column `{name}`"))
                .mend(format!("there are {}", table.columns().join(", ")))
                .in_file(file)
                .on_line(1));
        }
        table.column(name)?;
    }
    let objectives = objectives.into_iter().map(|name| table.column(name));
    let objectives: Vec<usize> = objectives.collect::<Result<_>>()?;
    let metrics: Vec<Option<usize>> = (task.source.metrics().iter())
        .map(|metric| table.columns().iter().position(|column| column == metric))
        .collect();
    let is_measured = |row: usize| (objectives.iter()).all(|&c| !table.value(row, c).is_nan());
    let measured: Vec<usize> = (0..table.len()).filter(|&row| is_measured(row)).collect();
    for &objective in &objectives {
        notes.extend(scale::of_history(
            &table,
            objective,
            &measured,
            &table.columns()[objective],
            task.source.table().map(|table| &**table),
        ));
    }
    let values = |row: usize| {
        let value = |column: &Option<usize>| column.map_or(f64::NAN, |c| table.value(row, c));
        metrics.iter().map(value).collect()
    };
    Ok((measured.into_iter())
        .map(|row| {
            Finished::new(
                Trial::at(table.arch(row), fidelity),
                Outcome::Done(values(row)),
            )
        })
        .collect())
}
