//! Training data of the committee: evaluated architectures, each with a value.
//!
//! Values are normal quantiles of ranks, so that neither outliers nor the unit of a metric matter.

use ganas_core::arch::Arch;
use ganas_core::constraint::Constraint;
use ganas_core::ledger::Query;
use statrs::distribution::{ContinuousCDF, Normal};

/// Architectures with their values, the most telling first.
pub type Examples = Vec<(Arch, f64)>;

/// A constraint on a measured metric, and the metric's place in a query's metrics.
pub type Bound<'a> = (&'a Constraint, usize);

/// The merits of evaluated architectures. Those that failed or do not comply share the last rank.
pub fn merits(queries: &[&Query]) -> Examples {
    values(queries, |q| q.merit().unwrap_or(f64::NEG_INFINITY))
}

/// The queries in the order of their use: compliant ones, best first, then those nearest to
/// complying, then failed ones.
pub fn by_compliance<'a>(
    queries: impl IntoIterator<Item = &'a Query>,
    bounds: &[Bound],
) -> Vec<&'a Query> {
    let breach = |q: &Query| -> f64 {
        let excesses = bounds
            .iter()
            .map(|(constraint, metric)| q.metrics.get(*metric).map(|v| constraint.excess(*v)));
        excesses.map(|e| e.unwrap_or(f64::INFINITY)).sum()
    };
    let queries = queries.into_iter();
    let mut queries: Vec<(Option<f64>, f64, &Query)> =
        queries.map(|q| (q.merit(), breach(q), q)).collect();
    queries.sort_by(|(a, a_breach, _), (b, b_breach, _)| match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(a),
        (None, None) => a_breach.total_cmp(b_breach),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    queries.into_iter().map(|(_, _, q)| q).collect()
}

/// The objective of what was evaluated, whether it complies or not; what failed shares the last
/// rank.
pub fn objective(queries: &[&Query]) -> Examples {
    values(queries, |q| q.value().unwrap_or(f64::NEG_INFINITY))
}

/// The margin by which evaluated architectures keep a constraint: values from 0 on keep it.
pub fn margin(queries: &[&Query], constraint: &Constraint, metric: usize) -> Examples {
    let slack = |value: f64| {
        if constraint.holds(value) {
            (value - constraint.bound).abs()
        } else {
            -(value - constraint.bound).abs()
        }
    };
    let done: Vec<&Query> = queries
        .iter()
        .copied()
        .filter(|q| q.metrics.get(metric).is_some_and(|v| !v.is_nan()))
        .collect();
    let mut examples = values(&done, |q| slack(q.metrics[metric]));
    let keeping = done.iter().filter(|q| constraint.holds(q.metrics[metric]));
    let zero = quantile(keeping.count() as f64, done.len());
    examples.iter_mut().for_each(|(_, value)| *value -= zero);
    examples
}

fn values(queries: &[&Query], of: impl Fn(&Query) -> f64) -> Examples {
    let values = quantiles(&queries.iter().map(|q| of(q)).collect::<Vec<_>>());
    queries
        .iter()
        .zip(values)
        .map(|(q, value)| (q.arch, value))
        .collect()
}

/// The normal quantile of each value's rank; equals share their mean rank.
pub fn quantiles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let n = values.len();
    let quantile_of = |value: &f64| {
        let above = sorted.partition_point(|v| v.total_cmp(value).is_gt());
        let from_here = sorted.partition_point(|v| v.total_cmp(value).is_ge());
        quantile(0.5 * (above + from_here) as f64, n)
    };
    values.iter().map(quantile_of).collect()
}

/// The normal quantile of a place between `above` better ones and the rest of `n`.
fn quantile(above: f64, n: usize) -> f64 {
    let share = above.clamp(0.5, (n as f64 - 0.5).max(0.5)) / n.max(1) as f64;
    Normal::standard().inverse_cdf(1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_share_their_rank_and_the_order_is_that_of_the_values() {
        let found = quantiles(&[1.0, 3.0, 2.0, 3.0, f64::NEG_INFINITY]);
        assert_eq!(found[1], found[3]);
        assert!(found[1] > found[2] && found[2] > found[0] && found[0] > found[4]);
        assert!((found[2] - quantile(2.5, 5)).abs() < 1e-12);
        assert!(found.iter().sum::<f64>().abs() < 0.5);
    }

    #[test]
    fn a_margin_is_zero_at_the_bound() {
        use ganas_core::space::{SearchSpace, nasbench201};
        let space = nasbench201();
        let mut rng = ganas_core::rng::Rng::stream(0, "lessons");
        let query = |value: f64, rng: &mut ganas_core::rng::Rng| Query {
            arch: space.sample(ganas_core::space::Sampler::Uniform, rng),
            fidelity: ganas_core::trial::Fidelity::Full,
            round: 1,
            values: vec![0.0],
            compliant: false,
            metrics: vec![value],
            failure: None,
            stopped: None,
            cost: 1,
        };
        let queries: Vec<Query> = [9.0, 5.0, 4.0, 1.0]
            .into_iter()
            .map(|value| query(value, &mut rng))
            .collect();
        let constraint = Constraint {
            metric: "x".into(),
            comparison: ganas_core::constraint::Comparison::AtLeast,
            bound: 5.0,
        };
        let examples = margin(&queries.iter().collect::<Vec<_>>(), &constraint, 0);
        let signs: Vec<bool> = examples.iter().map(|l| l.1 >= 0.0).collect();
        assert_eq!(signs, [true, true, false, false]);
        assert!(examples[0].1 > examples[1].1 && examples[2].1 > examples[3].1);
    }
}
