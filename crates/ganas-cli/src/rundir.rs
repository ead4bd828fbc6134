//! A run directory: the settings, every evaluation and every round as they come, and the result.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use ganas_core::arch::Arch;
use ganas_core::driver::{Observer, Problem, Round};
use ganas_core::error::{Error, Result as CoreResult};
use ganas_core::ledger::Query;
use ganas_core::space::SearchSpace;

use crate::output::{prepare, write_json};
use crate::record::{Provenance, SearchReport};

const SETTINGS: &str = "settings.json";
const EVALUATIONS: &str = "evaluations.csv";
const ROUNDS: &str = "rounds.jsonl";
const RESULT: &str = "result.json";

/// Checks that a folder holds no run yet.
///
/// # Errors
/// If it does, or is no folder.
pub fn check_free(folder: &Path) -> Result<()> {
    let refuse = |what: &str, mend: &str| Err(Error::input(what).mend(mend).in_file(folder).into());
    if folder.exists() && !folder.is_dir() {
        return refuse("this is a file", "name a folder to write");
    }
    if [SETTINGS, EVALUATIONS, RESULT]
        .iter()
        .any(|f| folder.join(f).exists())
    {
        return refuse(
            "the folder already holds a run",
            "name another `--out` folder, or remove this one",
        );
    }
    Ok(())
}

/// The files of a run that are written while it goes on.
pub struct RunDir<'a> {
    folder: PathBuf,
    space: &'a dyn SearchSpace,
    /// The metrics in the order of the columns, as indices into a query's metrics.
    columns: Vec<usize>,
    evaluations: csv::Writer<File>,
    rounds: BufWriter<File>,
}

impl<'a> RunDir<'a> {
    /// Makes the folder and writes the settings.
    ///
    /// # Errors
    /// If the folder holds a run already or cannot be written.
    pub fn create(folder: &Path, problem: &Problem<'a>, provenance: &Provenance) -> Result<Self> {
        check_free(folder)?;
        prepare(&folder.join(SETTINGS))?;
        write_json(&folder.join(SETTINGS), provenance)?;
        let create = |name| {
            let path = folder.join(name);
            File::create(&path).map_err(|e| Error::io(path, e))
        };
        let metrics = problem.metrics();
        let objective = &problem.objective().metric;
        let mut columns: Vec<usize> = (0..metrics.len()).collect();
        // The objective comes first, the others keep their order.
        columns.sort_by_key(|&i| metrics[i] != *objective);
        let mut run = RunDir {
            folder: folder.to_owned(),
            space: problem.space(),
            columns,
            evaluations: csv::Writer::from_writer(create(EVALUATIONS)?),
            rounds: BufWriter::new(create(ROUNDS)?),
        };
        let mut header = vec!["query", "round", "arch"];
        header.extend(run.columns.iter().map(|&i| metrics[i].as_str()));
        run.write_row(&header)?;
        Ok(run)
    }

    /// Writes the result.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self, report: &SearchReport) -> Result<()> {
        write_json(&self.folder.join(RESULT), report)
    }

    fn write_row<T: AsRef<[u8]>>(&mut self, row: &[T]) -> CoreResult<()> {
        (self.evaluations.write_record(row).map_err(Into::into))
            .and_then(|()| self.evaluations.flush())
            .map_err(|e| Error::io(self.folder.join(EVALUATIONS), e))
    }

    fn cells(&self, number: usize, round: usize, arch: &Arch, metrics: &[f64]) -> Vec<String> {
        let mut row = vec![
            number.to_string(),
            round.to_string(),
            self.space.format(arch),
        ];
        row.extend(self.columns.iter().map(|&i| match metrics.get(i) {
            Some(value) if !value.is_nan() => value.to_string(),
            _ => String::new(),
        }));
        row
    }
}

impl Observer for RunDir<'_> {
    fn queried(&mut self, number: usize, query: &Query) -> CoreResult<()> {
        let row = self.cells(number, query.round, &query.arch, &query.metrics);
        self.write_row(&row)
    }

    fn round(&mut self, round: &Round) -> CoreResult<()> {
        (serde_json::to_writer(&mut self.rounds, round).map_err(Into::into))
            .and_then(|()| self.rounds.write_all(b"\n"))
            .and_then(|()| self.rounds.flush())
            .map_err(|e| Error::io(self.folder.join(ROUNDS), e))
    }
}

/// The folder of one run of a benchmark.
pub fn bench_run(folder: &Path, strategy: &str, preset: &str, seed: u64) -> PathBuf {
    folder
        .join(format!("{strategy}-{preset}"))
        .join(seed.to_string())
}

/// Whether a folder holds runs of a benchmark already.
pub fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}
