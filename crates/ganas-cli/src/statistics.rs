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
}
