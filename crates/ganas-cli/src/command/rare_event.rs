//! `ganas rare-event`: how likely a random architecture is to be at least so good.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use ganas_core::arch::Arch;
use ganas_core::driver::{Problem, find};
use ganas_core::error::Error;
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::rng::Rng;
use ganas_core::write_whole;
use ganas_search::rare_event::{
    Estimate, Level, Likelihood, Method, Pool, Prior, Settings, Surveyed, survey,
};
use rayon::prelude::*;

use crate::end::End;
use crate::names;
use crate::reporter::{LogArgs, session};
use crate::terminal;
use crate::typed::Typed;
use ganas_study::VERSION;
use ganas_study::files::{prepare, write_json};
use ganas_study::progress::Progress;
use ganas_study::progress::Remarks;
use ganas_study::spec::ReadingSpec;
use ganas_study::spec::TaskSpec;
use ganas_study::statistics::median;
use ganas_study::task::Task;

mod figure;
mod record;

use record::{Record, Report, Summary};

const EXAMPLES: &str = "\
Examples:
  ganas rare-event --space nasbench201 --table nasbench201.csv.gz --objective cifar10_test --alpha 94.3
  ganas rare-event --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --top-fraction 1e-4 --seeds 40 --json rare.json --svg rare.svg
  ganas rare-event --space ofa-mobilenetv3 --surrogate ofa.json --alpha 77 --constraint 'params <= 5e6'";

/// Arguments of `ganas rare-event`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RareEventArgs {
    /// Search space: a name that `ganas space list` shows, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: String,

    /// Table of all architectures of the space
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "surrogate",
        conflicts_with = "surrogate"
    )]
    table: Option<PathBuf>,

    #[command(flatten)]
    reading: Typed<ReadingSpec>,

    /// Models that predict the objective: what `ganas surrogate fit` wrote, or a TOML file
    #[arg(long, value_name = "FILE")]
    surrogate: Option<PathBuf>,

    /// Metric that is to be good, as NAME, NAME:min or NAME:max; without a direction, `loss` is to be
    /// small and every other metric large
    #[arg(long, value_name = "METRIC")]
    objective: Option<String>,

    /// What it has to be at least; with `--minimize`, at most
    #[arg(
        long,
        value_name = "A",
        allow_hyphen_values = true,
        required_unless_present = "top_fraction",
        conflicts_with = "top_fraction"
    )]
    alpha: Option<f64>,

    /// Take for it what this share of the space reaches
    #[arg(long, value_name = "F")]
    top_fraction: Option<f64>,

    /// Bound on a metric, as in `params <= 5.3e6`; architectures that break it do not count. Can be
    /// given several times
    #[arg(long, value_name = "EXPR")]
    constraint: Vec<String>,

    /// Smaller values are better
    #[arg(long)]
    minimize: bool,

    /// What to estimate by: monte-carlo, cross-entropy, ga-nas [default: all]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    methods: Vec<String>,

    /// Architectures that each estimate may evaluate
    #[arg(long, value_name = "N", default_value_t = Settings::default().queries)]
    queries: usize,

    /// Repetitions with seeds 0, 1, ...
    #[arg(long, value_name = "N", default_value_t = 1)]
    seeds: u64,

    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// File for the estimates as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// File for a drawing of the levels and of the estimates with their intervals
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,

    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or a file cannot be written.
pub fn run(args: &RareEventArgs) -> Result<End> {
    let methods = methods(&args.methods)?;
    if args.queries < 20 || args.seeds == 0 {
        return Err(Error::input("too little to estimate anything from")
            .mend("give `--queries` at least 20 and `--seeds` at least 1")
            .into());
    }
    for (name, value, low, high) in [
        ("--alpha", args.alpha, f64::MIN, f64::MAX),
        ("--top-fraction", args.top_fraction, f64::MIN_POSITIVE, 1.0),
    ] {
        if value.is_some_and(|v| !(low..=high).contains(&v)) {
            return Err(Error::input(format!("`{name}` is out of range"))
                .mend("a level is a finite number, a fraction is above 0 and at most 1")
                .into());
        }
    }
    let session = session(LogArgs::quiet(args.quiet));
    let progress = &session.progress;
    let task = Task::open(
        &TaskSpec {
            space: Some(args.space.clone()),
            table: args.table.clone(),
            reading: args.reading.0.clone(),
            surrogate: args.surrogate.clone(),
            objective: args.objective.clone(),
            constraints: args.constraint.clone(),
            minimize: args.minimize,
            ..TaskSpec::default()
        },
        args.seed,
        &session,
    )?;
    progress.say(&task.announcement);
    if let Some(table) = task.source.table()
        && task.space.size() != Some(table.len() as u128)
    {
        return Err(Error::input(format!(
            "the table has {} architectures and not the whole space",
            table.len()
        ))
        .mend("fit a model to it with `ganas surrogate fit`, and name that with `--surrogate`")
        .in_file(table.source())
        .into());
    }
    for file in args.json.iter().chain(&args.svg) {
        prepare(file)?;
    }
    task.say_notes(progress);
    let report = estimate(args, &task, &methods, progress)?;
    if !args.quiet {
        print(&report, &mut terminal::stdout())?;
    }
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    if let Some(file) = &args.svg {
        let drawing = figure::draw(&report);
        write_whole(file, |mut f| f.write_all(drawing.as_bytes()))?;
    }
    Ok(End::Done)
}

