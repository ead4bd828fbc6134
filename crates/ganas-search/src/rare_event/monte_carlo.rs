//! Crude Monte Carlo: draws of the prior.

use ganas_core::error::Result;
use ganas_core::rng::Rng;

use super::{Estimate, Level, Point, Prior, Survey, Surveyed, binomial};

/// The most draws for each query: where nearly all is known, drawing goes on without end.
const PATIENCE: usize = 50;

/// Draws of the prior, as `source` makes them, until `queries` new architectures have been
/// evaluated. Known architectures cost nothing.
pub fn draw(
    source: &dyn Fn(&mut Rng) -> Point,
    survey: &mut Survey,
    queries: usize,
    rng: &mut Rng,
) -> Result<Vec<Point>> {
    let wanted = queries.min(survey.left());
    let (goal, most) = (survey.queries() + wanted, PATIENCE * wanted);
    let mut drawn = Vec::new();
    while survey.queries() < goal && drawn.len() < most {
        let missing = (goal - survey.queries()).min(most - drawn.len());
        let points: Vec<Point> = (0..missing).map(|_| source(rng)).collect();
        survey.evaluate(&points.iter().map(|p| p.arch).collect::<Vec<_>>())?;
        drawn.extend(points);
    }
    Ok(drawn)
}

/// The share of all draws that reach the level.
pub fn estimate(
    prior: &Prior,
    survey: &mut Survey,
    alpha: f64,
    first: Vec<Point>,
    rng: &mut Rng,
) -> Result<Surveyed> {
    let mut drawn = first;
    drawn.extend(draw(&|rng| prior.draw(rng), survey, survey.left(), rng)?);
    let hits = drawn
        .iter()
        .filter(|p| survey.score(&p.arch) >= Some(alpha))
        .count();
    Ok(Surveyed {
        estimate: Estimate {
            hits: survey.hits(alpha),
            ..binomial(hits, drawn.len())
        },
        queries: survey.queries(),
        levels: vec![Level {
            queries: survey.queries(),
            gamma: alpha,
            rho: hits as f64 / drawn.len().max(1) as f64,
        }],
    })
}
