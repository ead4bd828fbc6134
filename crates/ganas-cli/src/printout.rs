//! Text that `ganas bench` prints.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use ganas_study::record::{BenchReport, SuiteReport, Summary};
use ganas_study::record::{Comparison, Standing};

const HEADER: [&str; 13] = [
    "strategy",
    "preset",
    "seeds",
    "mean best ± std",
    "mean rank",
    "optimum",
    "median queries to it",
    "mean queries to best",
    "median s",
    "mean reported ± std",
    "mean rank of it",
    "measured - best row",
    "predicted - best row",
];

/// The columns that are printed only where there is something in them.
const OPTIONAL: usize = 9;

/// Prints the summaries as a table, and the table's best row below it.
///
/// # Errors
/// If nothing can be written.
pub fn print(report: &BenchReport, out: &mut impl Write) -> io::Result<()> {
    if report.summary.iter().any(|s| s.shares.is_some()) {
        return print_fronts(report, out);
    }
    let spread = |mean: Option<f64>, std: Option<f64>| match (mean, std) {
        (Some(mean), Some(std)) => format!("{mean:.5} ± {std:.5}"),
        _ => "-".into(),
    };
    let distance = |mean: Option<f64>| mean.map(|mean| format!("{mean:+.5}"));
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(report.summary.iter().map(|s| {
        [
            s.strategy.clone(),
            s.preset.clone(),
            s.seeds.to_string(),
            spread(s.mean_best, s.std_best),
            number(s.mean_rank, 2),
            // Without a table nobody knows the optimum, and without a rank there is none.
            match s.mean_rank {
                Some(_) => format!("{}/{}", s.found_optimum, s.seeds),
                None => "-".into(),
            },
            median(s),
            number(s.mean_queries_to_best, 1),
            format!("{:.3}", s.median_seconds),
            spread(s.mean_reported, s.std_reported),
            number(s.mean_reported_rank, 2),
            match (distance(s.mean_measured_distance), s.measured) {
                (Some(mean), Some(runs)) => format!("{mean} in {runs}/{}", s.seeds),
                (None, Some(_)) => format!("none in {}", s.seeds),
                _ => "-".into(),
            },
            distance(s.mean_predicted_distance).unwrap_or_else(|| "-".into()),
        ]
    }));
    let filled = |column: usize| rows.iter().skip(1).any(|row| row[column] != "-");
    let columns: Vec<usize> = (0..HEADER.len())
        .filter(|&column| column < OPTIONAL || filled(column))
        .collect();
    let rows: Vec<Vec<String>> = (rows.iter())
        .map(|row| columns.iter().map(|&column| row[column].clone()).collect())
        .collect();
    align(&rows, out)?;
    match &report.best_row {
        Some(best) => writeln!(
            out,
            "the table's best row that complies: {} {}, {}",
            best.column, best.value, best.arch
        ),
        None => Ok(()),
    }
}

/// Prints the hypervolumes of each strategy by number of queries, and the reference point below them.
fn print_fronts(report: &BenchReport, out: &mut impl Write) -> io::Result<()> {
    let budgets: Vec<usize> = (report.summary.iter())
        .filter_map(|s| s.shares.as_ref())
        .flat_map(|shares| shares.mean_share_at.keys().copied())
        .collect::<BTreeSet<usize>>()
        .into_iter()
        .collect();
    let mut header = ["strategy", "preset", "seeds"].map(String::from).to_vec();
    header.extend(budgets.iter().map(|b| format!("share at {b} ± std")));
    header.extend(["front", "median s"].map(String::from));
    let row = |s: &Summary| -> Vec<String> {
        let mut row = vec![s.strategy.clone(), s.preset.clone(), s.seeds.to_string()];
        let shares = s.shares.as_ref();
        row.extend(budgets.iter().map(|b| {
            let at = |map: &BTreeMap<usize, f64>| map.get(b).copied();
            let mean = shares.and_then(|shares| at(&shares.mean_share_at));
            let std = shares.and_then(|shares| at(&shares.std_share_at));
            match (mean, std) {
                (Some(mean), Some(std)) => format!("{mean:.4} ± {std:.4}"),
                _ => "-".into(),
            }
        }));
        row.push(number(shares.map(|shares| shares.mean_front_size), 1));
        row.push(format!("{:.3}", s.median_seconds));
        row
    };
    let rows: Vec<Vec<String>> = std::iter::once(header)
        .chain(report.summary.iter().map(row))
        .collect();
    align(&rows, out)?;
    let reference = report.reference.iter();
    let reference: Vec<String> = reference.map(|(name, v)| format!("{name} {v}")).collect();
    match &report.table_front {
        Some(table) => writeln!(
            out,
            "share of the hypervolume of the table's front: {} of {} rows; reference {}",
            table.size,
            table.rows,
            reference.join(", ")
        ),
        None => writeln!(
            out,
            "share of the box between each run's reference and its best values"
        ),
    }
}

