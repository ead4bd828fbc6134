//! Records of single runs.

use std::collections::BTreeMap;

use ganas_core::driver::StopReason;
use ganas_search::rare_event::Outlook;
use ganas_tables::SourceRow;
use ganas_train::Preprocessing;
use serde::{Deserialize, Serialize};

use super::front::{FrontMember, FrontRecord, TableFrontRecord};
use super::provenance::Provenance;

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
    /// Architecture with that objective.
    pub best_arch: Option<String>,
    /// 1 + the number of compliant architectures in the table that are strictly better.
    pub best_rank: Option<usize>,
    /// Queries until the best was evaluated.
    pub queries_to_best: Option<usize>,
    /// Queries until an architecture as good as the table's best was evaluated.
    pub queries_to_optimum: Option<usize>,
    /// Best rank by number of queries.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<f64>,
    /// Rank of that value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_rank: Option<usize>,
    /// The architecture that is reported, where it was chosen by re-evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_arch: Option<String>,
    /// Value of the reported architecture in the table minus that of the table's best row ([`BestRow`]).
    /// Absent if the table lacks the architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_distance: Option<f64>,
    /// The same distance by the prediction of the surrogate that is searched. Absent if it does not predict
    /// that column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_distance: Option<f64>,
    /// Queries that went into re-evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reevaluated: Option<usize>,
    /// The best objective as the search saw it, where noise was added; `best`, all ranks and the
    /// trajectory are without noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<f64>,
    /// The front, if there are several objectives. Everything about a single best architecture is absent
    /// then.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub front: Option<FrontRecord>,
    /// In a benchmark, each query that improved on all before it: the query, the objective and its
    /// rank.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<(usize, f64, Option<usize>)>,
    /// Costs and ranks where there are several fidelities.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<FidelityRun>,
}

/// A run at several fidelities.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FidelityRun {
    /// Cost of all queries, in units of the cost axis.
    pub cost: u64,
    /// Cost until the recommended architecture was evaluated at the fidelity of `best`.
    pub cost_to_best: Option<u64>,
    /// The best value among architectures evaluated at the highest fidelity; null if none was.
    pub best_at_max: Option<f64>,
    /// Rank of the recommended architecture by the table's values at the highest fidelity; null without a
    /// table.
    pub final_rank: Option<usize>,
    /// Level at which the recommended architecture was evaluated last.
    pub recommended_at: Option<u32>,
    /// Number of architectures evaluated at the highest fidelity.
    pub trained_to_max: usize,
    /// Number of evaluations that were stopped early.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stopped_early: usize,
    /// Rank of the recommended architecture by cost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rank_at_cost: BTreeMap<usize, Option<usize>>,
    /// In a benchmark, each change of the recommended architecture: the cost, its value, and its rank at the
    /// highest fidelity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cost_steps: Vec<(u64, f64, Option<usize>)>,
}

impl Run {
    /// Returns the run as a part of a benchmark's result, with its improvements.
    pub fn along(mut self, trajectory: &[Step]) -> Run {
        let steps = trajectory.iter();
        self.steps = steps
            .map(|step| (step.query, step.best, step.rank))
            .collect();
        if let Some(fidelity) = &mut self.fidelity {
            let steps = trajectory.iter();
            fidelity.cost_steps = steps
                .map(|step| (step.cost.unwrap_or_default(), step.best, step.rank))
                .collect();
        }
        self
    }
}

/// Result of a search: its task, its run and its improvements.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SearchReport {
    /// The space's name.
    pub space: String,
    /// The objective.
    pub objective: String,
    /// The best value of a compliant architecture in the table, if one has the objective.
    pub optimum: Option<f64>,
    /// The table's best row, if there is a table to judge by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_row: Option<BestRow>,
    /// Architectures of the front, if there are several objectives, by the first one, best first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<Vec<FrontMember>>,
    /// Reference point of the hypervolume, if there are several objectives.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reference: BTreeMap<String, f64>,
    /// Front of the table, if one is searched for several objectives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_front: Option<TableFrontRecord>,
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// The row of the best architecture in the table's file, as it stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<SourceRow>,
    /// The best architectures of the run, best first, if they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<Top>,
    /// Each query that improved on all before it.
    pub trajectory: Vec<Step>,
    /// Change from each starting point to the best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub improved: Vec<Improved>,
    /// Architecture that is nearest to complying, if none complied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// Why the first evaluation that failed did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The best architecture, trained once more, where architectures are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<Winner>,
    /// Rarity of architectures as good as the best, and the expected gain of more queries. Only finished
    /// searches by `ga-nas` have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlook: Option<OutlookRecord>,
    /// Provenance of the result.
    pub provenance: Provenance,
}

