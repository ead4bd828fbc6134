//! The committee: a Gaussian process and ensembles of boosted trees, fitted to what was evaluated.
//!
//! It expects a value of an architecture and says how sure it is.

mod acquisition;
mod calibration;
mod columns;
mod configurations;
mod examples;
mod factor;
mod features;
mod fronts;
mod gains;
mod live;
mod parallel;
mod piecewise;
mod process;
mod region;
mod transfer;
mod trees;
mod trend;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use columns::spread;
use factor::LANES;

pub use acquisition::{Acquisition, Kernels};
pub(crate) use columns::{Columns, Row};
pub use examples::{by_compliance, merits, quantiles};
pub use features::{Describer, Kind};
pub(crate) use features::{Feature, describe};
pub use fronts::{FrontAcquisition, Outlook};
pub use process::{Chosen, GaussianProcess};
pub use transfer::Transfer;
pub use trees::{Binned, Draws, Trees, TreesConfig};
use trend::Trend;

/// Architectures that are described at once.
const DESCRIBED: usize = 128 * LANES;

/// Settings of a [`Committee`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommitteeConfig {
    /// True if a Gaussian process is a member.
    pub process: bool,
    /// The number of tree ensembles.
    pub ensembles: usize,
    /// Settings of the trees.
    pub trees: TreesConfig,
    /// The most of the best evaluated architectures that are fitted.
    pub best: usize,
    /// The most of the others that are fitted, drawn at random.
    pub others: usize,
    /// Kinds of features that the members do not see.
    pub unseen: Vec<Kind>,
    /// True if each kind of features has the same weight, instead of each feature.
    pub even: bool,
    /// Place of the objective that is learned: priors about others are not seen.
    #[serde(skip)]
    pub(crate) objective: usize,
}

impl Default for CommitteeConfig {
    /// All ours.
    fn default() -> Self {
        CommitteeConfig {
            process: true,
            ensembles: 3,
            trees: TreesConfig::default(),
            best: 300,
            others: 200,
            unseen: Vec::new(),
            even: true,
            objective: 0,
        }
    }
}

impl CommitteeConfig {
    /// The same for a committee that learns the objective at this place.
    pub(crate) fn about(&self, objective: usize) -> Self {
        let mut config = self.clone();
        config.objective = objective;
        config
    }

    /// The same for a committee that does not see what is known before the search.
    pub(crate) fn without_priors(&self) -> Self {
        let mut config = self.clone();
        config.unseen.push(Kind::Prior);
        config
    }
}

/// A fitted committee.
pub struct Committee {
    columns: Columns,
    /// Part of a value that follows from the priors; the members predict the rest.
    trend: Option<Trend>,
    process: Option<GaussianProcess>,
    ensembles: Vec<Trees>,
}

impl Committee {
    /// Fits a committee to architectures with their values, best first. `None` if they are too few.
    pub fn fit(
        config: &CommitteeConfig,
        space: &dyn SearchSpace,
        examples: &[(Arch, f64)],
        describer: &mut Describer,
        kernel: &mut Chosen,
        rng: &mut Rng,
    ) -> Option<Self> {
        if examples.len() < 4 {
            return None;
        }
        let mut picked: Vec<usize> = (0..examples.len().min(config.best)).collect();
        let rest = examples.len() - picked.len();
        let others = rng.distinct(rest, config.others);
        picked.extend(others.into_iter().map(|i| config.best + i));
        picked.sort_unstable();
        let mut values: Vec<f64> = picked.iter().map(|&i| examples[i].1).collect();
        let mut described: Vec<Vec<(Feature, f32)>> = picked
            .iter()
            .map(|&i| describer.describe(space, &examples[i].0).to_vec())
            .collect();
        let trend = (describer.transfer())
            .filter(|_| !config.unseen.contains(&Kind::Prior))
            .and_then(|transfer| {
                let covariance = structure(config, &described, kernel);
                Trend::fit(transfer, config.objective, &described, &values, covariance)
            });
        leave_rest(trend.as_ref(), &mut described, &mut values);
        let views: Vec<&[(Feature, f32)]> = described.iter().map(Vec::as_slice).collect();
        let columns = Columns::of(&views, &config.unseen, config.even);
        if columns.len() == 0 {
            return None;
        }
        let rows: Vec<Row> = described.iter().map(|d| columns.row(d)).collect();
        let binned = Binned::new(&rows, columns.len());
        let draws: Vec<Draws> = (0..config.ensembles)
            .map(|_| Draws::new(&config.trees, &binned, rng))
            .collect();
        let ensembles = parallel::map(&draws, |draws| {
            Trees::fit(&config.trees, &binned, &values, draws)
        });
        let process = if config.process {
            GaussianProcess::fit(&rows, columns.means(), &values, examples.len(), *kernel)
        } else {
            None
        };
        if let Some(process) = &process {
            *kernel = process.chosen();
        }
        Some(Committee {
            columns,
            trend,
            process,
            ensembles,
        })
    }

