//! Runs that were made, read for a report: run directories and results of benchmarks.

mod bench;
mod draw;
mod found;
mod learning;
mod provenance;
mod run;
mod tasks;
mod unreadable;

use std::fs;
use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_study::rundir::SETTINGS;

use crate::{Run, Suite};
use unreadable::{MEND, unreadable};

pub use found::{Evaluation, Found, Key};
pub use tasks::tasks;

/// The largest depth of run folders in a folder: those of a suite are in TASK/STRATEGY/SEED.
const DEPTH: usize = 4;

/// A benchmark's results in its folder.
const BENCH: &str = "bench.json";

/// Everything read from the paths.
#[derive(Default)]
pub struct Gathered {
    /// The runs.
    pub runs: Vec<Found>,
    /// Results over all tasks, for benchmarks over suites.
    pub suites: Vec<Suite>,
    /// Errors of files that could not be read.
    pub problems: Vec<Error>,
}

/// Reads paths. Unreadable files are listed among the problems.
pub fn gather(paths: &[PathBuf]) -> Gathered {
    let mut gathered = Gathered::default();
    for path in paths {
        if let Err(problem) = gathered.add(path) {
            gathered.problems.push(problem);
        }
    }
    gathered
}

impl Gathered {
    fn add(&mut self, path: &Path) -> Result<()> {
        if !path.is_dir() {
            let (runs, suite) = bench::read(path)?;
            self.runs.extend(runs);
            self.suites.extend(suite);
            return Ok(());
        }
        let mut folders = Vec::new();
        find(path, DEPTH, &mut folders)?;
        let of_bench = path.join(BENCH);
        let bench = of_bench.exists().then(|| bench::read(&of_bench));
        if folders.is_empty() && bench.is_none() {
            return Err(Error::input("there is no run in this folder")
                .mend(MEND)
                .in_file(path));
        }
        let before = self.runs.len();
        for folder in folders {
            match run::read(&folder) {
                Ok(found) => self.runs.push(found),
                Err(problem) => self.problems.push(problem),
            }
        }
        match bench {
            Some(Ok((runs, suite))) => {
                // The order in which they were named.
                let mut order: Vec<String> = Vec::new();
                for found in &runs {
                    if !order.contains(&found.run.strategy) {
                        order.push(found.run.strategy.clone());
                    }
                }
                // The folders hold more of the same runs.
                let same = |a: &Run, b: &Run| a.strategy == b.strategy && a.seed == b.seed;
                let further = (runs.into_iter()).filter(|found| {
                    let mut of_folders = self.runs[before..].iter();
                    !of_folders.any(|f| f.key == found.key && same(&f.run, &found.run))
                });
                let further: Vec<Found> = further.collect();
                self.runs.extend(further);
                self.suites.extend(suite);
                let place =
                    |found: &Found| order.iter().position(|name| *name == found.run.strategy);
                self.runs[before..].sort_by_key(|found| place(found).unwrap_or(order.len()));
            }
            Some(Err(problem)) => self.problems.push(problem),
            None => {}
        }
        Ok(())
    }
}

/// Finds the run folders in a folder, itself included, in the order of their names.
fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join(SETTINGS).is_file() {
        found.push(folder.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let entries = fs::read_dir(folder).map_err(|e| unreadable(folder, &e))?;
    let mut folders: Vec<PathBuf> = (entries.flatten())
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    // Seeds are numbers.
    folders.sort_by_key(|path| {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        (name.parse::<u64>().unwrap_or(0), name)
    });
    folders
        .iter()
        .try_for_each(|inner| find(inner, depth - 1, found))
}
