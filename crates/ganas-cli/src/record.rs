//! The JSON that leaves the program. Fields are only ever added.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::OnceLock;

use ganas_core::driver::StopReason;
use ganas_core::space::Sampler;
use ganas_search::Recipe;
use ganas_search::predictor::Fitted;
use ganas_search::rare_event::Outlook;
use ganas_tables::{Ranking, SourceRow};
use ganas_train::Preprocessing;
use ganas_train::supernet::{Identity, Scoring};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::caller::Caller;
use crate::change::Change;
use crate::comparison::BesideRandom;
use crate::history::HistoryRecord;
use crate::reading::ReadingArgs;
use crate::source::Source;
use crate::standing::{Comparison, Standing};
use crate::task::Task;

/// One finished run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// The strategy's name.
    pub strategy: String,
    /// The preset's name.
    pub preset: String,
    /// The seed.
    pub seed: u64,
    /// Distinct architectures evaluated, and re-evaluations.
    pub queries: usize,
    /// The best objective of a compliant architecture; null if none was found.
    pub best: Option<f64>,
    /// That architecture.
    pub best_arch: Option<String>,
    /// 1 + the number of compliant architectures in the table that are strictly better.
    pub best_rank: Option<usize>,
    /// Queries until the best was evaluated.
    pub queries_to_best: Option<usize>,
    /// Queries until an architecture as good as the table's best was evaluated.
    pub queries_to_optimum: Option<usize>,
    /// The best rank after so many queries.
    pub rank_at: BTreeMap<usize, Option<usize>>,
    /// Wall time of the search in seconds; of all its parts, if it was interrupted and resumed.
    pub seconds: f64,
    /// Why it ended.
    pub stop: StopReason,
    /// Distinct architectures that constraints ruled out without a query.
    pub rejected: usize,
    /// Evaluated architectures that break a constraint.
    pub noncompliant: usize,
    /// Evaluations that yielded no objective.
    pub failed: usize,
    /// The best architecture's value in the column of the table that is reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<f64>,
    /// Its rank there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_rank: Option<usize>,
    /// The architecture that is reported, where it was chosen by re-evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported_arch: Option<String>,
    /// The value of what is reported, as the table has it, minus that of the table's best row
    /// ([`BestRow`]), where the table has the architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_distance: Option<f64>,
    /// The same by what the surrogate predicts that is searched, where it predicts that column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_distance: Option<f64>,
    /// Queries that went into re-evaluation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reevaluated: Option<usize>,
    /// The best objective as the search saw it, where noise was added; `best`, all ranks and the
    /// trajectory are without noise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<f64>,
    /// In a benchmark, each query that improved on all before it: the query, the objective and its
    /// rank.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(usize, f64, Option<usize>)>,
}

impl Run {
    /// The same as one of a benchmark, which came to its best so.
    pub fn along(mut self, trajectory: &[Step]) -> Run {
        let steps = trajectory.iter();
        self.steps = steps
            .map(|step| (step.query, step.best, step.rank))
            .collect();
        self
    }
}

/// What a search writes: its task, its run, and how the run came to its best.
#[derive(Debug, Serialize)]
pub struct SearchReport {
    /// The space's name.
    pub space: String,
    /// The objective.
    pub objective: String,
    /// The best value of a compliant architecture in the table, if one has the objective.
    pub optimum: Option<f64>,
    /// The table's best row, if there is a table to judge by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_row: Option<BestRow>,
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// The row of the best architecture in the table's file, as it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<SourceRow>,
    /// The best architectures of the run, best first, if they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Top>,
    /// Each query that improved on all before it.
    pub trajectory: Vec<Step>,
    /// What became of each architecture that was evaluated first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub improved: Vec<Improved>,
    /// Where no architecture met the constraints, the one that was nearest to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// Why the first evaluation that failed did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The best architecture, trained once more, where architectures are trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub winner: Option<Winner>,
    /// How rare architectures as good as the best are, and what more queries would bring, in a
    /// finished search by `ga-nas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outlook: Option<OutlookRecord>,
    /// How it was made.
    pub provenance: Provenance,
}

/// What a table has that is best of what keeps the constraints: what runs are measured by.
#[derive(Clone, Debug, Serialize)]
pub struct BestRow {
    /// The column: the one that is reported, else the objective.
    pub column: String,
    /// Its best value.
    pub value: f64,
    /// The architecture.
    pub arch: String,
    /// Where it is in the table's file, counted from 1.
    pub line: u64,
}

