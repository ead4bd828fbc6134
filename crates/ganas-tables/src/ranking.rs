//! Ranks of architectures among all rows of a table.

use crate::Table;

/// Order of a table's compliant architectures by one metric.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Scores, the best first; larger is better.
    scores: Vec<f64>,
    best: Option<usize>,
    sign: f64,
}

impl Ranking {
    /// Ranks the compliant rows by a metric, which is maximised unless `minimize`. Rows without a
    /// value of the metric are left out.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn new(
        table: &Table,
        column: usize,
        minimize: bool,
        compliant: impl Fn(usize) -> bool,
    ) -> Self {
        let sign = if minimize { -1.0 } else { 1.0 };
        let kept: Vec<(usize, f64)> = (table.values(column).enumerate())
            .filter(|(row, value)| !value.is_nan() && compliant(*row))
            .map(|(row, value)| (row, sign * value))
            .collect();
        let best = kept.iter().reduce(|a, b| if b.1 > a.1 { b } else { a });
        let best = best.map(|(row, _)| *row);
        let mut scores: Vec<f64> = kept.into_iter().map(|(_, score)| score).collect();
        scores.sort_unstable_by(|a, b| b.total_cmp(a));
        Ranking { scores, best, sign }
    }

    /// Returns the number of ranked architectures.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Returns true if no architecture is ranked.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Returns the best value, if an architecture is ranked.
    pub fn optimum(&self) -> Option<f64> {
        self.scores.first().map(|best| self.sign * best)
    }

    /// Returns the best and the worst value, if an architecture is ranked.
    pub fn range(&self) -> Option<[f64; 2]> {
        let (best, worst) = (self.scores.first()?, self.scores.last()?);
        Some([best, worst].map(|score| self.sign * score))
    }

    /// Returns the row of the best value, the first of equal ones, if an architecture is ranked.
    pub fn best(&self) -> Option<usize> {
        self.best
    }

    /// Returns the number of ranked architectures that are at least as good as this value.
    pub fn at_least(&self, value: f64) -> usize {
        self.scores.partition_point(|&s| s >= self.sign * value)
    }

    /// Returns the rank of a value: 1 + the number of ranked architectures that are strictly
    /// better.
    pub fn rank(&self, value: f64) -> usize {
        if value.is_nan() {
            return self.len() + 1;
        }
        1 + self.scores.partition_point(|&s| s > self.sign * value)
    }
}
