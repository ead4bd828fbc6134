//! Acquisition for several objectives: one committee an objective, and the hypervolume that a candidate adds
//! to the front by an optimistic estimate of its objectives (SMS-EGO: Ponweiser, Wagner, Biermann & Vincze
//! 2008, PPSN X, doi 10.1007/978-3-540-87700-4_78).
//!
//! Expected improvement, which averages over the posterior, keeps evaluating what equals the best of the front
//! but for noise; an optimistic estimate goes where the committees are unsure.
//!
//! The front is made of what the committees predict of the evaluated architectures, as for plug-in improvement in
//! Picheny, Wagner & Ginsbourger 2013 (doi 10.1007/s00158-013-0919-4). Predictions of what is new are drawn towards
//! the mean. Next to measured values, nothing would promise to be better at the ends of the front.

use ganas_core::arch::Arch;
use ganas_core::front::front;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use statrs::distribution::{ContinuousCDF, Normal};

use super::acquisition::{Kernels, LEAST_DEVIATION};
use super::examples::{Bound, Examples, margin, quantiles};
use super::features::Describer;
use super::gains::{Scale, Warped, gains};
use super::region::Region;
use super::{Committee, CommitteeConfig, Prediction};
use crate::front_order::by_front;

/// Least improvement that is told from none.
const LEAST: f64 = 1e-12;

/// Least hypervolume, in gains and for a front of one point, that the last of a batch has to add (ours). With less,
/// it is the best in the objective of which the committees know least.
const WORTHWHILE: f64 = 0.03;

/// Weight of the sum of the gains, which orders candidates that hardly improve the front (ours).
const DRIFT: f64 = 0.01;

/// Estimates of the objectives, and committees for the bounds on measured metrics and for failures.
pub struct FrontAcquisition {
    objectives: Vec<Estimate>,
    margins: Vec<Committee>,
    success: Option<Committee>,
    /// Predicted gains of the front.
    front: Vec<Vec<f64>>,
    region: Region,
}

/// Source of the gains in an objective.
enum Estimate {
    /// Committee.
    Learned(Box<Warped>),
    /// Cost of the space, which is known without an evaluation.
    Known(Scale),
}

/// Estimate of the gain of an architecture.
#[derive(Clone, Copy)]
struct Gain {
    expected: f64,
    optimistic: f64,
    /// Deviation, in normal quantiles; 0 if it was not requested.
    deviation: f64,
}