    /// The prediction for each architecture; deviations are computed only if `unsure` is set.
    pub fn predict(
        &self,
        space: &dyn SearchSpace,
        describer: &mut Describer,
        archs: &[Arch],
        unsure: bool,
    ) -> Vec<Prediction> {
        let mut predictions = Vec::with_capacity(archs.len());
        for archs in archs.chunks(DESCRIBED) {
            describer.meet(space, archs);
            let rows: Vec<Row> = archs
                .iter()
                .map(|arch| self.columns.row(describer.describe(space, arch)))
                .collect();
            let chunks: Vec<&[Row]> = rows.chunks(LANES).collect();
            predictions.extend(parallel::map(&chunks, |rows| self.of_rows(rows, unsure)).concat());
        }
        if let Some(trend) = &self.trend {
            for (prediction, arch) in predictions.iter_mut().zip(archs) {
                prediction.mean += trend.of(describer.describe(space, arch));
            }
        }
        predictions
    }

    /// Returns true if what is known before the search tells something of the values.
    pub fn is_informed(&self) -> bool {
        self.trend.is_some()
    }

    /// The mean for a described architecture.
    fn mean_of(&self, described: &[(Feature, f32)]) -> f64 {
        let row = self.columns.row(described);
        self.of_rows(&[row], false)[0].mean
    }

    /// The same for up to [`LANES`] rows.
    fn of_rows(&self, rows: &[Row], unsure: bool) -> Vec<Prediction> {
        let process = self.process.as_ref().map(|p| {
            if unsure {
                p.predict(rows)
            } else {
                rows.iter().map(|row| (p.mean(row), 0.0)).collect()
            }
        });
        let mut dense = vec![0.0; self.columns.len()];
        let prediction = |(i, row): (usize, &Row)| {
            spread(row, &mut dense);
            let trees = self.ensembles.iter().map(|e| e.predict(&dense)).collect();
            prediction(trees, process.as_ref().map(|p| p[i]), unsure)
        };
        rows.iter().enumerate().map(prediction).collect()
    }
}

/// The covariance of described architectures by their structure alone, without the scores of priors.
fn structure(
    config: &CommitteeConfig,
    described: &[Vec<(Feature, f32)>],
    kernel: &Chosen,
) -> DMatrix<f64> {
    let views: Vec<&[(Feature, f32)]> = described.iter().map(Vec::as_slice).collect();
    let config = config.without_priors();
    let columns = Columns::of(&views, &config.unseen, config.even);
    let rows: Vec<Row> = described.iter().map(|d| columns.row(d)).collect();
    GaussianProcess::covariance(&rows, columns.means(), &kernel.kernel)
}

/// Takes what follows from the priors out of the values, and priors that are not used out of the descriptions.
fn leave_rest(trend: Option<&Trend>, described: &mut [Vec<(Feature, f32)>], values: &mut [f64]) {
    for (described, value) in described.iter_mut().zip(values) {
        *value -= trend.map_or(0.0, |trend| trend.of(described));
        let is_used = |place: u64| trend.is_some_and(|trend| trend.uses(place));
        described.retain(|((kind, place), _)| *kind != Kind::Prior || is_used(*place));
    }
}

/// The prediction of a committee whose members say this.
fn prediction(mut members: Vec<f64>, process: Option<(f64, f64)>, unsure: bool) -> Prediction {
    // One half by the process and one half by the trees.
    let mean = match (process, average(&members)) {
        (Some((process, _)), Some(trees)) => 0.5 * (process + trees),
        (process, trees) => process.map(|p| p.0).or(trees).unwrap_or(0.0),
    };
    let mut deviation = 0.0;
    if unsure {
        members.extend(process.map(|p| p.0));
        let apart: Vec<f64> = members.iter().map(|m| (m - mean).powi(2)).collect();
        let own = process.map_or(0.0, |p| p.1);
        deviation = (average(&apart).unwrap_or(0.0) + own * own).sqrt();
    }
    Prediction { mean, deviation }
}

/// Prediction of a committee for an architecture.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    /// The mean of the members' predictions.
    pub mean: f64,
    /// The deviation: the spread of the members and the process's own deviation. 0 if it was not
    /// requested.
    pub deviation: f64,
}

fn average(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
