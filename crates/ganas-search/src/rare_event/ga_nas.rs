//! GA-NAS's density: the prior times the odds of a discriminator.
//!
//! Between a truth set from q(x, gamma; lambda) and the prior, the best discriminator has the odds
//! q / p (Goodfellow et al. 2014, arXiv 1406.2661, proposition 1). So the prior times these odds is
//! the density whose Jensen-Shannon divergence from q is least, without a generator that has to be
//! trained towards it: it is normalised by a sum over the [pool](Pool).
//!
//! The discriminator has to judge hundreds of thousands of architectures, so it is made of boosted
//! trees on the features by which the default preset of `ga-nas` screens its proposals, and not of
//! graph networks. On the way up it screens as that preset does: single edits of the best and
//! random architectures, the most promising of which are evaluated.

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::rng::Rng;
use statrs::distribution::{ContinuousCDF, Normal};

use super::{Hit, Level, Pool, Prior, Settings, Survey, Surveyed, horvitz_thompson, monte_carlo};
use crate::committee::TreesConfig;

/// The most of the best architectures that the screening learns from.
const BEST: usize = 200;
/// The most of the others.
const OTHERS: usize = 100;
/// Ensembles that screen, and parts of the cross-validation.
const ENSEMBLES: usize = 3;
/// Number of the best that are edited.
const PARENTS: usize = 60;
/// Random architectures that are screened with the edits.
const RANDOM: usize = 5_000;
/// Random architectures that are screened where a pool stands for a larger space: edits are not in it.
const RANDOM_OF_DRAWS: usize = 20_000;
/// Steps without a new hit after which all queries left go into the last stage.
const DRY: usize = 6;
/// The fewest architectures to learn from.
const FEWEST: usize = 20;

/// The estimate, after `first` draws of the prior.
pub fn estimate(
    prior: &Prior,
    pool: &Pool,
    survey: &mut Survey,
    alpha: f64,
    first: usize,
    settings: &Settings,
    rng: &mut Rng,
) -> Result<Surveyed> {
    let last = settings.count(settings.last);
    let mut levels = Vec::new();
    let (mut hits, mut dry) = (survey.hits(alpha), 0);
    while survey.left() > last && (hits == 0 || dry < DRY) {
        let wanted = settings.count(settings.step).min(survey.left() - last);
        let gamma = survey.level(alpha, settings.truth);
        let from = survey.queries();
        let chosen = screen(prior, pool, survey, wanted, rng);
        survey.evaluate(&chosen)?;
        if survey.queries() == from {
            monte_carlo::draw(&|rng| pool.draw(prior, rng), survey, wanted, rng)?;
        }
        levels.push(reached(survey, from, gamma));
        let now = survey.hits(alpha);
        dry = if now > hits { 0 } else { dry + 1 };
        hits = now;
        if survey.queries() == from {
            break;
        }
    }

    let gamma = survey.level(alpha, settings.truth);
    let promise = discriminate(pool, survey, gamma, rng);
    let from = survey.queries();
    let chances = chances(pool, survey, &promise, survey.left(), settings.defensive);
    let drawn = systematic(pool, survey, &chances, rng);
    survey.evaluate(&drawn)?;
    levels.push(reached(survey, from, gamma));
    let found: Vec<Hit> = survey
        .evaluated()
        .iter()
        .enumerate()
        .filter(|(_, (_, score))| *score >= alpha)
        .filter_map(|(i, (arch, _))| {
            let place = pool.place(arch)?;
            Some(Hit {
                mass: pool.mass(place),
                inclusion: chances[place],
                known: i < from,
            })
        })
        .collect();
    // A missed hit is like the best that were found, and more of them say better how bad it can be.
    // Without a hit it could be the point with the least chance; but the first draws missed it, too,
    // each with the chance that the prior gives it.
    let missed = |place: usize| pool.mass(place) * (1.0 - chances[place]) / chances[place];
    let most = |places: &mut dyn Iterator<Item = usize>| places.map(missed).fold(0.0, f64::max);
    let another = if found.is_empty() {
        let prior = first as f64 / pool.total();
        1.0 / (1.0 / most(&mut (0..chances.len())) + prior)
    } else {
        let best = survey.ranked();
        let best = best.iter().take(settings.truth);
        most(&mut best.filter_map(|(arch, _)| pool.place(arch)))
    };
    let mut estimate = horvitz_thompson(&found, another, pool.total());
    if let Some(draws) = pool.draws() {
        estimate.among_draws(draws);
    }
    Ok(Surveyed {
        estimate,
        queries: survey.queries(),
        levels,
    })
}

fn reached(survey: &Survey, from: usize, gamma: f64) -> Level {
    let drawn = &survey.evaluated()[from..];
    let reached = drawn.iter().filter(|(_, score)| *score >= gamma).count();
    Level {
        queries: survey.queries(),
        gamma,
        rho: reached as f64 / drawn.len().max(1) as f64,
    }
}

/// The members of the pool that were evaluated, best first, with the normal quantile of their rank.
fn ranked(pool: &Pool, survey: &Survey) -> Vec<(usize, f64)> {
    let ranked = survey.ranked();
    let normal = Normal::standard();
    let count = ranked.len() as f64;
    ranked
        .iter()
        .enumerate()
        .filter_map(|(rank, (arch, _))| {
            let value = normal.inverse_cdf(1.0 - (rank as f64 + 0.5) / count);
            Some((pool.place(arch)?, value))
        })
        .collect()
}

