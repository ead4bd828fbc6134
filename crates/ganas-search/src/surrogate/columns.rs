//! Which features count, and how much.

use std::collections::HashMap;

use super::features::{Feature, Kind};

/// The least variance that a feature is scaled by: what hardly ever varies says little.
const LEAST_VARIANCE: f64 = 0.01;

/// The features that become columns, and their scales.
pub struct Columns {
    index: HashMap<Feature, usize>,
    scales: Vec<f32>,
    means: Vec<f32>,
}

/// An architecture as a sparse row of scaled columns, ascending.
pub type Row = Vec<(usize, f32)>;

impl Columns {
    /// The columns for some described architectures: features that differ among them and that at
    /// least two of them show.
    ///
    /// They are scaled so that all features of a kind have the same variance, each kind has the
    /// same variance in all, and the variances of all columns add up to about 1.
    pub fn of(described: &[&[(Feature, f32)]]) -> Self {
        let n = described.len().max(1) as f64;
        let mut sums: HashMap<Feature, (usize, f64, f64)> = HashMap::new();
        for (feature, value) in described.iter().copied().flatten() {
            let value = *value as f64;
            let (count, sum, squares) = sums.entry(*feature).or_default();
            *count += 1;
            *sum += value;
            *squares += value * value;
        }
        let mut kept: Vec<(Feature, f64, f64)> = (sums.into_iter())
            .map(|(f, (count, sum, squares))| (f, count, sum / n, squares / n))
            .map(|(f, count, mean, square)| (f, count, mean, square - mean * mean))
            .filter(|&(_, count, _, variance)| count > 1 && variance > 1e-9)
            .map(|(f, _, mean, variance)| (f, mean, variance))
            .collect();
        kept.sort_by_key(|(feature, ..)| *feature);
        let mut of_kind: HashMap<Kind, usize> = HashMap::new();
        for ((kind, _), ..) in &kept {
            *of_kind.entry(*kind).or_default() += 1;
        }
        let kinds = of_kind.len();
        let scale = |kind: Kind, variance: f64| {
            let columns = (of_kind[&kind] * kinds) as f64;
            (1.0 / (variance.max(LEAST_VARIANCE) * columns).sqrt()) as f32
        };
        let scales: Vec<f32> = (kept.iter())
            .map(|((kind, _), _, variance)| scale(*kind, *variance))
            .collect();
        Columns {
            index: (kept.iter().enumerate())
                .map(|(i, (f, ..))| (*f, i))
                .collect(),
            means: (kept.iter().zip(&scales))
                .map(|((_, mean, _), scale)| *mean as f32 * scale)
                .collect(),
            scales,
        }
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// The mean of each scaled column.
    pub fn means(&self) -> &[f32] {
        &self.means
    }

    /// A described architecture as a row. Features without a column are left out.
    pub fn row(&self, described: &[(Feature, f32)]) -> Row {
        let cell = |(feature, value): &(Feature, f32)| {
            let i = *self.index.get(feature)?;
            Some((i, value * self.scales[i]))
        };
        described.iter().filter_map(cell).collect()
    }
}

/// Writes a row into a slice with a number for each column.
pub fn spread(row: &Row, dense: &mut [f32]) {
    dense.fill(0.0);
    for (i, value) in row {
        dense[*i] = *value;
    }
}
