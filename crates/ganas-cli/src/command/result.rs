//! The printed result of a search.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use ganas_core::driver::StopReason;
use ganas_draw::Drawing;
use ganas_study::record::{Improved, SearchReport};
use ganas_study::run::shown;
use ganas_study::task::Task;
use ganas_study::text::rounded;
use ganas_train::Feed;
use ganas_train::device::CPU;

use super::search::reason;
use crate::terminal;

/// Prints a result for people.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(report: &SearchReport, task: &Task, folder: Option<&Path>) -> Result<()> {
    let run = &report.run;
    let mut lines: Vec<(&str, String)> = Vec::new();
    match (&run.best_arch, run.best, run.queries_to_best) {
        (Some(arch), Some(best), Some(query)) => {
            lines.push(("best", arch.clone()));
            if let (Some(row), Some(table)) = (&report.row, &task.table) {
                lines.push(("row", shown(row, table, arch)));
            }
            lines.push((&report.objective, standing(best, run.best_rank, task)));
            if let (Some(column), Some(value), Some(rank)) =
                (&task.report, run.reported, run.reported_rank)
            {
                let all = column.ranking.len();
                lines.push((
                    &column.name,
                    format!("{}, rank {rank} of {all}", rounded(value)),
                ));
                if let (Some(arch), Some(count)) = (&run.reported_arch, run.reevaluated) {
                    lines.push(("", format!("{arch}, the best there of the best {count}")));
                }
            }
            if let Some(seen) = run.seen {
                lines.push(("seen", format!("{}, with noise", rounded(seen))));
            }
            let found = match query {
                0 => "and the best was known before".into(),
                _ => format!("{query} to the best"),
            };
            lines.push(("queries", format!("{}, {found}", run.queries)));
        }
        _ => {
            let why = match (run.queries, run.failed) {
                (0, _) => "nothing was evaluated",
                (queries, failed) if queries == failed => "every evaluation failed",
                _ => "no architecture met the constraints",
            };
            lines.push(("best", format!("none: {why}")));
            if let Some(nearest) = &report.nearest {
                let breaches = nearest.breaches.join("; ");
                lines.push(("nearest", format!("{}: {breaches}", nearest.arch)));
            }
            lines.push(("queries", run.queries.to_string()));
        }
    }
    for (place, top) in report.top.iter().enumerate() {
        let name = if place == 0 { "top" } else { "" };
        let text = match (&top.row, &task.table) {
            (Some(row), Some(table)) => shown(row, table, ""),
            _ => top.arch.clone(),
        };
        lines.push((name, format!("{}. {}  {text}", place + 1, top.value)));
    }
    for start in &report.improved {
        lines.push(("start", start.start.clone()));
        lines.extend(changes(start, run.best, task).map(|change| ("", change)));
    }
    if let Some(winner) = &report.winner {
        lines.push(("winner", winner.arch.clone()));
        let chosen = winner.finalists.iter().find(|f| f.arch == winner.arch);
        if let Some((accuracy, of)) = chosen.and_then(|f| Some((f.accuracy?, f.trainings))) {
            lines.push((
                "",
                format!(
                    "{accuracy:.2} in {of} more trainings, the most of the best {}",
                    winner.finalists.len()
                ),
            ));
        }
        lines.push((
            "test",
            format!(
                "{:.2} % of {} images, after {} epochs on the other {}",
                winner.test_accuracy, winner.test_images, winner.epochs, winner.train_images
            ),
        ));
        match &winner.comparison {
            Some(comparison) => {
                let [reached, gained] = comparison.lines();
                lines.extend([("random", reached), ("gain", gained)]);
            }
            None => lines.push((
                "random",
                "not trained for comparison, which would take longer than the search".into(),
            )),
        }
        lines.push((
            "weights",
            format!("{} ({} numbers)", winner.weights, winner.params),
        ));
        lines.push(("drawing", winner.drawing.clone()));
    }
    let devices = &report.provenance.devices;
    if devices.iter().any(|name| name != CPU) {
        lines.push(("device", devices.join(", then ")));
    }
    if !task.constraints.is_empty() {
        lines.push((
            "constraints",
            format!(
                "{}; {} rejected without a query, {} evaluated in vain",
                report.provenance.task.constraints.join(", "),
                run.rejected,
                run.noncompliant
            ),
        ));
    }
    if run.failed > 0 {
        let count = match run.failed {
            1 => "1 evaluation".to_owned(),
            n => format!("{n} evaluations"),
        };
        let why = report.failure.as_deref().map(reason);
        lines.push((
            "failed",
            why.map_or(count.clone(), |why: String| {
                format!("{count}; the first: {why}")
            }),
        ));
    }
    if let Some(outlook) = &report.outlook {
        lines.push(("outlook", outlook.sentence.clone()));
        if let Some(exact) = outlook.exact {
            let best = match run.best_rank {
                Some(1) => ", and none is better",
                _ => "",
            };
            lines.push(("", format!("by the table, they make up {exact:.1e}{best}")));
        }
    }
    lines.push((
        "stopped",
        match run.stop {
            StopReason::Budget => "all queries are spent",
            StopReason::Target => "the target is reached",
            StopReason::Exhausted => "there was nothing left to propose",
            StopReason::Stalled => "the strategy found nothing new to propose",
            StopReason::Failures => "evaluations kept failing",
            StopReason::TimeLimit => {
                "the time limit is reached; `ganas resume` with a longer one goes on"
            }
            StopReason::Interrupted if folder.is_some() => {
                "interrupted; `ganas resume` goes on, given the folder"
            }
            StopReason::Interrupted => "interrupted",
        }
        .into(),
    ));
    lines.push(("seconds", format!("{:.2}", run.seconds)));
    if let Some(folder) = folder {
        lines.push(("folder", folder.display().to_string()));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = terminal::stdout();
    for (name, text) in lines {
        writeln!(out, "{name:width$}  {text}")?;
    }
    if let Some(winner) = &report.winner
        && let Ok(arch) = task.space.parse(&winner.arch)
    {
        write!(out, "\n{}", Drawing::of(&*task.space, &arch)?.text())?;
    }
    let best = run
        .best_arch
        .as_ref()
        .and_then(|a| task.space.parse(a).ok());
    if let Some(best) = best {
        for start in task.start.iter().filter(|start| **start != best) {
            let difference = Drawing::between(&*task.space, start, &best)?;
            write!(out, "\n{}", difference.text())?;
        }
    }
    Ok(())
}

