//! The printed result of a search.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use ganas_core::driver::StopReason;
use ganas_draw::Drawing;
use ganas_study::record::{FrontMember, Improved, SearchReport};
use ganas_study::run::shown;
use ganas_study::task::Task;
use ganas_study::text::{one_line, rounded};
use ganas_train::Feed;
use ganas_train::device::CPU;

use crate::terminal;

/// Lines of a result: each a name and a text.
struct Lines<'r> {
    report: &'r SearchReport,
    task: &'r Task,
    lines: Vec<(&'r str, String)>,
}

/// Prints a result for people.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(report: &SearchReport, task: &Task, folder: Option<&Path>) -> Result<()> {
    let mut all = Lines {
        report,
        task,
        lines: Vec::new(),
    };
    match &report.front {
        Some(front) if !front.is_empty() => all.front(front),
        _ => all.best(),
    }
    all.others();
    all.winner();
    all.spent();
    all.end(folder);
    let lines = all.lines;
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = terminal::stdout();
    for (name, text) in lines {
        writeln!(out, "{name:width$}  {text}")?;
    }
    draw(report, task, &mut out)
}

/// Draws the winner, and the differences of the best to each starting point.
fn draw(report: &SearchReport, task: &Task, out: &mut impl Write) -> Result<()> {
    if let Some(winner) = &report.winner
        && let Ok(arch) = task.space.parse(&winner.arch)
    {
        write!(out, "\n{}", Drawing::of(&*task.space, &arch)?.text())?;
    }
    let best = report.run.best_arch.as_ref();
    let Some(best) = best.and_then(|arch| task.space.parse(arch).ok()) else {
        return Ok(());
    };
    for start in task.start.iter().filter(|start| **start != best) {
        let difference = Drawing::between(&*task.space, start, &best)?;
        write!(out, "\n{}", difference.text())?;
    }
    Ok(())
}

/// Architectures of a front that are listed.
const LISTED: usize = 12;

/// Evenly spread indices among `count`, the first and the last included.
fn spread(count: usize, listed: usize) -> Vec<usize> {
    if count <= listed {
        return (0..count).collect();
    }
    (0..listed)
        .map(|i| i * (count - 1) / (listed - 1))
        .collect()
}

impl<'r> Lines<'r> {
    /// The front: its hypervolume, and its architectures by the first objective.
    fn front(&mut self, front: &[FrontMember]) {
        let (report, task) = (self.report, self.task);
        let listed = spread(front.len(), LISTED);
        let count = match (front.len(), listed.len()) {
            (1, _) => "1 architecture".to_owned(),
            (all, few) if few < all => format!("{all} architectures, {few} of them listed"),
            (all, _) => format!("{all} architectures"),
        };
        self.add("front", count);
        for i in listed {
            let member = &front[i];
            let values = task.objectives.iter().map(|objective| {
                let value = member.metrics.get(&objective.metric).copied().flatten();
                let value = value.map_or_else(|| "?".into(), rounded);
                format!("{} {value}", objective.metric)
            });
            let values: Vec<String> = values.collect();
            self.add("", format!("{}  {}", values.join(", "), member.arch));
        }
        if let Some(record) = &report.run.front {
            let share = match (record.hypervolume_share, &report.table_front) {
                (Some(share), Some(table)) => format!(
                    "{:.4}, {:.2} % of that of the table's front of {}",
                    record.hypervolume,
                    100.0 * share,
                    table.size
                ),
                _ => format!("{:.4} of the box", record.hypervolume),
            };
            self.add("hypervolume", share);
        }
        let reference = report.reference.iter();
        let reference: Vec<String> = reference
            .map(|(name, value)| format!("{name} {}", rounded(*value)))
            .collect();
        self.add("reference", reference.join(", "));
        self.add("queries", report.run.queries.to_string());
    }

    fn add(&mut self, name: &'r str, text: impl Into<String>) {
        self.lines.push((name, text.into()));
    }

    /// The best architecture, its objective and the queries that it took; without one, the reason.
    fn best(&mut self) {
        let (report, task) = (self.report, self.task);
        let run = &report.run;
        let (Some(arch), Some(best), Some(query)) = (&run.best_arch, run.best, run.queries_to_best)
        else {
            return self.nothing();
        };
        self.add("best", arch.clone());
        if let (Some(row), Some(table)) = (&report.row, &task.table) {
            self.add("row", shown(row, table, arch));
        }
        self.add(&report.objective, standing(best, run.best_rank, task));
        if let (Some(column), Some(value), Some(rank)) =
            (&task.report, run.reported, run.reported_rank)
        {
            let all = column.ranking.len();
            self.add(
                &column.name,
                format!("{}, rank {rank} of {all}", rounded(value)),
            );
            if let (Some(arch), Some(count)) = (&run.reported_arch, run.reevaluated) {
                self.add("", format!("{arch}, the best there of the best {count}"));
            }
        }
        if let Some(seen) = run.seen {
            self.add("seen", format!("{}, with noise", rounded(seen)));
        }
        let found = match query {
            0 => "and the best was known before".into(),
            _ => format!("{query} to the best"),
        };
        self.add("queries", format!("{}, {found}", run.queries));
        self.cost();
    }

