//! Search for the members of a pool that are nearest to an architecture, at a cost that does not
//! grow with the pool.
//!
//! Small pools are searched exhaustively. Larger ones are clustered around random members, level by
//! level. The clusters with the nearest centres are searched first, until enough members were
//! compared (Muja & Lowe 2012, "Fast Matching of Binary Features", doi 10.1109/CRV.2012.60). The
//! result is exact but for a few members in more distant clusters.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::arch::Arch;
use crate::rng::Rng;
use crate::space::SearchSpace;

/// Limit of the members that are compared for one answer (ours). Up to this number, answers are
/// exact.
pub(super) const LOOKED_AT: usize = 8_192;

/// Number of parts of a cluster, and largest size of a cluster that is not split (ours).
const BRANCHES: usize = 16;
const LEAF: usize = 128;

/// Clusters of a pool.
#[derive(Clone, Debug)]
pub(super) struct Clusters(Vec<Cluster>);

/// Cluster: its centre and its content.
#[derive(Clone, Debug)]
struct Cluster {
    center: usize,
    parts: Vec<usize>,
    /// Places of the members, if the cluster has no parts.
    members: Vec<usize>,
}

impl Clusters {
    /// Clusters the members of a pool.
    pub fn new(archs: &[Arch], space: &dyn SearchSpace) -> Self {
        let mut rng = Rng::stream(0, "pool/clusters");
        let whole = Cluster {
            center: 0,
            parts: Vec::new(),
            members: (0..archs.len()).collect(),
        };
        let mut clusters = vec![whole];
        let mut next = 0;
        while next < clusters.len() {
            if clusters[next].members.len() > LEAF {
                let members = std::mem::take(&mut clusters[next].members);
                let parts = split(&members, archs, space, &mut rng);
                if parts.len() > 1 {
                    clusters[next].parts = (0..parts.len()).map(|i| clusters.len() + i).collect();
                    clusters.extend(parts);
                } else {
                    clusters[next].members = members;
                }
            }
            next += 1;
        }
        Clusters(clusters)
    }

    /// Returns the distances and places of the `count` nearest allowed members among those
    /// compared, or of all if there are no more. `distance` gives the distance of a place.
    pub fn nearest(
        &self,
        count: usize,
        distance: impl Fn(usize) -> u32,
        allowed: impl Fn(usize) -> bool,
    ) -> Vec<(u32, usize)> {
        let mut found = Vec::new();
        let mut looked_at = 0;
        let mut open = BinaryHeap::from([Reverse((0, 0))]);
        while looked_at < LOOKED_AT || found.len() < count {
            let Some(Reverse((_, i))) = open.pop() else {
                break;
            };
            let Cluster { parts, members, .. } = &self.0[i];
            looked_at += parts.len();
            open.extend((parts.iter()).map(|&i| Reverse((distance(self.0[i].center), i))));
            let before = found.len();
            let members = members.iter().filter(|place| allowed(**place));
            found.extend(members.map(|&place| (distance(place), place)));
            looked_at += found.len() - before;
        }
        first(found, count)
    }
}

/// Splits members by the nearest of some of them. Members that are equally near to several are
/// shared out.
fn split(
    members: &[usize],
    archs: &[Arch],
    space: &dyn SearchSpace,
    rng: &mut Rng,
) -> Vec<Cluster> {
    let centers = rng.distinct(members.len(), BRANCHES).into_iter();
    let mut parts: Vec<Cluster> = centers
        .map(|i| Cluster {
            center: members[i],
            parts: Vec::new(),
            members: Vec::new(),
        })
        .collect();
    for &member in members {
        let nearest = (0..parts.len()).min_by_key(|i| {
            let distance = space.distance(&archs[member], &archs[parts[*i].center]);
            (distance, (member + i) % BRANCHES)
        });
        if let Some(i) = nearest {
            parts[i].members.push(member);
        }
    }
    parts.retain(|part| !part.members.is_empty());
    parts
}

