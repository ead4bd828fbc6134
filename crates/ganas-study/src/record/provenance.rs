//! Provenance of results: all facts needed to make them again.

use std::collections::BTreeMap;

use ganas_core::problem::Objective;
use ganas_core::space::Sampler;
use ganas_search::predictor::Fitted;
use ganas_train::supernet::{Identity, Scoring};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::{Change, ReadingSpec, StudySpec};

/// Provenance of a result: all facts needed to make it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of this program.
    pub ganas: String,
    /// Command line, if it was begun by one; the program's name is left out.
    #[serde(default)]
    pub command: Vec<String>,
    /// Specification that makes it again; absent in records of versions before 0.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<StudySpec>,
    /// Task that was searched.
    pub task: TaskRecord,
    /// The queries a run may spend.
    pub queries: usize,
    /// The cost a run may spend, in units of the cost axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// The strategies with their settings.
    pub strategies: Vec<StrategyRecord>,
    /// The seeds, one a run of each strategy.
    pub seeds: Vec<u64>,
    /// Architectures that were evaluated first.
    pub start: Vec<String>,
    /// Devices that networks were computed on. A resumed run may have changed it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Evaluations that were known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryRecord>,
    /// Evaluations under way at once, where rounds overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asynchronous: Option<usize>,
    /// Changes at each resumption.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// Record of a task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskRecord {
    /// The space as it was named on the command line.
    pub space: String,
    /// The table.
    #[serde(flatten)]
    pub table: Option<TableRecord>,
    /// The column that is reported and not searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Number of the best architectures that are re-evaluated in that column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reevaluate: Option<usize>,
    /// The value of the objective that ends a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// The cost axis, as `epochs=1..100`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<String>,
    /// The most probability with which an early stop is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_early: Option<f64>,
    /// The standard deviation of noise on the objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// Metric that is searched by and metric that is reported, in a line.
    pub protocol: String,
    /// The trainings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingRecord>,
    /// The supernet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supernet: Option<SupernetRecord>,
    /// The user's own workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkersRecord>,
    /// The surrogate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surrogate: Option<SurrogateRecord>,
    /// The program that evaluates, where the search is embedded in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<CallerRecord>,
    /// The name of the registered evaluator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluator: Option<String>,
    /// The objective; of several, all names.
    pub objective: String,
    /// True if smaller is better, by the first objective.
    pub minimize: bool,
    /// The objectives, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Objective>,
    /// Reference point of the hypervolume, as far as it was known before the search.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reference: BTreeMap<String, f64>,
    /// XXH3-64 of the file with costs of ops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_table: Option<String>,
    /// Other tasks that were known before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior: Vec<PriorRecord>,
    /// Networks that were trained before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<PretrainedRecord>,
    /// Metrics that were free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    /// Files that some of them are in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_files: Vec<PriorRecord>,
    /// Conditions that declare an evaluation failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
    /// The bounds.
    pub constraints: Vec<String>,
    /// Architectures in the table that keep them.
    pub compliant_rows: Option<usize>,
    /// Distribution of random architectures.
    pub sampler: Sampler,
    /// True if isomorphic strings counted as one architecture.
    pub merge_isomorphic: bool,
    /// True if notations that differ only by ops without a layer counted as one architecture by default.
    #[serde(default, skip_serializing_if = "is_false")]
    pub distinct_networks: bool,
    /// Options by which the table was read, if any were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingSpec>,
}

/// A table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableRecord {
    /// File of the table.
    pub table: String,
    /// Architectures in it.
    pub table_rows: usize,
    /// XXH3-64 of its columns, architectures and metrics.
    pub table_digest: String,
}

/// Record of trainings.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// The dataset as it was named.
    pub data: String,
    /// Name that the dataset gives itself.
    pub dataset: String,
    /// Images for training, validation and test.
    pub images: [usize; 3],
    /// The seed of the split.
    pub split_seed: u64,
    /// The recipe.
    pub recipe: ganas_train::Recipe,
}

/// Record of a supernet that scores candidates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SupernetRecord {
    /// Folder of the supernet.
    pub folder: String,
    /// Space, dataset and settings that it was trained with.
    pub identity: Identity,
    /// Settings of its scores.
    pub scoring: Scoring,
}

/// Record of the user's own workers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkersRecord {
    /// Command that starts them.
    pub program: String,
    /// Metrics that are requested from them.
    pub metrics: Vec<String>,
    /// Budget of an evaluation that they are given.
    pub budget: Option<f64>,
}

/// Record of a surrogate that predicts metrics.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SurrogateRecord {
    /// File of the surrogate.
    pub file: String,
    /// Fit of each metric's model, in the order of the metrics; null for a model of another program.
    pub fitted: Vec<Option<Fitted>>,
}

/// A strategy and all its numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StrategyRecord {
    /// The strategy's name.
    pub strategy: String,
    /// The preset's name.
    pub preset: String,
    /// The settings it was built with.
    pub settings: Value,
}

/// Record of a history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// Distinct architectures.
    pub evaluations: usize,
    /// XXH3-64 of the file.
    pub digest: String,
}

/// Record of another task on the space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriorRecord {
    /// Table or run folder.
    pub file: String,
    /// Column.
    pub column: String,
    /// Objective that the column tells of, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<String>,
    /// True if smaller is better.
    pub minimize: bool,
    /// Architectures with a value.
    pub rows: usize,
    /// XXH3-64 of columns, architectures and metrics.
    pub digest: String,
}

/// Record of a file of networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PretrainedRecord {
    /// File.
    pub file: String,
    /// XXH3-64 of its content.
    pub digest: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The program that evaluates, where the search is embedded in one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallerRecord {
    /// Program.
    pub caller: String,
    /// Metrics that are asked of it, the objective first.
    pub metrics: Vec<String>,
}
