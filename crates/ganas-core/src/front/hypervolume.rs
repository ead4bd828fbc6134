//! Exact hypervolume: the volume that points dominate above the origin.

/// Front of points in the plane: `x` ascending, `y` descending.
#[derive(Default)]
struct Staircase(Vec<[f64; 2]>);

impl Staircase {
    /// Adds a point, and returns the area that it adds.
    fn add(&mut self, x: f64, y: f64) -> f64 {
        let steps = &mut self.0;
        let same = steps.partition_point(|step| step[0] < x);
        if steps.get(same).is_some_and(|step| step[1] >= y) {
            return 0.0;
        }
        let first = steps.partition_point(|step| step[1] > y);
        let end = steps.partition_point(|step| step[0] <= x);
        let mut left = if first == 0 { 0.0 } else { steps[first - 1][0] };
        let mut area = 0.0;
        for [right, height] in &steps[first..end] {
            area += (right - left) * (y - height);
            left = *right;
        }
        let height = steps.get(end).map_or(0.0, |step| step[1]);
        area += (x - left) * (y - height);
        steps.splice(first..end, [[x, y]]);
        area
    }
}

/// Volume of the union of the boxes between the origin and each point. A point that is not above the
/// origin in all coordinates adds nothing.
///
/// Points in two dimensions take `n log n` steps, in three `n log n` and in four `n^2 log n`.
pub fn hypervolume<P: AsRef<[f64]>>(points: &[P]) -> f64 {
    let points: Vec<&[f64]> = points.iter().map(AsRef::as_ref).collect();
    volume(points)
}

/// Volume that a further point adds to the hypervolume of others.
pub fn improvement<P: AsRef<[f64]>>(point: &[f64], others: &[P]) -> f64 {
    if point.iter().any(|x| *x <= 0.0) {
        return 0.0;
    }
    let others: Vec<&[f64]> = others.iter().map(AsRef::as_ref).collect();
    exclusive(point, &others)
}

/// Volume of a box above the origin without the boxes of others.
fn exclusive(point: &[f64], others: &[&[f64]]) -> f64 {
    // Rather a sum of differences than a difference of sums: nothing may be left of a point that is
    // dominated.
    let dominated = |other: &&[f64]| other.iter().zip(point).all(|(o, p)| o >= p);
    if others.iter().any(dominated) {
        return 0.0;
    }
    let within = |other: &&[f64]| -> Vec<f64> {
        (point.iter().zip(*other)).map(|(a, b)| a.min(*b)).collect()
    };
    let within: Vec<Vec<f64>> = others.iter().map(within).collect();
    let whole: f64 = point.iter().product();
    (whole - volume(within.iter().map(Vec::as_slice).collect())).max(0.0)
}

fn volume(mut points: Vec<&[f64]>) -> f64 {
    points.retain(|point| point.iter().all(|x| *x > 0.0));
    let Some(last) = points.first().map(|point| point.len().saturating_sub(1)) else {
        return 0.0;
    };
    // From the largest last coordinate on, a point adds a box over the part that the others leave of its
    // base.
    points.sort_by(|a, b| b[last].total_cmp(&a[last]));
    match last {
        0 => points[0][0],
        1 => {
            let mut stairs = Staircase::default();
            points
                .iter()
                .map(|point| stairs.add(point[0], point[1]))
                .sum()
        }
        2 => {
            let mut stairs = Staircase::default();
            let of = |point: &&[f64]| point[2] * stairs.add(point[0], point[1]);
            points.iter().map(of).sum()
        }
        _ => {
            let bases: Vec<&[f64]> = points.iter().map(|point| &point[..last]).collect();
            let of = |(i, point): (usize, &&[f64])| point[last] * exclusive(bases[i], &bases[..i]);
            points.iter().enumerate().map(of).sum()
        }
    }
}
