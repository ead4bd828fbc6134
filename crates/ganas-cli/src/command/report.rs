//! `ganas report`: searches and benchmarks in one HTML page.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ganas_core::write_whole;
use ganas_report::Report;

use crate::end::End;
use crate::process::command_line;
use ganas_report::gather::{gather, tasks};
use ganas_study::VERSION;
use ganas_study::files::prepare;
use ganas_study::text::one_line;

const EXAMPLES: &str = "\
Examples:
  ganas report runs/digits-1
  ganas report runs/small runs/large --out comparison.html
  ganas bench --table nasbench201 \\
      --strategies ga-nas,random --queries 300 --seeds 10 --out runs/bench
  ganas report runs/bench
  ganas report results/nasbench101.json --out nasbench101.html

The page needs nothing beside it, and no network. Runs are shown as far as they came, whether they
are finished or not; only those with the same space, objective, constraints and table are compared.
docs/guide/report.md says how to read it.";

/// Arguments of `ganas report`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Folders of runs or of benchmarks, and JSON files that `search` or `bench` wrote
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// File to write [default: report.html in the folder, or here if there are several paths]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Title of the page [default: what was searched]
    #[arg(long)]
    title: Option<String>,

    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// If there is nothing to show, or the file cannot be written.
pub fn run(args: &ReportArgs) -> Result<End> {
    let mut gathered = gather(&args.paths);
    if gathered.runs.is_empty() && !gathered.problems.is_empty() {
        return Err(gathered.problems.remove(0).into());
    }
    let out = match (&args.out, &args.paths[..]) {
        (Some(out), _) => out.clone(),
        (None, [folder]) if folder.is_dir() => folder.join("report.html"),
        _ => PathBuf::from("report.html"),
    };
    prepare(&out)?;
    let mut notes = Vec::new();
    for problem in &gathered.problems {
        let problem = one_line(&problem.to_string());
        eprintln!("warning: {problem}");
        notes.push(format!("Left out: {problem}."));
    }
    let count = gathered.runs.len();
    let tasks = tasks(gathered.runs, crate::registry::registry());
    if let several @ 2.. = tasks.len() {
        notes.push(format!(
            "These are runs of {several} tasks: their spaces, objectives or what evaluates \
             them differ. Only runs of the same task are compared."
        ));
    }
    let title = args.title.clone().unwrap_or_else(|| match &tasks[..] {
        [task] => format!("{} by {}", task.space, task.objective),
        _ => format!("{count} runs of {} tasks", tasks.len()),
    });
    let report = Report {
        title,
        ganas: VERSION.into(),
        command: command_line(),
        notes,
        tasks,
        suites: gathered.suites,
    };
    let html = report.html();
    write_whole(&out, |mut file| file.write_all(html.as_bytes()))?;
    if !args.quiet {
        println!("{}", done(&out, count, html.len()));
    }
    Ok(End::Done)
}

fn done(out: &Path, runs: usize, bytes: usize) -> String {
    let runs = match runs {
        1 => "1 run".to_owned(),
        _ => format!("{runs} runs"),
    };
    format!("{}: {runs}, {:.2} MB", out.display(), bytes as f64 / 1e6)
}
