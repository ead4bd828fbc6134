//! A table in a few lines.

use serde::Serialize;

use crate::{Ignored, Table};

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The name of the space.
    pub space: String,
    /// Distinct architectures.
    pub rows: usize,
    /// Rows of the source that were folded into an earlier one of the same architecture.
    pub folded_rows: u64,
    /// Those of them that carried other values.
    pub merged_rows: u64,
    /// XXH3-64 of the content, in hexadecimal.
    pub digest: String,
    /// The metrics.
    pub columns: Vec<ColumnSummary>,
    /// Columns that hold no metric.
    pub ignored_columns: Vec<String>,
    /// What they hold.
    pub ignored: Vec<Ignored>,
}

/// What a metric's values are like. Without any value, the statistics are NaN.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnSummary {
    /// The name.
    pub name: String,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The mean of the values.
    pub mean: f64,
    /// Rows where it was not measured.
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
