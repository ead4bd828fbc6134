//! Sums of regression trees, whoever grew them.

use serde::{Deserialize, Serialize};

use crate::committee::Trees;

/// The sum of the leaves that a row reaches in each tree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forest {
    /// Constant term of the sum.
    pub base: f64,
    /// Condition for a row to go left.
    pub comparison: Comparison,
    /// The trees.
    pub trees: Vec<Tree>,
}

/// Condition for a row to go left at a split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// If its value, as a single-precision number, is at most the threshold (this program).
    #[default]
    AtMost,
    /// If its value, as a single-precision number, is below the threshold (XGBoost).
    Below,
    /// If its value is at most the threshold, both in double precision (LightGBM).
    AtMostDouble,
}

/// The nodes of a tree as columns; the first one is the root.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// The column that a split looks at; of a leaf, 0.
    pub column: Vec<u32>,
    /// The threshold of a split, or the value of a leaf.
    pub value: Vec<f64>,
    /// Next node of a row below the threshold; 0 for a leaf.
    pub left: Vec<u32>,
    /// Next node of the other rows; 0 for a leaf.
    pub right: Vec<u32>,
}

impl Tree {
    /// Adds a leaf.
    pub fn leaf(&mut self, value: f64) {
        self.push(0, value, 0, 0);
    }

    /// Adds a node. Nothing leads back to the root, so a side of 0 is none.
    pub fn push(&mut self, column: u32, value: f64, left: u32, right: u32) {
        self.column.push(column);
        self.value.push(value);
        self.left.push(left);
        self.right.push(right);
    }

    /// True if every row ends in a leaf and no split reads beyond the columns. Each node has at
    /// most one parent, and the root has none, so no row goes in circles.
    pub fn is_sound(&self, columns: usize) -> bool {
        let n = self.value.len();
        let sides = [self.column.len(), self.left.len(), self.right.len()];
        if n == 0 || sides != [n; 3] || self.value.iter().any(|v| v.is_nan()) {
            return false;
        }
        let mut reached = vec![false; n];
        for i in 0..n {
            let (left, right) = (self.left[i] as usize, self.right[i] as usize);
            if left == 0 && right == 0 {
                continue;
            }
            if self.column[i] as usize >= columns {
                return false;
            }
            for child in [left, right] {
                if child == 0 || child >= n || reached[child] {
                    return false;
                }
                reached[child] = true;
            }
        }
        true
    }

    /// The nodes for many rows, and how many steps lead from the root to any leaf. A leaf leads to
    /// itself, so that all rows take the same number of steps and none has to ask where it is.
    fn unrolled(&self, nodes: &mut Vec<Node>) -> usize {
        nodes.clear();
        let mut depths = vec![0; self.value.len()];
        for (i, &value) in self.value.iter().enumerate() {
            let (mut left, mut right) = (self.left[i], self.right[i]);
            if left == 0 {
                (left, right) = (i as u32, i as u32);
            }
            nodes.push(Node {
                value,
                column: self.column[i],
                left,
                right,
            });
        }
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let sides = [self.left[at], self.right[at]].map(|side| side as usize);
            for side in sides.into_iter().filter(|&side| side != 0) {
                depths[side] = depths[at] + 1;
                open.push(side);
            }
        }
        depths.into_iter().max().unwrap_or(0)
    }
}

/// A node of a tree: a split, or a leaf that leads to itself.
struct Node {
    value: f64,
    column: u32,
    left: u32,
    right: u32,
}

impl Forest {
    /// The forest of an ensemble that was fitted to the same columns.
    pub fn of(trees: &Trees) -> Self {
        Forest {
            base: trees.base(),
            comparison: Comparison::AtMost,
            trees: trees.to_forest(),
        }
    }

    /// Adds the values of rows, which lie one after another with `columns` columns each.
    pub fn add_to(&self, sums: &mut [f64], rows: &[f64], columns: usize) {
        match self.comparison {
            Comparison::AtMost => self.add(sums, rows, columns, |v, t| v as f32 <= t as f32),
            Comparison::Below => self.add(sums, rows, columns, |v, t| (v as f32) < t as f32),
            Comparison::AtMostDouble => self.add(sums, rows, columns, |v, t| v <= t),
        }
    }

    fn add(
        &self,
        sums: &mut [f64],
        rows: &[f64],
        columns: usize,
        goes_left: impl Fn(f64, f64) -> bool + Copy,
    ) {
        sums.iter_mut().for_each(|sum| *sum += self.base);
        let mut nodes = Vec::new();
        for tree in &self.trees {
            let depth = tree.unrolled(&mut nodes);
            for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(columns.max(1))) {
                let mut node = &nodes[0];
                for _ in 0..depth {
                    let next = if goes_left(row[node.column as usize], node.value) {
                        node.left
                    } else {
                        node.right
                    };
                    node = &nodes[next as usize];
                }
                *sum += node.value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump(comparison: Comparison) -> Forest {
        let mut tree = Tree::default();
        tree.push(1, 2.0, 1, 2);
        tree.leaf(-1.0);
        tree.leaf(1.0);
        assert!(tree.is_sound(2) && !tree.is_sound(1));
        Forest {
            base: 10.0,
            comparison,
            trees: vec![tree],
        }
    }

    #[test]
    fn equals_go_where_the_comparison_says() {
        let rows = [0.0, 1.0, 0.0, 2.0, 0.0, 3.0];
        let values = |comparison| {
            let mut sums = [0.0; 3];
            stump(comparison).add_to(&mut sums, &rows, 2);
            sums
        };
        assert_eq!(values(Comparison::AtMost), [9.0, 9.0, 11.0]);
        assert_eq!(values(Comparison::Below), [9.0, 11.0, 11.0]);
        assert_eq!(values(Comparison::AtMostDouble), [9.0, 9.0, 11.0]);
    }

    #[test]
    fn trees_with_loops_or_holes_are_unsound() {
        let mut to_itself = Tree::default();
        to_itself.push(0, 1.0, 1, 1);
        to_itself.leaf(0.0);
        let mut beyond = Tree::default();
        beyond.push(0, 1.0, 1, 7);
        beyond.leaf(0.0);
        let mut back = Tree::default();
        back.push(0, 1.0, 1, 2);
        back.push(0, 1.0, 1, 2);
        back.leaf(0.0);
        for tree in [Tree::default(), to_itself, beyond, back] {
            assert!(!tree.is_sound(1), "{tree:?}");
        }
    }
}