fn methods(names: &[String]) -> Result<Vec<Method>> {
    if names.is_empty() {
        return Ok(Method::ALL.to_vec());
    }
    let known = || Method::ALL.map(Method::name);
    (names.iter())
        .map(|name| {
            (Method::ALL.into_iter().find(|m| m.name() == name)).ok_or_else(|| {
                Error::input(format!("unknown method `{name}`"))
                    .mend(format!("use {}", known().join(", ")))
                    .into()
            })
        })
        .collect()
}

fn estimate(
    args: &RareEventArgs,
    task: &Task,
    methods: &[Method],
    progress: &Progress,
) -> Result<Report> {
    let waiting = progress.waiting("describing the space");
    let prior = Prior::of(&*task.space);
    // Levels are of other draws than estimates.
    let pool = Pool::of(&prior, Rng::stream(args.seed, "rare-event/level").bits())?;
    let problem = task.problem()?;
    let scores = measure(task, &problem, pool.archs(), args.seed)?;
    if scores.iter().all(|s| *s == f64::NEG_INFINITY) {
        return Err(
            Error::input("no architecture has the objective and keeps the constraints")
                .mend("loosen a constraint")
                .into(),
        );
    }
    // Zero has no sign.
    let turn = |value: f64| task.objective.turn(value) + 0.0;
    let alpha = match (args.alpha, args.top_fraction) {
        (Some(alpha), _) => turn(alpha),
        (None, fraction) => {
            let masses = (0..scores.len()).map(|i| pool.mass(i));
            let scored = scores.iter().copied().zip(masses).collect();
            level(scored, fraction.unwrap_or(1.0) * pool.total())
        }
    };
    let exact = (pool.draws().is_none())
        .then(|| scores.iter().filter(|s| **s >= alpha).count() as f64 / scores.len() as f64);
    drop((scores, waiting));

    let settings = Settings {
        queries: args.queries,
        ..Settings::default()
    };
    let plans: Vec<(Method, u64)> = (methods.iter())
        .flat_map(|m| (args.seed..args.seed + args.seeds).map(|seed| (*m, seed)))
        .collect();
    let bar = progress.steps(plans.len());
    let done: Vec<Surveyed> = (plans.par_iter())
        .map(|&(method, seed)| -> Result<Surveyed> {
            let prior = Prior::of(&*task.space);
            // What a pool is off by would be the same in all seeds.
            let own = match (method, pool.draws()) {
                (Method::GaNas, Some(_)) => Some(Pool::of(&prior, seed)?),
                _ => None,
            };
            let pool = own.as_ref().unwrap_or(&pool);
            let problem = task.problem()?;
            let mut evaluate = |archs: &[Arch]| measure(task, &problem, archs, seed);
            let surveyed = survey(method, &prior, pool, alpha, &settings, &mut evaluate, seed)?;
            bar.advance(1);
            Ok(surveyed)
        })
        .collect::<Result<_>>()?;
    let estimates: Vec<Record> = (plans.iter().zip(done))
        .map(|(&(method, seed), surveyed)| Record {
            method: method.name(),
            seed,
            estimate: surveyed.estimate,
            queries: surveyed.queries,
            levels: (surveyed.levels.into_iter())
                .map(|level| Level {
                    gamma: turn(level.gamma),
                    ..level
                })
                .collect(),
        })
        .collect();
    Ok(Report {
        space: task.space.name().to_owned(),
        objective: task.objective.metric.clone(),
        alpha: turn(alpha),
        exact,
        likelihood: prior.likelihood(),
        summary: (methods.iter())
            .filter_map(|m| Some(summary(m.name(), &estimates, exact?, args.queries)))
            .collect(),
        estimates,
        settings,
        ganas: VERSION.into(),
        command: std::env::args().skip(1).collect(),
    })
}