impl SearchReport {
    /// Returns true if it found a usable architecture.
    pub fn has_found(&self) -> bool {
        let on_front = self.front.as_ref().is_some_and(|front| !front.is_empty());
        on_front || self.run.best.is_some()
    }
}

/// Best compliant row of a table, with which runs are compared.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BestRow {
    /// The column: the one that is reported, else the objective.
    pub column: String,
    /// Best value in that column.
    pub value: f64,
    /// The architecture.
    pub arch: String,
    /// Line in the table's file, counted from 1.
    pub line: u64,
}

/// An architecture of a run, and where it is in the table's file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Top {
    /// The objective.
    pub value: f64,
    /// The architecture.
    pub arch: String,
    /// All metrics.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Row in the table's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<SourceRow>,
}

/// An outlook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OutlookRecord {
    /// Sentence that sums it up.
    pub sentence: String,
    /// Numbers of the outlook.
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
    /// Rank in the table, if one has the objective.
    pub rank: Option<usize>,
    /// Cost up to then, where there are several fidelities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
    /// Level at which it was evaluated, where there are several fidelities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u32>,
}

/// A starting point, and what the search made of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Improved {
    /// The architecture.
    pub start: String,
    /// Objective; null if the evaluation failed.
    pub value: Option<f64>,
    /// Rank in the table, if one has the objective.
    pub rank: Option<usize>,
    /// The objective of the run's best minus its own.
    pub change: Option<f64>,
    /// Each constrained metric: its own, and that of the run's best.
    pub metrics: BTreeMap<String, [Option<f64>; 2]>,
}

/// An architecture that does not meet the constraints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Nearest {
    /// The architecture.
    pub arch: String,
    /// Value and excess of each metric whose constraint it breaks.
    pub breaches: Vec<String>,
}

/// The architecture that a search ends with, trained on all images that are not for test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Winner {
    /// The architecture.
    pub arch: String,
    /// The best of the search, which were trained again to choose it, best first.
    pub finalists: Vec<Finalist>,
    /// Percent of the test images in their class.
    pub test_accuracy: f64,
    /// Mean cross entropy of the test images, in nats.
    pub test_loss: f64,
    /// The test images.
    pub test_images: usize,
    /// The images that it was trained on.
    pub train_images: usize,
    /// The epochs of that.
    pub epochs: usize,
    /// Preparation of images for it.
    #[serde(flatten)]
    pub preprocessing: Preprocessing,
    /// Random architectures under the same training; left out where that would take longer than the
    /// search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<BesideRandom>,
    /// The weights of the network.
    pub params: usize,
    /// The file with the weights.
    pub weights: String,
    /// The file with its drawing.
    pub drawing: String,
}

/// One of the best architectures of a search, trained again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finalist {
    /// The architecture.
    pub arch: String,
    /// The mean percentage of validation images in their class; null if a training diverged.
    pub accuracy: Option<f64>,
    /// Number of trainings.
    pub trainings: usize,
}

/// The winner beside random architectures, all trained on all images that are not for test, for as many
/// epochs, and scored on the test images.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BesideRandom {
    /// Percent of the test images in their class, for each training of the winner, the kept one first.
    pub winner: Vec<f64>,
    /// The random architectures.
    pub random: Vec<TrainedRandom>,
    /// The median of their accuracies.
    pub median: f64,
    /// A 95 % interval of it.
    pub interval: [f64; 2],
    /// The mean of the winner's accuracies minus that median.
    pub gain: f64,
    /// True if the mean of the winner's accuracies is above the interval.
    pub shown: bool,
}

/// A random architecture that was trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrainedRandom {
    /// The architecture.
    pub arch: String,
    /// Percent of the test images in their class; 0 if the training diverged.
    pub accuracy: f64,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}
