//! Results as JSON: of a benchmark, of a suite of them, or of one search.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{FrontPoint, Run, Standing, State, Step, Suite, Winner};
use ganas_core::error::{Error, Result};
use serde::Deserialize;

use super::found::Found;
use super::provenance::{Provenance, label};
use super::unreadable::{MEND, unreadable};

/// A benchmark's results.
#[derive(Deserialize)]
struct Bench {
    space: String,
    objective: String,
    optimum: Option<f64>,
    runs: Vec<RunResult>,
    #[serde(default)]
    provenance: Provenance,
}

/// A suite's results.
#[derive(Deserialize)]
struct SuiteResult {
    suite: String,
    tasks: Vec<Bench>,
    #[serde(default)]
    standings: Vec<StandingResult>,
}

#[derive(Deserialize)]
struct StandingResult {
    strategy: String,
    preset: String,
    #[serde(default)]
    mean_rank_at: BTreeMap<usize, f64>,
    mean_final_rank: Option<f64>,
    #[serde(default)]
    optimum_attained: Vec<(usize, f64)>,
}

/// The result of a search: its own fields beside those of its run.
#[derive(Deserialize)]
struct SearchResult {
    space: String,
    objective: String,
    optimum: Option<f64>,
    #[serde(default)]
    provenance: Provenance,
}

/// The fields of one run in a result. Newer versions have more fields.
#[derive(Deserialize)]
pub(super) struct RunResult {
    strategy: String,
    preset: String,
    seed: u64,
    queries: usize,
    best: Option<f64>,
    best_arch: Option<String>,
    best_rank: Option<usize>,
    queries_to_best: Option<usize>,
    #[serde(default)]
    rank_at: BTreeMap<usize, Option<usize>>,
    seconds: Option<f64>,
    #[serde(default)]
    stop: String,
    #[serde(default)]
    rejected: usize,
    #[serde(default)]
    noncompliant: usize,
    #[serde(default)]
    failed: usize,
    /// The improvements, in results of benchmarks.
    #[serde(default)]
    steps: Vec<(usize, f64, Option<usize>)>,
    /// The cost of all queries, where there are several fidelities.
    cost: Option<usize>,
    /// The improvements by cost, in results of benchmarks.
    #[serde(default)]
    cost_steps: Vec<(usize, f64, Option<usize>)>,
    /// The improvements, in results of searches.
    #[serde(default)]
    trajectory: Vec<Improvement>,
    #[serde(default)]
    hypervolume_steps: Vec<(usize, f64)>,
    #[serde(default)]
    front_values: Vec<Vec<f64>>,
    #[serde(default)]
    front_archs: Vec<String>,
    winner: Option<WinnerResult>,
    outlook: Option<OutlookResult>,
}

#[derive(Deserialize)]
struct Improvement {
    query: usize,
    cost: Option<usize>,
    best: f64,
    rank: Option<usize>,
}

#[derive(Deserialize)]
struct WinnerResult {
    arch: String,
    test_accuracy: f64,
    params: usize,
}

#[derive(Deserialize)]
struct OutlookResult {
    sentence: String,
}

impl RunResult {
    /// The run as it is shown.
    pub fn into_run(self, budget: usize, path: &Path) -> Run {
        let mut steps: Vec<Step> = (self.steps.iter())
            .map(|(query, best, rank)| Step(*query, *best, *rank))
            .collect();
        steps.extend(
            self.trajectory
                .iter()
                .map(|i| Step(i.query, i.best, i.rank)),
        );
        let mut cost_steps: Vec<Step> = (self.cost_steps.iter())
            .map(|(cost, best, rank)| Step(*cost, *best, *rank))
            .collect();
        let by_cost = self.trajectory.iter();
        cost_steps.extend(by_cost.filter_map(|i| Some(Step(i.cost?, i.best, i.rank))));
        let state = match self.stop.as_str() {
            "interrupted" => State::Interrupted,
            _ => State::Finished,
        };
        let mut ranks: Vec<(usize, usize)> = (self.rank_at.into_iter())
            .filter_map(|(queries, rank)| Some((queries, rank?)))
            .collect();
        ranks.sort_unstable();
        let archs = self.front_archs.into_iter().map(Some);
        let archs = archs.chain(std::iter::repeat(None));
        let front = self.front_values.into_iter().zip(archs);
        Run {
            front: front
                .map(|(values, arch)| FrontPoint { values, arch })
                .collect(),
            hypervolume: self.hypervolume_steps,
            strategy: label(&self.strategy, &self.preset),
            seed: self.seed,
            path: path.display().to_string(),
            state,
            budget: budget.max(self.queries),
            queries: self.queries,
            best: self.best,
            best_arch: self.best_arch,
            best_rank: self.best_rank,
            queries_to_best: self.queries_to_best,
            seconds: self.seconds,
            failed: self.failed,
            noncompliant: self.noncompliant,
            rejected: self.rejected,
            steps,
            cost: self.cost,
            cost_steps,
            rank_at: ranks,
            winner: self.winner.map(|w| Winner {
                arch: w.arch,
                test_accuracy: w.test_accuracy,
                params: w.params,
            }),
            outlook: self.outlook.map(|o| o.sentence),
            ..Run::default()
        }
    }

