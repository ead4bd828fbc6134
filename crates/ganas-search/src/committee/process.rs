//! A Gaussian process (Rasmussen & Williams 2006, "Gaussian Processes for Machine Learning",
//! chapters 2 and 5).

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::columns::Row;
use super::factor::{Factor, LANES};
use super::parallel;

/// The kernel: a radial and a linear part, and noise, all times an amplitude that follows from
/// the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// The length scale of the radial part. The variances of the columns add up to about 1.
    pub length: f64,
    /// The variance of the noise.
    pub noise: f64,
    /// The share of the linear part.
    pub linear: f64,
}

const LENGTHS: [f64; 7] = [0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8];
const NOISES: [f64; 7] = [1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0];
const LINEARS: [f64; 4] = [0.0, 0.1, 0.3, 0.6];

/// Growth of the number of rows, as a factor, after which a kernel is chosen anew.
const GROWTH: f64 = 1.1;

/// A kernel, and how much it was chosen on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The kernel.
    pub kernel: Kernel,
    /// Number of values at the time of the choice; 0 if there was none.
    pub known: usize,
}

impl Chosen {
    /// This one, or one chosen anew where much more is `known` by now.
    fn renewed(self, known: usize, pairs: &[Pair], values: &[f64]) -> Self {
        if self.known > 0 && (known as f64) < GROWTH * self.known as f64 {
            return self;
        }
        let kernel = choose(pairs, values, self.kernel);
        Chosen { kernel, known }
    }
}

impl Default for Kernel {
    fn default() -> Self {
        Kernel {
            length: 1.0,
            noise: 0.03,
            linear: 0.1,
        }
    }
}

/// The inner product of two centred rows and their squared distance.
type Pair = (f32, f32);

impl Kernel {
    fn of(&self, (dot, distance): Pair) -> f64 {
        let radial = (-f64::from(distance) / (2.0 * self.length * self.length)).exp();
        (1.0 - self.linear) * radial + self.linear * f64::from(dot)
    }

    /// The covariance matrix, noise included, of rows whose pairs lie in a square.
    fn covariance(&self, pairs: &[Pair], n: usize) -> DMatrix<f64> {
        let mut k = DMatrix::from_fn(n, n, |i, j| {
            if i >= j {
                self.of(pairs[i * n + j])
            } else {
                0.0
            }
        });
        k.fill_upper_triangle_with_lower_triangle();
        (0..n).for_each(|i| k[(i, i)] += self.noise);
        k
    }
}

/// Rows that others are compared with.
struct Rows {
    count: usize,
    /// Column by column, a number for each row.
    columns: Vec<f32>,
    means: Vec<f32>,
    /// For each row, its squared length and its inner product with the means.
    norms: Vec<(f32, f32)>,
    mean_norm: f32,
}

impl Rows {
    fn new(rows: &[Row], means: &[f32]) -> Self {
        let count = rows.len();
        let mut columns = vec![0.0; means.len() * count];
        for (r, row) in rows.iter().enumerate() {
            row.iter().for_each(|(c, v)| columns[c * count + r] = *v);
        }
        Rows {
            count,
            columns,
            norms: rows.iter().map(|r| norms(r, means)).collect(),
            mean_norm: means.iter().map(|m| m * m).sum(),
            means: means.to_vec(),
        }
    }

    /// A row paired with each of these.
    fn pairs(&self, row: &Row) -> Vec<Pair> {
        let mut dots = vec![0f32; self.count];
        for (c, value) in row {
            let column = &self.columns[c * self.count..][..self.count];
            dots.iter_mut()
                .zip(column)
                .for_each(|(d, x)| *d += value * x);
        }
        let (length, mean) = norms(row, &self.means);
        let pair = |(dot, (l, m)): (&f32, &(f32, f32))| {
            let distance = (length + l - 2.0 * dot).max(0.0);
            (dot - mean - m + self.mean_norm, distance)
        };
        dots.iter().zip(&self.norms).map(pair).collect()
    }
}