/// An architecture of a run, and where it is in the table's file.
#[derive(Clone, Debug, Serialize)]
pub struct Top {
    /// The objective.
    pub value: f64,
    /// The architecture.
    pub arch: String,
    /// All metrics.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Its row in the table's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<SourceRow>,
}

/// An outlook.
#[derive(Clone, Debug, Serialize)]
pub struct OutlookRecord {
    /// It in a sentence.
    pub sentence: String,
    /// Its numbers.
    #[serde(flatten)]
    pub outlook: Outlook,
    /// The share itself, where a table knows it.
    pub exact: Option<f64>,
}

/// An improvement of a run's best.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The query, counted from 1.
    pub query: usize,
    /// The objective.
    pub best: f64,
    /// The architecture.
    pub arch: String,
    /// Its rank in the table, if one has the objective.
    pub rank: Option<usize>,
}

/// A starting point, and what the search made of it.
#[derive(Clone, Debug, Serialize)]
pub struct Improved {
    /// The architecture.
    pub start: String,
    /// Its objective; null if its evaluation failed.
    pub value: Option<f64>,
    /// Its rank in the table, if one has the objective.
    pub rank: Option<usize>,
    /// The objective of the run's best minus its own.
    pub change: Option<f64>,
    /// Each constrained metric: its own, and that of the run's best.
    pub metrics: BTreeMap<String, [Option<f64>; 2]>,
}

/// An architecture that does not meet the constraints.
#[derive(Clone, Debug, Serialize)]
pub struct Nearest {
    /// The architecture.
    pub arch: String,
    /// What it has of each metric whose constraint it breaks.
    pub breaches: Vec<String>,
}

/// The architecture that a search ends with, trained on all images that are not for test.
#[derive(Clone, Debug, Serialize)]
pub struct Winner {
    /// The architecture.
    pub arch: String,
    /// The best of the search, which were trained again to choose it, best first.
    pub finalists: Vec<Finalist>,
    /// Percent of the test images in their class.
    pub test_accuracy: f64,
    /// Their mean cross entropy in nats.
    pub test_loss: f64,
    /// The test images.
    pub test_images: usize,
    /// The images that it was trained on.
    pub train_images: usize,
    /// The epochs of that.
    pub epochs: usize,
    /// How images are prepared for it.
    #[serde(flatten)]
    pub preprocessing: Preprocessing,
    /// Random architectures under the same training; left out where that would take longer than the
    /// search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<BesideRandom>,
    /// The weights of the network.
    pub params: usize,
    /// The file with the weights.
    pub weights: String,
    /// The file with its drawing.
    pub drawing: String,
}

/// One of the best architectures of a search, trained again.
#[derive(Clone, Debug, Serialize)]
pub struct Finalist {
    /// The architecture.
    pub arch: String,
    /// The mean percentage of validation images in their class; null if a training diverged.
    pub accuracy: Option<f64>,
    /// Over so many trainings.
    pub trainings: usize,
}

/// What a benchmark writes.
#[derive(Debug, Serialize)]
pub struct BenchReport {
    /// The space's name.
    pub space: String,
    /// The objective.
    pub objective: String,
    /// The best value of a compliant architecture in the table, if one has the objective.
    pub optimum: Option<f64>,
    /// The table's best row, if there is a table to judge by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_row: Option<BestRow>,
    /// All finished runs, by strategy in the order given, then by seed.
    pub runs: Vec<Run>,
    /// A line for each strategy that finished a run.
    pub summary: Vec<Summary>,
    /// How it was made.
    pub provenance: Provenance,
}

/// What a benchmark over a suite writes.
#[derive(Debug, Serialize)]
pub struct SuiteReport {
    /// The file of the suite.
    pub suite: String,
    /// The tables that the tasks are views of.
    pub tables: usize,
    /// A line for each strategy over all tasks.
    pub standings: Vec<Standing>,
    /// Every pair of strategies over all tasks.
    pub comparisons: Vec<Comparison>,
    /// The tasks that are finished, in the order of the file.
    pub tasks: Vec<TaskReport>,
    /// The version of this program.
    pub ganas: String,
    /// The command line, program name left out.
    pub command: Vec<String>,
}

/// What a benchmark over a suite writes of one task.
#[derive(Debug, Serialize)]
pub struct TaskReport {
    /// What the suite calls it.
    pub name: String,
    /// What a benchmark of the task alone writes.
    #[serde(flatten)]
    pub report: BenchReport,
    /// Every pair of strategies on this task.
    pub comparisons: Vec<Comparison>,
}

