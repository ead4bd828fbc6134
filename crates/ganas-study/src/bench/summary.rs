//! Summaries of the runs of a strategy.

use ganas_search::Recipe;

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{FidelityRun, FidelitySummary, FrontRecord, Run, ShareSummary, Summary};
use crate::statistics::{deviation, mean, mean_interval, median, median_interval, share_interval};

/// A line for each strategy that finished a run.
pub fn summarize(recipes: &[Recipe], runs: &[Run]) -> Vec<Summary> {
    let of = |recipe: &Recipe| -> Vec<&Run> {
        (runs.iter())
            .filter(|run| run.strategy == recipe.strategy() && run.preset == recipe.preset())
            .collect()
    };
    (recipes.iter())
        .map(|recipe| (recipe, of(recipe)))
        .filter(|(_, runs)| !runs.is_empty())
        .map(|(recipe, runs)| summary(recipe, &runs))
        .collect()
}

fn summary(recipe: &Recipe, runs: &[&Run]) -> Summary {
    let numbers = |value: fn(&Run) -> Option<usize>| -> Vec<f64> {
        runs.iter()
            .filter_map(|r| value(r))
            .map(|n| n as f64)
            .collect()
    };
    let best: Vec<f64> = runs.iter().filter_map(|r| r.best).collect();
    let reported: Vec<f64> = runs.iter().filter_map(|r| r.reported).collect();
    let measured: Vec<f64> = runs.iter().filter_map(|r| r.measured_distance).collect();
    let predicted: Vec<f64> = runs.iter().filter_map(|r| r.predicted_distance).collect();
    let to_optimum: Vec<Option<f64>> = (runs.iter())
        .map(|r| r.queries_to_optimum.map(|n| n as f64))
        .collect();
    let found_optimum = to_optimum.iter().flatten().count();
    let seconds: Vec<Option<f64>> = runs.iter().map(|r| Some(r.seconds)).collect();
    Summary {
        strategy: recipe.strategy().into(),
        preset: recipe.preset().into(),
        seeds: runs.len(),
        mean_best: mean(&best),
        std_best: deviation(&best),
        mean_rank: mean(&numbers(|r| r.best_rank)),
        found_optimum,
        found_optimum_interval: share_interval(found_optimum, runs.len()),
        median_queries_to_optimum: median(&to_optimum),
        median_queries_to_optimum_interval: median_interval(&to_optimum),
        mean_queries_to_best: mean(&numbers(|r| r.queries_to_best)),
        median_seconds: median(&seconds).unwrap_or(0.0),
        found_nothing: (runs.iter())
            .filter(|r| r.best.is_none() && r.front.as_ref().is_none_or(|f| f.front_size == 0))
            .count(),
        mean_reported: mean(&reported),
        std_reported: deviation(&reported),
        mean_reported_rank: mean(&numbers(|r| r.reported_rank)),
        mean_measured_distance: mean(&measured),
        measured: (measured.len() + predicted.len() > 0).then_some(measured.len()),
        mean_predicted_distance: mean(&predicted),
        fidelity: fidelity(runs),
        shares: shares(runs),
    }
}

/// Means over runs at several fidelities.
fn fidelity(runs: &[&Run]) -> Option<FidelitySummary> {
    let runs: Vec<&FidelityRun> = runs.iter().filter_map(|r| r.fidelity.as_ref()).collect();
    let last = runs.last()?;
    let ranks = |of: &dyn Fn(&FidelityRun) -> Option<usize>| -> Option<f64> {
        let ranks: Option<Vec<f64>> = runs.iter().map(|r| of(r).map(|n| n as f64)).collect();
        mean(&ranks?)
    };
    let costs: Vec<f64> = runs.iter().map(|r| r.cost as f64).collect();
    let to_best: Vec<f64> = (runs.iter())
        .filter_map(|r| r.cost_to_best.map(|cost| cost as f64))
        .collect();
    let full: Vec<f64> = runs.iter().filter_map(|r| r.best_at_max).collect();
    let at = |budget: usize| ranks(&|run| run.rank_at_cost.get(&budget).copied().flatten());
    Some(FidelitySummary {
        mean_cost: mean(&costs),
        mean_cost_to_best: mean(&to_best),
        mean_best_at_max: mean(&full),
        mean_final_rank: ranks(&|run| run.final_rank),
        mean_rank_at_cost: last.rank_at_cost.keys().map(|&b| (b, at(b))).collect(),
    })
}

/// Statistics of the fronts of a strategy's runs; `None` with a single objective.
fn shares(runs: &[&Run]) -> Option<ShareSummary> {
    let fronts: Vec<&FrontRecord> = runs.iter().filter_map(|r| r.front.as_ref()).collect();
    let of = |f: &FrontRecord| f.hypervolume_share.unwrap_or(f.hypervolume);
    let last: Vec<f64> = fronts.iter().map(|f| of(f)).collect();
    let at = |budget: usize| -> Vec<f64> {
        let shares = fronts.iter().filter_map(|f| *f.share_at.get(&budget)?);
        shares.collect()
    };
    let budgets: BTreeSet<usize> = fronts
        .iter()
        .flat_map(|f| f.share_at.keys().copied())
        .collect();
    let by_budget = |number: fn(&[f64]) -> Option<f64>| -> BTreeMap<usize, f64> {
        let budgets = budgets.iter();
        budgets
            .filter_map(|&b| Some((b, number(&at(b))?)))
            .collect()
    };
    let sizes: Vec<f64> = fronts.iter().map(|f| f.front_size as f64).collect();
    Some(ShareSummary {
        mean_share: mean(&last)?,
        std_share: deviation(&last)?,
        mean_share_interval: mean_interval(&last),
        mean_share_at: by_budget(mean),
        std_share_at: by_budget(deviation),
        mean_front_size: mean(&sizes)?,
    })
}
