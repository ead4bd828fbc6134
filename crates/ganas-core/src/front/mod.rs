//! Pareto fronts: dominance, layers, crowding and hypervolume.
//!
//! A point is a slice with one number for each objective, and larger is better. Values of a
//! [`Query`](crate::ledger::Query) are turned that way; [`ReferenceBox::gains`] makes points of metrics.

mod cells;
mod hypervolume;
mod reference;

pub use cells::{Cell, cells};
pub use hypervolume::{hypervolume, improvement};
pub use reference::ReferenceBox;

/// Relation of one point to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// At least as good in all objectives, better in one.
    Dominates,
    /// The opposite.
    Dominated,
    /// Same values.
    Equal,
    /// Each is better in some objective.
    Incomparable,
}

fn relation(a: &[f64], b: &[f64]) -> Relation {
    let (mut better, mut worse) = (false, false);
    for (a, b) in a.iter().zip(b) {
        better |= a > b;
        worse |= a < b;
    }
    match (better, worse) {
        (true, false) => Relation::Dominates,
        (false, true) => Relation::Dominated,
        (false, false) => Relation::Equal,
        (true, true) => Relation::Incomparable,
    }
}

/// Returns true if `a` is at least as good as `b` in all objectives and better in one.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    relation(a, b) == Relation::Dominates
}

/// Indices of points from the best first objective on, ties by the next ones: nothing is dominated by
/// a point that follows.
fn lexicographic<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    // The sort is stable, so equals keep their order.
    order.sort_by(|&a, &b| {
        let pairs = points[b].as_ref().iter().zip(points[a].as_ref());
        let mut unequal = pairs.map(|(b, a)| b.total_cmp(a)).filter(|o| o.is_ne());
        unequal.next().unwrap_or(std::cmp::Ordering::Equal)
    });
    order
}

/// Indices of the points that no other one dominates, ascending. Of equal points the first is kept.
pub fn front<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for i in lexicographic(points) {
        let point = points[i].as_ref();
        let beaten = kept.iter().any(|&k| {
            let relation = relation(points[k].as_ref(), point);
            matches!(relation, Relation::Dominates | Relation::Equal)
        });
        if !beaten {
            kept.push(i);
        }
    }
    kept.sort_unstable();
    kept
}

/// Non-dominated sorting (Deb et al. 2002): the front, then the front of the rest, and so on. Each layer
/// has indices of points, ascending; equal points share a layer.
pub fn layers<P: AsRef<[f64]>>(points: &[P]) -> Vec<Vec<usize>> {
    let mut layers: Vec<Vec<usize>> = Vec::new();
    for i in lexicographic(points) {
        let point = points[i].as_ref();
        let is_dominated = |layer: &Vec<usize>| {
            (layer.iter().rev()).any(|&other| dominates(points[other].as_ref(), point))
        };
        // A point is dominated by some member of every layer before its own.
        let place = layers.partition_point(is_dominated);
        match layers.get_mut(place) {
            Some(layer) => layer.push(i),
            None => layers.push(vec![i]),
        }
    }
    layers.iter_mut().for_each(|layer| layer.sort_unstable());
    layers
}

/// Crowding distances (Deb et al. 2002) of the points of one layer: the sum over the objectives of the
/// distance between the two neighbours, as a share of the range. Extreme points have infinity.
pub fn crowding<P: AsRef<[f64]>>(points: &[P]) -> Vec<f64> {
    let mut distances = vec![0.0; points.len()];
    let objectives = points.first().map_or(0, |point| point.as_ref().len());
    for objective in 0..objectives {
        let value = |i: usize| points[i].as_ref()[objective];
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
        let (first, last) = (order[0], order[order.len() - 1]);
        let range = value(last) - value(first);
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
        if range > 0.0 {
            for window in order.windows(3) {
                distances[window[1]] += (value(window[2]) - value(window[0])) / range;
            }
        }
    }
    distances
}

#[cfg(test)]
mod tests;