fn norms(row: &Row, means: &[f32]) -> (f32, f32) {
    let length = row.iter().map(|(_, v)| v * v).sum();
    (length, row.iter().map(|(c, v)| v * means[*c]).sum())
}

/// A fitted process.
pub struct GaussianProcess {
    rows: Rows,
    chosen: Chosen,
    factor: Factor,
    weights: DVector<f64>,
    amplitude: f64,
}

impl GaussianProcess {
    /// Fits a process to the values of rows with these column means, which are some of all that is
    /// `known`. The kernel is chosen by marginal likelihood, from `start` on, once so much more is known
    /// that it may have changed. `None` if no kernel is numerically sound.
    pub fn fit(
        rows: &[Row],
        means: &[f32],
        values: &[f64],
        known: usize,
        start: Chosen,
    ) -> Option<Self> {
        let n = rows.len();
        let all = Rows::new(rows, means);
        let pairs: Vec<Pair> = rows.iter().flat_map(|row| all.pairs(row)).collect();
        let chosen = start.renewed(known, &pairs, values);
        let factor = Factor::new(&chosen.kernel.covariance(&pairs, n))?;
        let y = DVector::from_column_slice(values);
        let weights = factor.solve(&y);
        Some(GaussianProcess {
            rows: all,
            chosen,
            amplitude: y.dot(&weights) / n as f64,
            factor,
            weights,
        })
    }

    /// The covariance of rows with these column means under a kernel, noise included.
    pub fn covariance(rows: &[Row], means: &[f32], kernel: &Kernel) -> DMatrix<f64> {
        let all = Rows::new(rows, means);
        let pairs: Vec<Pair> = rows.iter().flat_map(|row| all.pairs(row)).collect();
        kernel.covariance(&pairs, rows.len())
    }

    /// The kernel that was chosen, and how much it was chosen on.
    pub fn chosen(&self) -> Chosen {
        self.chosen
    }

    fn against(&self, row: &Row) -> DVector<f64> {
        let pairs = self.rows.pairs(row).into_iter();
        DVector::from_iterator(self.rows.count, pairs.map(|p| self.chosen.kernel.of(p)))
    }

    /// The mean of the value of a row.
    pub fn mean(&self, row: &Row) -> f64 {
        self.against(row).dot(&self.weights)
    }

    /// The mean and the standard deviation, without the noise, of the value of each of up to
    /// eight rows, which are worked on at once.
    pub fn predict(&self, rows: &[Row]) -> Vec<(f64, f64)> {
        let mut lanes = vec![[0.0; LANES]; self.rows.count];
        let mut means = Vec::with_capacity(rows.len());
        for (lane, row) in rows.iter().enumerate() {
            let against = self.against(row);
            means.push(against.dot(&self.weights));
            let places = lanes.iter_mut().zip(against.iter());
            places.for_each(|(lanes, value)| lanes[lane] = *value);
        }
        self.factor.solve_lower(&mut lanes);
        let predicted = rows.iter().zip(means).enumerate();
        let predict = |(lane, (row, mean)): (usize, (&Row, f64))| {
            let solved = DVector::from_iterator(lanes.len(), lanes.iter().map(|l| l[lane]));
            let (length, product) = norms(row, &self.rows.means);
            let own = (length - 2.0 * product + self.rows.mean_norm, 0.0);
            let variance = self.chosen.kernel.of(own) - solved.norm_squared();
            (mean, (self.amplitude * variance.max(0.0)).sqrt())
        };
        predicted.map(predict).collect()
    }
}

