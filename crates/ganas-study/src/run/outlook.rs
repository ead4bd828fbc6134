//! Outlook at the end of a search: how rare its best is.

use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::driver::Problem;
use ganas_core::ledger::Query;
use ganas_core::space::Sampler;
use ganas_search::rare_event::outlook_unless;

use crate::record::OutlookRecord;
use crate::task::Task;

/// The outlook after some queries for `further` ones. `None` if nothing
/// complies, or once `stop` is set.
pub fn record(
    task: &Task,
    problem: &Problem,
    queries: &[Query],
    further: usize,
    seed: u64,
    stop: &AtomicBool,
) -> Option<OutlookRecord> {
    let outlook = outlook_unless(problem, queries, further, seed, &|| {
        stop.load(Ordering::Relaxed)
    })?;
    let bounded = !task.constraints.is_empty() || !task.predicates.is_empty();
    let of = match (bounded, task.sampler) {
        (true, _) => "what the constraints let through",
        (_, Sampler::Adjacency) => "random architectures",
        _ if task.is_within_pool() => "the table",
        _ => "the space",
    };
    let best = queries
        .iter()
        .filter_map(Query::merit)
        .max_by(f64::total_cmp);
    let costs = task.space.costs();
    // What a measured constraint rules out is part of the share's whole, and of no ranking.
    let comparable =
        task.source.table().is_some() && task.constraints.iter().all(|c| costs.contains(&c.metric));
    let exact = task
        .seen_ranking()
        .zip(best)
        .filter(|_| comparable)
        .map(|(ranking, best)| {
            let best = task.objective.turn(best);
            ranking.at_least(best) as f64 / ranking.len().max(1) as f64
        });
    Some(OutlookRecord {
        sentence: outlook.sentence(of),
        outlook,
        exact,
    })
}
