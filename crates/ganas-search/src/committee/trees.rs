//! Gradient-boosted regression trees (Friedman 2001, doi 10.1214/aos/1013203451) with random
//! rows and columns for each tree (Friedman 2002, doi 10.1016/S0167-9473(01)00065-2).

use ganas_core::rng::Rng;
use serde::{Deserialize, Serialize};

use super::columns::{Row, spread};
use crate::predictor::Tree;

/// Settings of boosted trees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreesConfig {
    /// Trees of an ensemble.
    pub trees: usize,
    /// The most splits on a path.
    pub depth: usize,
    /// Share of a tree's correction that is applied.
    pub rate: f64,
    /// The share of the rows that a tree sees.
    pub rows: f64,
    /// The share of the columns that a tree sees.
    pub columns: f64,
    /// The fewest rows of a leaf.
    pub leaf: usize,
}

impl Default for TreesConfig {
    /// All ours.
    fn default() -> Self {
        TreesConfig {
            trees: 40,
            depth: 4,
            rate: 0.15,
            rows: 0.7,
            columns: 0.3,
            leaf: 3,
        }
    }
}

/// The most thresholds of a column that are tried.
const BINS: usize = 16;

/// A fitted ensemble.
pub struct Trees {
    base: f64,
    trees: Vec<Vec<Node>>,
}

#[derive(Clone, Copy, Debug)]
enum Node {
    Leaf(f64),
    /// Rows with a value up to the threshold go to the next node, others to `right`.
    Split {
        column: usize,
        threshold: f32,
        right: usize,
    },
}

/// Rows to fit trees to, their values sorted into bins.
pub struct Binned {
    rows: usize,
    columns: usize,
    /// A number for each column, row by row.
    dense: Vec<f32>,
    /// The bin of each number, column by column.
    bins: Vec<u8>,
    /// Thresholds between the bins of each column.
    thresholds: Vec<Vec<f32>>,
}

impl Binned {
    /// Rows of `columns` columns.
    pub fn new(sparse: &[Row], columns: usize) -> Self {
        let rows = sparse.len();
        let mut dense = vec![0.0; rows * columns];
        for (row, dense) in sparse.iter().zip(dense.chunks_exact_mut(columns.max(1))) {
            spread(row, dense);
        }
        let mut bins = vec![0; rows * columns];
        let mut thresholds = Vec::with_capacity(columns);
        for c in 0..columns {
            let value = |r: usize| dense[r * columns + c];
            let mut sorted: Vec<f32> = (0..rows).map(value).collect();
            sorted.sort_by(f32::total_cmp);
            sorted.dedup();
            let steps = sorted.len().saturating_sub(1).min(BINS - 1);
            let cuts: Vec<f32> = (1..=steps)
                .map(|s| s * (sorted.len() - 1) / steps)
                .map(|i| 0.5 * (sorted[i - 1] + sorted[i]))
                .collect();
            for r in 0..rows {
                bins[c * rows + r] = cuts.iter().take_while(|cut| value(r) > **cut).count() as u8;
            }
            thresholds.push(cuts);
        }
        Binned {
            rows,
            columns,
            dense,
            bins,
            thresholds,
        }
    }

    fn row(&self, r: usize) -> &[f32] {
        &self.dense[r * self.columns..][..self.columns]
    }

    fn column(&self, c: usize) -> &[u8] {
        &self.bins[c * self.rows..][..self.rows]
    }
}

/// The rows and columns that each tree of an ensemble sees.
pub struct Draws(Vec<(Vec<usize>, Vec<usize>)>);

