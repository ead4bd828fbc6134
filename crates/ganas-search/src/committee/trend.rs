//! The part of a value that follows from what is known before the search.
//!
//! It is a weighted sum of the scores of the priors, and the committee learns the rest. Weights are those of
//! Bayesian linear regression on the evaluations so far: with few of them they are near what is believed
//! beforehand, and later they are what the evaluations bear out. Several regressions are averaged by how well
//! they explain the evaluations (Hoeting et al. 1999, doi 10.1214/ss/1009212519): one without any prior, one
//! with the mean of all tasks, and larger ones with the deviations of single tasks from it and with metrics
//! that are free. So priors that rank architectures unlike the task fade. Feurer et al. 2018 (arXiv
//! 1802.02219) weigh predictions of whole models by their ranking losses for the same purpose.

use nalgebra::{Cholesky, DMatrix, DVector};

use super::features::{Feature, Kind};
use super::transfer::Transfer;

/// Weight of the mean of all tasks that is believed beforehand: about the rank correlation of related
/// tasks (ours).
const BELIEVED: f64 = 0.6;

/// Weight of the value that the mean of several tasks promises: it is calibrated on the tasks themselves.
const PROMISED: f64 = 1.0;

/// Standard deviations of what is believed of weights, in those of the noise: of the mean of all tasks, of the
/// deviation of a task from it, and of a free metric (all ours).
const DOUBT: f64 = 0.4;
const DEVIATION: f64 = 0.3;
const FREE: f64 = 0.5;

/// Logarithms of the odds beforehand that the mean of all tasks, the deviation of a task and a free metric
/// tell something (all ours).
const ODDS: f64 = 2.0;
const DEVIATION_ODDS: f64 = -1.0;
const FREE_ODDS: f64 = 0.0;

/// Shape and scale of what is believed of the variance of the noise.
const NOISE: f64 = 2.0;

/// Evidence that each evaluation has to add for priors, as a logarithm (ours): that of a correlation of 0.4 with the
/// values. Without it, priors fade that the committee does as well without.
const DEMANDED: f64 = 0.1;

/// Share of all regressions below which priors tell nothing (ours).
const LEAST: f64 = 0.2;

/// Weights of priors.
#[derive(Clone, Debug)]
pub struct Trend {
    /// Places of the scores among those of all priors.
    places: Vec<u64>,
    learned: Learned,
}

/// Weight of each score, and what they leave in the mean.
#[derive(Clone, Debug)]
struct Learned {
    weights: Vec<f64>,
    intercept: f64,
}

/// Combination of scores whose weight is learned.
struct Regressor {
    /// Factor on the score of each prior.
    factors: Vec<f64>,
    believed: f64,
    deviation: f64,
    odds: f64,
}

/// A regression on some of the regressors.
struct Regression {
    /// Places of its regressors.
    members: Vec<usize>,
    /// Logarithm of its evidence and its odds.
    evidence: f64,
    /// Weights of its regressors.
    weights: Vec<f64>,
}

impl Trend {
    /// Learns weights from the described architectures with their values of an objective. The covariance is that of
    /// the rest, which the committee learns from the structure. `None` if no prior tells anything.
    pub fn fit(
        transfer: &Transfer,
        objective: usize,
        described: &[Vec<(Feature, f32)>],
        values: &[f64],
        covariance: DMatrix<f64>,
    ) -> Option<Self> {
        let places = transfer.places(objective);
        let scores = described.iter().flat_map(|d| scores(d, &places));
        let scores = DMatrix::from_row_iterator(described.len(), places.len(), scores);
        let priors = places.iter().map(|place| *place as usize);
        let directed: Vec<bool> = priors
            .filter(|prior| *prior < transfer.count())
            .map(|prior| transfer.is_directed(prior))
            .collect();
        let learned = learn(&scores, values, &directed, covariance)?;
        Some(Trend { places, learned })
    }

    /// Returns true if the trend is made of the score at a place.
    pub fn uses(&self, place: u64) -> bool {
        self.places.contains(&place)
    }

    /// The part of an architecture's value that follows from the scores in its description.
    pub fn of(&self, described: &[(Feature, f32)]) -> f64 {
        let scores = scores(described, &self.places);
        let products = scores.iter().zip(&self.learned.weights).map(|(s, w)| s * w);
        self.learned.intercept + products.sum::<f64>()
    }
}

