//! Curves over queries: several runs become a mean and its spread.

use serde::Serialize;

/// The most points of a curve.
const POINTS: usize = 600;

/// One run's values: at a number of queries, the value from there on.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Queries and value, in the order of the queries.
    pub points: Vec<(usize, f64)>,
    /// The last query with data; the value is unknown after it. `None` for a run that ended by
    /// itself: its last value holds forever.
    pub until: Option<usize>,
}

/// Several runs of a strategy as one curve. Between its points the values hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// The strategy.
    pub strategy: String,
    /// The runs.
    pub runs: usize,
    /// Queries.
    pub x: Vec<usize>,
    /// The mean over the runs.
    pub mean: Vec<f64>,
    /// The sample standard deviation, n - 1 in the denominator; 0 of one run.
    pub std: Vec<f64>,
    /// The least.
    pub low: Vec<f64>,
    /// The largest.
    pub high: Vec<f64>,
}

/// The curve of several runs up to `end` queries. It covers the queries for which every run has a
/// value and none is broken off, so every point is over the same runs. Runs without any value are
/// left out. `None` if no such query exists.
pub fn aggregate(strategy: &str, traces: &[Trace], end: usize) -> Option<Curve> {
    let traces: Vec<&Trace> = traces.iter().filter(|t| !t.points.is_empty()).collect();
    let begin = traces.iter().map(|t| t.points[0].0).max()?;
    let end = (traces.iter().filter_map(|t| t.until)).fold(end, usize::min);
    if begin > end {
        return None;
    }
    let mut x: Vec<usize> = (traces.iter().flat_map(|t| &t.points))
        .map(|(queries, _)| *queries)
        .filter(|queries| (begin..=end).contains(queries))
        .chain([begin, end])
        .collect();
    x.sort_unstable();
    x.dedup();
    if x.len() > POINTS {
        let last = x.len() - 1;
        x = (0..POINTS).map(|i| x[i * last / (POINTS - 1)]).collect();
    }
    let mut curve = Curve {
        strategy: strategy.to_owned(),
        runs: traces.len(),
        ..Curve::default()
    };
    let mut next = vec![0; traces.len()];
    for &queries in &x {
        let values: Vec<f64> = (traces.iter().zip(&mut next))
            .map(|(trace, next)| {
                while (trace.points.get(*next)).is_some_and(|(q, _)| *q <= queries) {
                    *next += 1;
                }
                // The curve begins where every run has a value.
                trace.points[*next - 1].1
            })
            .collect();
        let n = values.len() as f64;
        // From the first, so that the mean of equal values is exact.
        let mean = values[0] + values.iter().map(|v| v - values[0]).sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        curve.mean.push(mean);
        curve.std.push((squares / (n - 1.0).max(1.0)).sqrt());
        curve
            .low
            .push(values.iter().copied().fold(f64::INFINITY, f64::min));
        curve
            .high
            .push(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    }
    curve.x = x;
    Some(curve)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(points: &[(usize, f64)], until: Option<usize>) -> Trace {
        Trace {
            points: points.to_vec(),
            until,
        }
    }

    #[test]
    fn values_hold_until_the_next_and_the_curve_begins_with_all_runs() {
        let traces = [
            trace(&[(1, 10.0), (5, 20.0)], None),
            trace(&[(3, 14.0), (5, 16.0), (8, 30.0)], None),
        ];
        let curve = aggregate("s", &traces, 10).unwrap();
        assert_eq!(curve.x, [3, 5, 8, 10]);
        assert_eq!(curve.mean, [12.0, 18.0, 25.0, 25.0]);
        assert_eq!(curve.low, [10.0, 16.0, 20.0, 20.0]);
        assert_eq!(curve.high, [14.0, 20.0, 30.0, 30.0]);
        assert_eq!(curve.std[0], 8f64.sqrt());
        assert_eq!(curve.runs, 2);
    }

    #[test]
    fn a_broken_off_run_ends_the_curve() {
        let traces = [
            trace(&[(1, 1.0), (9, 2.0)], None),
            trace(&[(1, 1.0)], Some(6)),
        ];
        let curve = aggregate("s", &traces, 10).unwrap();
        assert_eq!(curve.x, [1, 6]);
        let late = [trace(&[(8, 1.0)], None), trace(&[(1, 1.0)], Some(6))];
        assert_eq!(aggregate("s", &late, 10), None);
    }

    #[test]
    fn one_run_has_no_deviation_and_no_run_no_curve() {
        let curve = aggregate("s", &[trace(&[(1, 3.0)], None), Trace::default()], 4).unwrap();
        assert_eq!((curve.runs, &curve.std[..]), (1, &[0.0, 0.0][..]));
        assert_eq!(aggregate("s", &[Trace::default()], 4), None);
    }

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends() {
        let points: Vec<(usize, f64)> = (1..=5000).map(|q| (q, q as f64)).collect();
        let curve = aggregate("s", &[trace(&points, None)], 5000).unwrap();
        assert_eq!(curve.x.len(), POINTS);
        assert_eq!((curve.x[0], curve.x[POINTS - 1]), (1, 5000));
        assert!(
            curve
                .x
                .iter()
                .zip(&curve.mean)
                .all(|(q, v)| *q as f64 == *v)
        );
    }
}