/// The median of the queries to the optimum with its interval, whose upper end is missing where too few
/// runs found it.
fn median(summary: &Summary) -> String {
    let number = |value: Option<f64>| value.map_or("-".into(), |v| v.to_string());
    let median = number(summary.median_queries_to_optimum);
    match summary.median_queries_to_optimum_interval {
        Some([Some(low), high]) => format!("{median} ({low} to {})", number(high)),
        _ => median,
    }
}

/// Prints the tasks' summaries, then what they say together.
///
/// # Errors
/// If nothing can be written.
pub fn print_suite(report: &SuiteReport, out: &mut impl Write) -> io::Result<()> {
    for task in &report.tasks {
        writeln!(out, "{}", task.name)?;
        print(&task.report, out)?;
        writeln!(out)?;
    }
    let tables = report.tables;
    writeln!(
        out,
        "mean normalised rank by number of queries (0 is ahead of all runs), and runs at the best and the best 0.1 %, over {} of {}",
        counted(report.tasks.len(), "task"),
        counted(tables, "table"),
    )?;
    let budgets: Vec<usize> = (report.standings.first())
        .map(|s| s.mean_rank_at.keys().copied().collect())
        .unwrap_or_default();
    let mut header = vec!["strategy".to_owned(), "preset".into()];
    header.extend(budgets.iter().map(usize::to_string));
    header.extend(["end", "best", "top"].map(String::from));
    let ranked = (report.tasks.iter()).any(|task| task.report.optimum.is_some());
    let percent = |curve: &[(usize, f64)]| {
        if ranked {
            format!(
                "{:.0} %",
                100.0 * curve.last().map_or(0.0, |(_, share)| *share)
            )
        } else {
            "-".into()
        }
    };
    let row = |s: &Standing| -> Vec<String> {
        let mut row = vec![s.strategy.clone(), s.preset.clone()];
        row.extend(
            budgets
                .iter()
                .map(|b| number(s.mean_rank_at.get(b).copied(), 3)),
        );
        let end = number(s.mean_final_rank, 3);
        row.push(match s.mean_final_rank_interval {
            Some([low, high]) => format!("{end} ({low:.3} to {high:.3})"),
            None => end,
        });
        row.extend([percent(&s.optimum_attained), percent(&s.top_attained)]);
        row
    };
    let rows: Vec<Vec<String>> = std::iter::once(header)
        .chain(report.standings.iter().map(row))
        .collect();
    align(&rows, out)?;
    if report.comparisons.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    writeln!(
        out,
        "how often a run ends better than another one, with its 95 % interval by a bootstrap over the tables (sign-flip test over {}, p by Holm)",
        counted(tables, "table"),
    )?;
    let row = |c: &Comparison| {
        vec![
            c.a.clone(),
            format!("over {}", c.b),
            format!("{:.0} %", 100.0 * c.a_is_better),
            match c.interval {
                Some([low, high]) => format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high),
                None => "too few tables".into(),
            },
            format!("p {:.3}", c.p_holm),
        ]
    };
    align(&report.comparisons.iter().map(row).collect::<Vec<_>>(), out)
}

fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |v| format!("{v:.digits$}"))
}

/// Prints rows of one length in columns: two of words, the rest of numbers.
fn align(rows: &[Vec<String>], out: &mut impl Write) -> io::Result<()> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).filter_map(width).collect();
    for row in rows {
        let cells: Vec<String> = (row.iter().zip(&widths).enumerate())
            .map(|(i, (cell, &width))| match i {
                0 | 1 => format!("{cell:width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        writeln!(out, "{}", cells.join("  "))?;
    }
    Ok(())
}