/// The scores in a description that are at some places, in their order.
fn scores(described: &[(Feature, f32)], places: &[u64]) -> Vec<f64> {
    let mut scores = vec![0.0; places.len()];
    for ((kind, prior), score) in described {
        if *kind == Kind::Prior
            && let Ok(i) = places.binary_search(prior)
        {
            scores[i] = f64::from(*score);
        }
    }
    scores
}

/// The regressors of priors with `count` scores: the mean of all tasks, or the value that it promises, which is
/// one score more; the deviation of each task from the mean, and each free metric.
fn regressors(directed: &[bool], count: usize) -> Vec<Regressor> {
    let tasks = directed.iter().filter(|task| **task).count();
    let share = |i: usize| f64::from(u8::from(directed[i])) / tasks.max(1) as f64;
    let mut shares: Vec<f64> = (0..directed.len()).map(share).collect();
    shares.resize(count, 0.0);
    let mut all = Vec::new();
    if tasks > 0 {
        let is_calibrated = count > directed.len();
        let mut factors = shares.clone();
        if is_calibrated {
            factors = vec![0.0; count];
            factors[directed.len()] = 1.0;
        }
        all.push(Regressor {
            factors,
            believed: if is_calibrated { PROMISED } else { BELIEVED },
            deviation: DOUBT,
            odds: ODDS,
        });
    }
    for (i, is_task) in directed.iter().enumerate() {
        if *is_task && tasks == 1 {
            continue;
        }
        let mut factors = vec![0.0; count];
        if *is_task {
            factors = shares.iter().map(|share| -share).collect();
        }
        factors[i] += 1.0;
        all.push(Regressor {
            factors,
            believed: 0.0,
            deviation: if *is_task { DEVIATION } else { FREE },
            odds: if *is_task { DEVIATION_ODDS } else { FREE_ODDS },
        });
    }
    all
}

/// Learns the weight of each prior from its scores, a row an architecture.
///
/// Scores and values are decorrelated: of architectures that resemble each other, no single one is new evidence.
fn learn(
    scores: &DMatrix<f64>,
    values: &[f64],
    directed: &[bool],
    covariance: DMatrix<f64>,
) -> Option<Learned> {
    let factor = Cholesky::new(covariance)?.unpack();
    let ones = factor.solve_lower_triangular(&DVector::repeat(values.len(), 1.0))?;
    let scores = factor.solve_lower_triangular(scores)?;
    let values = factor.solve_lower_triangular(&DVector::from_column_slice(values))?;
    let length = ones.norm_squared();
    let regressors = regressors(directed, scores.ncols());
    let factors = DMatrix::from_fn(scores.ncols(), regressors.len(), |i, r| {
        regressors[r].factors[i]
    });
    let means = ones.transpose() * &scores / length;
    let middle = ones.dot(&values) / length;
    let y = &values - &ones * middle;
    let x = (&scores - &ones * &means) * &factors;
    let without = evidence(y.norm_squared(), y.len());
    let regressions = grow(&x, &y, &regressors);
    let highest = (regressions.iter()).fold(without, |most, r| most.max(r.evidence));
    let share = |evidence: f64| (evidence - highest).exp();
    let all: f64 = share(without) + regressions.iter().map(|r| share(r.evidence)).sum::<f64>();
    if 1.0 - share(without) / all < LEAST {
        return None;
    }
    let mut combined = DVector::zeros(regressors.len());
    for regression in &regressions {
        for (member, weight) in regression.members.iter().zip(&regression.weights) {
            combined[*member] += weight * share(regression.evidence) / all;
        }
    }
    let weights = factors * combined;
    Some(Learned {
        intercept: middle - means.transpose().dot(&weights),
        weights: weights.iter().copied().collect(),
    })
}

/// Regressions on ever more regressors, each with the one more that explains most. It ends early where none is
/// numerically sound.
fn grow(x: &DMatrix<f64>, y: &DVector<f64>, regressors: &[Regressor]) -> Vec<Regression> {
    let mut all: Vec<Regression> = Vec::new();
    while all.len() < regressors.len() {
        let members = all.last().map_or(&[][..], |last| &last.members);
        let others = (0..regressors.len()).filter(|r| !members.contains(r));
        let larger = others.filter_map(|r| {
            let members = members.iter().copied().chain([r]).collect();
            regress(x, y, regressors, members)
        });
        let best = larger.reduce(|a, b| if b.evidence > a.evidence { b } else { a });
        let Some(best) = best else { break };
        all.push(best);
    }
    all
}