/// The most promising of what is one edit away from the best, and of random architectures.
fn screen(prior: &Prior, pool: &Pool, survey: &Survey, wanted: usize, rng: &mut Rng) -> Vec<Arch> {
    let ranked = ranked(pool, survey);
    if ranked.len() < FEWEST {
        return Vec::new();
    }
    let best = ranked.len().min(BEST);
    let others = rng.distinct(ranked.len() - best, OTHERS);
    let picked: Vec<(usize, f64)> = (0..best)
        .chain(others.into_iter().map(|i| best + i))
        .map(|i| ranked[i])
        .collect();
    let (places, values): (Vec<usize>, Vec<f64>) = picked.into_iter().unzip();
    let ensembles: Vec<_> = (0..ENSEMBLES)
        .map(|_| pool.fit(&TreesConfig::default(), &places, &values, rng))
        .collect();
    let mut candidates = Vec::new();
    let mut seen = HashSet::new();
    let random = pool.draws().map_or(RANDOM, |_| RANDOM_OF_DRAWS);
    let random: Vec<usize> = (0..random).map(|_| rng.below(pool.archs().len())).collect();
    let edits = ranked
        .iter()
        .take(PARENTS)
        .flat_map(|(place, _)| prior.space().neighbors(&pool.archs()[*place]))
        .filter_map(|arch| pool.place(&arch));
    for place in edits.chain(random) {
        if survey.place(&pool.archs()[place]).is_none() && seen.insert(place) {
            candidates.push(place);
        }
    }
    let scores = pool.predict_sum(&ensembles, &candidates);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| {
        scores[b]
            .total_cmp(&scores[a])
            .then(candidates[a].cmp(&candidates[b]))
    });
    order
        .into_iter()
        .take(wanted)
        .map(|i| pool.archs()[candidates[i]])
        .collect()
}

/// For each member of the pool, the probability that it reaches the level; the same for all where
/// nothing can be learned.
///
/// How far predictions are off is seen where each ensemble predicts what it was not fitted to.
fn discriminate(pool: &Pool, survey: &Survey, gamma: f64, rng: &mut Rng) -> Vec<f64> {
    let ranked = ranked(pool, survey);
    if ranked.len() < FEWEST {
        return vec![1.0; pool.archs().len()];
    }
    let parts: Vec<usize> = ranked.iter().map(|_| rng.below(ENSEMBLES)).collect();
    let mut expected = vec![0.0; pool.archs().len()];
    let mut squares = 0.0;
    for part in 0..ENSEMBLES {
        let (places, values): (Vec<usize>, Vec<f64>) = ranked
            .iter()
            .zip(&parts)
            .filter(|(_, p)| **p != part)
            .map(|(r, _)| *r)
            .unzip();
        let trees = pool.fit(&TreesConfig::default(), &places, &values, rng);
        let predicted = pool.predict_all(&trees);
        squares += ranked
            .iter()
            .zip(&parts)
            .filter(|(_, p)| **p == part)
            .map(|((place, value), _)| (value - predicted[*place]).powi(2))
            .sum::<f64>();
        expected
            .iter_mut()
            .zip(predicted)
            .for_each(|(e, p)| *e += p / ENSEMBLES as f64);
    }
    let count = ranked.len() as f64;
    let deviation = (squares / count).sqrt().max(1e-6);
    let normal = Normal::standard();
    let share = survey.hits(gamma).max(1) as f64 / survey.queries() as f64;
    let threshold = normal.inverse_cdf((1.0 - share).max(0.5 / count));
    expected
        .into_iter()
        .map(|e| normal.cdf((e - threshold) / deviation))
        .collect()
}

/// The chance of each member to be drawn in the last stage, such that `wanted` new ones are to be
/// expected; of what is known, the chance that it would have had.
fn chances(
    pool: &Pool,
    survey: &Survey,
    promise: &[f64],
    wanted: usize,
    defensive: f64,
) -> Vec<f64> {
    let new: Vec<bool> = pool
        .archs()
        .iter()
        .map(|a| survey.place(a).is_none())
        .collect();
    let mass = |i: &usize| pool.mass(*i);
    let open = || (0..new.len()).filter(|i| new[*i]);
    let tilted: Vec<f64> = promise
        .iter()
        .enumerate()
        .map(|(i, p)| pool.mass(i) * p)
        .collect();
    let even = defensive * wanted as f64 / open().map(|i| mass(&i)).sum::<f64>();
    let chance = |i: usize, scale: f64| (even * pool.mass(i) + scale * tilted[i]).min(1.0);
    let total = |scale: f64| open().map(|i| chance(i, scale)).sum::<f64>();
    // The sum grows with the scale: bisection on its logarithm.
    let (mut low, mut high) = (
        0.0f64,
        1.0 / tilted.iter().copied().fold(f64::MIN_POSITIVE, f64::max),
    );
    while total(high) < wanted as f64 && high.is_finite() && high < 1e300 {
        high *= 2.0;
        low = high / 2.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if total(middle) < wanted as f64 {
            low = middle
        } else {
            high = middle
        }
    }
    (0..new.len()).map(|i| chance(i, low)).collect()
}

/// Draws each new member with its own chance, and as many in all as their chances add up to
/// (systematic sampling in random order: Madow 1949, doi 10.1214/aoms/1177729988).
fn systematic(pool: &Pool, survey: &Survey, chances: &[f64], rng: &mut Rng) -> Vec<Arch> {
    let archs = pool.archs();
    let mut order: Vec<usize> = (0..archs.len())
        .filter(|&i| survey.place(&archs[i]).is_none())
        .collect();
    rng.shuffle(&mut order);
    let mut drawn = Vec::new();
    let (mut sum, mut next) = (0.0, rng.unit());
    for i in order {
        sum += chances[i];
        if sum > next {
            drawn.push(archs[i]);
            next += 1.0;
        }
    }
    drawn
}