/// Returns the smallest in order.
pub(super) fn first(mut all: Vec<(u32, usize)>, count: usize) -> Vec<(u32, usize)> {
    if count < all.len() {
        all.select_nth_unstable(count);
        all.truncate(count);
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::space::{Sampler, from_toml};

    fn draws(space: &dyn SearchSpace, count: usize) -> Vec<Arch> {
        let mut rng = Rng::stream(1, "test");
        let mut archs: Vec<Arch> = (0..count)
            .map(|_| space.sample(Sampler::Uniform, &mut rng))
            .collect();
        archs.sort_unstable();
        archs.dedup();
        archs
    }

    /// Returns the mean distance of the 30 nearest members that are found, and of the true ones.
    fn compared(space: &dyn SearchSpace, archs: &[Arch]) -> [f64; 2] {
        let clusters = Clusters::new(archs, space);
        let (mut sums, mut rng) = ([0.0; 2], Rng::stream(2, "test"));
        for _ in 0..50 {
            // Searches ask for the surroundings of members.
            let arch = rng.choose(archs);
            let all = (archs.iter().enumerate()).map(|(i, a)| (space.distance(arch, a), i));
            let exact = first(all.collect(), 30);
            let distance = |i: usize| space.distance(arch, &archs[i]);
            let found = clusters.nearest(30, distance, |_| true);
            assert_eq!(found.len(), 30);
            assert_eq!(found[0].0, 0);
            let sum = |near: &[(u32, usize)]| near.iter().map(|n| f64::from(n.0)).sum::<f64>();
            sums = [sums[0] + sum(&found), sums[1] + sum(&exact)];
        }
        sums.map(|sum| sum / 1500.0)
    }

    fn chain(length: usize, ops: &str) -> Box<dyn SearchSpace> {
        let text = format!("name = 'chain'\nkind = 'chain'\nlength = {length}\nops = {ops}");
        from_toml(&text).unwrap()
    }

    #[test]
    fn what_is_found_is_hardly_further_than_what_is_nearest() {
        let cells = from_toml(
            "name = 'cells'\nkind = 'node-cell'\nmax_vertices = 7\nmax_edges = 14\nops = ['a', 'b', 'c']",
        );
        let spaces = [chain(20, "['a', 'b', 'c', 'd']"), cells.unwrap()];
        for space in spaces {
            let archs = draws(&*space, 24_000);
            assert!(archs.len() > 2 * LOOKED_AT);
            let [found, exact] = compared(&*space, &archs);
            let name = space.name();
            assert!(found <= 1.1 * exact, "{name}: {found} against {exact}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_left_out_and_all_can_be_asked_for() {
        let chain = chain(14, "['a', 'b']");
        let archs = draws(&*chain, 40_000);
        assert!(archs.len() > LOOKED_AT);
        let clusters = Clusters::new(&archs, &*chain);
        let distance = |i: usize| chain.distance(&archs[0], &archs[i]);
        let odd = clusters.nearest(archs.len(), distance, |i| i % 2 == 1);
        assert_eq!(odd.len(), archs.len() / 2);
        assert!(odd.iter().all(|(_, i)| i % 2 == 1) && odd.is_sorted());
    }

    #[test]
    fn a_larger_pool_takes_no_more_distances() {
        let chain = chain(20, "['a', 'b', 'c']");
        for members in [20_000, 80_000] {
            let archs = draws(&*chain, members);
            let clusters = Clusters::new(&archs, &*chain);
            let asked = Cell::new(0);
            let distance = |i: usize| {
                asked.set(asked.get() + 1);
                chain.distance(&archs[0], &archs[i])
            };
            assert_eq!(clusters.nearest(30, distance, |_| true).len(), 30);
            assert!(
                asked.get() <= LOOKED_AT + LEAF,
                "{members}: {}",
                asked.get()
            );
        }
    }
}
