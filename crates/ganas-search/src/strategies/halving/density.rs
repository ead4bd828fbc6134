//! Kernel density estimates over the decisions of a space, as BOHB has them for categories.

use ganas_core::arch::Graph;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;

use crate::strategies::decisions::{Made, decide, members};

/// The least bandwidth (HpBandSter).
const LEAST_BANDWIDTH: f64 = 1e-3;

/// Mark of a decision that did not come up.
pub const NEVER_MET: u8 = u8::MAX;

/// The choice at each decision of an architecture.
pub type Choices = Vec<u8>;

/// Density with a kernel of Aitchison and Aitken for each point.
pub struct Density<'a> {
    points: &'a [&'a Choices],
    /// Bandwidth of each decision.
    bandwidths: Vec<f64>,
}

impl<'a> Density<'a> {
    /// The density of points in a space of `dimensions` decisions. The bandwidth of a decision is Scott's
    /// normal reference, 1.06 sigma n^(-1 / (4 + d)).
    pub fn new(points: &'a [&'a Choices], dimensions: usize) -> Self {
        let width = points.first().map_or(0, |point| point.len());
        let count = points.len() as f64;
        let shrink = 1.06 * count.powf(-1.0 / (4.0 + dimensions as f64));
        let bandwidth = |i: usize| {
            let met: Vec<f64> = (points.iter().map(|point| point[i]))
                .filter(|choice| *choice != NEVER_MET)
                .map(f64::from)
                .collect();
            (shrink * deviation(&met)).max(LEAST_BANDWIDTH)
        };
        Density {
            points,
            bandwidths: (0..width).map(bandwidth).collect(),
        }
    }

    /// Draws an architecture near a point: each decision is that of the point, or with the probability of
    /// the bandwidth any of its options.
    pub fn sample(&self, space: &dyn SearchSpace, rng: &mut Rng) -> (Graph, Vec<Made>) {
        let point = *rng.choose(self.points);
        decide(space, |decision, options| {
            let index = decision.index();
            let options: Vec<u8> = members(options).collect();
            let own = point[index];
            if options.contains(&own) && rng.unit() >= self.bandwidths[index] {
                own
            } else {
                *rng.choose(&options)
            }
        })
    }

    /// The density of some decisions.
    pub fn of(&self, made: &[Made]) -> f64 {
        let kernel = |point: &&Choices| -> f64 {
            let factors = made.iter().map(|made| {
                let index = made.decision.index();
                let count = f64::from(made.options.count_ones());
                let width = self.bandwidths[index].min((count - 1.0) / count);
                match point[index] {
                    own if own == made.choice => 1.0 - width,
                    own if own == NEVER_MET || made.options >> own & 1 == 0 => 1.0 / count,
                    _ => width / (count - 1.0),
                }
            });
            factors.product()
        };
        self.points.iter().map(kernel).sum::<f64>() / self.points.len() as f64
    }
}

/// The deviation of the whole population.
fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}
