//! Scores from before the search: what other tasks and free metrics say of an architecture.
//!
//! The values of each prior become normal quantiles of their ranks, so that neither its unit nor its outliers
//! matter. An architecture that a prior lacks has the score that a committee predicts which is fitted to the
//! prior once.

use std::sync::{Arc, OnceLock};

use ganas_core::Prior;
use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;

use super::calibration::Calibration;
use super::examples::quantiles;
use super::features::{Describer, Feature, Kind};
use super::process::Chosen;
use super::{Committee, CommitteeConfig};

/// Rows of a prior that its model is fitted to: the best ones and others, drawn at random (ours).
const BEST: usize = 100;
const OTHERS: usize = 200;

/// Most architectures that tasks are compared on (ours).
const COMPARED: usize = 20_000;

/// Priors of a search, as scores.
pub struct Transfer {
    priors: Arc<[Prior]>,
    sources: Vec<Source>,
    /// Value that the mean of all tasks promises, learned from the tasks themselves.
    calibration: Option<Calibration>,
    seed: u64,
}

/// One prior.
struct Source {
    /// Score of each row.
    scores: Vec<f32>,
    /// Places of the rows, best first.
    order: Vec<u32>,
    /// Model for other architectures; `None` inside if the prior has too few rows for one.
    model: OnceLock<Option<Committee>>,
}

impl Source {
    fn new(prior: &Prior) -> Self {
        let scores = quantiles(prior.values());
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        // Stable, so that equals stay in the order of the architectures.
        order.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
        Source {
            scores: scores.into_iter().map(|score| score as f32).collect(),
            order,
            model: OnceLock::new(),
        }
    }
}

impl Transfer {
    /// Scores of what is known before a search with a seed.
    pub fn new(priors: &Arc<[Prior]>, seed: u64) -> Self {
        let sources: Vec<Source> = priors.iter().map(Source::new).collect();
        Transfer {
            calibration: calibrate(priors, &sources, seed),
            sources,
            priors: priors.clone(),
            seed,
        }
    }

    /// Value that the mean of several tasks promises. `None` with fewer than two tasks that share architectures.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// Number of priors.
    pub fn count(&self) -> usize {
        self.sources.len()
    }

    /// Returns true if larger scores of a prior are better; otherwise its direction is not known.
    pub fn is_directed(&self, prior: usize) -> bool {
        self.priors[prior].is_directed()
    }

    /// Architectures of a prior, best first.
    pub fn ranked(&self, prior: usize) -> impl DoubleEndedIterator<Item = Arch> + '_ {
        let archs = self.priors[prior].archs();
        let order = self.sources[prior].order.iter();
        order.map(|row| archs[*row as usize])
    }

    /// Score that a prior has of an architecture.
    pub fn known(&self, prior: usize, arch: &Arch) -> Option<f32> {
        let row = self.priors[prior].find(arch)?;
        Some(self.sources[prior].scores[row])
    }

    /// Fits the models of priors that lack one of these architectures. Has to come before
    /// [`features`](Self::features).
    pub fn prepare(&self, space: &dyn SearchSpace, archs: &[Arch]) {
        for (i, (prior, source)) in self.priors.iter().zip(&self.sources).enumerate() {
            let is_missing = || archs.iter().any(|arch| prior.find(arch).is_none());
            if source.model.get().is_none() && is_missing() {
                source.model.get_or_init(|| self.fit(space, i));
            }
        }
    }

    /// The model of a prior, which follows from its rows and the seed alone.
    fn fit(&self, space: &dyn SearchSpace, i: usize) -> Option<Committee> {
        let (prior, source) = (&self.priors[i], &self.sources[i]);
        let row = |row: &u32| {
            let row = *row as usize;
            (prior.archs()[row], f64::from(source.scores[row]))
        };
        let examples: Vec<(Arch, f64)> = source.order.iter().map(row).collect();
        let config = CommitteeConfig {
            best: BEST,
            others: OTHERS,
            ..CommitteeConfig::default()
        };
        let mut rng = Rng::stream(self.seed, &format!("prior/{i}"));
        let mut describer = Describer::new(space);
        let kernel = &mut Chosen::default();
        Committee::fit(&config, space, &examples, &mut describer, kernel, &mut rng)
    }

    /// The scores of an architecture as features, beside what else describes it; after those of the priors
    /// the value that the mean of the tasks promises, if several can be compared.
    pub fn features(&self, arch: &Arch, described: &[(Feature, f32)]) -> Vec<(Feature, f32)> {
        let score = |i: usize| {
            let model = || {
                let model = self.sources[i].model.get().and_then(Option::as_ref);
                model.map_or(0.0, |model| model.mean_of(described) as f32)
            };
            let score = self.known(i, arch).unwrap_or_else(model);
            ((Kind::Prior, i as u64), score)
        };
        let mut features: Vec<(Feature, f32)> = (0..self.count()).map(score).collect();
        if let Some(calibration) = &self.calibration {
            let tasks = (0..self.count()).filter(|i| self.is_directed(*i));
            let (count, sum) = tasks.fold((0.0, 0.0), |(count, sum), i| {
                (count + 1.0, sum + f64::from(features[i].1))
            });
            let promised = calibration.expected(sum / count);
            features.push(((Kind::Prior, self.count() as u64), promised as f32));
        }
        features
    }
}

/// Compares the tasks among the priors on the architectures that all of them have, or some of these.
fn calibrate(priors: &[Prior], sources: &[Source], seed: u64) -> Option<Calibration> {
    let tasks: Vec<usize> = (0..priors.len())
        .filter(|i| priors[*i].is_directed())
        .collect();
    let (first, others) = tasks.split_first()?;
    if others.is_empty() {
        return None;
    }
    let rows = priors[*first].archs().len();
    let mut compared = Rng::stream(seed, "prior/calibration").distinct(rows, COMPARED);
    compared.sort_unstable();
    let mut scores = vec![Vec::new(); tasks.len()];
    for row in compared {
        let arch = &priors[*first].archs()[row];
        let found: Option<Vec<usize>> =
            others.iter().map(|task| priors[*task].find(arch)).collect();
        let Some(found) = found else { continue };
        scores[0].push(f64::from(sources[*first].scores[row]));
        for ((list, task), row) in scores[1..].iter_mut().zip(others).zip(found) {
            list.push(f64::from(sources[*task].scores[row]));
        }
    }
    Calibration::of(&scores)
}
