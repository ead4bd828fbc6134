//! The order within each layer: barycentres, and exchanges of neighbours.

use ganas_core::rng::Rng;

use super::Layered;

/// Sweeps from each start, down and up again.
const SWEEPS: usize = 8;

/// Rounds of exchanges after a sweep.
const EXCHANGES: usize = 4;

/// The most starts, and how many vertices all of them together may have.
const STARTS: usize = 24;
const VERTICES: usize = 1500;

/// Orders every layer so that few wires cross: by the mean position of the neighbours in the layer
/// before, down and up again, each time with exchanges of neighbours after it. It starts from the
/// order that is there and from shuffled ones, fewer for large networks, and keeps the best order
/// seen.
pub fn reduce_crossings(layered: &mut Layered) {
    let mut rng = Rng::stream(0, "crossings");
    let mut best = (crossings(layered), layered.rows.clone());
    let starts = (VERTICES / layered.layer.len().max(1)).clamp(1, STARTS);
    for _ in 0..starts {
        for sweep in 0..SWEEPS {
            if best.0 == 0 {
                break;
            }
            sweep_once(layered, sweep % 2 == 0);
            exchange(layered);
            let count = crossings(layered);
            if count < best.0 {
                best = (count, layered.rows.clone());
            }
        }
        layered.rows.iter_mut().for_each(|row| rng.shuffle(row));
    }
    layered.rows = best.1;
}

/// One sweep.
fn sweep_once(layered: &mut Layered, down: bool) {
    let last = layered.rows.len().saturating_sub(1);
    for step in 1..=last {
        by_barycentre(layered, if down { step } else { last - step }, down);
    }
}

/// The place of each vertex in its layer.
fn places(layered: &Layered) -> Vec<usize> {
    let mut places = vec![0; layered.layer.len()];
    for row in &layered.rows {
        for (place, &v) in row.iter().enumerate() {
            places[v] = place;
        }
    }
    places
}

fn by_barycentre(layered: &mut Layered, layer: usize, down: bool) {
    let mut places = vec![0; layered.layer.len()];
    let before = if down { layer - 1 } else { layer + 1 };
    for row in [layer, before] {
        for (place, &v) in layered.rows[row].iter().enumerate() {
            places[v] = place;
        }
    }
    let neighbours = if down { &layered.above } else { &layered.below };
    let mut keyed: Vec<(f64, usize)> = (layered.rows[layer].iter())
        .map(|&v| {
            let near = &neighbours[v];
            let sum: usize = near.iter().map(|&u| places[u]).sum();
            // A vertex without neighbours stays where it is.
            let key = if near.is_empty() {
                places[v] as f64
            } else {
                sum as f64 / near.len() as f64
            };
            (key, v)
        })
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    layered.rows[layer] = keyed.into_iter().map(|(_, v)| v).collect();
}

/// Exchanges neighbours wherever that takes crossings away.
fn exchange(layered: &mut Layered) {
    let mut places = places(layered);
    let (above, below) = (&layered.above, &layered.below);
    for _ in 0..EXCHANGES {
        let mut better = false;
        for row in &mut layered.rows {
            for i in 1..row.len() {
                let (a, b) = (row[i - 1], row[i]);
                let now = inversions(&above[a], &above[b], &places)
                    + inversions(&below[a], &below[b], &places);
                let then = inversions(&above[b], &above[a], &places)
                    + inversions(&below[b], &below[a], &places);
                if then < now {
                    row.swap(i - 1, i);
                    places.swap(a, b);
                    better = true;
                }
            }
        }
        if !better {
            break;
        }
    }
}

/// The number of crossings: pairs in which a neighbour of a left vertex is right of a neighbour of
/// a right one.
fn inversions(left: &[usize], right: &[usize], places: &[usize]) -> usize {
    let pairs = (left.iter()).flat_map(|&a| right.iter().map(move |&b| (a, b)));
    pairs.filter(|&(a, b)| places[a] > places[b]).count()
}

/// The number of crossings between all layers.
pub fn crossings(layered: &Layered) -> usize {
    let places = places(layered);
    (layered.rows.iter())
        .map(|row| {
            let mut targets: Vec<usize> = Vec::new();
            for &v in row {
                let mut below: Vec<usize> = layered.below[v].iter().map(|&w| places[w]).collect();
                below.sort_unstable();
                targets.extend(below);
            }
            count_inversions(&targets)
        })
        .sum()
}

/// The pairs of a sequence that are in the wrong order, by a Fenwick tree over its values.
fn count_inversions(sequence: &[usize]) -> usize {
    let size = sequence.iter().max().map_or(0, |most| most + 1);
    let mut tree = vec![0; size + 1];
    let mut inversions = 0;
    for (before, &value) in sequence.iter().enumerate() {
        let mut not_greater = 0;
        let mut i = value + 1;
        while i > 0 {
            not_greater += tree[i];
            i &= i - 1;
        }
        inversions += before - not_greater;
        let mut i = value + 1;
        while i <= size {
            tree[i] += 1;
            i += i & i.wrapping_neg();
        }
    }
    inversions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversions_are_counted() {
        assert_eq!(count_inversions(&[]), 0);
        assert_eq!(count_inversions(&[0, 1, 1, 2]), 0);
        assert_eq!(count_inversions(&[3, 1, 2, 1]), 4);
    }
}
