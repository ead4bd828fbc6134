//! The part of a space that can be evaluated, where that is not all of it.

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
    /// Made when something is looked for that is near.
    clusters: OnceLock<Clusters>,
}

impl Pool {
    /// A pool of canonical architectures; of equals, the first counts.
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

    /// The architectures in their order.
    pub fn archs(&self) -> &[Arch] {
        &self.archs
    }

    /// The place of an architecture in that order.
    pub fn find(&self, arch: &Arch) -> Option<usize> {
        self.index.get(arch).copied()
    }
}

/// Answers that are remembered (ours).
const REMEMBERED: usize = 20_000;

/// A pool, and what the constraints on costs of the space leave of it.
pub(crate) struct Admitted {
    pub pool: Arc<Pool>,
    /// For each member, whether it is left.
    admitted: Vec<bool>,
    /// How many are.
    count: usize,
    /// The places of what is nearest to architectures, the nearest first.
    known: Mutex<HashMap<Arch, Arc<[usize]>>>,
}

impl Admitted {
    /// A pool of which each member is left or not.
    pub fn new(pool: Arc<Pool>, admitted: Vec<bool>) -> Self {
        Admitted {
            count: admitted.iter().filter(|left| **left).count(),
            pool,
            admitted,
            known: Mutex::default(),
        }
    }

    /// Whether an architecture is in the pool and admitted.
    pub fn admits(&self, arch: &Arch) -> bool {
        self.pool.find(arch).is_some_and(|i| self.admitted[i])
    }

    /// The members of the pool that are admitted, with their places.
    pub fn admitted(&self) -> impl Iterator<Item = (usize, &Arch)> {
        (self.pool.archs().iter().enumerate()).filter(|(i, _)| self.admitted[*i])
    }

    /// The nearest admitted members that are `wanted`, up to a number, the nearest first; of those
    /// as near, the first of the pool.
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

    /// The places of at least so many admitted members, or of all.
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
