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
        let (density, gamma) = fit(prior, survey, &points, alpha, settings, rng);
        let drawn = draw(prior, survey, &density, settings, wanted, rng)?;
        levels.push(level(survey, &drawn, gamma));
        keep(&mut points, drawn);
        // A density that has collapsed on what is known goes on with the prior.
        let before = survey.queries();
        keep(
            &mut points,
            monte_carlo::draw(prior, survey, goal - before, rng)?,
        );
        if before < goal && survey.queries() == before {
            break;
        }
    }
    let (density, gamma) = fit(prior, survey, &points, alpha, settings, rng);
    let before: HashSet<Graph> = points.keys().cloned().collect();
    let drawn = draw(prior, survey, &density, settings, survey.left(), rng)?;
    levels.push(level(survey, &drawn, gamma));
    let draws = drawn.len();
    keep(&mut points, drawn);
    let inclusion = |q: f64| -(draws as f64 * (-q).ln_1p()).exp_m1();
    let hit = |point: &Point| Hit {
        probability: prior.probability(point),
        inclusion: inclusion(mixed(prior, &density, settings, point)),
        known: before.contains(&point.graph),
    };
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
    let hits: Vec<Hit> = (best.iter())
        .take_while(|p| survey.score(&p.arch) >= Some(alpha))
        .map(|p| hit(p))
        .collect();
    // A missed hit is like the best that were found, and more of them say better how bad it can be.
    // Without a hit, all that is known is that the draws of the prior missed it.
    let another = match hits.is_empty() {
        true => 1.0 / (settings.defensive * draws as f64 + prior_draws.max(1) as f64),
        false => (best.iter().take(settings.truth))
            .map(|p| hit(p).missed())
            .fold(0.0, f64::max),
    };
    Ok(Surveyed {
        estimate: horvitz_thompson(&hits, another),
        queries: survey.queries(),
        levels,
    })
}

fn keep(points: &mut HashMap<Graph, Point>, drawn: Vec<Point>) {
    points.extend(drawn.into_iter().map(|p| (p.graph.clone(), p)));
}

/// The probability of a point under the mixture with the prior.
fn mixed(prior: &Prior, density: &CategoricalMixture, settings: &Settings, point: &Point) -> f64 {
    let logs: Vec<f64> = (prior.constructions(point).iter())
        .map(|graph| density.log_prob(prior.space(), graph))
        .collect();
    let learned = log_sum_exp(&logs).exp();
    settings.defensive * prior.probability(point) + (1.0 - settings.defensive) * learned
}

/// Fits the density to all known points that reach the level, each with its probability under the
/// prior; the level is what the best so far have at least, and alpha at most.
fn fit(
    prior: &Prior,
    survey: &Survey,
    points: &HashMap<Graph, Point>,
    alpha: f64,
    settings: &Settings,
    rng: &mut Rng,
) -> (CategoricalMixture, f64) {
    let gamma = survey.level(alpha, settings.truth);
    let mut elite: Vec<&Point> = (points.values())
        .filter(|p| survey.score(&p.arch) >= Some(gamma))
        .collect();
    elite.sort_by_key(|p| (survey.place(&p.arch), p.graph.inputs.clone()));
    elite.truncate(FITTED);
    let constructions: Vec<Vec<Graph>> = elite.iter().map(|p| prior.constructions(p)).collect();
    let weights: Vec<f64> = elite.iter().map(|p| prior.probability(p)).collect();
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    let weights: Vec<f64> = weights.iter().map(|w| w / mean).collect();
    let density = CategoricalMixture::fit(
        prior.space(),
        &constructions,
        &weights,
        PARTS,
        SMOOTHING,
        STEPS,
        rng,
    );
    (density, gamma)
}

/// Independent draws of the mixture until so many architectures have been evaluated.
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
            .filter_map(|_| match rng.chance(settings.defensive) {
                true => Some(prior.draw(rng)),
                false => prior.point(density.draw_one(prior.space(), rng)),
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
