//! Runs that were made, read for a report: run directories and results of benchmarks.

mod bench;
mod draw;
mod run;
mod tasks;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Origin, Run, Suite};
use ganas_core::constraint::{Condition, Constraint};
use ganas_core::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

pub use tasks::tasks;

use ganas_study::rundir::SETTINGS;

/// The largest depth of run folders in a folder: those of a suite are in TASK/STRATEGY/SEED.
const DEPTH: usize = 4;

/// A benchmark's results in its folder.
const BENCH: &str = "bench.json";

const MEND: &str = "name a folder of `ganas search --out` or `ganas bench --out`, or a JSON file that \
                    one of them wrote";

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

/// A run and its task.
pub struct Found {
    /// The task. Only runs with the same key are compared, whatever their bounds.
    pub key: Key,
    /// The run, its evaluations left out.
    pub run: Run,
    /// The names of the metrics of its evaluations, the objective first.
    pub metrics: Vec<String>,
    /// The evaluations in order.
    pub evaluations: Vec<Evaluation>,
    /// The architectures that it started from.
    pub starts: Vec<String>,
    /// The provenance of the run.
    pub origin: Origin,
    /// The best value in the table, if it is known.
    pub optimum: Option<f64>,
    /// Compliant architectures in its table.
    pub compliant: Option<usize>,
    /// The folder that paths of its command line start from.
    pub started_in: Option<PathBuf>,
}

/// The identity of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Key {
    /// The space as it was named.
    pub space: String,
    /// The metric.
    pub objective: String,
    /// True if smaller is better.
    pub minimize: bool,
    /// The bounds, sorted.
    pub constraints: Vec<String>,
    /// The source of evaluations: the digest of a table, or another description.
    pub source: String,
    /// True if isomorphic strings count as one.
    pub merge_isomorphic: bool,
}

/// One evaluation.
pub struct Evaluation {
    /// The round.
    pub round: usize,
    /// The architecture in its space's notation.
    pub arch: String,
    /// The metrics in the order of their names.
    pub metrics: Vec<Option<f64>>,
    /// The reason of a failure, if it is known.
    pub failure: Option<String>,
}

/// The fields of a result's provenance that a report needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Provenance {
    ganas: String,
    command: Vec<String>,
    task: Value,
    queries: usize,
    strategies: Vec<StrategyOf>,
    seeds: Vec<u64>,
    start: Vec<String>,
    started_in: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct StrategyOf {
    strategy: String,
    preset: String,
    settings: Value,
}

impl Provenance {
    /// The identity of the task. Without a record of it, only the result itself identifies it.
    fn key(&self, space: &str, objective: &str) -> Key {
        let text = |name: &str| self.task[name].as_str().map(str::to_owned);
        let mut constraints: Vec<String> = strings(&self.task["constraints"]);
        constraints.sort();
        let mut source = ["table_digest", "table"].iter().find_map(|name| text(name));
        for (name, what) in [
            ("training", "trained on"),
            ("supernet", "supernet"),
            ("workers", "workers"),
            ("surrogate", "surrogate"),
        ] {
            let record = &self.task[name];
            let named = ["dataset", "folder", "program", "file"].iter();
            let named = named.filter_map(|key| record[*key].as_str()).next();
            if let Some(named) = named {
                source = Some(format!("{what} {named}"));
            }
        }
        if let Some(noise) = self.task["noise"].as_f64() {
            source = Some(format!("{}, noise {noise}", source.unwrap_or_default()));
        }
        Key {
            space: text("space").unwrap_or_else(|| space.to_owned()),
            objective: text("objective").unwrap_or_else(|| objective.to_owned()),
            minimize: self.task["minimize"].as_bool().unwrap_or(false),
            constraints,
            source: source.unwrap_or_default(),
            merge_isomorphic: self.task["merge_isomorphic"].as_bool().unwrap_or(false),
        }
    }

    /// The provenance of the runs of a strategy.
    fn origin(&self, strategy: &str, preset: &str, seed: u64, path: &Path) -> Origin {
        let of = |s: &&StrategyOf| s.strategy == strategy && s.preset == preset;
        Origin {
            strategy: label(strategy, preset),
            ganas: self.ganas.clone(),
            command: self.command.clone(),
            settings: (self.strategies.iter().find(of)).map_or(Value::Null, |s| s.settings.clone()),
            task: self.task.clone(),
            seeds: vec![seed],
            path: path.display().to_string(),
        }
    }
}

impl Key {
    /// Returns true if another run has the same task, possibly with other bounds.
    pub fn is_task_of(&self, other: &Key) -> bool {
        let unbounded = |key: &Key| Key {
            constraints: Vec::new(),
            ..key.clone()
        };
        unbounded(self) == unbounded(other)
    }

    /// The bounds.
    pub fn constraints(&self) -> Vec<Constraint> {
        let parsed = self
            .constraints
            .iter()
            .filter_map(|text| text.parse::<Condition>().ok());
        // Records hold numbers, whatever they were compared with on the command line.
        parsed
            .filter_map(|c| c.resolve(|_, _| Err(Error::input("no number"))).ok())
            .collect()
    }
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

/// The run directories in a folder, itself included, in the order of their names.
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

fn unreadable(path: &Path, why: &std::io::Error) -> Error {
    Error::input(format!("cannot be read ({})", why.kind()))
        .mend(MEND)
        .in_file(path)
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The label of a strategy; it has the preset unless that is the default.
fn label(strategy: &str, preset: &str) -> String {
    match preset {
        "" | "default" => strategy.to_owned(),
        preset => format!("{strategy}:{preset}"),
    }
}
