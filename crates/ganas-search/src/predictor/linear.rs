//! Ridge regression (Hoerl & Kennard 1970, doi 10.1080/00401706.1970.10488634).

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use serde::{Deserialize, Serialize};

/// The penalties that are tried, per row (ours).
const PENALTIES: [f64; 9] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0];

/// A linear function of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// The value where all columns are 0.
    pub intercept: f64,
    /// A weight for each column.
    pub weights: Vec<f64>,
}

impl Linear {
    /// Fits rows, given one after another with `columns` columns each. Columns are scaled to unit variance
    /// first, and the penalty is the one with the least error where each row is left out in turn.
    pub fn fit(rows: &[f64], columns: usize, values: &[f64]) -> Self {
        let n = values.len();
        let mean = |of: &mut dyn Iterator<Item = f64>| of.sum::<f64>() / n.max(1) as f64;
        let base = mean(&mut values.iter().copied());
        let value = |row: usize, column: usize| rows[row * columns + column];
        let means: Vec<f64> = (0..columns)
            .map(|c| mean(&mut (0..n).map(|r| value(r, c))))
            .collect();
        let scales: Vec<f64> = (0..columns)
            .map(|c| mean(&mut (0..n).map(|r| (value(r, c) - means[c]).powi(2))))
            .map(|variance| {
                if variance > 1e-12 {
                    variance.sqrt().recip()
                } else {
                    0.0
                }
            })
            .collect();
        let x = DMatrix::from_fn(n, columns, |r, c| (value(r, c) - means[c]) * scales[c]);
        let y = DVector::from_iterator(n, values.iter().map(|v| v - base));
        let SymmetricEigen {
            eigenvectors,
            eigenvalues,
        } = SymmetricEigen::new(x.tr_mul(&x));
        // In the basis of the eigenvectors every penalty is solved by divisions.
        let turned = &x * &eigenvectors;
        let projected = turned.tr_mul(&y);
        let shrunk = |penalty: f64| -> DVector<f64> {
            eigenvalues.map(|e| (e.max(0.0) + penalty * n as f64).recip())
        };
        let error = |penalty: f64| -> f64 {
            let shrink = shrunk(penalty);
            let solved = shrink.component_mul(&projected);
            let fitted = &turned * solved;
            (0..n)
                .map(|r| {
                    let row = turned.row(r);
                    let own: f64 = row.iter().zip(&shrink).map(|(v, s)| v * v * s).sum();
                    // The mean is fitted, too.
                    let leverage = (own + 1.0 / n as f64).min(1.0 - 1e-9);
                    ((y[r] - fitted[r]) / (1.0 - leverage)).powi(2)
                })
                .sum()
        };
        let penalty = PENALTIES
            .into_iter()
            .map(|penalty| (error(penalty), penalty))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map_or(1.0, |(_, penalty)| penalty);
        let solved = &eigenvectors * shrunk(penalty).component_mul(&projected);
        let weights: Vec<f64> = solved.iter().zip(&scales).map(|(w, s)| w * s).collect();
        let offset: f64 = weights.iter().zip(&means).map(|(w, m)| w * m).sum();
        Linear {
            intercept: base - offset,
            weights,
        }
    }

    /// The value of a row.
    pub fn predict(&self, row: &[f64]) -> f64 {
        let sum: f64 = self.weights.iter().zip(row).map(|(w, v)| w * v).sum();
        self.intercept + sum
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::rng::Rng;

    use super::*;

    #[test]
    fn finds_a_linear_function_among_columns_that_say_nothing() {
        let mut rng = Rng::stream(0, "linear");
        let rows: Vec<f64> = (0..100 * 6).map(|_| rng.normal()).collect();
        let value = |row: &[f64]| 3.0 + 2.0 * row[0] - row[4];
        let values: Vec<f64> = rows.chunks(6).map(value).collect();
        let fitted = Linear::fit(&rows, 6, &values);
        let fresh = [0.5, 1.0, -1.0, 0.0, 2.0, 1.0];
        assert!((fitted.predict(&fresh) - value(&fresh)).abs() < 1e-3);
    }

    #[test]
    fn noise_is_shrunk_to_the_mean() {
        let mut rng = Rng::stream(1, "linear");
        let rows: Vec<f64> = (0..60 * 50).map(|_| rng.normal()).collect();
        let values: Vec<f64> = (0..60).map(|_| rng.normal()).collect();
        let fitted = Linear::fit(&rows, 50, &values);
        let length = fitted.weights.iter().map(|w| w * w).sum::<f64>().sqrt();
        assert!(length < 0.6, "{length}");
    }

    #[test]
    fn columns_that_do_not_vary_have_no_weight() {
        let fitted = Linear::fit(&[1.0, 5.0, 2.0, 5.0, 3.0, 5.0], 2, &[1.0, 2.0, 3.0]);
        assert_eq!(fitted.weights[1], 0.0);
        assert!((fitted.predict(&[2.0, 9.0]) - 2.0).abs() < 1e-9);
    }
}