impl Draws {
    /// Draws of a new ensemble on these rows.
    pub fn new(config: &TreesConfig, binned: &Binned, rng: &mut Rng) -> Self {
        let usable: Vec<usize> = (0..binned.columns)
            .filter(|&c| !binned.thresholds[c].is_empty())
            .collect();
        let share = |of: usize, part: f64| ((of as f64 * part).ceil() as usize).clamp(1, of.max(1));
        let mut draw = || {
            let rows = rng.distinct(binned.rows, share(binned.rows, config.rows));
            let columns = rng.distinct(usable.len(), share(usable.len(), config.columns));
            (rows, columns.into_iter().map(|i| usable[i]).collect())
        };
        Draws((0..config.trees).map(|_| draw()).collect())
    }
}

impl Trees {
    /// Fits an ensemble to the values of rows.
    pub fn fit(config: &TreesConfig, binned: &Binned, values: &[f64], draws: &Draws) -> Self {
        let base = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let mut residuals: Vec<f64> = values.iter().map(|v| v - base).collect();
        let mut trees = Vec::with_capacity(config.trees);
        for (rows, columns) in &draws.0 {
            let tree = Grower::new(config, binned, columns, &residuals).tree(rows.clone());
            for (r, residual) in residuals.iter_mut().enumerate() {
                *residual -= leaf(&tree, binned.row(r));
            }
            trees.push(tree);
        }
        Trees { base, trees }
    }

    /// Base value, to which the trees add.
    pub(crate) fn base(&self) -> f64 {
        self.base
    }

    /// The trees in a form that can be kept.
    pub(crate) fn to_forest(&self) -> Vec<Tree> {
        let kept = |nodes: &Vec<Node>| {
            let mut tree = Tree::default();
            for (at, node) in nodes.iter().enumerate() {
                match *node {
                    Node::Leaf(value) => tree.leaf(value),
                    Node::Split {
                        column,
                        threshold,
                        right,
                    } => tree.push(column as u32, threshold.into(), at as u32 + 1, right as u32),
                }
            }
            tree
        };
        self.trees.iter().map(kept).collect()
    }

    /// The value that is expected of a row, given as a number for each column.
    pub fn predict(&self, row: &[f32]) -> f64 {
        self.base + self.trees.iter().map(|tree| leaf(tree, row)).sum::<f64>()
    }
}

fn leaf(tree: &[Node], row: &[f32]) -> f64 {
    let mut at = 0;
    loop {
        match tree[at] {
            Node::Leaf(value) => return value,
            Node::Split {
                column,
                threshold,
                right,
            } => {
                at = if row[column] > threshold {
                    right
                } else {
                    at + 1
                }
            }
        }
    }
}

struct Grower<'a> {
    config: &'a TreesConfig,
    binned: &'a Binned,
    columns: &'a [usize],
    residuals: &'a [f64],
    /// The bin of each of these columns, row by row, as its place among all bins of all columns.
    places: Vec<u32>,
    /// Index of the first bin of each column, and the end of the last column's bins.
    starts: Vec<usize>,
    /// The sum and the number of the residuals in each bin.
    bins: Vec<(f64, usize)>,
    nodes: Vec<Node>,
}

impl<'a> Grower<'a> {
    fn new(
        config: &'a TreesConfig,
        binned: &'a Binned,
        columns: &'a [usize],
        residuals: &'a [f64],
    ) -> Self {
        let mut starts = vec![0];
        let mut end = 0;
        for &column in columns {
            end += binned.thresholds[column].len() + 1;
            starts.push(end);
        }
        let mut places = vec![0; binned.rows * columns.len()];
        for (c, &column) in columns.iter().enumerate() {
            for (r, bin) in binned.column(column).iter().enumerate() {
                places[r * columns.len() + c] = (starts[c] + usize::from(*bin)) as u32;
            }
        }
        Grower {
            config,
            binned,
            columns,
            residuals,
            places,
            starts,
            bins: vec![(0.0, 0); end],
            nodes: Vec::new(),
        }
    }

    fn tree(mut self, rows: Vec<usize>) -> Vec<Node> {
        self.grow(rows, self.config.depth);
        self.nodes
    }

