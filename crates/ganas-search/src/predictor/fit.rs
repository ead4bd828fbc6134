//! Fitting a surrogate to a table, with cross-validation.

use std::collections::HashMap;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_tables::Table;
use rayon::prelude::*;

use super::{Agreement, Encoding, Fitted, Forest, Linear, Model, Surrogate};
use crate::committee::{Binned, Draws, Trees, TreesConfig};

/// The fewest rows that are worth a cross-validation.
const FEWEST: usize = 20;

/// Settings of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitConfig {
    /// The most rows that are fitted, drawn at random where there are more.
    pub rows: usize,
    /// The parts of the cross-validation.
    pub folds: usize,
    /// The seed.
    pub seed: u64,
    /// Settings of the trees.
    pub trees: TreesConfig,
    /// The kind of model.
    pub kind: Kind,
    /// True if predictions may leave the range of the fitted values. A search climbs to the largest
    /// predictions, and a linear part predicts the most where nothing was measured.
    pub extrapolate: bool,
}

/// A kind of model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Boosted trees, beneath them a linear fit if that has less error in the cross-validation.
    #[default]
    Auto,
    /// Boosted trees alone.
    Trees,
}

impl Default for FitConfig {
    /// All ours.
    fn default() -> Self {
        FitConfig {
            rows: 20_000,
            folds: 5,
            seed: 0,
            trees: TreesConfig {
                trees: 600,
                depth: 4,
                rate: 0.06,
                rows: 0.7,
                columns: 0.3,
                leaf: 3,
            },
            kind: Kind::default(),
            extrapolate: false,
        }
    }
}

/// Model beneath the trees, whose residuals they are boosted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beneath {
    /// The mean.
    Nothing,
    /// A linear fit.
    Linear,
}

/// Rows and their values.
struct Data<'a> {
    rows: &'a [f64],
    columns: usize,
    values: &'a [f64],
}

/// Fits a predictor of each objective, which are columns of the table.
///
/// Rows where an objective was not measured are left out of its model. A model is a sum of boosted trees, or
/// of a linear function and trees boosted on what it leaves; the cross-validation decides which, unless the
/// settings do. Predictions stay within the range of the fitted values, unless the settings say otherwise.
///
/// # Errors
/// If the table has no such column, or too few rows with a value in it.
pub fn fit(
    space: &dyn SearchSpace,
    table: &Table,
    objectives: &[String],
    config: &FitConfig,
) -> Result<Surrogate> {
    let columns = objectives
        .iter()
        .map(|name| table.column(name))
        .collect::<Result<Vec<usize>>>()?;
    let rows = picked(table.len(), config);
    let archs: Vec<Arch> = rows.iter().map(|&row| table.arch(row)).collect();
    let encoding = Encoding::suited(space, &archs)?;
    let encoded = encoding.rows(space, &archs);
    let all = Data {
        rows: &encoded,
        columns: encoding.len(),
        values: &[],
    };
    let models = objectives
        .iter()
        .zip(columns)
        .map(|(objective, column)| {
            let value = |i: &usize| table.value(rows[*i], column);
            let measured: Vec<usize> = (0..rows.len()).filter(|i| !value(i).is_nan()).collect();
            let fewest = FEWEST.max(config.folds);
            if measured.len() < fewest {
                return Err(Error::input(format!(
                    "`{objective}` was measured in {} rows, too few to fit a model to",
                    measured.len()
                ))
                .mend(format!("measure at least {fewest}"))
                .in_file(table.source()));
            }
            let values: Vec<f64> = measured.iter().map(value).collect();
            let data = Data {
                rows: &all.rows_of(&measured),
                columns: encoding.len(),
                values: &values,
            };
            let (beneath, cross_validated) = data.best_kind(config);
            let (linear, forest) = data.fit(beneath, config, "fit");
            Ok(Model {
                objective: objective.clone(),
                linear,
                forest,
                range: data.range(config),
                fitted: Some(Fitted {
                    table: table
                        .source()
                        .file_name()
                        .map_or(String::new(), |name| name.to_string_lossy().into_owned()),
                    table_digest: table.digest().to_owned(),
                    rows: measured.len(),
                    folds: config.folds,
                    seed: config.seed,
                    cross_validated,
                }),
            })
        })
        .collect::<Result<Vec<Model>>>()?;
    Surrogate::new(encoding, models, table.source())
}