/// A strategy's runs in a line.
///
/// Means and deviations of `best` and `best_rank` are over the seeds that found any compliant
/// architecture; `null` where none did.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The strategy's name.
    pub strategy: String,
    /// The preset's name.
    pub preset: String,
    /// The number of finished runs.
    pub seeds: usize,
    /// The mean of the best objectives.
    pub mean_best: Option<f64>,
    /// Their sample standard deviation (n - 1 in the denominator); 0 of one seed.
    pub std_best: Option<f64>,
    /// The mean of the best ranks.
    pub mean_rank: Option<f64>,
    /// Seeds that found the table's best.
    pub found_optimum: usize,
    /// A 95 % interval of the share of such seeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_optimum_interval: Option<[f64; 2]>,
    /// The median over all seeds of the queries that took, where not finding it is the longest.
    #[serde(serialize_with = "whole_numbers_as_such")]
    pub median_queries_to_optimum: Option<f64>,
    /// A 95 % interval of that median, null at an end where less than enough runs found it; absent
    /// with fewer than 6 runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_queries_to_optimum_interval: Option<[Option<f64>; 2]>,
    /// The mean number of queries to the run's own best.
    pub mean_queries_to_best: Option<f64>,
    /// The median wall time of a run in seconds.
    pub median_seconds: f64,
    /// Seeds that found no compliant architecture at all.
    pub found_nothing: usize,
    /// The mean value of the best architectures in the column of the table that is reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_reported: Option<f64>,
    /// Its sample standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub std_reported: Option<f64>,
    /// The mean of their ranks there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_reported_rank: Option<f64>,
    /// The mean of the measured distances to the table's best row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_measured_distance: Option<f64>,
    /// The runs that it is the mean of: those that end at an architecture of the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<usize>,
    /// The mean of the predicted distances to the table's best row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_predicted_distance: Option<f64>,
}

