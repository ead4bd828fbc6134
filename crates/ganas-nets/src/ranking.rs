//! Training data of the ranking head: the order of evaluated graphs.

use std::collections::HashSet;
use std::sync::Arc;

use ganas_core::{arch::Graph, rng::Rng};

use crate::NetError;
use crate::pairs::{Target, balance};

/// Graphs in random order, with the targets of their pairs in blocks. A block pairs [`ROWS`] graphs
/// with all graphs. A step of a fit takes one block, which bounds its cost.
pub(crate) struct Ranking<'a> {
    pub graphs: Vec<&'a Graph>,
    pub blocks: Vec<Arc<Vec<Target>>>,
}

/// The rows of a block.
pub(crate) const ROWS: usize = 32;

/// The graphs to rank and the order of their values: the true graphs and a random choice of the
/// rest. The ranking is empty if all values are equal.
pub(crate) fn ranking<'a>(
    (graphs, scores): (&[&'a Graph], &[f32]),
    truth: &[&Graph],
    limit: usize,
    rng: &mut Rng,
) -> Result<Ranking<'a>, NetError> {
    if graphs.len() != scores.len() {
        return Err(NetError::Mismatch {
            what: "evaluated graphs and their scores",
            left: graphs.len(),
            right: scores.len(),
        });
    }
    let truth: HashSet<&Graph> = truth.iter().copied().collect();
    let usable = (0..graphs.len()).filter(|&i| scores[i].is_finite());
    let (mut picked, rest): (Vec<usize>, Vec<usize>) =
        usable.partition(|&i| truth.contains(graphs[i]));
    picked.truncate(limit);
    let others = rng.distinct(rest.len(), limit - picked.len());
    picked.extend(others.into_iter().map(|i| rest[i]));
    rng.shuffle(&mut picked);
    if picked.iter().all(|&i| scores[i] == scores[picked[0]]) {
        picked.clear();
    }
    let better = |i: usize, j: usize| Target {
        value: f32::from(u8::from(scores[j] > scores[i])),
        weight: f32::from(u8::from(scores[j] != scores[i])),
    };
    let block = |rows: &[usize]| {
        let pairs = rows
            .iter()
            .flat_map(|&i| picked.iter().map(move |&j| better(i, j)));
        let mut targets: Vec<Target> = pairs.collect();
        balance(&mut targets);
        Arc::new(targets)
    };
    Ok(Ranking {
        blocks: picked.chunks(ROWS).map(block).collect(),
        graphs: picked.into_iter().map(|i| graphs[i]).collect(),
    })
}
