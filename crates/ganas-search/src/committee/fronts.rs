//! Acquisition for several objectives: one committee an objective, and the hypervolume that a candidate adds
//! to the front by an optimistic estimate of its objectives (SMS-EGO: Ponweiser, Wagner, Biermann & Vincze
//! 2008, PPSN X, doi 10.1007/978-3-540-87700-4_78).
//!
//! Expected improvement, which averages over the posterior, keeps evaluating what equals the best of the front
//! but for noise; an optimistic estimate goes where the committees are unsure.

use ganas_core::arch::Arch;
use ganas_core::front::front;
use ganas_core::ledger::Query;
use ganas_core::problem::{Objective, Scale as ObjectiveScale};
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use statrs::distribution::{ContinuousCDF, Normal};

use super::acquisition::{Kernels, LEAST_DEVIATION};
use super::examples::{Bound, Examples, margin, quantiles};
use super::features::Describer;
use super::piecewise::interpolate;
use super::region::Region;
use super::{Committee, CommitteeConfig};
use crate::front_order::by_front;

/// First compliant trials, of whose values the reference is one (ours).
const FIRST: usize = 20;

/// Share of the first trials that are at least as good as the reference (ours).
const SHARE: f64 = 0.9;

/// Least improvement that is told from none.
const LEAST: f64 = 1e-12;

/// Weight of the sum of the gains, which orders candidates that hardly improve the front (ours).
const DRIFT: f64 = 0.01;

/// Committees for the objectives, for the bounds on measured metrics and for failures.
pub struct FrontAcquisition {
    objectives: Vec<Warped>,
    margins: Vec<Committee>,
    success: Option<Committee>,
    /// Gains of the front.
    front: Vec<Vec<f64>>,
    region: Region,
}

/// Committee that predicts normal quantiles of the ranks of one objective, and the gains at those quantiles:
/// 0 at the reference, 1 at the best so far.
///
/// Neither outliers nor the unit of the metric matter to the committee that way, and volumes are still
/// measured in the metric's own scale.
struct Warped {
    committee: Committee,
    /// Pairs of a quantile and a gain, ascending in both.
    knots: Vec<(f64, f64)>,
    /// Growth of the gain with the quantile beyond the last pair.
    slope: f64,
}

/// Optimistic estimate of a candidate.
#[derive(Clone)]
pub struct Outlook {
    /// Gain in each objective.
    gains: Vec<f64>,
    /// Logarithm of its weight and of the probability that it complies and does not fail.
    usable: f64,
}

impl FrontAcquisition {
    /// Fits the committees to everything that was evaluated. `None` if that is too little.
    pub fn fit(
        config: &CommitteeConfig,
        context: &Context,
        describer: &mut Describer,
        kernels: &mut Kernels,
        rng: &mut Rng,
    ) -> Option<Self> {
        let space = context.space;
        let bounds: Vec<Bound> = context.measured_constraints().collect();
        let evaluated = by_front(context, &bounds);
        let measured: Vec<&Query> = (evaluated.iter().copied())
            .filter(|query| query.failure.is_none() && query.trial().is_full())
            .collect();
        let scales = Scale::of(context)?;
        let gains: Vec<Vec<f64>> = measured.iter().map(|q| gains(&scales, &q.values)).collect();
        let mut objectives = Vec::with_capacity(scales.len());
        for k in 0..scales.len() {
            let values: Vec<f64> = gains.iter().map(|gains| gains[k]).collect();
            let quantiles = quantiles(&values);
            let examples: Examples = (measured.iter().zip(&quantiles))
                .map(|(query, quantile)| (query.arch, *quantile))
                .collect();
            let kernel = kernels.at(k);
            let config = &config.about(k);
            let committee = Committee::fit(config, space, &examples, describer, kernel, rng)?;
            objectives.push(Warped::new(committee, &quantiles, &values));
        }
        let config = &config.without_priors();
        let mut place = scales.len();
        let mut margins = Vec::new();
        for (constraint, metric) in bounds {
            let examples = margin(&evaluated, constraint, metric);
            let kernel = kernels.at(place);
            margins.extend(Committee::fit(
                config, space, &examples, describer, kernel, rng,
            ));
            place += 1;
        }
        let success = if measured.len() < evaluated.len() {
            let examples = successes(&evaluated);
            let kernel = kernels.at(place);
            Committee::fit(config, space, &examples, describer, kernel, rng)
        } else {
            None
        };
        let compliant = (measured.iter().zip(gains)).filter(|(query, _)| query.compliant);
        let compliant: Vec<Vec<f64>> = compliant.map(|(_, gains)| gains).collect();
        let front: Vec<Vec<f64>> = (front(&compliant).into_iter())
            .map(|i| compliant[i].clone())
            .collect();
        Some(FrontAcquisition {
            region: Region::of(&front, objectives.len()),
            objectives,
            margins,
            success,
            front,
        })
    }

    /// Returns true if what is known before the search tells something of an objective.
    pub fn is_informed(&self) -> bool {
        let mut objectives = self.objectives.iter();
        objectives.any(|objective| objective.committee.is_informed())
    }

