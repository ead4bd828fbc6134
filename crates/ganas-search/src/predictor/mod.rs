//! Performance predictors: models of what was measured, fitted once and kept in a file.
//!
//! A [`Surrogate`] predicts one or several metrics of any architecture of its space, and is an
//! evaluator. NAS-Bench-301 (Siems et al. 2020, arXiv 2008.09777) works this way. Models that were
//! fitted by XGBoost or LightGBM are read as well, given which [features](Encoding) their columns
//! are. `docs/surrogates.md` describes the files.

mod agreement;
mod cells;
mod choices;
mod encoding;
mod file;
mod fit;
mod foreign;
mod forest;
mod lightgbm;
mod linear;
mod xgboost;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Advice, Evaluator, Outcome, Work};
use ganas_core::space::SearchSpace;
use ganas_core::trial::{Axis, Trial};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use agreement::{Agreement, kendall, ranks, spearman};
pub use encoding::Encoding;
pub use fit::{FitConfig, Kind, fit};
pub use forest::{Comparison, Forest, Tree};
pub use linear::Linear;

/// Architectures that a thread encodes and predicts at a time.
const BATCH: usize = 256;

/// Predictors of the metrics of a space.
#[derive(Clone, Debug)]
pub struct Surrogate {
    encoding: Encoding,
    models: Vec<Model>,
    metrics: Vec<String>,
    source: PathBuf,
    axis: Option<Axis>,
}

/// The predictor of one metric: the sum of its parts, within its range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The metric.
    pub objective: String,
    /// A linear part, if there is one.
    #[serde(default)]
    pub linear: Option<Linear>,
    /// Trees.
    pub forest: Forest,
    /// The least and the largest prediction: those of the fitted values, unless the model extrapolates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// Record of the fit, if the model was fitted by this program.
    #[serde(default)]
    pub fitted: Option<Fitted>,
}

/// Record of a fit, and the accuracy of its predictions on unseen rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// The table.
    pub table: String,
    /// Digest of the table.
    pub table_digest: String,
    /// The rows that were fitted.
    pub rows: usize,
    /// The parts of the cross-validation.
    pub folds: usize,
    /// The seed.
    pub seed: u64,
    /// The agreement, over all rows, of each with its prediction by models that had not seen it.
    pub cross_validated: Agreement,
}

impl Surrogate {
    /// Puts a surrogate together.
    ///
    /// # Errors
    /// If a model does not fit the encoding, or two are of the same metric.
    pub fn new(encoding: Encoding, models: Vec<Model>, source: impl AsRef<Path>) -> Result<Self> {
        let columns = encoding.len();
        let metrics: Vec<String> = models.iter().map(|m| m.objective.clone()).collect();
        for (i, model) in models.iter().enumerate() {
            let name = &model.objective;
            let sound = model.forest.trees.iter().all(|tree| tree.is_sound(columns));
            let fits = model
                .linear
                .as_ref()
                .is_none_or(|l| l.weights.len() == columns);
            let limited = model.range.is_none_or(|[least, largest]| least <= largest);
            if !sound || !fits || !limited {
                return Err(Error::input(format!(
                    "the model of `{name}` does not fit its {columns} features"
                ))
                .mend("fit it again, or name a feature for each of its columns"));
            }
            if metrics[..i].contains(name) {
                return Err(Error::input(format!("there are two models of `{name}`"))
                    .mend("keep one of them"));
            }
        }
        if models.is_empty() {
            return Err(
                Error::input("there is no model").mend("fit one with `ganas surrogate fit`")
            );
        }
        Ok(Surrogate {
            encoding,
            models,
            metrics,
            source: source.as_ref().to_owned(),
            axis: None,
        })
    }

    /// Predicts at the levels of a cost axis, which is a feature of the models. Without a level, predictions
    /// are those at the highest one.
    ///
    /// # Errors
    /// If the models have no such feature, or one and no axis is given.
    pub fn at_levels(mut self, axis: Option<&Axis>) -> Result<Self> {
        match (self.encoding.axis(), axis) {
            (None, None) => Ok(self),
            (Some(feature), Some(axis)) if feature == axis.name() => {
                self.encoding.set_level(*axis.levels().end());
                self.axis = Some(axis.clone());
                Ok(self)
            }
            (Some(feature), _) => Err(Error::input(format!(
                "the models have the level of `{feature}` as a feature"
            ))
            .mend(format!("add `--fidelity {feature}=MIN..MAX`"))),
            (None, Some(axis)) => Err(Error::input(format!(
                "the models have no feature `{{{}}}`, the level of the fidelity",
                axis.name()
            ))
            .mend("leave out `--fidelity`")),
        }
    }

