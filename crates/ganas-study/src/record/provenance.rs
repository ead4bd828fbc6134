//! Records of what has to be known to make a result again.

use ganas_core::space::Sampler;
use ganas_search::predictor::Fitted;
use ganas_train::supernet::{Identity, Scoring};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::spec::{Change, ReadingSpec, StudySpec};

/// What has to be known to make a result again.
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
    /// What was searched.
    pub task: TaskRecord,
    /// The queries a run may spend.
    pub queries: usize,
    /// The strategies with their settings.
    pub strategies: Vec<StrategyRecord>,
    /// The seeds, one a run of each strategy.
    pub seeds: Vec<u64>,
    /// Architectures that were evaluated first.
    pub start: Vec<String>,
    /// The device that networks were computed on, and those that a resumed run went on with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Evaluations that were known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryRecord>,
    /// Evaluations under way at once, where rounds overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asynchronous: Option<usize>,
    /// What was changed when it was resumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// What is searched, and by what.
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
    /// How many of the best are re-evaluated in that column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reevaluate: Option<usize>,
    /// The value of the objective that ends a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// The standard deviation of noise on the objective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// What is searched by and what is reported, in a line.
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
    /// The objective.
    pub objective: String,
    /// Whether smaller is better.
    pub minimize: bool,
    /// The bounds.
    pub constraints: Vec<String>,
    /// Architectures in the table that keep them.
    pub compliant_rows: Option<usize>,
    /// How random architectures were drawn.
    pub sampler: Sampler,
    /// Whether isomorphic strings counted as one architecture.
    pub merge_isomorphic: bool,
    /// Whether notations that differ only by ops without a layer counted as one architecture, without
    /// being asked to.
    #[serde(default, skip_serializing_if = "is_false")]
    pub distinct_networks: bool,
    /// How the table was read, where an option said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingSpec>,
}

/// A table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableRecord {
    /// Its file.
    pub table: String,
    /// Architectures in it.
    pub table_rows: usize,
    /// XXH3-64 of its columns, architectures and metrics.
    pub table_digest: String,
}

/// How candidates are trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// The dataset as it was named.
    pub data: String,
    /// Its own name.
    pub dataset: String,
    /// Images for training, validation and test.
    pub images: [usize; 3],
    /// The seed of the split.
    pub split_seed: u64,
    /// The recipe.
    pub recipe: ganas_train::Recipe,
}

/// What scores candidates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SupernetRecord {
    /// Its folder.
    pub folder: String,
    /// What it is of.
    pub identity: Identity,
    /// How it scores.
    pub scoring: Scoring,
}

/// What the user's own workers are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkersRecord {
    /// How they are started.
    pub program: String,
    /// What is asked of them.
    pub metrics: Vec<String>,
    /// What they are told to spend on an evaluation.
    pub budget: Option<f64>,
}

/// What predicts the metrics of candidates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SurrogateRecord {
    /// Its file.
    pub file: String,
    /// How each metric's model was fitted, in the order of the metrics; null if by others.
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

/// What is on record of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// Distinct architectures.
    pub evaluations: usize,
    /// XXH3-64 of the file.
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