    /// Optimistic estimates of candidates: `optimism` is the number of deviations above the means.
    pub fn predict(
        &self,
        context: &Context,
        describer: &mut Describer,
        archs: &[Arch],
        optimism: f64,
    ) -> Vec<Outlook> {
        let space = context.space;
        let outlook = |arch: &Arch| Outlook {
            gains: Vec::with_capacity(self.objectives.len()),
            usable: context.log_weight(arch),
        };
        let mut outlooks: Vec<Outlook> = archs.iter().map(outlook).collect();
        for objective in &self.objectives {
            let committee = &objective.committee;
            let predictions = committee.predict(space, describer, archs, optimism > 0.0);
            for (outlook, prediction) in outlooks.iter_mut().zip(predictions) {
                let quantile = prediction.mean + optimism * prediction.deviation;
                outlook.gains.push(objective.gain(quantile));
            }
        }
        let normal = Normal::standard();
        for committee in self.margins.iter().chain(&self.success) {
            let margins = committee.predict(space, describer, archs, true);
            for (outlook, margin) in outlooks.iter_mut().zip(margins) {
                let deviations = margin.mean / margin.deviation.max(LEAST_DEVIATION);
                outlook.usable += normal.cdf(deviations).max(f64::MIN_POSITIVE).ln();
            }
        }
        outlooks
    }

    /// Acquisition value of a candidate: the logarithm of the hypervolume that it adds and of the probability
    /// that it is usable.
    pub fn value(&self, outlook: &Outlook) -> f64 {
        value_in(&self.region, outlook)
    }

    /// Places of the `size` candidates that together promise the most: each is chosen as if the ones before
    /// it had come out as estimated.
    pub fn choose(&self, outlooks: &[Outlook], size: usize) -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::with_capacity(size);
        let mut known = self.front.clone();
        while chosen.len() < size.min(outlooks.len()) {
            let region = Region::of(&known, self.objectives.len());
            let left = (0..outlooks.len()).filter(|i| !chosen.contains(i));
            let valued = left.map(|i| (value_in(&region, &outlooks[i]), i));
            // Of equals the first, which is ahead in the order of the candidates.
            let best = valued.reduce(|a, b| if b.0 > a.0 { b } else { a });
            let Some((_, best)) = best else { break };
            known.push(outlooks[best].gains.clone());
            chosen.push(best);
        }
        chosen
    }
}

fn value_in(region: &Region, outlook: &Outlook) -> f64 {
    let sum: f64 = outlook.gains.iter().sum();
    (region.added(&outlook.gains) + LEAST).ln() + DRIFT * sum + outlook.usable
}

/// Position of the values of an objective between its reference and its best.
struct Scale {
    is_log: bool,
    sign: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Scales of all objectives; `None` while nothing complies, or all values of an objective are equal.
    fn of(context: &Context) -> Option<Vec<Scale>> {
        let compliant: Vec<&Query> = context.ledger.compliant().collect();
        let references = context.references();
        let objectives = context.objectives().iter().zip(references);
        let scale = |(k, (objective, given)): (usize, (&Objective, Option<f64>))| {
            let mut scale = Scale {
                is_log: objective.scale == ObjectiveScale::Log,
                sign: objective.turn(1.0),
                from: 0.0,
                to: 1.0,
            };
            let on = |value: f64| scale.on(value);
            let mut first: Vec<f64> = (compliant.iter().take(FIRST))
                .map(|query| on(query.values[k]))
                .collect();
            first.sort_by(|a, b| b.total_cmp(a));
            let place = (SHARE * first.len() as f64).ceil() as usize;
            let own = *first.get(place.checked_sub(1)?)?;
            let from = given.map_or(own, on);
            let all = compliant.iter().map(|query| on(query.values[k]));
            let best = all.fold(f64::NEG_INFINITY, f64::max);
            let least = first.last().copied()?;
            // A reference that nothing beats yet, or no spread: any scale will do.
            let to = if best > from {
                best
            } else {
                from + (best - least).abs().max(1e-9)
            };
            (scale.from, scale.to) = (from, to);
            Some(scale)
        };
        objectives.enumerate().map(scale).collect()
    }

    /// A turned value on the scale of the objective.
    fn on(&self, turned: f64) -> f64 {
        if self.is_log {
            self.sign * (self.sign * turned).ln()
        } else {
            turned
        }
    }

    fn gain(&self, turned: f64) -> f64 {
        (self.on(turned) - self.from) / (self.to - self.from)
    }
}

fn gains(scales: &[Scale], turned: &[f64]) -> Vec<f64> {
    let pairs = scales.iter().zip(turned);
    pairs.map(|(scale, value)| scale.gain(*value)).collect()
}

impl Warped {
    fn new(committee: Committee, quantiles: &[f64], gains: &[f64]) -> Self {
        let mut knots: Vec<(f64, f64)> = quantiles
            .iter()
            .copied()
            .zip(gains.iter().copied())
            .collect();
        knots.sort_by(|a, b| a.0.total_cmp(&b.0));
        knots.dedup_by(|a, b| a.0 == b.0);
        let last = knots.len() - 1;
        // Over the better half, since the last steps alone are noise.
        let ((x, y), (u, v)) = (knots[last / 2], knots[last]);
        let slope = if u > x { (v - y) / (u - x) } else { 0.0 };
        Warped {
            committee,
            knots,
            slope,
        }
    }

    /// Gain at a normal quantile.
    fn gain(&self, quantile: f64) -> f64 {
        interpolate(&self.knots, quantile, self.slope)
    }
}

/// Examples for the committee of failures: 1 for a trial that was evaluated, -1 for one that failed.
fn successes(evaluated: &[&Query]) -> Examples {
    let value = |query: &&Query| if query.failure.is_none() { 1.0 } else { -1.0 };
    evaluated
        .iter()
        .map(|query| (query.arch, value(query)))
        .collect()
}
