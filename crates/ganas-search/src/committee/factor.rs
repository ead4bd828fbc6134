//! The Cholesky factor of a covariance matrix, worked on in tiles that stay in registers.
//!
//! Each number is the outcome of the same operations in the same order as in
//! [`nalgebra::Cholesky::new`], so it is the same to the last bit; there are only fewer loads and
//! stores between them.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// The side of a tile.
const TILE: usize = 4;

/// Number of right-hand sides that are solved at once.
pub const LANES: usize = 8;

/// A lower triangular matrix L with L Lᵀ = K.
pub struct Factor {
    lower: Cholesky<f64, Dyn>,
    /// The rows of L up to the diagonal, one after the other.
    rows: Vec<f64>,
}

impl Factor {
    /// The factor of a symmetric matrix, of which the lower triangle is read. `None` if it is not
    /// positive definite.
    pub fn new(matrix: &DMatrix<f64>) -> Option<Self> {
        let lower = factorize(matrix)?;
        let l = lower.l_dirty();
        let rows = (0..l.nrows())
            .flat_map(|r| (0..=r).map(move |c| l[(r, c)]))
            .collect();
        Some(Factor { lower, rows })
    }

    /// K⁻¹ y.
    pub fn solve(&self, y: &DVector<f64>) -> DVector<f64> {
        self.lower.solve(y)
    }

    /// Half the logarithm of the determinant of K.
    pub fn half_log_determinant(&self) -> f64 {
        let diagonal = self.lower.l_dirty().diagonal();
        diagonal.iter().map(|d| d.ln()).sum()
    }

    /// L⁻¹ b for several b at once, each of them a lane: `lanes[r]` is row `r` of all of them.
    pub fn solve_lower(&self, lanes: &mut [[f64; LANES]]) {
        let mut rest = self.rows.as_slice();
        for r in 0..lanes.len() {
            let (row, others) = rest.split_at(r + 1);
            rest = others;
            let (solved, unsolved) = lanes.split_at_mut(r);
            let mut sum = unsolved[0];
            for (l, x) in row.iter().zip(solved.iter()) {
                sum.iter_mut().zip(x).for_each(|(s, x)| *s -= l * x);
            }
            sum.iter_mut().for_each(|s| *s /= row[r]);
            unsolved[0] = sum;
        }
    }
}

/// A square of numbers, column by column.
type Tile = [[f64; TILE]; TILE];

fn factorize(matrix: &DMatrix<f64>) -> Option<Cholesky<f64, Dyn>> {
    let count = matrix.nrows();
    let tiles = count.div_ceil(TILE);
    // Rows and columns of an identity matrix fill the last tiles and change nothing else.
    let value = |r: usize, c: usize| {
        if r < count && c < count {
            matrix[(r, c)]
        } else {
            f64::from(r == c)
        }
    };
    let tile = |r: usize, c: usize| -> Tile {
        std::array::from_fn(|j| std::array::from_fn(|i| value(TILE * r + i, TILE * c + j)))
    };
    // Each with its tiles from the first column on.
    let mut rows: Vec<Vec<Tile>> = (0..tiles).map(|_| Vec::with_capacity(tiles)).collect();
    for c in 0..tiles {
        let mut corner = tile(c, c);
        subtract(&mut corner, &rows[c], &rows[c]);
        finish_corner(&mut corner)?;
        for r in c + 1..tiles {
            let mut below = tile(r, c);
            subtract(&mut below, &rows[r], &rows[c]);
            finish(&mut below, &corner);
            rows[r].push(below);
        }
        rows[c].push(corner);
    }
    let mut lower = DMatrix::zeros(count, count);
    for r in 0..count {
        for c in 0..=r {
            lower[(r, c)] = rows[r / TILE][c / TILE][c % TILE][r % TILE];
        }
    }
    Some(Cholesky::pack_dirty(lower))
}

/// Takes what the columns so far explain from a tile with these tiles to its left; those of its
/// columns are in the row of tiles `above`.
fn subtract(tile: &mut Tile, left: &[Tile], above: &[Tile]) {
    let mut sums = *tile;
    for (left, above) in left.iter().zip(above) {
        for (values, factors) in left.iter().zip(above) {
            for (sums, factor) in sums.iter_mut().zip(factors) {
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum -= factor * value;
                }
            }
        }
    }
    *tile = sums;
}

/// The factor of a tile on the diagonal.
fn finish_corner(tile: &mut Tile) -> Option<()> {
    for j in 0..TILE {
        for k in 0..j {
            (j..TILE).for_each(|i| tile[j][i] -= tile[k][j] * tile[k][i]);
        }
        let diagonal = tile[j][j];
        if diagonal.is_nan() || diagonal <= 0.0 {
            return None;
        }
        tile[j][j] = diagonal.sqrt();
        (j + 1..TILE).for_each(|i| tile[j][i] /= tile[j][j]);
    }
    Some(())
}

/// The same for a tile below a finished corner.
fn finish(tile: &mut Tile, corner: &Tile) {
    for j in 0..TILE {
        for k in 0..j {
            (0..TILE).for_each(|i| tile[j][i] -= corner[k][j] * tile[k][i]);
        }
        (0..TILE).for_each(|i| tile[j][i] /= corner[j][j]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_core::rng::Rng;

    fn positive(n: usize, rng: &mut Rng) -> DMatrix<f64> {
        let root = DMatrix::from_fn(n, n, |_, _| rng.normal());
        &root * root.transpose() + DMatrix::identity(n, n)
    }

    #[test]
    fn is_that_of_nalgebra_to_the_last_bit() {
        let mut rng = Rng::stream(0, "factor");
        for n in [1, 3, 4, 5, 8, 31, 64] {
            let matrix = positive(n, &mut rng);
            let (ours, theirs) = (
                Factor::new(&matrix).unwrap(),
                Cholesky::new(matrix).unwrap(),
            );
            assert_eq!(ours.lower.l(), theirs.l());
            let right = DMatrix::from_fn(n, LANES, |_, _| rng.normal());
            let mut lanes: Vec<[f64; LANES]> = (0..n)
                .map(|r| std::array::from_fn(|lane| right[(r, lane)]))
                .collect();
            ours.solve_lower(&mut lanes);
            let solved = theirs.l_dirty().solve_lower_triangular(&right).unwrap();
            assert_eq!(DMatrix::from_fn(n, LANES, |r, lane| lanes[r][lane]), solved);
        }
    }

    #[test]
    fn there_is_none_without_a_positive_definite_matrix() {
        let mut matrix = positive(6, &mut Rng::stream(1, "factor"));
        matrix[(4, 4)] = -1.0;
        assert!(Factor::new(&matrix).is_none());
        matrix[(4, 4)] = f64::NAN;
        assert!(Factor::new(&matrix).is_none());
        assert!(Factor::new(&DMatrix::zeros(2, 2)).is_none());
    }
}
