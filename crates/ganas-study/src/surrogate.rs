//! Agreement of surrogates with the values that they predict.

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::space::SearchSpace;
use ganas_search::predictor::{Agreement, Surrogate};
use ganas_tables::Table;
use serde::Serialize;

/// Agreement of a model's predictions with the values of a metric.
#[derive(Serialize)]
pub struct Comparison {
    /// Name of the metric.
    pub objective: String,
    /// Rows with a value.
    pub rows: usize,
    /// Agreement of predictions and values.
    #[serde(flatten)]
    pub agreement: Agreement,
}

impl Comparison {
    /// Cross-validation of each model that was fitted here.
    pub fn cross_validated(surrogate: &Surrogate) -> Vec<Self> {
        let comparison = |model: &ganas_search::predictor::Model| {
            let fitted = model.fitted.as_ref()?;
            Some(Comparison {
                objective: model.objective.clone(),
                rows: fitted.rows,
                agreement: fitted.cross_validated,
            })
        };
        surrogate.models().iter().filter_map(comparison).collect()
    }

    /// Compares predictions with the columns of a table that have the same names; also the metrics that
    /// it has no columns of.
    ///
    /// # Errors
    /// If it has none of them.
    pub fn with_table<'s>(
        surrogate: &'s Surrogate,
        space: &dyn SearchSpace,
        table: &Table,
    ) -> Result<(Vec<Self>, Vec<&'s str>)> {
        let names = || surrogate.metrics().iter().enumerate();
        let found = |name: &str| table.columns().iter().position(|column| column == name);
        if let [first, ..] = surrogate.metrics()
            && names().all(|(_, name)| found(name).is_none())
        {
            table.column(first)?;
        }
        let archs: Vec<Arch> = (0..table.len()).map(|row| table.arch(row)).collect();
        let predicted = surrogate.predict(space, &archs);
        let comparisons = names().filter_map(|(i, name)| {
            let measured = table.values(found(name)?).zip(&predicted);
            let (measured, predicted): (Vec<f64>, Vec<f64>) = measured
                .map(|(measured, predicted)| (measured, predicted[i]))
                .filter(|(measured, _)| !measured.is_nan())
                .unzip();
            Some(Comparison {
                objective: name.clone(),
                rows: measured.len(),
                agreement: Agreement::of(&predicted, &measured),
            })
        });
        let absent = names().filter(|(_, name)| found(name).is_none());
        Ok((
            comparisons.collect(),
            absent.map(|(_, name)| name.as_str()).collect(),
        ))
    }
}
