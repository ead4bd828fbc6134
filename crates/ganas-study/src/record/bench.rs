//! Records of benchmarks and suites.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

use super::front::{TableFrontRecord, by_number};
use super::provenance::Provenance;
use super::search::{BestRow, Run};

/// Result of a benchmark.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BenchReport {
    /// The space's name.
    pub space: String,
    /// The objective.
    pub objective: String,
    /// The best value of a compliant architecture in the table, if one has the objective.
    pub optimum: Option<f64>,
    /// The table's best row, if there is a table to judge by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_row: Option<BestRow>,
    /// Reference point of the hypervolume, if there are several objectives.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reference: BTreeMap<String, f64>,
    /// Front of the table, if there are several objectives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_front: Option<TableFrontRecord>,
    /// All finished runs, by strategy in the order given, then by seed.
    pub runs: Vec<Run>,
    /// A line for each strategy that finished a run.
    pub summary: Vec<Summary>,
    /// Provenance of the result.
    pub provenance: Provenance,
}

/// Result of a benchmark over a suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// Result of a benchmark on one task of a suite.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TaskReport {
    /// Name of the task in the suite.
    pub name: String,
    /// Result of a benchmark of the task alone.
    #[serde(flatten)]
    pub report: BenchReport,
    /// Every pair of strategies on this task.
    pub comparisons: Vec<Comparison>,
}

/// A strategy's runs in a line.
///
/// Means and deviations of `best` and `best_rank` are over the seeds that found any compliant
/// architecture; `null` where none did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// The strategy's name.
    pub strategy: String,
    /// The preset's name.
    pub preset: String,
    /// The number of finished runs.
    pub seeds: usize,
    /// The mean of the best objectives.
    pub mean_best: Option<f64>,
    /// Sample standard deviation of the best objectives (n - 1 in the denominator); 0 of one seed.
    pub std_best: Option<f64>,
    /// The mean of the best ranks.
    pub mean_rank: Option<f64>,
    /// Seeds that found the table's best.
    pub found_optimum: usize,
    /// A 95 % interval of the share of such seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_optimum_interval: Option<[f64; 2]>,
    /// The median over all seeds of the queries that took, where not finding it is the longest.
    #[serde(default, serialize_with = "whole_numbers_as_such")]
    pub median_queries_to_optimum: Option<f64>,
    /// A 95 % interval of that median, null at an end where less than enough runs found it; absent
    /// with fewer than 6 runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_queries_to_optimum_interval: Option<[Option<f64>; 2]>,
    /// The mean number of queries to the run's own best.
    pub mean_queries_to_best: Option<f64>,
    /// The median wall time of a run in seconds.
    pub median_seconds: f64,
    /// Seeds that found no compliant architecture at all.
    pub found_nothing: usize,
    /// The mean value of the best architectures in the column of the table that is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_reported: Option<f64>,
    /// Sample standard deviation of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std_reported: Option<f64>,
    /// The mean of their ranks there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_reported_rank: Option<f64>,
    /// The mean of the measured distances to the table's best row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_measured_distance: Option<f64>,
    /// The runs that it is the mean of: those that end at an architecture of the table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<usize>,
    /// The mean of the predicted distances to the table's best row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_predicted_distance: Option<f64>,
    /// Costs and ranks where there are several fidelities.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<FidelitySummary>,
    /// The fronts, if there are several objectives.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<ShareSummary>,
}

/// Runs of a strategy at several fidelities, in a line. A mean rank is null if some run recommended nothing
/// by then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FidelitySummary {
    /// The mean cost of a run, in units of the cost axis.
    pub mean_cost: Option<f64>,
    /// The mean cost to the recommended architecture.
    pub mean_cost_to_best: Option<f64>,
    /// The mean of the best values at the highest fidelity, over the runs that have one.
    pub mean_best_at_max: Option<f64>,
    /// The mean rank of the recommended architectures by the table's values at the highest fidelity.
    pub mean_final_rank: Option<f64>,
    /// The same by cost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub mean_rank_at_cost: BTreeMap<usize, Option<f64>>,
}

/// Hypervolumes of a strategy's runs: shares of that of the table's front, or of the box without a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShareSummary {
    /// The mean share at the end.
    pub mean_share: f64,
    /// Sample standard deviation of the shares at the end.
    pub std_share: f64,
    /// A 95 % interval of the mean by Student's t; absent with one seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_share_interval: Option<[f64; 2]>,
    /// The mean share by number of queries.
    #[serde(deserialize_with = "by_number")]
    pub mean_share_at: BTreeMap<usize, f64>,
    /// Sample standard deviation of the share by number of queries.
    #[serde(deserialize_with = "by_number")]
    pub std_share_at: BTreeMap<usize, f64>,
    /// The mean number of architectures on the front.
    pub mean_front_size: f64,
}

/// A strategy over all tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// The strategy's name.
    pub strategy: String,
    /// The preset's name.
    pub preset: String,
    /// Mean normalised rank by number of queries: the place of its runs among all runs of a task, from 0
    /// (ahead of all) to 1. The mean is over the tables whose tasks have as many queries.
    pub mean_rank_at: BTreeMap<usize, f64>,
    /// The same at the end of each task.
    pub mean_final_rank: Option<f64>,
    /// A 95 % interval of that for further tables, by a bootstrap over the tables; absent with fewer
    /// than 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_final_rank_interval: Option<[f64; 2]>,
    /// The share of runs in tables that have found their table's best, as `[queries, share]` wherever
    /// it grows; each table counts the same.
    pub optimum_attained: Vec<(usize, f64)>,
    /// The same for the best 0.1 % of a table.
    pub top_attained: Vec<(usize, f64)>,
}

/// Two strategies compared by how their runs ended: the rank, and of equal ranks, the queries it took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// The one, as on the command line.
    pub a: String,
    /// The other.
    pub b: String,
    /// Probability that a run of `a` is better than one of `b` on the same task; equal ones count half. Over
    /// several tasks it is the mean over their tables.
    pub a_is_better: f64,
    /// A 95 % interval of that: on one task for further runs there, over several for further tables, by
    /// a bootstrap over the tables; absent with fewer than 5 of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// The probability of such a difference if there were none. On one task it is that of the two-sided
    /// Mann-Whitney test, in the normal approximation. Over several it is that of the sign-flip test on
    /// the tables' means, which cannot be below 2 / 2^n with n tables.
    pub p: f64,
    /// The same after Holm's correction for the number of comparisons beside this one.
    pub p_holm: f64,
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
