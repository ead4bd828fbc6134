//! Estimates printed as text.

use std::io::{self, Write};

use ganas_search::rare_event::{Estimate, Likelihood};

use ganas_study::rare_event::{Record, Report, Summary};

/// Most estimates that are printed one by one.
const SHOWN: usize = 30;

/// Prints the estimates, the surest of them in words, and how each method compares with the exact value.
///
/// # Errors
/// If the text cannot be written.
pub fn print(report: &Report, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "P({} reaches {}) of a random architecture of {}",
        report.objective, report.alpha, report.space
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
    for record in report.estimates.iter().take(SHOWN) {
        print_estimate(record, out)?;
    }
    let one = (report.estimates.iter()).all(|r| r.seed == report.estimates[0].seed);
    if let Some(surest) = surest(&report.estimates).filter(|_| one) {
        print_sentence(surest, report.settings.queries, out)?;
    }
    for summary in report.summary.iter().filter(|s| s.seeds > 1) {
        print_summary(summary, out)?;
    }
    Ok(())
}

fn print_estimate(record: &Record, out: &mut impl Write) -> io::Result<()> {
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
    )
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

/// Prints what an estimate means for a random search.
fn print_sentence(surest: &Record, queries: usize, out: &mut impl Write) -> io::Result<()> {
    let found = |p: f64| 1.0 - (1.0 - p).powf(queries as f64);
    let e = &surest.estimate;
    match e.hits {
        0 => writeln!(
            out,
            "By {}, architectures so good make up less than {:.1e} of the space, with 97.5 %: {queries} \
             random ones hold one with a probability below {:.2}.",
            surest.method,
            e.ci95[1],
            found(e.ci95[1])
        ),
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
        ),
    }
}

fn print_summary(summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let times = (summary.times_below_monte_carlo).map_or("exact every time".into(), |t| {
        format!("squared error {t:.1} times below crude Monte Carlo's")
    });
    writeln!(
        out,
        "{:14} {} seeds: relative error {:.3}, bias {:+.0} %, {} within 50 %, {} intervals hold and {} end \
         too low, median width {:.2} times the exact value; {times}",
        summary.method,
        summary.seeds,
        summary.relative_error,
        100.0 * summary.bias,
        summary.within_half,
        summary.covered,
        summary.too_low,
        summary.median_width.unwrap_or(f64::NAN)
    )
}