/// The rows that are fitted, ascending.
fn picked(rows: usize, config: &FitConfig) -> Vec<usize> {
    let mut rng = Rng::stream(config.seed, "surrogate/rows");
    let mut rows = rng.distinct(rows, config.rows);
    rows.sort_unstable();
    rows
}

impl Data<'_> {
    /// The kind of model with the least error in the cross-validation, and how it does there.
    fn best_kind(&self, config: &FitConfig) -> (Beneath, Agreement) {
        let n = self.values.len();
        let mut order: Vec<usize> = (0..n).collect();
        Rng::stream(config.seed, "surrogate/folds").shuffle(&mut order);
        let agreement = |beneath: Beneath| -> (Beneath, Agreement) {
            let fold = |fold: usize| -> Vec<(usize, f64)> {
                let held = |i: usize| i % config.folds == fold;
                let pick = |keep: bool| -> Vec<usize> {
                    let places = (0..n).filter(|&i| held(i) == keep);
                    places.map(|i| order[i]).collect()
                };
                let (seen, unseen) = (pick(false), pick(true));
                let values: Vec<f64> = seen.iter().map(|&r| self.values[r]).collect();
                let data = Data {
                    rows: &self.rows_of(&seen),
                    columns: self.columns,
                    values: &values,
                };
                let (linear, forest) = data.fit(beneath, config, &format!("fold {fold}"));
                let model = Model {
                    objective: String::new(),
                    linear,
                    forest,
                    range: data.range(config),
                    fitted: None,
                };
                let predicted = model.predict(&self.rows_of(&unseen), self.columns);
                unseen.into_iter().zip(predicted).collect()
            };
            let folds: Vec<(usize, f64)> = (0..config.folds)
                .into_par_iter()
                .flat_map_iter(fold)
                .collect();
            let by_row: HashMap<usize, f64> = folds.into_iter().collect();
            let predicted: Vec<f64> = (0..n).map(|row| by_row[&row]).collect();
            (beneath, Agreement::of(&predicted, self.values))
        };
        let plain = agreement(Beneath::Nothing);
        if config.kind == Kind::Trees {
            return plain;
        }
        let linear = agreement(Beneath::Linear);
        if linear.1.rmse <= plain.1.rmse {
            linear
        } else {
            plain
        }
    }

    /// The range that predictions stay within.
    fn range(&self, config: &FitConfig) -> Option<[f64; 2]> {
        if config.extrapolate {
            return None;
        }
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = self
            .values
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        Some([least, largest])
    }

    fn rows_of(&self, places: &[usize]) -> Vec<f64> {
        let row = |&r: &usize| &self.rows[r * self.columns..][..self.columns];
        places.iter().flat_map(row).copied().collect()
    }

    fn fit(&self, beneath: Beneath, config: &FitConfig, name: &str) -> (Option<Linear>, Forest) {
        let linear = match beneath {
            Beneath::Nothing => None,
            Beneath::Linear => Some(Linear::fit(self.rows, self.columns, self.values)),
        };
        let rows = || self.rows.chunks_exact(self.columns);
        let left: Vec<f64> = self
            .values
            .iter()
            .zip(rows())
            .map(|(value, row)| value - linear.as_ref().map_or(0.0, |l| l.predict(row)))
            .collect();
        let sparse: Vec<Vec<(usize, f32)>> = rows()
            .map(|row| row.iter().map(|&v| v as f32).enumerate().collect())
            .collect();
        let binned = Binned::new(&sparse, self.columns);
        let mut rng = Rng::stream(config.seed, &format!("surrogate/{name}"));
        let draws = Draws::new(&config.trees, &binned, &mut rng);
        let trees = Trees::fit(&config.trees, &binned, &left, &draws);
        (linear, Forest::of(&trees))
    }
}