    fn grow(&mut self, rows: Vec<usize>, depth: usize) {
        let total: f64 = rows.iter().map(|&r| self.residuals[r]).sum();
        let split = match depth {
            0 => None,
            _ => self.best_split(&rows, total),
        };
        let Some((column, bin)) = split else {
            // A little ridge keeps small leaves from overshooting.
            let value = self.config.rate * total / (rows.len() as f64 + 1.0);
            self.nodes.push(Node::Leaf(value));
            return;
        };
        let bins = self.binned.column(column);
        let (left, right): (Vec<usize>, Vec<usize>) =
            rows.into_iter().partition(|&r| bins[r] as usize <= bin);
        let at = self.nodes.len();
        self.nodes.push(Node::Leaf(0.0));
        self.grow(left, depth - 1);
        self.nodes[at] = Node::Split {
            column,
            threshold: self.binned.thresholds[column][bin],
            right: self.nodes.len(),
        };
        self.grow(right, depth - 1);
    }

    /// The column and the last bin of the left side that explain most of the variance.
    fn best_split(&mut self, rows: &[usize], total: f64) -> Option<(usize, usize)> {
        self.bins.fill((0.0, 0));
        // Row by row, so that no sum has to wait for the one before it.
        for &r in rows {
            let residual = self.residuals[r];
            for &place in &self.places[r * self.columns.len()..][..self.columns.len()] {
                let (sum, count) = &mut self.bins[place as usize];
                *sum += residual;
                *count += 1;
            }
        }
        let n = rows.len();
        let mut best = (1e-12 + total * total / n as f64, None);
        for (&column, ends) in self.columns.iter().zip(self.starts.windows(2)) {
            let (mut left, mut count) = (0.0, 0);
            for (bin, (sum, in_bin)) in self.bins[ends[0]..ends[1] - 1].iter().enumerate() {
                left += sum;
                count += in_bin;
                if count < self.config.leaf || n - count < self.config.leaf {
                    continue;
                }
                let rest = total - left;
                let gain = left * left / count as f64 + rest * rest / (n - count) as f64;
                if gain > best.0 {
                    best = (gain, Some((column, bin)));
                }
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learn_an_interaction_and_ignore_noise() {
        let mut rng = Rng::stream(0, "trees");
        let mut draw = |n: usize| -> (Vec<Row>, Vec<f64>) {
            let rows: Vec<Row> = (0..n)
                .map(|_| (0..6).map(|c| (c, rng.below(2) as f32)).collect())
                .collect();
            let value = |row: &Row| match (row[0].1 > 0.5, row[1].1 > 0.5) {
                (true, true) => 2.0,
                (true, false) => -1.0,
                _ => 0.0,
            };
            let values = rows.iter().map(value).collect();
            (rows, values)
        };
        let (rows, values) = draw(200);
        let (fresh, expected) = draw(50);
        let config = TreesConfig {
            columns: 1.0,
            ..TreesConfig::default()
        };
        let binned = Binned::new(&rows, 6);
        let draws = Draws::new(&config, &binned, &mut Rng::stream(1, "trees"));
        let trees = Trees::fit(&config, &binned, &values, &draws);
        for (row, value) in fresh.iter().zip(expected) {
            let mut dense = [0.0; 6];
            spread(row, &mut dense);
            assert!((trees.predict(&dense) - value).abs() < 0.1);
        }
    }

    #[test]
    fn without_columns_they_expect_the_mean() {
        let rows: Vec<Row> = vec![Vec::new(); 4];
        let values = [1.0, 2.0, 3.0, 6.0];
        let (config, binned) = (TreesConfig::default(), Binned::new(&rows, 0));
        let draws = Draws::new(&config, &binned, &mut Rng::stream(2, "trees"));
        let trees = Trees::fit(&config, &binned, &values, &draws);
        assert!((trees.predict(&[]) - 3.0).abs() < 1.0);
    }
}