/// Optimistic estimate of a candidate.
#[derive(Clone)]
pub struct Outlook {
    /// Expected gain in each objective, and its deviation.
    expected: Vec<Gain>,
    /// Optimistic gain in each objective.
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
        let bounds_from = scales.len();
        let mut objectives = Vec::with_capacity(scales.len());
        for (k, scale) in scales.into_iter().enumerate() {
            let is_known = |query: &&Query| context.known_value(k, &query.arch).is_some();
            if measured.first().is_some_and(is_known) {
                objectives.push(Estimate::Known(scale));
                continue;
            }
            let values: Vec<f64> = gains.iter().map(|gains| gains[k]).collect();
            let quantiles = quantiles(&values);
            let examples: Examples = (measured.iter().zip(&quantiles))
                .map(|(query, quantile)| (query.arch, *quantile))
                .collect();
            let kernel = kernels.at(k);
            let config = &config.about(k);
            let committee = Committee::fit(config, space, &examples, describer, kernel, rng)?;
            let warped = Warped::new(committee, &quantiles, &values);
            objectives.push(Estimate::Learned(Box::new(warped)));
        }
        let config = &config.without_priors();
        let mut place = bounds_from;
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
        let compliant = measured.iter().filter(|query| query.compliant);
        let compliant: Vec<Arch> = compliant.map(|query| query.arch).collect();
        let front = predicted_front(&objectives, context, describer, &compliant);
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
        objectives.any(|objective| match objective {
            Estimate::Learned(warped) => warped.committee.is_informed(),
            Estimate::Known(_) => false,
        })
    }

    /// Optimistic estimates of candidates: `optimism` is the number of deviations above the means. Deviations are
    /// computed only if `unsure` is set, or they count.
    pub fn predict(
        &self,
        context: &Context,
        describer: &mut Describer,
        archs: &[Arch],
        optimism: f64,
        unsure: bool,
    ) -> Vec<Outlook> {
        let space = context.space;
        let unsure = unsure || optimism > 0.0;
        let outlook = |arch: &Arch| Outlook {
            expected: Vec::with_capacity(self.objectives.len()),
            gains: Vec::with_capacity(self.objectives.len()),
            usable: context.log_weight(arch),
        };
        let mut outlooks: Vec<Outlook> = archs.iter().map(outlook).collect();
        for (k, objective) in self.objectives.iter().enumerate() {
            let gains = objective.gains(k, context, describer, archs, optimism, unsure);
            for (outlook, gain) in outlooks.iter_mut().zip(gains) {
                outlook.gains.push(gain.optimistic);
                outlook.expected.push(gain);
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
    /// it had come out as estimated. If little is left to gain, the last one is the best in the objective of which
    /// the committees know least: what they expect there is near the mean, so that it rarely promises to be better
    /// than the ends of the front.
    pub fn choose(&self, outlooks: &[Outlook], size: usize) -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::with_capacity(size);
        let mut known = self.front.clone();
        let size = size.min(outlooks.len());
        // Each of many points adds less than each of a few.
        let worthwhile = WORTHWHILE / self.front.len().max(1) as f64;
        while chosen.len() < size {
            let region = Region::of(&known, self.objectives.len());
            let left: Vec<usize> = (0..outlooks.len())
                .filter(|i| !chosen.contains(i))
                .collect();
            let added = left.iter().map(|i| region.added(&outlooks[*i].gains));
            let is_last = chosen.len() + 1 == size;
            let best = if is_last && added.fold(0.0, f64::max) < worthwhile {
                let objective = self.least_known(outlooks);
                largest(&left, |i| {
                    outlooks[i].expected[objective].expected + outlooks[i].usable
                })
            } else {
                largest(&left, |i| value_in(&region, &outlooks[i]))
            };
            let Some(best) = best else { break };
            known.push(outlooks[best].gains.clone());
            chosen.push(best);
        }
        chosen
    }

    /// Place of the objective with the largest deviations, in normal quantiles.
    fn least_known(&self, outlooks: &[Outlook]) -> usize {
        let objectives: Vec<usize> = (0..self.objectives.len()).collect();
        let deviation = |k: usize| outlooks.iter().map(|o| o.expected[k].deviation).sum();
        largest(&objectives, deviation).unwrap_or(0)
    }
}

/// The place with the largest value; of equals the first, which is ahead in the order of the candidates.
fn largest(places: &[usize], value: impl Fn(usize) -> f64) -> Option<usize> {
    let valued = places.iter().map(|i| (value(*i), *i));
    let best = valued.reduce(|a, b| if b.0 > a.0 { b } else { a });
    best.map(|(_, place)| place)
}

impl Estimate {
    /// Gains of architectures in the objective at a place.
    fn gains(
        &self,
        place: usize,
        context: &Context,
        describer: &mut Describer,
        archs: &[Arch],
        optimism: f64,
        unsure: bool,
    ) -> Vec<Gain> {
        match self {
            Estimate::Learned(warped) => {
                let committee = &warped.committee;
                let predictions = committee.predict(context.space, describer, archs, unsure);
                let gain = |Prediction { mean, deviation }: Prediction| Gain {
                    expected: warped.gain(mean),
                    optimistic: warped.gain(mean + optimism * deviation),
                    deviation,
                };
                predictions.into_iter().map(gain).collect()
            }
            Estimate::Known(scale) => {
                let gain = |arch: &Arch| {
                    let value = context.known_value(place, arch);
                    let gain = scale.gain(value.expect("the objective is a cost of the space"));
                    Gain {
                        expected: gain,
                        optimistic: gain,
                        deviation: 0.0,
                    }
                };
                archs.iter().map(gain).collect()
            }
        }
    }
}

/// Expected gains of evaluated architectures, as far as nothing dominates them.
fn predicted_front(
    objectives: &[Estimate],
    context: &Context,
    describer: &mut Describer,
    archs: &[Arch],
) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::with_capacity(objectives.len()); archs.len()];
    for (k, objective) in objectives.iter().enumerate() {
        let gains = objective.gains(k, context, describer, archs, 0.0, false);
        for (all, gain) in all.iter_mut().zip(gains) {
            all.push(gain.expected);
        }
    }
    let front = front(&all);
    front.into_iter().map(|i| all[i].clone()).collect()
}

fn value_in(region: &Region, outlook: &Outlook) -> f64 {
    let sum: f64 = outlook.gains.iter().sum();
    (region.added(&outlook.gains) + LEAST).ln() + DRIFT * sum + outlook.usable
}

/// Examples for the committee of failures: 1 for a trial that was evaluated, -1 for one that failed.
fn successes(evaluated: &[&Query]) -> Examples {
    let value = |query: &&Query| if query.failure.is_none() { 1.0 } else { -1.0 };
    evaluated
        .iter()
        .map(|query| (query.arch, value(query)))
        .collect()
}
