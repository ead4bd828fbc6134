//! Evaluations that the user has already: `--history`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Outcome;
use ganas_core::journal::Finished;
use ganas_core::table::ArchColumns;
use ganas_core::{read_regular, write_whole};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::task::{Task, unreadable};

/// The copy of it in the folder of a run.
pub const COPY: &str = "history.csv";

/// What was known before a search.
#[derive(Default)]
pub struct History {
    /// The evaluations, in the order of the file.
    pub known: Vec<Finished>,
    /// The file, to keep a copy with the run.
    pub bytes: Vec<u8>,
}

/// What is on record of it.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryRecord {
    /// Distinct architectures.
    pub evaluations: usize,
    /// XXH3-64 of the file.
    pub digest: String,
}

impl History {
    /// Reads a CSV file with the objective and the architecture in the columns that a table has it in,
    /// as `evaluations.csv` is one, and those of constraints on what is measured. Other metrics of
    /// the task are taken too. A row without the objective is passed over: it failed.
    ///
    /// # Errors
    /// If a row is no evaluation, or contradicts an earlier one.
    pub fn read(file: &Path, task: &Task) -> Result<History> {
        let bytes = read_regular(file).map_err(|e| unreadable(Error::io(file, e)))?;
        History::of(bytes, file, task)
    }

    /// The same from the content of a file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(bytes: Vec<u8>, file: &Path, task: &Task) -> Result<History> {
        let known = parse(&bytes, task).map_err(|e| e.in_file(file))?;
        Ok(History { known, bytes })
    }

    /// Keeps a copy of the file in the folder of a run, which is resumed with it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep(&self, folder: &Path) -> Result<()> {
        let path = folder.join(COPY);
        match self.bytes.is_empty() {
            true => Ok(()),
            false => write_whole(&path, |mut file| file.write_all(&self.bytes)),
        }
    }

    /// What is on record of it; nothing if there is none.
    pub fn record(&self) -> Option<HistoryRecord> {
        (!self.bytes.is_empty()).then(|| HistoryRecord {
            evaluations: self.known.len(),
            digest: format!("{:016x}", xxh3_64(&self.bytes)),
        })
    }
}

fn parse(bytes: &[u8], task: &Task) -> Result<Vec<Finished>> {
    let mut rows = csv::ReaderBuilder::new().from_reader(bytes);
    let header: Vec<String> = (rows.headers().map_err(broken)?.iter())
        .map(|name| name.trim().to_owned())
        .collect();
    let column = |name: &str| header.iter().position(|h| h == name);
    let missing = |name: &str| {
        Error::input(format!("there is no column `{name}`"))
            .mend(format!("there are {}", header.join(", ")))
            .on_line(1)
    };
    let space = &*task.space;
    let arch_columns = ArchColumns::find(&header, space).map_err(|e| e.on_line(1))?;
    let objective = &task.objective.metric;
    let objective_column = column(objective).ok_or_else(|| missing(objective))?;
    // Without it nothing that is known would ever comply.
    for (constraint, _) in task.problem()?.measured_constraints() {
        column(&constraint.metric).ok_or_else(|| missing(&constraint.metric))?;
    }
    let metrics: Vec<Option<usize>> = task.source.metrics().iter().map(|m| column(m)).collect();
    let mut known: Vec<Finished> = Vec::new();
    let mut lines: HashMap<Arch, (u64, Vec<f64>)> = HashMap::new();
    let mut buffer = String::new();
    for row in rows.records() {
        let row = row.map_err(broken)?;
        let line = row.position().map_or(0, csv::Position::line);
        let at = |what: String| Error::input(what).on_line(line);
        let cell = |column: usize| row.get(column).unwrap_or_default().trim();
        if cell(objective_column).is_empty() {
            continue;
        }
        let part = |column: usize| Some(Cow::Borrowed(cell(column)));
        let arch = (arch_columns.parse(part, space, &mut buffer)).map_err(|e| e.on_line(line))?;
        let number = |column: &Option<usize>| match column.map(cell) {
            None | Some("") => Ok(f64::NAN),
            Some(text) => (text.parse::<f64>()).map_err(|_| at(format!("`{text}` is no number"))),
        };
        let values = metrics.iter().map(number).collect::<Result<Vec<f64>>>()?;
        if let Some((earlier, others)) = lines.get(&arch) {
            let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
            if !values.iter().zip(others).all(same) {
                let network = match space.roles().is_empty() {
                    true => "this architecture",
                    false => "an architecture with this network",
                };
                return Err(at(format!("{network} has other values on line {earlier}"))
                    .mend("remove one of the two lines"));
            }
            continue;
        }
        lines.insert(arch, (line, values.clone()));
        known.push((arch, Outcome::Done(values)));
    }
    Ok(known)
}

fn broken(error: csv::Error) -> Error {
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => format!("there are {len} fields, and {expected_len} in the header"),
        _ => "this is no CSV in UTF-8".into(),
    };
    match error.position() {
        Some(position) => Error::input(what).on_line(position.line()),
        None => Error::input(what),
    }
}
