//! Piecewise linear curves.

/// Value of a curve through points that ascend. It is constant before the first, and goes on with a slope after
/// the last; 0 without points.
pub fn interpolate(points: &[(f64, f64)], at: f64, slope: f64) -> f64 {
    let after = points.partition_point(|(x, _)| *x < at);
    match (after.checked_sub(1).map(|i| points[i]), points.get(after)) {
        (Some((x, y)), Some((u, v))) => y + (v - y) * (at - x) / (u - x),
        (Some((x, y)), None) => y + slope * (at - x),
        (None, Some((_, v))) => *v,
        (None, None) => 0.0,
    }
}
