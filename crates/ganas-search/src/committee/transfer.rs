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

/// Priors of a search, as scores. Each prior is about one objective, or about all.
pub struct Transfer {
    priors: Arc<[Prior]>,
    sources: Vec<Source>,
    /// For each objective, what its tasks promise; `None` for one without several tasks.
    calibrations: Vec<Option<Calibration>>,
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
    /// Scores of what is known before a search for this many objectives, with a seed.
    pub fn new(priors: &Arc<[Prior]>, objectives: usize, seed: u64) -> Self {
        let sources: Vec<Source> = priors.iter().map(Source::new).collect();
        let mut transfer = Transfer {
            calibrations: Vec::new(),
            sources,
            priors: priors.clone(),
            seed,
        };
        let of = |objective| transfer.calibrate(&transfer.tasks(objective));
        transfer.calibrations = (0..objectives).map(of).collect();
        transfer
    }

    /// Number of objectives.
    pub fn objectives(&self) -> usize {
        self.calibrations.len()
    }

    /// Value that the mean of the tasks of an objective promises. `None` with fewer than two tasks that share
    /// architectures.
    pub fn calibration(&self, objective: usize) -> Option<&Calibration> {
        self.calibrations[objective].as_ref()
    }

    /// Places of the tasks that tell of an objective.
    pub fn tasks(&self, objective: usize) -> Vec<usize> {
        let is_task =
            |i: &usize| self.priors[*i].is_directed() && self.priors[*i].informs(objective);
        (0..self.count()).filter(is_task).collect()
    }

    /// Places of the scores that tell of an objective, among the [features](Self::features): those of its tasks
    /// and of the free metrics, and that of its calibration, if there is one.
    pub fn places(&self, objective: usize) -> Vec<u64> {
        let informs = |i: &usize| self.priors[*i].informs(objective);
        let mut places: Vec<u64> = (0..self.count())
            .filter(informs)
            .map(|i| i as u64)
            .collect();
        let calibrated = |k: usize| self.calibrations[k].is_some();
        if calibrated(objective) {
            let before = (0..objective).filter(|k| calibrated(*k)).count();
            places.push((self.count() + before) as u64);
        }
        places
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

    /// The scores of an architecture as features, beside what else describes it; after those of the priors,
    /// for each objective the value that the mean of its tasks promises, if several can be compared.
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
        for objective in 0..self.objectives() {
            let Some(calibration) = self.calibration(objective) else {
                continue;
            };
            let tasks = self.tasks(objective);
            let sum: f64 = tasks.iter().map(|i| f64::from(features[*i].1)).sum();
            let promised = calibration.expected(sum / tasks.len() as f64);
            features.push(((Kind::Prior, features.len() as u64), promised as f32));
        }
        features
    }

    /// Compares tasks on the architectures that all of them have, or some of these.
    fn calibrate(&self, tasks: &[usize]) -> Option<Calibration> {
        let (first, others) = tasks.split_first()?;
        if others.is_empty() {
            return None;
        }
        let archs = self.priors[*first].archs();
        let mut compared =
            Rng::stream(self.seed, "prior/calibration").distinct(archs.len(), COMPARED);
        compared.sort_unstable();
        let mut scores = vec![Vec::new(); tasks.len()];
        for row in compared {
            let found = others.iter().map(|task| self.known(*task, &archs[row]));
            let found: Option<Vec<f32>> = found.collect();
            let Some(found) = found else { continue };
            scores[0].push(f64::from(self.sources[*first].scores[row]));
            for (list, score) in scores[1..].iter_mut().zip(found) {
                list.push(f64::from(score));
            }
        }
        Calibration::of(&scores)
    }
}
