//! The architectures that a density over a whole space is spread over: all of it, or a large draw
//! of the prior.

use std::collections::HashMap;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::rng::Rng;
use rayon::prelude::*;

use super::{Likelihood, Prior};
use crate::predictor::Encoding;
use crate::surrogate::{Binned, Row, Trees, TreesConfig};

/// The largest space that is listed whole.
const WHOLE: u128 = 1_000_000;

/// Draws of the prior that stand for a larger space.
const DRAWS: usize = 200_000;

/// Architectures whose features say where the values of features lie.
const PROBES: usize = 2_000;

/// The most steps in which a feature is told apart.
const STEPS: usize = 15;

/// Architectures that a thread describes or predicts at a time.
const BATCH: usize = 4_096;

/// Architectures with their features, ready to be predicted many times.
pub struct Pool {
    archs: Vec<Arch>,
    /// The probability of each under the prior, or the share of the draws that it was.
    masses: Vec<f64>,
    index: HashMap<Arch, usize>,
    whole: bool,
    /// The step of each feature, architecture by architecture.
    steps: Vec<u8>,
    columns: usize,
}

impl Pool {
    /// The pool of a prior. Each seed draws another one, where the space is too large to list.
    ///
    /// # Errors
    /// If the space says nothing about its architectures.
    pub fn of(prior: &Prior, seed: u64) -> Result<Self> {
        let space = prior.space();
        let mut rng = Rng::stream(seed, "rare-event/pool");
        let uniform = prior.likelihood() == Likelihood::Architectures;
        let whole = uniform && space.size().is_some_and(|size| size <= WHOLE);
        let (mut archs, mut masses) = (Vec::new(), Vec::new());
        let mut index = HashMap::new();
        if whole {
            space.enumerate(&mut |arch| archs.push(arch))?;
            masses = vec![1.0 / archs.len() as f64; archs.len()];
            index = archs.iter().enumerate().map(|(i, a)| (*a, i)).collect();
        } else {
            for _ in 0..DRAWS {
                let arch = prior.draw(&mut rng).arch;
                let i = *index.entry(arch).or_insert_with(|| {
                    archs.push(arch);
                    masses.push(0.0);
                    archs.len() - 1
                });
                masses[i] += 1.0 / DRAWS as f64;
            }
        }
        let probes: Vec<Arch> = (rng.distinct(archs.len(), PROBES).into_iter())
            .map(|i| archs[i])
            .collect();
        let encoding = Encoding::suited(space, &probes)?;
        let columns = encoding.len();
        let probed = encoding.rows(space, &probes);
        let cuts: Vec<Vec<f64>> = (0..columns)
            .map(|c| cuts(probed.iter().skip(c).step_by(columns).copied().collect()))
            .collect();
        let steps = (archs.par_chunks(BATCH))
            .flat_map_iter(|archs| {
                let rows = encoding.rows(space, archs);
                let step = |(i, value): (usize, &f64)| {
                    cuts[i % columns].partition_point(|cut| value > cut) as u8
                };
                rows.iter().enumerate().map(step).collect::<Vec<u8>>()
            })
            .collect();
        Ok(Pool {
            archs,
            masses,
            index,
            whole,
            steps,
            columns,
        })
    }

    /// The architectures.
    pub fn archs(&self) -> &[Arch] {
        &self.archs
    }

    /// The probability of an architecture under the prior, or its share of the draws.
    pub fn mass(&self, place: usize) -> f64 {
        self.masses[place]
    }

    /// The place of an architecture, if it is in the pool.
    pub fn place(&self, arch: &Arch) -> Option<usize> {
        self.index.get(arch).copied()
    }

    /// The draws that stand for the space; none where it is there whole.
    pub fn draws(&self) -> Option<usize> {
        (!self.whole).then_some(DRAWS)
    }

    /// Fits boosted trees to the values of some members.
    pub fn fit(
        &self,
        config: &TreesConfig,
        places: &[usize],
        values: &[f64],
        rng: &mut Rng,
    ) -> Trees {
        let row = |&place: &usize| -> Row {
            (self.row(place).iter().enumerate())
                .map(|(column, step)| (column, f32::from(*step)))
                .collect()
        };
        let rows: Vec<Row> = places.iter().map(row).collect();
        Trees::fit(config, &Binned::new(&rows, self.columns), values, rng)
    }

    /// What trees expect of some members.
    pub fn predict(&self, trees: &Trees, places: &[usize]) -> Vec<f64> {
        let mut dense = vec![0.0; self.columns];
        (places.iter())
            .map(|&place| self.predict_one(trees, place, &mut dense))
            .collect()
    }

    /// What trees expect of every member.
    pub fn predict_all(&self, trees: &Trees) -> Vec<f64> {
        let starts: Vec<usize> = (0..self.archs.len()).step_by(BATCH).collect();
        (starts.into_par_iter())
            .flat_map_iter(|start| {
                let places: Vec<usize> = (start..(start + BATCH).min(self.archs.len())).collect();
                self.predict(trees, &places)
            })
            .collect()
    }

    fn predict_one(&self, trees: &Trees, place: usize, dense: &mut [f32]) -> f64 {
        for (number, step) in dense.iter_mut().zip(self.row(place)) {
            *number = f32::from(*step);
        }
        trees.predict(dense)
    }

    fn row(&self, place: usize) -> &[u8] {
        &self.steps[place * self.columns..][..self.columns]
    }
}

/// What separates the values of a feature.
fn cuts(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup();
    let steps = values.len().saturating_sub(1).min(STEPS);
    (1..=steps)
        .map(|s| s * (values.len() - 1) / steps)
        .map(|i| 0.5 * (values[i - 1] + values[i]))
        .collect()
}