    fn names(&self) -> (String, String) {
        (self.strategy.clone(), self.preset.clone())
    }
}

/// Reads a file: the runs, and the results over all tasks of a suite.
///
/// # Errors
/// If it is none of these results.
pub fn read(path: &Path) -> Result<(Vec<Found>, Option<Suite>)> {
    let text = fs::read(path).map_err(|e| unreadable(path, &e))?;
    let refuse = |what: String| Error::input(what).mend(MEND).in_file(path);
    let value: serde_json::Value =
        serde_json::from_slice(&text).map_err(|e| refuse(format!("this is not JSON ({e})")))?;
    let has = |name: &str| value.get(name).is_some();
    let unlike =
        |e: serde_json::Error| refuse(format!("this is not a result that can be shown ({e})"));
    if has("tasks") && has("standings") {
        let of: SuiteResult = serde_json::from_value(value).map_err(unlike)?;
        let suite = Suite {
            name: of.suite,
            tasks: of.tasks.len(),
            standings: of.standings.into_iter().map(standing).collect(),
        };
        let runs = of.tasks.into_iter().flat_map(|task| task.found(path));
        return Ok((runs.collect(), Some(suite)));
    }
    if has("runs") && has("objective") {
        let bench: Bench = serde_json::from_value(value).map_err(unlike)?;
        return Ok((bench.found(path), None));
    }
    if has("strategy") && has("objective") && has("trajectory") {
        // One object says both.
        let run: RunResult = serde_json::from_value(value.clone()).map_err(unlike)?;
        let search: SearchResult = serde_json::from_value(value).map_err(unlike)?;
        let bench = Bench {
            space: search.space,
            objective: search.objective,
            optimum: search.optimum,
            runs: vec![run],
            provenance: search.provenance,
        };
        return Ok((bench.found(path), None));
    }
    Err(refuse(
        "this is not a result of a search or a benchmark".into(),
    ))
}

impl Bench {
    fn found(self, path: &Path) -> Vec<Found> {
        let provenance = self.provenance;
        let key = provenance.key(&self.space, &self.objective);
        let axis = provenance.axis().map(|(name, _)| name.to_owned());
        let compliant = provenance.task["compliant_rows"]
            .as_u64()
            .map(|n| n as usize);
        (self.runs.into_iter())
            .map(|result| {
                let (strategy, preset) = result.names();
                Found {
                    key: key.clone(),
                    origin: provenance.origin(&strategy, &preset, result.seed, path),
                    run: Run {
                        axis: axis.clone(),
                        ..result.into_run(provenance.queries, path)
                    },
                    metrics: Vec::new(),
                    evaluations: Vec::new(),
                    starts: provenance.start.clone(),
                    optimum: self.optimum,
                    compliant,
                    started_in: provenance.started_in.clone(),
                }
            })
            .collect()
    }
}

fn standing(of: StandingResult) -> Standing {
    Standing {
        strategy: label(&of.strategy, &of.preset),
        mean_rank_at: of.mean_rank_at,
        mean_final_rank: of.mean_final_rank,
        found: of.optimum_attained.last().map_or(0.0, |(_, share)| *share),
    }
}
