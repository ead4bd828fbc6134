//! The architectures that a density over a whole space is spread over: all of it, or a large draw
//! of the prior.

use std::collections::HashMap;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::rng::Rng;
use rayon::prelude::*;

use super::{Likelihood, Point, Prior};
use crate::committee::{Binned, Draws, Row, Trees, TreesConfig};
use crate::predictor::Encoding;

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
    /// Number of draws of each member; one each if the pool is the whole space.
    masses: Vec<f64>,
    total: f64,
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
            masses = vec![1.0; archs.len()];
            index = archs.iter().enumerate().map(|(i, a)| (*a, i)).collect();
        } else {
            for _ in 0..DRAWS {
                let arch = prior.draw(&mut rng).arch;
                let i = *index.entry(arch).or_insert_with(|| {
                    archs.push(arch);
                    masses.push(0.0);
                    archs.len() - 1
                });
                masses[i] += 1.0;
            }
        }
        let probes: Vec<Arch> = rng
            .distinct(archs.len(), PROBES)
            .into_iter()
            .map(|i| archs[i])
            .collect();
        let encoding = Encoding::suited(space, &probes)?;
        let columns = encoding.len();
        let probed = encoding.rows(space, &probes);
        let cuts: Vec<Vec<f64>> = (0..columns)
            .map(|c| cuts(probed.iter().skip(c).step_by(columns).copied().collect()))
            .collect();
        let steps = archs
            .par_chunks(BATCH)
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
            total: masses.iter().sum(),
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

    /// Number of draws of an architecture; one if the pool is the whole space.
    pub fn mass(&self, place: usize) -> f64 {
        self.masses[place]
    }

    /// Sum of all masses.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// A draw of the prior that is in the pool.
    pub fn draw(&self, prior: &Prior, rng: &mut Rng) -> Point {
        if self.whole {
            return prior.draw(rng);
        }
        let arch = self.archs[rng.weighted(&self.masses)];
        let graph = prior.space().graph(&arch);
        Point { arch, graph }
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
            self.row(place)
                .iter()
                .enumerate()
                .map(|(column, step)| (column, f32::from(*step)))
                .collect()
        };
        let rows: Vec<Row> = places.iter().map(row).collect();
        let binned = Binned::new(&rows, self.columns);
        let draws = Draws::new(config, &binned, rng);
        Trees::fit(config, &binned, values, &draws)
    }

    /// Predictions of trees for some members.
    pub fn predict(&self, trees: &Trees, places: &[usize]) -> Vec<f64> {
        self.predict_sum(std::slice::from_ref(trees), places)
    }

    /// The sums of what ensembles of trees expect of some members.
    pub fn predict_sum(&self, ensembles: &[Trees], places: &[usize]) -> Vec<f64> {
        places
            .par_chunks(BATCH)
            .flat_map_iter(|places| {
                let mut dense = vec![0.0; self.columns];
                let sum = |&place: &usize| -> f64 {
                    let row = self.row(place).iter();
                    dense
                        .iter_mut()
                        .zip(row)
                        .for_each(|(number, step)| *number = f32::from(*step));
                    ensembles.iter().map(|trees| trees.predict(&dense)).sum()
                };
                places.iter().map(sum).collect::<Vec<f64>>()
            })
            .collect()
    }

    /// Predictions of trees for every member.
    pub fn predict_all(&self, trees: &Trees) -> Vec<f64> {
        let places: Vec<usize> = (0..self.archs.len()).collect();
        self.predict(trees, &places)
    }

    fn row(&self, place: usize) -> &[u8] {
        &self.steps[place * self.columns..][..self.columns]
    }
}

/// Thresholds between the values of a feature.
fn cuts(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup();
    let steps = values.len().saturating_sub(1).min(STEPS);
    (1..=steps)
        .map(|s| s * (values.len() - 1) / steps)
        .map(|i| 0.5 * (values[i - 1] + values[i]))
        .collect()
}
