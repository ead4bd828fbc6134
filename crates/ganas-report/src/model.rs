//! What a report shows: plain data.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// All that a page shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The page's title.
    pub title: String,
    /// The version of the program that writes it.
    pub ganas: String,
    /// Its command line, program name left out.
    pub command: Vec<String>,
    /// What the reader has to know, such as what could not be read.
    pub notes: Vec<String>,
    /// The tasks. Only runs of one task are compared.
    pub tasks: Vec<Task>,
    /// What benchmarks over suites of tasks say of all tasks together.
    pub suites: Vec<Suite>,
}

/// Runs that search for the same in the same space.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Task {
    /// The space's name.
    pub space: String,
    /// The metric that is searched for.
    pub objective: String,
    /// Whether smaller is better.
    pub minimize: bool,
    /// What it is evaluated by, in a line.
    pub source: String,
    /// The best value of a compliant architecture, where a table knows it.
    pub optimum: Option<f64>,
    /// Compliant architectures in that table.
    pub compliant: Option<usize>,
    /// The names of the other metrics.
    pub metrics: Vec<String>,
    /// The hard constraints of all runs.
    pub constraints: Vec<Bound>,
    /// What the reader has to know of the comparison.
    pub notes: Vec<String>,
    /// The runs, in the order in which they are shown.
    pub runs: Vec<Run>,
    /// Every architecture that a run evaluated.
    pub archs: Architectures,
    /// The best architectures of all runs in the space's notation, best first.
    pub best: Vec<String>,
    /// The architectures that searches started from.
    pub starts: Vec<String>,
    /// Drawings of architectures as SVG documents, by their notation.
    pub drawings: BTreeMap<String, String>,
    /// Drawings of what the best one has other than the starts.
    pub differences: Vec<Difference>,
    /// How the runs were made.
    pub origins: Vec<Origin>,
}

/// A hard constraint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// The metric.
    pub metric: String,
    /// `<=`, `<`, `>=` or `>`.
    pub comparison: String,
    /// What it is compared with.
    pub bound: f64,
}

/// Distinct architectures, a column a property. An architecture whose evaluations differ from run
/// to run, as trainings do, is there once for each outcome.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Architectures {
    /// In the space's notation.
    pub notation: Vec<String>,
    /// The objective; `None` where the evaluation failed.
    pub objective: Vec<Option<f64>>,
    /// Why evaluations failed, where that is known, by place.
    pub failures: BTreeMap<usize, String>,
    /// Whether all constraints hold; where runs have different ones, those of a run that evaluated it.
    pub compliant: Vec<bool>,
    /// For each of the task's metrics, the values.
    pub metrics: Vec<Vec<Option<f64>>>,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// To its end.
    Finished,
    /// To where somebody stopped it.
    Interrupted,
    /// No further so far: it was killed, or is still going on.
    #[default]
    Unfinished,
}

/// An improvement of a run's best: the query counted from 1 (0 for what was known before), the
/// objective, and its rank in the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step(pub usize, pub f64, pub Option<usize>);

/// One run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Run {
    /// The strategy, with its preset unless that is the default.
    pub strategy: String,
    /// The seed.
    pub seed: u64,
    /// The file or folder that it was read from.
    pub path: String,
    /// How far it came.
    pub state: State,
    /// Its hard constraints in words, where the runs of the task have different ones; empty without
    /// any.
    pub bounds: String,
    /// The queries that it may spend.
    pub budget: usize,
    /// The queries that it spent.
    pub queries: usize,
    /// The best objective of a compliant architecture.
    pub best: Option<f64>,
    /// That architecture.
    pub best_arch: Option<String>,
    /// Its rank in the table.
    pub best_rank: Option<usize>,
    /// The query that evaluated it.
    pub queries_to_best: Option<usize>,
    /// Wall time in seconds.
    pub seconds: Option<f64>,
    /// Evaluations that yielded no objective.
    pub failed: usize,
    /// Evaluated architectures that break a constraint.
    pub noncompliant: usize,
    /// Architectures that constraints ruled out without a query.
    pub rejected: usize,
    /// Each query that improved on all before it.
    pub steps: Vec<Step>,
    /// The best rank after so many queries, where the steps are not known.
    pub rank_at: Vec<(usize, usize)>,
    /// The evaluations in order, as places in [`Architectures`].
    pub evaluations: Vec<usize>,
    /// The round of each of them.
    pub rounds_of: Vec<usize>,
    /// The rounds in which the strategy reported something.
    pub rounds: Vec<Round>,
    /// The seconds of wall time by the part of a round that they went into.
    pub parts: BTreeMap<String, f64>,
    /// The network that the search ended with, where networks are trained.
    pub winner: Option<Winner>,
    /// How rare its best is and what more queries would bring, in a sentence.
    pub outlook: Option<String>,
}

/// What a strategy reported of a round.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Round {
    /// Queries at its end.
    pub queries: usize,
    /// What was reported, by name.
    pub gauges: BTreeMap<String, f64>,
}

/// The network that a search ended with, trained on all images that are not for test.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Winner {
    /// The architecture.
    pub arch: String,
    /// Percent of the test images in their class.
    pub test_accuracy: f64,
    /// The weights of the network.
    pub params: usize,
}

/// What one architecture has other than another.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Difference {
    /// The one, in the space's notation.
    pub from: String,
    /// The other.
    pub to: String,
    /// The drawing, an SVG document.
    pub svg: String,
}

/// How some runs were made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Origin {
    /// The strategy.
    pub strategy: String,
    /// The version of the program.
    pub ganas: String,
    /// Its command line, program name left out.
    pub command: Vec<String>,
    /// The settings of the strategy.
    pub settings: Value,
    /// What was searched, and by what.
    pub task: Value,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The file or folder of the runs.
    pub path: String,
}

/// A benchmark over a suite of tasks.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Suite {
    /// The file of the suite.
    pub name: String,
    /// Its tasks.
    pub tasks: usize,
    /// The strategies over all tasks.
    pub standings: Vec<Standing>,
}

/// A strategy over all tasks of a suite.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Standing {
    /// The strategy, with its preset unless that is the default.
    pub strategy: String,
    /// The mean normalised rank after so many queries, from 0 (ahead of all runs) to 1.
    pub mean_rank_at: BTreeMap<usize, f64>,
    /// The same at the end of each task.
    pub mean_final_rank: Option<f64>,
    /// The share of all runs that found their table's best.
    pub found: f64,
}