    /// The cost axis, if the models see its level.
    pub fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
    }

    /// The predicted metrics of an architecture at a level of the cost axis.
    fn predict_at(&mut self, space: &dyn SearchSpace, arch: &Arch, level: u32) -> Vec<f64> {
        self.encoding.set_level(level);
        let rows = self.encoding.rows(space, &[*arch]);
        let value = |model: &Model| model.predict(&rows, self.encoding.len())[0];
        self.models.iter().map(value).collect()
    }

    /// Opens a file of a surrogate: one that [`save`](Self::save) wrote, or a TOML file that says
    /// what the columns of others' models are.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, of another version, or of another space.
    pub fn open(path: impl AsRef<Path>, space: &dyn SearchSpace) -> Result<Self> {
        let path = path.as_ref();
        if is_toml(path) {
            foreign::open(path, space)
        } else {
            file::open(path, space)
        }
    }

    /// The name of the space that a file is of.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn space_of(path: impl AsRef<Path>) -> Result<String> {
        let path = path.as_ref();
        if is_toml(path) {
            foreign::space_of(path)
        } else {
            file::space_of(path)
        }
    }

    /// Writes the surrogate: the whole file or nothing.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>, space: &dyn SearchSpace) -> Result<()> {
        file::save(self, path.as_ref(), space)
    }

    /// The names of the metrics.
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// The models, one a metric.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The features that they see.
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The file that it comes from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// The predicted metrics of architectures, on rayon's threads.
    pub fn predict(&self, space: &dyn SearchSpace, archs: &[Arch]) -> Vec<Vec<f64>> {
        let batch = |archs: &[Arch]| -> Vec<Vec<f64>> {
            let rows = self.encoding.rows(space, archs);
            let by_model: Vec<Vec<f64>> = self
                .models
                .iter()
                .map(|model| model.predict(&rows, self.encoding.len()))
                .collect();
            (0..archs.len())
                .map(|i| by_model.iter().map(|values| values[i]).collect())
                .collect()
        };
        archs.par_chunks(BATCH).flat_map_iter(batch).collect()
    }
}

fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "toml")
}

impl Model {
    /// The values of rows, which lie one after another with `columns` columns each.
    pub fn predict(&self, rows: &[f64], columns: usize) -> Vec<f64> {
        let mut sums: Vec<f64> = match &self.linear {
            Some(linear) => rows
                .chunks_exact(columns)
                .map(|row| linear.predict(row))
                .collect(),
            None => vec![0.0; rows.len() / columns],
        };
        self.forest.add_to(&mut sums, rows, columns);
        if let Some([least, largest]) = self.range {
            sums.iter_mut()
                .for_each(|sum| *sum = sum.clamp(least, largest));
        }
        sums
    }
}

/// Evaluates architectures by a surrogate: its predictions are the metrics.
pub struct SurrogateEvaluator {
    space: Arc<dyn SearchSpace>,
    surrogate: Arc<Surrogate>,
}

impl SurrogateEvaluator {
    /// An evaluator by a surrogate of this space.
    pub fn new(space: Arc<dyn SearchSpace>, surrogate: Arc<Surrogate>) -> Self {
        SurrogateEvaluator { space, surrogate }
    }
}

/// The most reports of a trial on its way (ours).
const REPORTS: u32 = 32;

impl SurrogateEvaluator {
    /// Evaluates trials at their levels, with reports of some levels below.
    fn run_levels(&mut self, axis: &Axis, work: &mut dyn Work) {
        let mut surrogate = (*self.surrogate).clone();
        let (low, high) = axis.levels().into_inner();
        let every = (high - low).div_ceil(REPORTS).max(1);
        while let Some(trial) = work.next() {
            let level = axis.level(trial.fidelity);
            for below in (low..level).filter(|below| below % every == 0) {
                let metrics = surrogate.predict_at(&*self.space, &trial.arch, below);
                if work.report(&trial, below, &metrics) == Advice::Stop {
                    break;
                }
            }
            let metrics = surrogate.predict_at(&*self.space, &trial.arch, level);
            work.done(&trial, Outcome::Done(metrics));
        }
    }
}

impl Evaluator for SurrogateEvaluator {
    fn metrics(&self) -> &[String] {
        self.surrogate.metrics()
    }

    fn axis(&self) -> Option<&Axis> {
        self.surrogate.axis()
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        if let Some(axis) = self.axis().cloned() {
            self.run_levels(&axis, work);
            return Ok(());
        }
        loop {
            let batch: Vec<Trial> = std::iter::from_fn(|| work.next()).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let archs: Vec<Arch> = batch.iter().map(|trial| trial.arch).collect();
            let predicted = self.surrogate.predict(&*self.space, &archs);
            for (trial, metrics) in batch.iter().zip(predicted) {
                work.done(trial, Outcome::Done(metrics));
            }
        }
    }
}