    /// The cost of all evaluations, and the level that the best was evaluated at.
    fn cost(&mut self) {
        let Some((run, axis)) = (self.report.run.fidelity.as_ref()).zip(self.task.axis.as_ref())
        else {
            return;
        };
        let name = axis.name();
        let to_best = run.cost_to_best.unwrap_or_default();
        self.add(
            "cost",
            format!("{} {name}, {to_best} to the best", run.cost),
        );
        let (low, high) = axis.levels().into_inner();
        let level = run.recommended_at.unwrap_or(low);
        let count = run.trained_to_max;
        let text = if level < high {
            format!(
                "the best is known up to {level} of {high} {name}; more `--cost` takes it further"
            )
        } else {
            format!("{count} of the architectures were evaluated at {high} {name}")
        };
        self.add("", text);
    }

    /// The reason why there is no best architecture.
    fn nothing(&mut self) {
        let run = &self.report.run;
        let why = match (run.queries, run.failed) {
            (0, _) => "nothing was evaluated",
            (queries, failed) if queries == failed => "every evaluation failed",
            _ => "no architecture met the constraints",
        };
        self.add("best", format!("none: {why}"));
        if let Some(nearest) = &self.report.nearest {
            let breaches = nearest.breaches.join("; ");
            self.add("nearest", format!("{}: {breaches}", nearest.arch));
        }
        self.add("queries", run.queries.to_string());
    }

    /// Further architectures: the top ones and the starting points.
    fn others(&mut self) {
        let (report, task) = (self.report, self.task);
        for (place, top) in report.top.iter().enumerate() {
            let name = if place == 0 { "top" } else { "" };
            let text = match (&top.row, &task.table) {
                (Some(row), Some(table)) => shown(row, table, ""),
                _ => top.arch.clone(),
            };
            self.add(name, format!("{}. {}  {text}", place + 1, top.value));
        }
        for start in &report.improved {
            self.add("start", start.start.clone());
            for change in changes(start, report.run.best, task) {
                self.add("", change);
            }
        }
    }

    /// The winner after its last training.
    fn winner(&mut self) {
        let Some(winner) = &self.report.winner else {
            return;
        };
        self.add("winner", winner.arch.clone());
        let chosen = winner.finalists.iter().find(|f| f.arch == winner.arch);
        if let Some((accuracy, of)) = chosen.and_then(|f| Some((f.accuracy?, f.trainings))) {
            let count = winner.finalists.len();
            self.add(
                "",
                format!("{accuracy:.2} in {of} more trainings, the most of the best {count}"),
            );
        }
        self.add(
            "test",
            format!(
                "{:.2} % of {} images, after {} epochs on the other {}",
                winner.test_accuracy, winner.test_images, winner.epochs, winner.train_images
            ),
        );
        match &winner.comparison {
            Some(comparison) => {
                let [reached, gained] = comparison.lines();
                self.add("random", reached);
                self.add("gain", gained);
            }
            None => self.add(
                "random",
                "not trained for comparison, which would take longer than the search",
            ),
        }
        self.add(
            "weights",
            format!("{} ({} numbers)", winner.weights, winner.params),
        );
        self.add("drawing", winner.drawing.clone());
    }

    /// Devices, constraints and failures.
    fn spent(&mut self) {
        let (report, run) = (self.report, &self.report.run);
        let devices = &report.provenance.devices;
        if devices.iter().any(|name| name != CPU) {
            self.add("device", devices.join(", then "));
        }
        if !self.task.constraints.is_empty() {
            self.add(
                "constraints",
                format!(
                    "{}; {} rejected without a query, {} evaluated in vain",
                    report.provenance.task.constraints.join(", "),
                    run.rejected,
                    run.noncompliant
                ),
            );
        }
        let count = match run.failed {
            0 => return,
            1 => "1 evaluation".to_owned(),
            n => format!("{n} evaluations"),
        };
        match report.failure.as_deref().map(reason) {
            Some(why) => self.add("failed", format!("{count}; the first: {why}")),
            None => self.add("failed", count),
        }
    }

    /// The outlook, and how and where it ended.
    fn end(&mut self, folder: Option<&Path>) {
        let (report, run) = (self.report, &self.report.run);
        if let Some(outlook) = &report.outlook {
            self.add("outlook", outlook.sentence.clone());
            if let Some(exact) = outlook.exact {
                let best = match run.best_rank {
                    Some(1) => ", and none is better",
                    _ => "",
                };
                self.add("", format!("by the table, they make up {exact:.1e}{best}"));
            }
        }
        let stopped = match run.stop {
            StopReason::Budget if run.fidelity.is_some() => "the budget is spent",
            StopReason::Budget => "all queries are spent",
            StopReason::Target => "the target is reached",
            StopReason::Exhausted => "there was nothing left to propose",
            StopReason::Stalled => "the strategy found nothing new to propose",
            StopReason::Failures => "evaluations kept failing",
            StopReason::TimeLimit => {
                "the time limit is reached; `ganas resume` with a longer one continues"
            }
            StopReason::Interrupted if folder.is_some() => {
                "interrupted; `ganas resume` continues, given the folder"
            }
            StopReason::Interrupted => "interrupted",
        };
        self.add("stopped", stopped);
        self.add("seconds", format!("{:.2}", run.seconds));
        if let Some(folder) = folder {
            self.add("folder", folder.display().to_string());
        }
    }
}

/// Changes from a starting point to the best: the objective, then each constrained metric.
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

/// A reason as it is shown: it may be a whole page of another program.
pub fn reason(text: &str) -> String {
    one_line(text).chars().take(200).collect()
}
