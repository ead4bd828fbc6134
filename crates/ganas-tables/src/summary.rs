//! Summaries of tables.

use serde::Serialize;

use crate::{Ignored, Table};

/// Summary of a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the space.
    pub space: String,
    /// Distinct architectures.
    pub rows: usize,
    /// Rows of the source that were folded into an earlier one of the same architecture.
    pub folded_rows: u64,
    /// Folded rows whose values differ from the earlier row.
    pub merged_rows: u64,
    /// XXH3-64 of the content, in hexadecimal.
    pub digest: String,
    /// Statistics of each metric.
    pub columns: Vec<ColumnSummary>,
    /// Columns that are not metrics.
    pub ignored_columns: Vec<String>,
    /// Details of these columns.
    pub ignored: Vec<Ignored>,
}

/// Statistics of a metric. Without any value, they are NaN.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnSummary {
    /// Name of the metric.
    pub name: String,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Mean of the values.
    pub mean: f64,
    /// Rows without a value.
    pub missing: usize,
}

impl Table {
    /// Summarises the table.
    pub fn summary(&self) -> Summary {
        let columns = (self.columns().iter().enumerate())
            .map(|(column, name)| {
                let (mut min, mut max, mut sum, mut count) = (f64::NAN, f64::NAN, 0.0, 0);
                for value in self.values(column).filter(|v| !v.is_nan()) {
                    min = f64::min(min, value);
                    max = f64::max(max, value);
                    sum += value;
                    count += 1;
                }
                ColumnSummary {
                    name: name.clone(),
                    min,
                    max,
                    mean: sum / f64::from(count),
                    missing: self.len() - count as usize,
                }
            })
            .collect();
        Summary {
            space: self.space().to_owned(),
            rows: self.len(),
            folded_rows: self.folded_rows(),
            merged_rows: self.merged_rows(),
            digest: self.digest().to_owned(),
            columns,
            ignored_columns: (self.ignored_columns().iter())
                .map(|name| (*name).to_owned())
                .collect(),
            ignored: self.header.ignored.clone(),
        }
    }
}
