//! The box between the reference point and the ideal point.

use crate::error::{Error, Result};
use crate::problem::{Objective, Objectives, Scale};

/// Box in which hypervolumes are measured. Its corners are the ideal point, the best value of each
/// objective, and the reference point.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceBox {
    sides: Vec<Side>,
}

#[derive(Clone, Debug, PartialEq)]
struct Side {
    scale: Scale,
    /// Value of the metric at the reference point.
    reference: f64,
    /// Both on the scale of the objective.
    from: f64,
    to: f64,
}

impl ReferenceBox {
    /// Box between two points, given by the values of the objectives' metrics.
    ///
    /// # Errors
    /// If a reference is not worse than the ideal value, or not on the scale.
    pub fn new(objectives: &Objectives, ideal: &[f64], reference: &[f64]) -> Result<Self> {
        let corners = ideal.iter().zip(reference);
        let side = |(objective, (&ideal, &reference)): (&Objective, (&f64, &f64))| {
            let metric = &objective.metric;
            for value in [ideal, reference] {
                if let Some(why) = objective.refusal(value) {
                    return Err(Error::input(format!(
                        "a corner of the reference box: {why}"
                    )));
                }
            }
            if objective.turn(reference) >= objective.turn(ideal) {
                return Err(Error::input(format!(
                    "the reference `{metric}` = {reference} is not worse than the best value, {ideal}"
                ))
                .mend(format!("give `{metric}` a reference that some architectures beat")));
            }
            Ok(Side {
                scale: objective.scale,
                reference,
                from: scaled(objective.scale, reference),
                to: scaled(objective.scale, ideal),
            })
        };
        let sides = objectives.iter().zip(corners).map(side);
        Ok(ReferenceBox {
            sides: sides.collect::<Result<_>>()?,
        })
    }

    /// Values of the objectives' metrics at the reference point.
    pub fn reference(&self) -> Vec<f64> {
        self.sides.iter().map(|side| side.reference).collect()
    }

    /// Position of values of the objectives' metrics in the box: 0 at the reference, 1 at the ideal.
    pub fn gains(&self, metrics: &[f64]) -> Vec<f64> {
        (self.sides.iter().zip(metrics))
            .map(|(side, value)| (scaled(side.scale, *value) - side.from) / (side.to - side.from))
            .collect()
    }
}

/// A value on a scale. Values that a logarithmic scale does not have were refused before.
fn scaled(scale: Scale, value: f64) -> f64 {
    match scale {
        Scale::Linear => value,
        Scale::Log => value.ln(),
    }
}
