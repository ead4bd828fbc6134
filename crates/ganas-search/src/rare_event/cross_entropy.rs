//! The cross-entropy method (Rubinstein & Kroese 2004, doi 10.1007/978-1-4757-4321-0): the density
//! is the product of categoricals that is nearest, in the Kullback-Leibler divergence, to the prior
//! given that the level is reached.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use ganas_core::arch::Graph;
use ganas_core::error::Result;
use ganas_core::rng::Rng;

use super::monte_carlo;
use super::{
    CategoricalMixture, Hit, Level, Point, Prior, Settings, Survey, Surveyed, horvitz_thompson,
    log_sum_exp,
};

/// The parts of the density: a product of categoricals is often too simple, and a few of them are
/// nearly as quick.
const PARTS: usize = 5;

/// Steps of expectation maximisation.
const STEPS: usize = 8;

/// Graphs spread evenly that each part is fitted to beside its own.
const SMOOTHING: f64 = 1.0;

/// The most points that are fitted.
const FITTED: usize = 400;

/// The share of the hits that their effective number has to be for the density to be trusted.
const UNEVEN: f64 = 0.25;

/// The most draws for each query of a stage.
const PATIENCE: usize = 50;

/// The estimate, after the first draws of the prior.
pub fn estimate(
    prior: &Prior,
    survey: &mut Survey,
    alpha: f64,
    first: Vec<Point>,
    settings: &Settings,
    rng: &mut Rng,
) -> Result<Surveyed> {
    let last = settings.count(settings.last);
    let mut points = HashMap::new();
    let mut levels = Vec::new();
    let prior_draws = first.len();
    keep(&mut points, first);
    while survey.left() > last {
        let wanted = settings.count(settings.step).min(survey.left() - last);
        let goal = survey.queries() + wanted;
        let gamma = survey.level(alpha, settings.truth);
        let density = fit(prior, &elite(survey, &points, gamma), rng);
        let drawn = draw(prior, survey, &density, settings, wanted, rng)?;
        levels.push(level(survey, &drawn, gamma));
        keep(&mut points, drawn);
        // A density that has collapsed on what is known goes on with the prior.
        let before = survey.queries();
        keep(
            &mut points,
            monte_carlo::draw(&|rng| prior.draw(rng), survey, goal - before, rng)?,
        );
        if before < goal && survey.queries() == before {
            break;
        }
    }
    let gamma = survey.level(alpha, settings.truth);
    let elite: Vec<Point> = elite(survey, &points, gamma).into_iter().cloned().collect();
    let density = fit(prior, &elite.iter().collect::<Vec<_>>(), rng);
    let before: HashSet<Graph> = points.keys().cloned().collect();
    let drawn = draw(prior, survey, &density, settings, survey.left(), rng)?;
    levels.push(level(survey, &drawn, gamma));
    let draws = drawn.len();
    keep(&mut points, drawn);
    let hit = |density: &CategoricalMixture, point: &Point| Hit {
        mass: prior.mass(point),
        inclusion: -(draws as f64 * (-mixed(prior, density, settings, point)).ln_1p()).exp_m1(),
        known: before.contains(&point.graph),
    };
    let best = ranked(survey, &points);
    let hits: Vec<Hit> = best
        .iter()
        .take_while(|p| survey.score(&p.arch) >= Some(alpha))
        .map(|p| hit(&density, p))
        .collect();
    // A missed hit is like the best that were found, and more of them say better how bad it can be;
    // but the density has not learned from it.
    let learned = best
        .iter()
        .take(settings.truth)
        .map(|p| hit(&density, p).missed())
        .fold(unlearned(prior, &elite, &hit, rng), f64::max);
    let estimate = horvitz_thompson(&hits, learned, prior.total());
    // Without a hit, all that is known is that the draws of the prior missed it. It is the same where
    // a few hits outweigh all others: the density is far from the event's.
    let unseen = prior.total() / (settings.defensive * draws as f64 + prior_draws.max(1) as f64);
    let estimate = if estimate.effective_samples < UNEVEN * hits.len() as f64 || hits.is_empty() {
        horvitz_thompson(&hits, unseen, prior.total())
    } else {
        estimate
    };
    Ok(Surveyed {
        estimate,
        queries: survey.queries(),
        levels,
    })
}

