//! Estimates of how likely architectures reach a level, by each method and seed.

mod record;

use ganas_core::arch::Arch;
use ganas_core::driver::{Problem, find};
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::rng::Rng;
use ganas_search::rare_event::{Estimate, Level, Method, Pool, Prior, Settings, Surveyed, survey};
use rayon::prelude::*;

pub use record::{Record, Report, Summary};

use crate::VERSION;
use crate::progress::{Progress, Remarks};
use crate::statistics::median;
use crate::task::Task;

/// Estimates to make.
pub struct Survey {
    /// Methods to estimate by.
    pub methods: Vec<Method>,
    /// Level that architectures have to reach.
    pub threshold: Threshold,
    /// Architectures that each estimate may evaluate.
    pub queries: usize,
    /// First seed.
    pub first_seed: u64,
    /// Number of seeds.
    pub seeds: u64,
}

/// Level that architectures have to reach.
pub enum Threshold {
    /// Value of the objective.
    Value(f64),
    /// Value that a share of the space reaches.
    Share(f64),
}

/// Level that was found, with the exact probability if the whole space is known.
struct Found {
    /// Level as a score, of which larger ones are better.
    alpha: f64,
    exact: Option<f64>,
}

/// Estimates by each method with each seed. The command is recorded.
///
/// # Errors
/// If no architecture has a score, or an evaluation cannot be made.
pub fn estimate(
    asked: &Survey,
    task: &Task,
    command: Vec<String>,
    progress: &Progress,
) -> Result<Report> {
    let waiting = progress.waiting("describing the space");
    let prior = Prior::of(&*task.space);
    // The level and the estimates use different draws.
    let pool = Pool::of(
        &prior,
        Rng::stream(asked.first_seed, "rare-event/level").bits(),
    )?;
    let Found { alpha, exact } = find_level(asked, task, &pool)?;
    drop(waiting);
    let settings = Settings {
        queries: asked.queries,
        ..Settings::default()
    };
    let estimates = records(asked, task, &pool, alpha, &settings, progress)?;
    Ok(Report {
        space: task.space.name().to_owned(),
        objective: task.objective.metric.clone(),
        alpha: turn(task, alpha),
        exact,
        likelihood: prior.likelihood(),
        summary: (asked.methods.iter())
            .filter_map(|m| Some(summary(m.name(), &estimates, exact?, asked.queries)))
            .collect(),
        estimates,
        settings,
        ganas: VERSION.into(),
        command,
    })
}

/// Converts between a value of the objective and a score. Zero has no sign.
fn turn(task: &Task, value: f64) -> f64 {
    task.objective.turn(value) + 0.0
}

/// Scores the pool, and finds the level in it.
fn find_level(asked: &Survey, task: &Task, pool: &Pool) -> Result<Found> {
    let problem = task.problem()?;
    let scores = measure(task, &problem, pool.archs(), asked.first_seed)?;
    if scores.iter().all(|s| *s == f64::NEG_INFINITY) {
        return Err(
            Error::input("no architecture has the objective and keeps the constraints")
                .mend("loosen a constraint"),
        );
    }
    let alpha = match asked.threshold {
        Threshold::Value(alpha) => turn(task, alpha),
        Threshold::Share(fraction) => {
            let masses = (0..scores.len()).map(|i| pool.mass(i));
            let scored = scores.iter().copied().zip(masses).collect();
            level(scored, fraction * pool.total())
        }
    };
    let exact = (pool.draws().is_none())
        .then(|| scores.iter().filter(|s| **s >= alpha).count() as f64 / scores.len() as f64);
    Ok(Found { alpha, exact })
}

/// Makes the estimates, several at once.
fn records(
    asked: &Survey,
    task: &Task,
    pool: &Pool,
    alpha: f64,
    settings: &Settings,
    progress: &Progress,
) -> Result<Vec<Record>> {
    let seeds = asked.first_seed..asked.first_seed + asked.seeds;
    let plans: Vec<(Method, u64)> = (asked.methods.iter())
        .flat_map(|method| seeds.clone().map(|seed| (*method, seed)))
        .collect();
    let bar = progress.steps(plans.len());
    (plans.par_iter())
        .map(|&(method, seed)| {
            let surveyed = survey_with(method, seed, task, pool, alpha, settings)?;
            bar.advance(1);
            Ok(Record {
                method: method.name(),
                seed,
                estimate: surveyed.estimate,
                queries: surveyed.queries,
                levels: (surveyed.levels.into_iter())
                    .map(|level| Level {
                        gamma: turn(task, level.gamma),
                        ..level
                    })
                    .collect(),
            })
        })
        .collect()
}

