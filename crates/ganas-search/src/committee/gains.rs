//! Gains: the values of an objective from 0 at the reference to 1 at the best so far.

use ganas_core::ledger::Query;
use ganas_core::problem::{Objective, Scale as ObjectiveScale};
use ganas_core::strategy::Context;

use super::Committee;
use super::piecewise::interpolate;

/// First compliant trials, of whose values the reference is one (ours).
const FIRST: usize = 20;

/// Share of the first trials that are at least as good as the reference (ours).
const SHARE: f64 = 0.9;

/// Position of the values of an objective between its reference and its best.
pub(super) struct Scale {
    is_log: bool,
    sign: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Scales of all objectives; `None` while nothing complies, or all values of an objective are equal.
    pub(super) fn of(context: &Context) -> Option<Vec<Scale>> {
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

    pub(super) fn gain(&self, turned: f64) -> f64 {
        (self.on(turned) - self.from) / (self.to - self.from)
    }
}

pub(super) fn gains(scales: &[Scale], turned: &[f64]) -> Vec<f64> {
    let pairs = scales.iter().zip(turned);
    pairs.map(|(scale, value)| scale.gain(*value)).collect()
}

/// Committee that predicts normal quantiles of the ranks of one objective, and the gains at those quantiles:
/// 0 at the reference, 1 at the best so far.
///
/// Neither outliers nor the unit of the metric matter to the committee that way, and volumes are still
/// measured in the metric's own scale.
pub(super) struct Warped {
    pub(super) committee: Committee,
    /// Pairs of a quantile and a gain, ascending in both.
    knots: Vec<(f64, f64)>,
    /// Growth of the gain with the quantile beyond the last pair.
    slope: f64,
}

impl Warped {
    pub(super) fn new(committee: Committee, quantiles: &[f64], gains: &[f64]) -> Self {
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
    pub(super) fn gain(&self, quantile: f64) -> f64 {
        interpolate(&self.knots, quantile, self.slope)
    }
}
