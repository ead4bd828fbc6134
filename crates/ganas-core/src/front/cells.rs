//! Decomposition of the region that no point of a front dominates.

/// Box of the region above the origin that a front leaves; `high` can be infinite.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Lower corner.
    pub low: Vec<f64>,
    /// Upper corner.
    pub high: Vec<f64>,
}

/// Disjoint boxes that make up the region above the origin that no point dominates.
///
/// The volume that a point adds to a front is the sum of the volumes of its overlaps with them, so its
/// expectation under independent marginals is a sum of products. Fronts of `n` points have `n + 1` boxes
/// in two dimensions and at most about `n^2 / 2` in three.
pub fn cells<P: AsRef<[f64]>>(points: &[P], dimensions: usize) -> Vec<Cell> {
    let points: Vec<&[f64]> = (points.iter())
        .map(|point| point.as_ref())
        .filter(|point| point.iter().all(|x| *x > 0.0))
        .collect();
    of(&points, dimensions)
}

fn of(points: &[&[f64]], dimensions: usize) -> Vec<Cell> {
    let last = dimensions - 1;
    if last == 0 {
        let low = points.iter().map(|point| point[0]).fold(0.0, f64::max);
        let high = vec![f64::INFINITY];
        return vec![Cell {
            low: vec![low],
            high,
        }];
    }
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| b[last].total_cmp(&a[last]));
    let mut cells = Vec::new();
    let mut top = f64::INFINITY;
    // Between two heights, the points above leave the same base.
    for above in 0..=sorted.len() {
        let bottom = sorted.get(above).map_or(0.0, |point| point[last]);
        if bottom < top {
            for Cell { mut low, mut high } in of(&front_of(&sorted[..above], last), last) {
                low.push(bottom);
                high.push(top);
                cells.push(Cell { low, high });
            }
        }
        top = bottom;
    }
    cells
}

/// The points that are not dominated in their first coordinates.
fn front_of<'p>(points: &[&'p [f64]], dimensions: usize) -> Vec<&'p [f64]> {
    let bases: Vec<&[f64]> = points.iter().map(|point| &point[..dimensions]).collect();
    super::front(&bases)
        .into_iter()
        .map(|i| points[i])
        .collect()
}