/// What has to be known to make a result again.
#[derive(Clone, Debug, Serialize)]
pub struct Provenance {
    /// The version of this program.
    pub ganas: String,
    /// The command line, program name left out.
    pub command: Vec<String>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Evaluations that were known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryRecord>,
    /// Evaluations under way at once, where rounds overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asynchronous: Option<usize>,
    /// What was changed when it was resumed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// What is searched, and by what.
#[derive(Clone, Debug, Serialize)]
pub struct TaskRecord {
    /// The space as it was named on the command line.
    pub space: String,
    /// The table.
    #[serde(flatten)]
    pub table: Option<TableRecord>,
    /// The column that is reported and not searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// How many of the best are re-evaluated in that column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reevaluate: Option<usize>,
    /// The value of the objective that ends a search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// The standard deviation of noise on the objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
    /// What is searched by and what is reported, in a line.
    pub protocol: String,
    /// The trainings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingRecord>,
    /// The supernet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supernet: Option<SupernetRecord>,
    /// The user's own workers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkersRecord>,
    /// The surrogate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surrogate: Option<SurrogateRecord>,
    /// The program that evaluates, where the search is embedded in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<Caller>,
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
    #[serde(skip_serializing_if = "is_false")]
    pub distinct_networks: bool,
    /// How the table was read, where an option said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingArgs>,
}

/// A table.
#[derive(Clone, Debug, Serialize)]
pub struct TableRecord {
    /// Its file.
    pub table: String,
    /// Architectures in it.
    pub table_rows: usize,
    /// XXH3-64 of its columns, architectures and metrics.
    pub table_digest: String,
}

/// How candidates are trained.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
pub struct SupernetRecord {
    /// Its folder.
    pub folder: String,
    /// What it is of.
    pub identity: Identity,
    /// How it scores.
    pub scoring: Scoring,
}

/// What the user's own workers are told.
#[derive(Clone, Debug, Serialize)]
pub struct WorkersRecord {
    /// How they are started.
    pub program: String,
    /// What is asked of them.
    pub metrics: Vec<String>,
    /// What they are told to spend on an evaluation.
    pub budget: Option<f64>,
}

/// What predicts the metrics of candidates.
#[derive(Clone, Debug, Serialize)]
pub struct SurrogateRecord {
    /// Its file.
    pub file: String,
    /// How each metric's model was fitted, in the order of the metrics; null if by others.
    pub fitted: Vec<Option<Fitted>>,
}

/// A strategy and all its numbers.
#[derive(Clone, Debug, Serialize)]
pub struct StrategyRecord {
    /// The strategy's name.
    pub strategy: String,
    /// The preset's name.
    pub preset: String,
    /// The settings it was built with.
    pub settings: Value,
}

impl TaskRecord {
    /// The record of a task.
    pub fn new(task: &Task) -> Self {
        let (training, supernet) = match &task.source {
            Source::Table(_) | Source::Workers(_) | Source::Surrogate(..) | Source::Caller(_) => {
                (None, None)
            }
            Source::Training(trained) => {
                let images = &trained.training.task;
                let split = images.split();
                let record = TrainingRecord {
                    data: trained.data.clone(),
                    dataset: images.dataset().name().to_owned(),
                    images: [&split.train, &split.validation, &split.test].map(Vec::len),
                    split_seed: trained.seed,
                    recipe: trained.training.recipe.clone(),
                };
                (Some(record), None)
            }
            Source::Supernet(shared) => {
                let record = SupernetRecord {
                    folder: shared.folder.display().to_string(),
                    identity: shared.identity.clone(),
                    scoring: shared.scoring,
                };
                (None, Some(record))
            }
        };
        TaskRecord {
            space: task.space_argument.clone(),
            table: task.table.as_ref().map(|table| TableRecord {
                table: table.source().display().to_string(),
                table_rows: table.len(),
                table_digest: table.digest().to_owned(),
            }),
            report: task.report.as_ref().map(|report| report.name.clone()),
            reevaluate: Some(task.reevaluate).filter(|n| *n > 0),
            target: task.target,
            noise: task.deviation(),
            protocol: task.protocol(),
            training,
            supernet,
            workers: match &task.source {
                Source::Workers(workers) => Some(workers.record()),
                _ => None,
            },
            surrogate: match &task.source {
                Source::Surrogate(_, surrogate) => Some(SurrogateRecord {
                    file: surrogate.source().display().to_string(),
                    fitted: (surrogate.models().iter())
                        .map(|m| m.fitted.clone())
                        .collect(),
                }),
                _ => None,
            },
            caller: match &task.source {
                Source::Caller(caller) => Some(caller.clone()),
                _ => None,
            },
            objective: task.objective.metric.clone(),
            minimize: task.objective.is_minimized(),
            constraints: (task.constraints.iter().map(|c| c.to_string()))
                .chain(task.predicates.iter().map(|p| p.name.clone()))
                .collect(),
            compliant_rows: task.ranking.as_ref().map(Ranking::len),
            sampler: task.sampler,
            merge_isomorphic: task.merge_isomorphic,
            distinct_networks: !task.merge_isomorphic && !task.space.roles().is_empty(),
            reading: Some(&task.reading)
                .filter(|reading| **reading != ReadingArgs::default())
                .cloned(),
        }
    }
}

impl Provenance {
    /// The record of runs of these strategies and seeds on a task.
    pub fn new(task: &Task, recipes: &[Recipe], queries: usize, seeds: Vec<u64>) -> Self {
        Provenance {
            ganas: crate::VERSION.into(),
            command: command_line(),
            task: TaskRecord::new(task),
            queries,
            strategies: (recipes.iter())
                .map(|recipe| StrategyRecord {
                    strategy: recipe.strategy().into(),
                    preset: recipe.preset().into(),
                    settings: recipe.settings(),
                })
                .collect(),
            seeds,
            start: task.start.iter().map(|a| task.space.format(a)).collect(),
            devices: task.source.device().map(String::from).into_iter().collect(),
            history: None,
            asynchronous: None,
            changes: Vec::new(),
        }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

/// The words of this process's command, where it is not a process of its own.
static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Keeps the words of the command, the program's name first. The first call counts.
pub fn started_with(words: &[OsString]) {
    WORDS.get_or_init(|| words.to_vec());
}

/// The command line, program name left out.
pub fn command_line() -> Vec<String> {
    let words = WORDS.get_or_init(|| std::env::args_os().collect());
    (words.iter().skip(1))
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// Writes 57.0 as 57: a median of counts is mostly a count.
fn whole_numbers_as_such<S: Serializer>(
    value: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        // Counts of queries are far below 2^53.
        Some(v) if v.fract() == 0.0 => serializer.serialize_some(&(*v as u64)),
        other => other.serialize(serializer),
    }
}
