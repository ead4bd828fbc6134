//! `ganas report`: searches and benchmarks in one HTML page.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use ganas_core::error::Error;
use ganas_core::write_whole;
use ganas_report::Report;
use ganas_report::serve::Server;

use crate::end::End;
use crate::process::command_line;
use crate::terminal;
use ganas_report::gather::{Gathered, gather, tasks};
use ganas_study::VERSION;
use ganas_study::files::{prepare, unreadable};
use ganas_study::text::one_line;

const EXAMPLES: &str = "\
Examples:
  ganas report runs/digits-1
  ganas report runs/small runs/large --out comparison.html
  ganas bench --table nasbench201 \\
      --strategies ga-nas,random --queries 300 --seeds 10 --out runs/bench
  ganas report runs/bench
  ganas report results/nasbench101.json --out nasbench101.html
  ganas report --watch runs/digits-1
      shows a search while it runs, in a browser on this machine

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

    /// File for a chart of the fronts over all runs, as SVG: lines that half of the runs attain
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    svg: Option<PathBuf>,

    /// Title of the page [default: what was searched]
    #[arg(long)]
    title: Option<String>,

    /// Serve the page on this machine instead, and load it again when the runs change; Ctrl-C ends it
    #[arg(long, conflicts_with = "out")]
    watch: bool,

    /// Port of `--watch`; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 8764, requires = "watch")]
    port: u16,

    /// Print nothing
    #[arg(long)]
    quiet: bool,
}

/// Page of some runs.
struct Page {
    html: String,
    runs: usize,
    /// Chart of the fronts, if there are several objectives.
    chart: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// If there is nothing to show, the file cannot be written, or the port is in use.
pub fn run(args: &ReportArgs) -> Result<End> {
    if args.watch {
        return watch(args);
    }
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
    args.svg.as_deref().map_or(Ok(()), prepare)?;
    for problem in &gathered.problems {
        eprintln!("warning: {}", one_line(&problem.to_string()));
    }
    let page = page(args, gathered);
    write_whole(&out, |mut file| file.write_all(page.html.as_bytes()))?;
    if let Some(file) = &args.svg {
        let chart = page.chart.ok_or_else(|| {
            Error::input("there is no front to draw")
                .mend("name runs with several `--objective`, or leave `--svg` out")
        })?;
        write_whole(file, |mut f| f.write_all(chart.as_bytes()))?;
    }
    if !args.quiet {
        println!("{}", done(&out, page.runs, page.html.len()));
    }
    Ok(End::Done)
}

/// Serves the page until the process is interrupted.
fn watch(args: &ReportArgs) -> Result<End> {
    for path in &args.paths {
        fs::metadata(path).map_err(|e| unreadable(Error::io(path, e)))?;
    }
    let port = args.port;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|e| match e.kind() {
        ErrorKind::AddrInUse => Error::input(format!("the port {port} is in use"))
            .mend("name another by `--port`, or any free one by `--port 0`"),
        _ => Error::input(format!("the port {port} cannot be used ({e})"))
            .mend("name another by `--port`"),
    })?;
    if !args.quiet {
        let mut out = terminal::stdout();
        writeln!(out, "http://{}/ (Ctrl-C ends)", listener.local_addr()?)?;
        out.flush()?;
    }
    let server = Server::new(args.paths.clone(), || page(args, gather(&args.paths)).html);
    server.run(&listener)?;
    Ok(End::Done)
}

/// Makes the page of what was read.
fn page(args: &ReportArgs, gathered: Gathered) -> Page {
    let mut notes: Vec<String> = (gathered.problems.iter())
        .map(|problem| format!("Left out: {}.", one_line(&problem.to_string())))
        .collect();
    let runs = gathered.runs.len();
    let tasks = tasks(gathered.runs, crate::registry::registry());
    if let several @ 2.. = tasks.len() {
        notes.push(format!(
            "These are runs of {several} tasks: their spaces, objectives or what evaluates \
             them differ. Only runs of the same task are compared."
        ));
    }
    let title = args.title.clone().unwrap_or_else(|| match &tasks[..] {
        [task] => format!("{} by {}", task.space, task.objective),
        _ => format!("{runs} runs of {} tasks", tasks.len()),
    });
    let chart = tasks.iter().find_map(ganas_report::front_svg);
    let report = Report {
        title,
        ganas: VERSION.into(),
        command: command_line(),
        notes,
        tasks,
        suites: gathered.suites,
    };
    Page {
        html: report.html(),
        runs,
        chart,
    }
}

fn done(out: &Path, runs: usize, bytes: usize) -> String {
    let runs = match runs {
        1 => "1 run".to_owned(),
        _ => format!("{runs} runs"),
    };
    format!("{}: {runs}, {:.2} MB", out.display(), bytes as f64 / 1e6)
}