/// What changed from a starting point to the best: the objective, then each constrained metric.
fn changes(start: &Improved, best: Option<f64>, task: &Task) -> impl Iterator<Item = String> {
    let change = |name: &str, from: Option<f64>, to: Option<f64>| {
        let (Some(from), Some(to)) = (from, to) else {
            return format!("{name}: not measured");
        };
        let share = if from == 0.0 {
            String::new()
        } else {
            format!(", {:+.2} %", 100.0 * (to - from) / from.abs())
        };
        let sign = if to < from { "" } else { "+" };
        let by = format!("{sign}{}", rounded(to - from));
        format!("{name} {} -> {} ({by}{share})", rounded(from), rounded(to))
    };
    let objective = &task.objective.metric;
    let others = start.metrics.iter().filter(|(name, _)| *name != objective);
    let mut lines = vec![change(objective, start.value, best)];
    lines.extend(others.map(|(name, [from, to])| change(name, *from, *to)));
    lines.into_iter()
}

/// A value of the objective, and where it stands.
fn standing(best: f64, rank: Option<usize>, task: &Task) -> String {
    match (rank, &task.ranking, task.source.trained()) {
        (Some(rank), Some(ranking), _) => format!(
            "{}, rank {rank} of {} ({})",
            rounded(best),
            ranking.len(),
            match (rank, ranking.optimum()) {
                (2.., Some(optimum)) => format!("the table's best is {}", rounded(optimum)),
                _ => "the best of the table".into(),
            }
        ),
        (_, _, Some(trained)) => format!(
            "{} on {} validation images of {}",
            rounded(best),
            trained.training.task.validation().len(),
            trained.training.task.dataset().name()
        ),
        _ => rounded(best),
    }
}
