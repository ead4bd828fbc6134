//! Populations: everything that a search may evaluate, listed or by random draws.

use crate::arch::Arch;
use crate::problem::Problem;
use crate::rng::Rng;
use crate::space::Sampler;

/// Draws for each wanted architecture, as constraints reject many (ours).
const PATIENCE: usize = 4;

/// Architectures that can be evaluated and that meet the constraints known beforehand.
#[derive(Clone, Debug)]
pub struct Population {
    /// All architectures, each once, or independent random draws.
    pub archs: Vec<Arch>,
    /// Set if all architectures are listed.
    pub whole: bool,
    /// Number of architectures, if all are equally likely to be drawn: exact if they are listed,
    /// else the size of the space times the share of admitted draws. `None` if they cannot be
    /// counted.
    pub size: Option<f64>,
}

impl Problem<'_> {
    /// Returns the population of the problem. It is complete if the space or the pool has at most
    /// `most` architectures. Otherwise it is up to `most` draws of the sampler.
    pub fn population(&self, most: usize, rng: &mut Rng) -> Population {
        if let Some(pool) = self.pool() {
            let mut archs: Vec<Arch> = pool.admitted().map(|(_, arch)| *arch).collect();
            let (whole, size) = (archs.len() <= most, archs.len() as f64);
            if !whole {
                archs = (0..most).map(|_| *rng.choose(&archs)).collect();
            }
            let size = Some(size);
            return Population { archs, whole, size };
        }
        let space = self.space();
        let size = match self.sampler {
            Sampler::Uniform => space.size(),
            Sampler::Adjacency => None,
        };
        let mut archs = Vec::new();
        if size.is_some_and(|size| size <= most as u128)
            && (space.enumerate(&mut |arch| archs.push(arch))).is_ok()
        {
            archs.retain(|arch| self.admits(arch));
            let size = Some(archs.len() as f64);
            let whole = true;
            return Population { archs, whole, size };
        }
        archs.clear();
        let mut draws = 0;
        while archs.len() < most && draws < PATIENCE * most {
            let arch = space.sample(self.sampler, rng);
            draws += 1;
            if self.admits(&arch) {
                archs.push(arch);
            }
        }
        let admitted = archs.len() as f64 / draws.max(1) as f64;
        Population {
            archs,
            whole: false,
            size: size.map(|size| size as f64 * admitted),
        }
    }
}