/// Coordinate ascent of the marginal likelihood over a grid. The amplitude is the likeliest one.
fn choose(pairs: &[Pair], values: &[f64], start: Kernel) -> Kernel {
    let n = values.len();
    let y = DVector::from_column_slice(values);
    let likelihood = |kernel: &Kernel| -> f64 {
        let Some(factor) = Factor::new(&kernel.covariance(pairs, n)) else {
            return f64::NEG_INFINITY;
        };
        let fit = y.dot(&factor.solve(&y)) / n as f64;
        -0.5 * n as f64 * fit.max(1e-12).ln() - factor.half_log_determinant()
    };
    let mut best = (start, likelihood(&start));
    for _ in 0..2 {
        let before = best.0;
        let lengths = LENGTHS.map(|length| Kernel { length, ..before });
        best = likeliest(&lengths, best, &likelihood);
        let noises = NOISES.map(|noise| Kernel { noise, ..best.0 });
        best = likeliest(&noises, best, &likelihood);
        let linears = LINEARS.map(|linear| Kernel { linear, ..best.0 });
        best = likeliest(&linears, best, &likelihood);
        if best.0 == before {
            break;
        }
    }
    best.0
}

fn likeliest(
    kernels: &[Kernel],
    best: (Kernel, f64),
    likelihood: &(dyn Fn(&Kernel) -> f64 + Sync),
) -> (Kernel, f64) {
    let others: Vec<Kernel> = kernels.iter().copied().filter(|k| *k != best.0).collect();
    let scored = parallel::map(&others, |k| (*k, likelihood(k)));
    scored.into_iter().fold(
        best,
        |best, other| if other.1 > best.1 { other } else { best },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_core::rng::Rng;

    fn line(n: usize) -> (Vec<Row>, Vec<f64>) {
        let x = |i: usize| 4.0 * (i as f32 / (n - 1) as f32) - 2.0;
        let rows: Vec<Row> = (0..n).map(|i| vec![(0, x(i))]).collect();
        let values = (0..n).map(|i| (2.0 * x(i) as f64).sin()).collect();
        (rows, values)
    }

    #[test]
    fn interpolates_a_smooth_function_and_knows_where_it_does_not() {
        let (rows, values) = line(25);
        let gp =
            GaussianProcess::fit(&rows, &[0.0], &values, values.len(), Chosen::default()).unwrap();
        for x in [-1.7f32, -0.4, 0.33, 1.2] {
            let row = vec![(0, x)];
            let error = (gp.mean(&row) - (2.0 * x as f64).sin()).abs();
            assert!(error < 0.05, "{x}: {error}");
            assert!(gp.predict(&[row])[0].1 < 0.1);
        }
        let deviation = |x: f32| gp.predict(&[vec![(0, x)]])[0].1;
        assert!(deviation(6.0) > 5.0 * deviation(0.3));
    }

    #[test]
    fn finds_noise_where_there_is_nothing_else() {
        let (rows, _) = line(60);
        let mut rng = Rng::stream(0, "noise");
        let values: Vec<f64> = (0..60).map(|_| rng.normal()).collect();
        let gp =
            GaussianProcess::fit(&rows, &[0.0], &values, values.len(), Chosen::default()).unwrap();
        assert!(gp.chosen().kernel.noise >= 0.3, "{:?}", gp.chosen().kernel);
        assert!(gp.mean(&vec![(0, 0.1)]).abs() < 0.6);
    }

    #[test]
    fn sparse_pairs_are_centred_products_and_distances() {
        let means = [0.5, -1.0, 0.25];
        let rows: Vec<Row> = vec![vec![(0, 1.0), (2, 2.0)], vec![(1, -3.0)]];
        let pairs = Rows::new(&rows, &means).pairs(&rows[0]);
        let dense = [[1.0f32, 0.0, 2.0], [0.0, -3.0, 0.0]];
        for (j, (dot, distance)) in pairs.into_iter().enumerate() {
            let c = |r: usize, k: usize| dense[r][k] - means[k];
            let expected: f32 = (0..3).map(|k| c(0, k) * c(j, k)).sum();
            let apart: f32 = (0..3).map(|k| (c(0, k) - c(j, k)).powi(2)).sum();
            assert!((dot - expected).abs() < 1e-5 && (distance - apart).abs() < 1e-5);
        }
    }
}
