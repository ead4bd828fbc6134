//! Selection and scaling of features.

use rustc_hash::FxHashMap as HashMap;

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
    /// same variance in all (unless not `even`: then each feature has), and the variances of all
    /// columns add up to about 1. Kinds that are `unseen` have no columns.
    pub fn of(described: &[&[(Feature, f32)]], unseen: &[Kind], even: bool) -> Self {
        let n = described.len().max(1) as f64;
        let mut sums: HashMap<Feature, (usize, f64, f64)> = HashMap::default();
        for (feature, value) in described.iter().copied().flatten() {
            let value = *value as f64;
            let (count, sum, squares) = sums.entry(*feature).or_default();
            *count += 1;
            *sum += value;
            *squares += value * value;
        }
        let mut kept: Vec<(Feature, f64, f64)> = sums
            .into_iter()
            .map(|(f, (count, sum, squares))| (f, count, sum / n, squares / n))
            .map(|(f, count, mean, square)| (f, count, mean, square - mean * mean))
            .filter(|&(_, count, _, variance)| count > 1 && variance > 1e-9)
            .filter(|((kind, _), ..)| !unseen.contains(kind))
            .map(|(f, _, mean, variance)| (f, mean, variance))
            .collect();
        kept.sort_by_key(|(feature, ..)| *feature);
        let mut of_kind: HashMap<Kind, usize> = HashMap::default();
        for ((kind, _), ..) in &kept {
            *of_kind.entry(*kind).or_default() += 1;
        }
        let kinds = of_kind.len();
        let scale = |kind: Kind, variance: f64| {
            let columns = if even {
                of_kind[&kind] * kinds
            } else {
                kept.len()
            } as f64;
            (1.0 / (variance.max(LEAST_VARIANCE) * columns).sqrt()) as f32
        };
        let scales: Vec<f32> = kept
            .iter()
            .map(|((kind, _), _, variance)| scale(*kind, *variance))
            .collect();
        Columns {
            index: kept
                .iter()
                .enumerate()
                .map(|(i, (f, ..))| (*f, i))
                .collect(),
            means: kept
                .iter()
                .zip(&scales)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Variances of the scaled columns, by kind.
    fn variances(unseen: &[Kind], even: bool) -> Vec<f64> {
        let described = |i: u32| {
            let counts = [(Kind::Label, 0), (Kind::Label, 1), (Kind::Path, 0)];
            let bits = (0..).map(|bit| (1 + (i >> bit & 1)) as f32);
            counts
                .into_iter()
                .zip(bits)
                .collect::<Vec<(Feature, f32)>>()
        };
        let all: Vec<Vec<(Feature, f32)>> = (0..8).map(described).collect();
        let views: Vec<&[(Feature, f32)]> = all.iter().map(Vec::as_slice).collect();
        let columns = Columns::of(&views, unseen, even);
        let rows: Vec<Row> = all.iter().map(|d| columns.row(d)).collect();
        let variance = |c: usize| {
            let apart = |row: &Row| f64::from(row[c].1 - columns.means()[c]).powi(2);
            rows.iter().map(apart).sum::<f64>() / rows.len() as f64
        };
        (0..columns.len()).map(variance).collect()
    }

    #[test]
    fn kinds_weigh_the_same_or_their_features_do_and_some_are_not_seen() {
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert_eq!(found.len(), expected.len(), "{found:?}");
            let apart = found.iter().zip(expected).map(|(f, e)| (f - e).abs());
            assert!(apart.fold(0.0, f64::max) < 1e-6, "{found:?}");
        };
        close(variances(&[], true), &[0.25, 0.25, 0.5]);
        close(variances(&[], false), &[1.0 / 3.0; 3]);
        close(variances(&[Kind::Label], true), &[1.0]);
    }
}