/// The level that is reached by what has about this mass, of scores with their masses. What breaks a
/// constraint has no level.
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

/// The scores of architectures: larger is better, minus infinity where there is none.
fn measure(
    task: &Task,
    problem: &Problem,
    archs: &[Arch],
    seed: u64,
) -> ganas_core::error::Result<Vec<f64>> {
    let index = find(problem.metrics(), &task.objective.metric)?;
    let mut evaluator = task.evaluator(seed, None, &Remarks::silent())?;
    let outcomes = evaluator.evaluate(archs);
    let score = |(arch, outcome): (&Arch, Outcome)| match outcome {
        Outcome::Failed(_) => f64::NEG_INFINITY,
        Outcome::Done(measured) => {
            let metrics = problem.complete(arch, measured);
            let value = task.objective.turn(metrics[index]);
            match value.is_finite() && problem.complies(arch, &metrics) {
                true => value,
                false => f64::NEG_INFINITY,
            }
        }
    };
    Ok(archs.iter().zip(outcomes).map(score).collect())
}

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

/// The estimate with the narrowest interval for its size; without a hit, the one with the least bound.
fn surest(estimates: &[Record]) -> Option<&Record> {
    let width = |r: &Record| match r.estimate {
        Estimate { hits: 0, ci95, .. } => (true, ci95[1]),
        Estimate { estimate, ci95, .. } => (false, (ci95[1] - ci95[0]) / estimate),
    };
    (estimates.iter()).min_by(|a, b| {
        let (a, b) = (width(a), width(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    })
}

fn print(report: &Report, out: &mut impl Write) -> io::Result<()> {
    let Report {
        objective, alpha, ..
    } = report;
    writeln!(
        out,
        "P({objective} reaches {alpha}) of a random architecture of {}",
        report.space
    )?;
    if let Some(exact) = report.exact {
        writeln!(out, "{:14} {exact:.4e}", "exact")?;
    }
    if report.likelihood == Likelihood::Constructions {
        writeln!(
            out,
            "of constructions: those of an architecture cannot be listed"
        )?;
    }
    for record in report.estimates.iter().take(30) {
        let e = &record.estimate;
        let what = match e.hits {
            0 if e.ci95[1] == 0.0 => "none, for certain".to_owned(),
            0 => format!("none found: below {:.2e} with 97.5 %", e.ci95[1]),
            _ => format!(
                "{:.4e} ± {:.1e}, 95 % interval {:.2e} to {:.2e}",
                e.estimate, e.standard_error, e.ci95[0], e.ci95[1]
            ),
        };
        writeln!(
            out,
            "{:14} {what}; {} hits, effective samples {:.1}, {} queries",
            record.method, e.hits, e.effective_samples, record.queries
        )?;
    }
    let one = (report.estimates.iter()).all(|r| r.seed == report.estimates[0].seed);
    if let Some(surest) = surest(&report.estimates).filter(|_| one) {
        let queries = report.settings.queries as f64;
        let found = |p: f64| 1.0 - (1.0 - p).powf(queries);
        let e = &surest.estimate;
        match e.hits {
            0 => writeln!(
                out,
                "By {}, architectures so good make up less than {:.1e} of the space, with 97.5 %: {queries} \
                 random ones hold one with a probability below {:.2}.",
                surest.method,
                e.ci95[1],
                found(e.ci95[1])
            )?,
            _ => writeln!(
                out,
                "By {}, architectures so good make up about {:.1e} of the space (95 % interval {:.1e} to \
                 {:.1e}): {queries} random ones hold one with probability about {:.2} ({:.2} to {:.2}).",
                surest.method,
                e.estimate,
                e.ci95[0],
                e.ci95[1],
                found(e.estimate),
                found(e.ci95[0]),
                found(e.ci95[1])
            )?,
        }
    }
    for s in report.summary.iter().filter(|s| s.seeds > 1) {
        let times = (s.times_below_monte_carlo).map_or("exact every time".into(), |t| {
            format!("squared error {t:.1} times below crude Monte Carlo's")
        });
        writeln!(
            out,
            "{:14} {} seeds: relative error {:.3}, bias {:+.0} %, {} within 50 %, {} intervals hold and {} end \
             too low, median width {:.2} times the exact value; {times}",
            s.method,
            s.seeds,
            s.relative_error,
            100.0 * s.bias,
            s.within_half,
            s.covered,
            s.too_low,
            s.median_width.unwrap_or(f64::NAN)
        )?;
    }
    Ok(())
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