/// The points, best first; of equals, the earlier one first.
fn ranked<'a>(survey: &Survey, points: &'a HashMap<Graph, Point>) -> Vec<&'a Point> {
    let mut best: Vec<&Point> = points.values().collect();
    let key = |p: &Point| {
        (
            survey.place(&p.arch),
            p.graph.labels.clone(),
            p.graph.inputs.clone(),
        )
    };
    best.sort_by_cached_key(|p| key(p));
    best.sort_by(|a, b| {
        survey
            .score(&b.arch)
            .partial_cmp(&survey.score(&a.arch))
            .unwrap_or(Ordering::Equal)
    });
    best
}

fn keep(points: &mut HashMap<Graph, Point>, drawn: Vec<Point>) {
    points.extend(drawn.into_iter().map(|p| (p.graph.clone(), p)));
}

/// The probability of a point under the mixture with the prior.
fn mixed(prior: &Prior, density: &CategoricalMixture, settings: &Settings, point: &Point) -> f64 {
    let logs: Vec<f64> = prior
        .constructions(point)
        .iter()
        .map(|graph| density.log_prob(prior.space(), graph))
        .collect();
    let learned = log_sum_exp(&logs).exp();
    settings.defensive * prior.probability(point) + (1.0 - settings.defensive) * learned
}

/// The known points that reach the level, the first ones first.
fn elite<'p>(survey: &Survey, points: &'p HashMap<Graph, Point>, gamma: f64) -> Vec<&'p Point> {
    let mut elite: Vec<&Point> = points
        .values()
        .filter(|p| survey.score(&p.arch) >= Some(gamma))
        .collect();
    elite.sort_by_key(|p| (survey.place(&p.arch), p.graph.inputs.clone()));
    elite.truncate(FITTED);
    elite
}

/// Fits the density to points, each with its probability under the prior.
fn fit(prior: &Prior, elite: &[&Point], rng: &mut Rng) -> CategoricalMixture {
    let constructions: Vec<Vec<Graph>> = elite.iter().map(|p| prior.constructions(p)).collect();
    let weights: Vec<f64> = elite.iter().map(|p| prior.probability(p)).collect();
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    let weights: Vec<f64> = weights.iter().map(|w| w / mean).collect();
    CategoricalMixture::fit(
        prior.space(),
        &constructions,
        &weights,
        PARTS,
        SMOOTHING,
        STEPS,
        rng,
    )
}

/// Mean weight of a point of the level, by a density that was fitted to other points.
fn unlearned(
    prior: &Prior,
    elite: &[Point],
    hit: &dyn Fn(&CategoricalMixture, &Point) -> Hit,
    rng: &mut Rng,
) -> f64 {
    let half = |first: usize| -> Vec<&Point> { elite.iter().skip(first).step_by(2).collect() };
    let mut missed = Vec::new();
    for (fitted, other) in [(half(0), half(1)), (half(1), half(0))] {
        if !fitted.is_empty() {
            let density = fit(prior, &fitted, rng);
            missed.extend(other.iter().map(|p| hit(&density, p).missed()));
        }
    }
    missed.iter().sum::<f64>() / missed.len().max(1) as f64
}

/// Independent draws of the mixture until `wanted` architectures have been evaluated.
fn draw(
    prior: &Prior,
    survey: &mut Survey,
    density: &CategoricalMixture,
    settings: &Settings,
    wanted: usize,
    rng: &mut Rng,
) -> Result<Vec<Point>> {
    let (goal, most) = (survey.queries() + wanted, PATIENCE * wanted);
    let mut drawn = Vec::new();
    while survey.queries() < goal && drawn.len() < most {
        let missing = (goal - survey.queries()).min(most - drawn.len());
        let points: Vec<Point> = (0..missing)
            .filter_map(|_| {
                if rng.chance(settings.defensive) {
                    Some(prior.draw(rng))
                } else {
                    prior.point(density.draw_one(prior.space(), rng))
                }
            })
            .collect();
        survey.evaluate(&points.iter().map(|p| p.arch).collect::<Vec<_>>())?;
        drawn.extend(points);
    }
    Ok(drawn)
}

fn level(survey: &Survey, drawn: &[Point], gamma: f64) -> Level {
    let reached = drawn
        .iter()
        .filter(|p| survey.score(&p.arch) >= Some(gamma));
    Level {
        queries: survey.queries(),
        gamma,
        rho: reached.count() as f64 / drawn.len().max(1) as f64,
    }
}