/// Logarithm of the evidence of a regression that leaves these squares.
fn evidence(squares: f64, count: usize) -> f64 {
    -(NOISE + 0.5 * count as f64) * (NOISE + 0.5 * squares).ln()
}

/// The regression on some of the regressors: conjugate, with a normal prior of the weights and an inverse gamma
/// prior of the variance of the noise.
fn regress(
    x: &DMatrix<f64>,
    y: &DVector<f64>,
    regressors: &[Regressor],
    members: Vec<usize>,
) -> Option<Regression> {
    let chosen = x.select_columns(&members);
    let of = |get: fn(&Regressor) -> f64| {
        DVector::from_iterator(members.len(), members.iter().map(|r| get(&regressors[*r])))
    };
    let (believed, deviations) = (of(|r| r.believed), of(|r| r.deviation));
    let tightness = deviations.map(|d| 1.0 / (d * d));
    let left = y - &chosen * &believed;
    let information = chosen.transpose() * &chosen + DMatrix::from_diagonal(&tightness);
    let cross = chosen.transpose() * &left;
    let factor = Cholesky::new(information)?;
    let change = factor.solve(&cross);
    let squares = left.norm_squared() - cross.dot(&change);
    let determinant = factor.l().diagonal().map(f64::ln).sum() * 2.0 - tightness.map(f64::ln).sum();
    let odds: f64 = members.iter().map(|r| regressors[*r].odds).sum();
    let demanded = DEMANDED * y.len() as f64;
    Some(Regression {
        evidence: evidence(squares, y.len()) - 0.5 * determinant + odds - demanded,
        weights: (believed + change).iter().copied().collect(),
        members,
    })
}

#[cfg(test)]
mod tests {
    use ganas_core::rng::Rng;

    use super::*;

    /// Scores at random, a row an architecture, and values that follow from them by these weights.
    fn task(count: usize, weights: &[f64], noise: f64) -> (DMatrix<f64>, Vec<f64>) {
        let mut rng = Rng::stream(7, "trend");
        let scores = DMatrix::from_fn(count, weights.len(), |_, _| rng.normal());
        let values = (0..count).map(|row| {
            let products = weights
                .iter()
                .enumerate()
                .map(|(i, w)| scores[(row, i)] * w);
            products.sum::<f64>() + noise * rng.normal()
        });
        let values = values.collect();
        (scores, values)
    }

    #[test]
    fn tasks_are_believed_at_first_and_later_only_if_the_evaluations_bear_them_out() {
        let (scores, _) = task(4, &[0.0, 0.0], 1.0);
        let trend = learn(&scores, &[0.0; 4], &[true, true], DMatrix::identity(4, 4)).unwrap();
        assert!(trend.weights.iter().sum::<f64>() > 0.2, "{trend:?}");
        let (scores, values) = task(60, &[0.0, 0.0], 1.0);
        assert!(
            learn(
                &scores,
                &values,
                &[true, true],
                DMatrix::identity(values.len(), values.len())
            )
            .is_none()
        );
        let (scores, values) = task(60, &[0.8, 0.0], 0.6);
        let trend = learn(
            &scores,
            &values,
            &[true, true],
            DMatrix::identity(values.len(), values.len()),
        )
        .unwrap();
        assert!(
            trend.weights[0] > 0.5 && trend.weights[1].abs() < 0.25,
            "{trend:?}"
        );
    }

    #[test]
    fn what_ranks_the_other_way_round_is_turned() {
        let (scores, values) = task(30, &[-0.8], 0.6);
        let trend = learn(
            &scores,
            &values,
            &[true],
            DMatrix::identity(values.len(), values.len()),
        )
        .unwrap();
        assert!(trend.weights[0] < -0.4, "{trend:?}");
    }

    #[test]
    fn the_direction_of_a_free_metric_is_learned() {
        let (scores, values) = task(40, &[0.0, -0.8, 0.0], 0.6);
        let trend = learn(
            &scores,
            &values,
            &[false; 3],
            DMatrix::identity(values.len(), values.len()),
        )
        .unwrap();
        assert!(trend.weights[1] < -0.5, "{trend:?}");
        assert!(
            trend.weights[0].abs() + trend.weights[2].abs() < 0.3,
            "{trend:?}"
        );
    }
}
