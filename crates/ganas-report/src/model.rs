//! Contents of a report: plain data.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::choices::Choices;
use crate::importance::Importance;

/// The contents of a page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The page's title.
    pub title: String,
    /// The version of the program that writes it.
    pub ganas: String,
    /// The command line, without the program's name.
    pub command: Vec<String>,
    /// Notes for the reader, such as files that could not be read.
    pub notes: Vec<String>,
    /// The tasks. Only runs of one task are compared.
    pub tasks: Vec<Task>,
    /// Results over all tasks, for benchmarks over suites.
    pub suites: Vec<Suite>,
}

impl Task {
    /// Returns true if runs are compared by their cost instead of their queries: they have several
    /// fidelities, and all costs are known.
    pub fn is_by_cost(&self) -> bool {
        !self.runs.is_empty() && self.runs.iter().all(|run| run.cost.is_some())
    }
}

/// Runs that search for the same in the same space.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Task {
    /// The space's name.
    pub space: String,
    /// The metric that is searched for.
    pub objective: String,
    /// True if smaller is better.
    pub minimize: bool,
    /// The objectives, if there are several.
    pub objectives: Vec<Goal>,
    /// The source of evaluations, in a line.
    pub source: String,
    /// The best value of a compliant architecture, if a table determines it.
    pub optimum: Option<f64>,
    /// Compliant architectures in that table.
    pub compliant: Option<usize>,
    /// The names of the other metrics.
    pub metrics: Vec<String>,
    /// The hard constraints of all runs.
    pub constraints: Vec<Bound>,
    /// Notes for the reader of the comparison.
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
    /// Choices in which the architectures differ.
    pub choices: Option<Choices>,
    /// Importance of these choices for the objective.
    pub importance: Option<Importance>,
    /// Exports of the best architectures, by their notation.
    pub exports: BTreeMap<String, Vec<Export>>,
    /// Drawings of the differences between the best architecture and the starts.
    pub differences: Vec<Difference>,
    /// Provenance of the runs.
    pub origins: Vec<Origin>,
}

/// An objective among several.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Goal {
    /// The metric.
    pub metric: String,
    /// True if smaller is better.
    pub minimize: bool,
}

/// An architecture on the front of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FrontPoint {
    /// Values of the objectives.
    pub values: Vec<f64>,
    /// The architecture, if it is known.
    pub arch: Option<String>,
}

/// A hard constraint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// The metric.
    pub metric: String,
    /// `<=`, `<`, `>=` or `>`.
    pub comparison: String,
    /// The bound on the metric.
    pub bound: f64,
}

/// Distinct architectures, a column a property. If runs disagree about an architecture, as
/// trainings may, it is listed once for each outcome.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Architectures {
    /// In the space's notation.
    pub notation: Vec<String>,
    /// The objective; `None` if the evaluation failed.
    pub objective: Vec<Option<f64>>,
    /// The reasons of failed evaluations by index, if known.
    pub failures: BTreeMap<usize, String>,
    /// True if all constraints hold. If runs have different constraints, those of a run that
    /// evaluated the architecture count.
    pub compliant: Vec<bool>,
    /// For each of the task's metrics, the values.
    pub metrics: Vec<Vec<Option<f64>>>,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Finished run.
    Finished,
    /// A run that was stopped on request.
    Interrupted,
    /// A run that was killed, or is still running.
    #[default]
    Unfinished,
}

/// An improvement: the query counted from 1 (0 for earlier evaluations), the objective value, and
/// its rank in the table.
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
    /// The state of the run.
    pub state: State,
    /// The hard constraints as text, if the runs of the task have different ones; otherwise empty.
    pub bounds: String,
    /// The queries that it may spend.
    pub budget: usize,
    /// The queries that it spent.
    pub queries: usize,
    /// The best objective of a compliant architecture.
    pub best: Option<f64>,
    /// The architecture of the best objective.
    pub best_arch: Option<String>,
    /// The rank of that architecture in the table.
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
    /// The cost of all queries in units of the cost axis, if it has several fidelities.
    pub cost: Option<usize>,
    /// Each change of the recommended architecture, with the cost in place of the query.
    pub cost_steps: Vec<Step>,
    /// The front, if there are several objectives.
    pub front: Vec<FrontPoint>,
    /// The hypervolume after each query that added to it.
    pub hypervolume: Vec<(usize, f64)>,
    /// The best rank after a number of queries, if the steps are unknown.
    pub rank_at: Vec<(usize, usize)>,
    /// The evaluations in order, as places in [`Architectures`].
    pub evaluations: Vec<usize>,
    /// The round of each of them.
    pub rounds_of: Vec<usize>,
    /// The rounds in which the strategy reported something.
    pub rounds: Vec<Round>,
    /// The seconds of wall time by the part of a round that they went into.
    pub parts: BTreeMap<String, f64>,
    /// The trained network of the search's result, if networks are trained.
    pub winner: Option<Winner>,
    /// The name of its cost axis, if it has several fidelities.
    pub axis: Option<String>,
    /// Learning curves in the order in which architectures were begun.
    pub learning: Vec<LearningCurve>,
    /// The outlook: how rare the best is and what further queries would bring, in a sentence.
    pub outlook: Option<String>,
}

/// The learning curve of an architecture.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LearningCurve {
    /// The architecture.
    pub arch: String,
    /// Levels and objective values.
    pub points: Vec<(u32, f64)>,
    /// The state of its training.
    pub end: CurveEnd,
}

/// The state in which the training of an architecture was left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CurveEnd {
    /// Trained to the highest level.
    Whole,
    /// Left at a lower level by the strategy.
    #[default]
    Paused,
    /// Stopped early, since its predicted end was unlikely to be the best.
    Stopped,
    /// Failed.
    Failed,
}

/// The gauges that a strategy reported for a round.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Round {
    /// Queries at its end.
    pub queries: usize,
    /// The reported values by name.
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

/// The difference between two architectures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Difference {
    /// The one, in the space's notation.
    pub from: String,
    /// The other.
    pub to: String,
    /// The drawing, an SVG document.
    pub svg: String,
}

/// File that an architecture is exported to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Export {
    /// Name of the format.
    pub format: String,
    /// Ending of the file's name.
    pub extension: String,
    /// Content of the file.
    pub text: String,
}

/// The provenance of several runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Origin {
    /// The strategy.
    pub strategy: String,
    /// The version of the program.
    pub ganas: String,
    /// The command line, without the program's name.
    pub command: Vec<String>,
    /// The settings of the strategy.
    pub settings: Value,
    /// The searched space and its source of evaluations.
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
    /// The number of tasks.
    pub tasks: usize,
    /// The strategies over all tasks.
    pub standings: Vec<Standing>,
}

/// A strategy over all tasks of a suite.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Standing {
    /// The strategy, with its preset unless that is the default.
    pub strategy: String,
    /// The mean normalised rank after a number of queries, from 0 (ahead of all runs) to 1.
    pub mean_rank_at: BTreeMap<usize, f64>,
    /// The same at the end of each task.
    pub mean_final_rank: Option<f64>,
    /// The share of all runs that found their table's best.
    pub found: f64,
}
