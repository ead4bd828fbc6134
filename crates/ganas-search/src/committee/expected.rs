//! Expected hypervolume improvement under independent marginals, exact for any number of objectives.
//!
//! Emmerich, Deutz & Klinkenberg 2011, "Hypervolume-based expected improvement: Monotonicity
//! properties and exact computation", CEC, doi 10.1109/CEC.2011.5949880. The region that a front leaves
//! is cut into boxes; a point adds the product of its expected overlaps with the sides of each. A marginal
//! is given by samples: the values of an objective at evenly spaced quantiles of its posterior.

use ganas_core::front::{Cell, cells};

/// Region that a front leaves, cut into boxes on a grid.
pub struct Region {
    /// Coordinates of the grid in each objective.
    grid: Vec<Vec<f64>>,
    /// For each box, its lower and its upper coordinate in each objective, as indices.
    boxes: Vec<Vec<(usize, usize)>>,
}

impl Region {
    /// Region that a front leaves above the origin.
    pub fn of(front: &[Vec<f64>], objectives: usize) -> Self {
        let cells = cells(front, objectives);
        let coordinates = |k: usize| {
            let mut all: Vec<f64> = cells.iter().flat_map(|c| [c.low[k], c.high[k]]).collect();
            all.sort_by(f64::total_cmp);
            all.dedup();
            all
        };
        let grid: Vec<Vec<f64>> = (0..objectives).map(coordinates).collect();
        let place = |k: usize, value: f64| grid[k].partition_point(|x| *x < value);
        let sides = |cell: &Cell| {
            let pairs = cell.low.iter().zip(&cell.high).enumerate();
            pairs
                .map(|(k, (low, high))| (place(k, *low), place(k, *high)))
                .collect()
        };
        Region {
            boxes: cells.iter().map(sides).collect(),
            grid,
        }
    }

    /// Expected volume that a point adds whose objectives have these samples, each ascending.
    pub fn expected(&self, point: &[Vec<f64>]) -> f64 {
        let beyond: Vec<Vec<f64>> = (self.grid.iter().zip(point))
            .map(|(grid, samples)| beyond_each(samples, grid))
            .collect();
        let of = |sides: &Vec<(usize, usize)>| -> f64 {
            let overlaps = sides.iter().zip(&beyond);
            overlaps
                .map(|(&(low, high), beyond)| beyond[low] - beyond[high])
                .product()
        };
        self.boxes.iter().map(of).sum()
    }
}

/// Expected excess of ascending samples over each of some ascending bounds.
fn beyond_each(samples: &[f64], bounds: &[f64]) -> Vec<f64> {
    let count = samples.len() as f64;
    let mut from = 0;
    let mut sum: f64 = samples.iter().sum();
    let excess = |bound: &f64| {
        while from < samples.len() && samples[from] <= *bound {
            sum -= samples[from];
            from += 1;
        }
        match samples.len() - from {
            0 => 0.0,
            above => (sum - above as f64 * bound) / count,
        }
    };
    bounds.iter().map(excess).collect()
}

#[cfg(test)]
mod tests {
    use ganas_core::front::improvement;
    use ganas_core::rng::Rng;

    use super::*;

    #[test]
    fn the_expectation_is_the_mean_over_all_combinations_of_samples() {
        let mut rng = Rng::stream(0, "expected");
        for objectives in 2..=3 {
            let front: Vec<Vec<f64>> = (0..6)
                .map(|_| (0..objectives).map(|_| rng.unit()).collect())
                .collect();
            let region = Region::of(&front, objectives);
            let point: Vec<Vec<f64>> = (0..objectives)
                .map(|_| {
                    let mut samples: Vec<f64> = (0..5).map(|_| 1.5 * rng.unit() - 0.2).collect();
                    samples.sort_by(f64::total_cmp);
                    samples
                })
                .collect();
            let combinations = 5usize.pow(objectives as u32);
            let sum: f64 = (0..combinations)
                .map(|c| {
                    let draw = (0..objectives).map(|k| point[k][c / 5usize.pow(k as u32) % 5]);
                    improvement(&draw.collect::<Vec<_>>(), &front)
                })
                .sum();
            let (mean, exact) = (sum / combinations as f64, region.expected(&point));
            assert!((mean - exact).abs() < 1e-12, "{objectives}: {mean} {exact}");
        }
    }

    #[test]
    fn a_certain_point_adds_what_it_adds() {
        let front = vec![vec![0.5, 0.2], vec![0.2, 0.6]];
        let region = Region::of(&front, 2);
        for point in [[0.6, 0.7], [0.4, 0.1], [0.9, 0.1], [-0.1, 2.0]] {
            let certain = point.map(|value| vec![value; 3]);
            let added = improvement(&point, &front);
            assert!((region.expected(&certain) - added).abs() < 1e-12);
        }
    }
}
