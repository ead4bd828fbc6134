//! Pools: the part of a space that can be evaluated, if that is not the whole space.

mod nearest;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::arch::Arch;
use crate::space::SearchSpace;

use nearest::{Clusters, LOOKED_AT, first};

/// Architectures that can be evaluated where that is not the whole space, such as the rows of a table.
///
/// A search within a pool proposes only members of the pool.
#[derive(Clone, Debug)]
pub struct Pool {
    archs: Vec<Arch>,
    index: HashMap<Arch, usize>,
    /// Clusters of the members, built at the first search for near members.
    clusters: OnceLock<Clusters>,
}

impl Pool {
    /// Creates a pool of canonical architectures. Among equal ones, the first counts.
    pub fn new(archs: impl IntoIterator<Item = Arch>) -> Self {
        let mut pool = Pool {
            archs: Vec::new(),
            index: HashMap::new(),
            clusters: OnceLock::new(),
        };
        for arch in archs {
            if !pool.index.contains_key(&arch) {
                pool.index.insert(arch, pool.archs.len());
                pool.archs.push(arch);
            }
        }
        pool
    }

    /// Returns the architectures in order.
    pub fn archs(&self) -> &[Arch] {
        &self.archs
    }

    /// Returns the place of an architecture in that order.
    pub fn find(&self, arch: &Arch) -> Option<usize> {
        self.index.get(arch).copied()
    }
}

/// Limit of the remembered answers (ours).
const REMEMBERED: usize = 20_000;

/// Pool with the members that the constraints on costs of the space admit.
pub(crate) struct Admitted {
    pub pool: Arc<Pool>,
    /// Flag of each member that is admitted.
    admitted: Vec<bool>,
    /// Number of admitted members.
    count: usize,
    /// Places of the nearest members for past queries, the nearest first.
    known: Mutex<HashMap<Arch, Arc<[usize]>>>,
}

impl Admitted {
    /// Creates the pool from a flag for each member.
    pub fn new(pool: Arc<Pool>, admitted: Vec<bool>) -> Self {
        Admitted {
            count: admitted.iter().filter(|left| **left).count(),
            pool,
            admitted,
            known: Mutex::default(),
        }
    }

    /// Returns true if an architecture is in the pool and admitted.
    pub fn admits(&self, arch: &Arch) -> bool {
        self.pool.find(arch).is_some_and(|i| self.admitted[i])
    }

    /// Returns the admitted members with their places.
    pub fn admitted(&self) -> impl Iterator<Item = (usize, &Arch)> {
        (self.pool.archs().iter().enumerate()).filter(|(i, _)| self.admitted[*i])
    }

    /// Returns the nearest admitted members that are `wanted`, at most `count`, the nearest first.
    /// Among equally near members, the first of the pool comes first.
    pub fn nearest(
        &self,
        space: &dyn SearchSpace,
        arch: &Arch,
        count: usize,
        wanted: impl Fn(&Arch) -> bool,
    ) -> Vec<Arch> {
        // Some of the nearest are not wanted.
        let mut asked = (2 * count).max(16);
        loop {
            let near = self.near(space, arch, asked);
            let members = near.iter().map(|i| self.pool.archs()[*i]);
            let found: Vec<Arch> = members.filter(&wanted).take(count).collect();
            if found.len() == count || near.len() == self.count {
                return found;
            }
            asked = 4 * asked.max(near.len());
        }
    }

    /// Returns the places of at least `count` admitted members, or of all, the nearest first.
    fn near(&self, space: &dyn SearchSpace, arch: &Arch, count: usize) -> Arc<[usize]> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let remembered = known().get(arch).cloned();
        if let Some(near) = remembered.filter(|n| n.len() >= count || n.len() == self.count) {
            return near;
        }
        let near = if self.count <= LOOKED_AT {
            let all = self.admitted().map(|(i, a)| (space.distance(arch, a), i));
            first(all.collect(), count)
        } else {
            let archs = self.pool.archs();
            let clusters = (self.pool.clusters).get_or_init(|| Clusters::new(archs, space));
            let distance = |i: usize| space.distance(arch, &archs[i]);
            clusters.nearest(count, distance, |i| self.admitted[i])
        };
        let near: Arc<[usize]> = near.into_iter().map(|(_, i)| i).collect();
        let mut known = known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(*arch, near.clone());
        near
    }
}
