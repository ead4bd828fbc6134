//! Values of one metric on two scales, such as fractions beside percent.

use ganas_tables::Table;

/// Least ratio between values of the two scales.
const FACTOR: f64 = 10.0;

/// The largest percentage.
const PERCENT: f64 = 100.0;

/// A value that looks like a fraction and one that looks like a percentage, where values are of either
/// kind and none lies between: the largest of the fractions, the smallest of the others.
fn mixed(values: &[f64]) -> Option<(usize, usize)> {
    let positive = || (0..values.len()).filter(|&i| values[i] > 0.0);
    let by = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
    let fraction = positive().filter(|&i| values[i] <= 1.0).max_by(by)?;
    let percent = positive().filter(|&i| values[i] > 1.0).min_by(by)?;
    let largest = positive().max_by(by)?;
    let apart = values[percent] >= FACTOR * values[fraction];
    (apart && values[largest] <= PERCENT).then_some((fraction, percent))
}

/// Returns true if one set of values are fractions, and the other one percentages of the same.
fn differ(ours: &[f64], others: &[f64]) -> bool {
    let range = |values: &[f64]| {
        let positive = values.iter().copied().filter(|v| *v > 0.0);
        let low = positive.clone().fold(f64::INFINITY, f64::min);
        (low, positive.fold(0.0, f64::max))
    };
    let ((low, high), (from, to)) = (range(ours), range(others));
    let apart = |small: f64, large: f64, end: f64| {
        small <= 1.0 && large > 1.0 && end <= PERCENT && large >= FACTOR * small
    };
    high > 0.0 && to > 0.0 && (apart(high, from, to) || apart(to, low, high))
}

/// A warning where the objective of a history seems to be on two scales, or on another one than in
/// the table that is searched.
pub fn of_history(
    history: &Table,
    objective: usize,
    rows: &[usize],
    name: &str,
    searched: Option<&Table>,
) -> Option<String> {
    let values: Vec<f64> = rows
        .iter()
        .map(|&row| history.value(row, objective))
        .collect();
    let file = history.source().display();
    if let Some((fraction, percent)) = mixed(&values) {
        let [low, high] = [fraction, percent].map(|i| (values[i], history.line(rows[i])));
        return Some(format!(
            "warning: {file}: `{name}` is {} on line {} and {} on line {}, which looks like fractions \
             beside percent; put them on one scale",
            low.0, low.1, high.0, high.1
        ));
    }
    let table = searched?;
    let column = table.columns().iter().position(|column| column == name)?;
    let others: Vec<f64> = table.values(column).filter(|v| !v.is_nan()).collect();
    let (first, other) = (values.first()?, others.first()?);
    differ(&values, &others).then(|| {
        format!(
            "warning: {file}: `{name}` is {first} here and {other} in the table, which looks like \
             fractions beside percent; put them on one scale"
        )
    })
}

/// A note where what was known and what was measured seem to be on two scales.
pub fn of_evaluation(known: &[f64], measured: f64, name: &str) -> Option<String> {
    let first = known.first()?;
    differ(known, &[measured]).then(|| {
        format!(
            "`{name}` is {first} in the history and {measured} in an evaluation, which looks \
             like fractions beside percent; put them on one scale"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fractions_beside_percent_are_two_scales() {
        assert_eq!(mixed(&[78.0, 0.5, 60.0, 0.7]), Some((3, 2)));
        assert_eq!(mixed(&[78.0, 60.0]), None);
        assert_eq!(mixed(&[0.2, 0.9]), None);
        assert_eq!(mixed(&[0.9, 2.0, 30.0]), None);
        assert_eq!(mixed(&[0.9, 2000.0]), None);
        assert!(differ(&[0.5], &[78.0, 90.0]));
        assert!(differ(&[78.0], &[0.5, 0.9]));
        assert!(!differ(&[0.5], &[0.1, 62.4]));
        assert!(!differ(&[], &[62.4]));
    }
}
