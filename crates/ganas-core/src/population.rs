//! All that a search may evaluate, listed or by random draws.

use crate::arch::Arch;
use crate::problem::Problem;
use crate::rng::Rng;
use crate::space::Sampler;

/// How many draws are made for each one that is wanted, where constraints rule most of them out.
const PATIENCE: usize = 4;

/// The architectures that can be evaluated and that the constraints known beforehand let through.
#[derive(Clone, Debug)]
pub struct Population {
    /// All of them, each once, or independent random draws.
    pub archs: Vec<Arch>,
    /// Whether these are all.
    pub whole: bool,
    /// How many there are where all are equally likely to be drawn: exact if they are listed, else
    /// the size of the space times the share of draws that were let through. `None` where they
    /// cannot be counted.
    pub size: Option<f64>,
}

impl Problem<'_> {
    /// The population of the problem: all of it where the space or the pool has at most `most`
    /// architectures, else up to `most` draws of the sampler.
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