/// Makes one estimate.
fn survey_with(
    method: Method,
    seed: u64,
    task: &Task,
    pool: &Pool,
    alpha: f64,
    settings: &Settings,
) -> Result<Surveyed> {
    let prior = Prior::of(&*task.space);
    // The error of a shared pool would be the same in all seeds.
    let own = match (method, pool.draws()) {
        (Method::GaNas, Some(_)) => Some(Pool::of(&prior, seed)?),
        _ => None,
    };
    let pool = own.as_ref().unwrap_or(pool);
    let problem = task.problem()?;
    let mut evaluate = |archs: &[Arch]| measure(task, &problem, archs, seed);
    survey(method, &prior, pool, alpha, settings, &mut evaluate, seed)
}

/// The level that scores of about the wanted mass reach. Infinite scores, of architectures that break a
/// constraint, do not count.
fn level(mut scored: Vec<(f64, f64)>, wanted: f64) -> f64 {
    scored.retain(|(score, _)| score.is_finite());
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let (mut sum, mut nearest) = (0.0, (f64::INFINITY, f64::MAX));
    for equals in scored.chunk_by(|a, b| a.0 == b.0) {
        sum += equals.iter().map(|(_, mass)| mass).sum::<f64>();
        let off = (sum - wanted).abs();
        if off >= nearest.0 {
            break;
        }
        nearest = (off, equals[0].0);
    }
    nearest.1
}

/// Scores architectures. Larger is better, and one without a score has minus infinity.
fn measure(task: &Task, problem: &Problem, archs: &[Arch], seed: u64) -> Result<Vec<f64>> {
    let index = find(problem.metrics(), &task.objective.metric)?;
    let mut evaluator = task.evaluator(seed, None, &Remarks::silent())?;
    let outcomes = evaluator.evaluate(archs);
    let score = |(arch, outcome): (&Arch, Outcome)| match outcome {
        Outcome::Failed(_) => f64::NEG_INFINITY,
        Outcome::Done(measured) => {
            let metrics = problem.complete(arch, measured);
            let value = task.objective.turn(metrics[index]);
            if value.is_finite() && problem.complies(arch, &metrics) {
                value
            } else {
                f64::NEG_INFINITY
            }
        }
    };
    Ok(archs.iter().zip(outcomes).map(score).collect())
}

/// Compares the estimates of a method with the exact probability.
fn summary(method: &'static str, estimates: &[Record], exact: f64, queries: usize) -> Summary {
    let of: Vec<&Estimate> = (estimates.iter())
        .filter(|r| r.method == method)
        .map(|r| &r.estimate)
        .collect();
    let seeds = of.len().max(1) as f64;
    let squared = of.iter().map(|e| (e.estimate - exact).powi(2)).sum::<f64>() / seeds;
    let holds = |e: &&&Estimate| e.ci95[0] <= exact && exact <= e.ci95[1];
    let mean = of.iter().map(|e| e.estimate).sum::<f64>() / seeds;
    let widths: Vec<Option<f64>> = (of.iter())
        .map(|e| Some((e.ci95[1] - e.ci95[0]) / exact))
        .collect();
    Summary {
        method,
        seeds: of.len(),
        mean,
        bias: mean / exact - 1.0,
        relative_error: squared.sqrt() / exact,
        within_half: (of.iter())
            .filter(|e| (e.estimate - exact).abs() <= 0.5 * exact)
            .count(),
        covered: of.iter().filter(holds).count(),
        too_low: of.iter().filter(|e| e.ci95[1] < exact).count(),
        median_width: median(&widths),
        times_below_monte_carlo: (squared > 0.0)
            .then(|| exact * (1.0 - exact) / queries as f64 / squared),
    }
}

#[cfg(test)]
mod tests {
    use super::level;

    #[test]
    fn the_level_has_the_mass_that_is_nearest() {
        // Of ten draws, one was the best and eight were the second.
        let draws = vec![(3.0, 1.0), (1.0, 1.0), (2.0, 8.0)];
        assert_eq!(level(draws.clone(), 1.0), 3.0);
        assert_eq!(level(draws.clone(), 4.0), 3.0);
        assert_eq!(level(draws.clone(), 6.0), 2.0);
        assert_eq!(level(draws.clone(), 10.0), 1.0);
        // Equals are reached together.
        let equals = vec![(2.0, 1.0), (2.0, 1.0), (1.0, 1.0), (f64::NEG_INFINITY, 7.0)];
        assert_eq!(level(equals.clone(), 0.1), 2.0);
        assert_eq!(level(equals, 9.0), 1.0);
    }
}
