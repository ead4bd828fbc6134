//! Means, spreads and medians over seeds.

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation (n - 1 in the denominator); 0 of one value, `None` of nothing.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (values.len().max(2) - 1) as f64).sqrt())
}

/// The median, where `None` is larger than any number; `None` if it falls on one of those.
pub fn median(values: &[Option<f64>]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().map(|v| v.unwrap_or(f64::INFINITY)).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = match sorted.len() {
        0 => return None,
        n if n % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    };
    median.is_finite().then_some(median)
}

/// Spearman's rank correlation, equal values at their mean rank; `None` where a side does not vary.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = (ranks(x), ranks(y));
    let (mx, my) = (mean(&x)?, mean(&y)?);
    let product = |a: &[f64], ma: f64, b: &[f64], mb: f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum()
    };
    let spread = product(&x, mx, &x, mx) * product(&y, my, &y, my);
    (spread > 0.0).then(|| product(&x, mx, &y, my) / spread.sqrt())
}

/// Kendall's rank correlation tau-b, which is corrected for equal values; `None` where a side does
/// not vary.
pub fn kendall(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mut agreement, mut in_x, mut in_y) = (0i64, 0i64, 0i64);
    for i in 0..x.len() {
        for j in 0..i {
            let a = x[i].total_cmp(&x[j]) as i64;
            let b = y[i].total_cmp(&y[j]) as i64;
            agreement += a * b;
            in_x += a.abs();
            in_y += b.abs();
        }
    }
    let spread = in_x as f64 * in_y as f64;
    (spread > 0.0).then(|| agreement as f64 / spread.sqrt())
}

/// The rank of each value from 0, equal values at the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tie in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = start as f64 + (tie.len() - 1) as f64 / 2.0;
        tie.iter().for_each(|&i| ranks[i] = rank);
        start += tie.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_put_what_is_missing_last() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[Some(3.0), None, Some(1.0)]), Some(3.0));
        assert_eq!(median(&[None, None, Some(1.0)]), None);
        assert_eq!(median(&[Some(2.0), Some(1.0)]), Some(1.5));
        assert_eq!(median(&[Some(2.0), None]), None);
    }

    #[test]
    fn deviations_are_those_of_a_sample() {
        assert_eq!(deviation(&[]), None);
        assert_eq!(deviation(&[4.0]), Some(0.0));
        assert_eq!(deviation(&[1.0, 3.0]), Some(2f64.sqrt()));
    }

    #[test]
    fn rank_correlations_follow_their_definitions() {
        // Worked out from their definitions in another language.
        let x = [1.0, 2.0, 2.0, 3.0, 5.0, 4.0];
        let y = [2.0, 1.0, 3.0, 3.0, 6.0, 7.0];
        assert!((spearman(&x, &y).unwrap() - 0.8088235294117647).abs() < 1e-12);
        assert!((kendall(&x, &y).unwrap() - 0.6428571428571429).abs() < 1e-12);
        assert_eq!(spearman(&x, &[1.0; 6]), None);
        assert_eq!(kendall(&[], &[]), None);
    }
}
