//! Region that a front leaves, and the hypervolume that a point adds to the front.

use ganas_core::front::{Cell, cells};

/// Region that a front leaves, cut into boxes on a grid.
pub struct Region {
    boxes: Vec<Cell>,
}

impl Region {
    /// Region that a front leaves above the origin.
    pub fn of(front: &[Vec<f64>], objectives: usize) -> Self {
        Region {
            boxes: cells(front, objectives),
        }
    }

    /// Hypervolume that a point adds: its overlap with all boxes.
    pub fn added(&self, point: &[f64]) -> f64 {
        let overlap = |cell: &Cell| -> f64 {
            let sides = cell.low.iter().zip(&cell.high).zip(point);
            sides
                .map(|((low, high), value)| (value.min(*high) - low).max(0.0))
                .product()
        };
        self.boxes.iter().map(overlap).sum()
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::front::improvement;
    use ganas_core::rng::Rng;

    use super::*;

    #[test]
    fn a_point_adds_the_difference_of_the_hypervolumes() {
        let mut rng = Rng::stream(0, "region");
        for objectives in 2..=4 {
            let mut draw = |scale: f64| -> Vec<f64> {
                (0..objectives).map(|_| scale * rng.unit() - 0.1).collect()
            };
            let front: Vec<Vec<f64>> = (0..6).map(|_| draw(1.0)).collect();
            let region = Region::of(&front, objectives);
            for _ in 0..50 {
                let point = draw(1.5);
                let (found, exact) = (region.added(&point), improvement(&point, &front));
                assert!((found - exact).abs() < 1e-12, "{point:?}: {found} {exact}");
            }
        }
    }
}
