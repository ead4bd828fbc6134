//! What is typed: plain data, nothing opened yet.

use std::path::PathBuf;

use clap::error::{ContextKind, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::command::{
    bench, completions, export, man, rare_event, report, resume, search, space, supernet,
    surrogate, table,
};
use crate::device::DeviceArgs;
use crate::direction::Aim;
use crate::names;
use crate::output::one_line;
use crate::reading::ReadingArgs;
use crate::recipe::{DataArgs, RecipeArgs};
use crate::workers::WorkerArgs;

const EXAMPLES: &str = "\
Examples:
  ganas search
  ganas search --space nasbench201 --table nasbench201.csv.gz --objective cifar10_test
  ganas bench --space nasbench201 --table nasbench201.csv.gz --objective cifar10_test \\
      --strategies ga-nas,local-search --queries 200 --seeds 10
  ganas export resnet --space nasbench101 --to pytorch --out resnet.py";

/// Neural architecture search: the best architecture of a space with the fewest evaluations,
/// under hard constraints.
#[derive(Debug, Parser)]
#[command(name = "ganas", version = crate::VERSION, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Search for the best architecture
    Search(search::SearchArgs),
    /// Go on with a search that was interrupted, killed or is to spend more queries
    Resume(resume::ResumeArgs),
    /// Compare strategies over many seeds on a table
    Bench(bench::BenchArgs),
    /// Show searches and benchmarks in one HTML page
    Report(report::ReportArgs),
    /// Write an architecture as a PyTorch module, an ONNX model, a drawing, a graph or JSON
    Export(export::ExportArgs),
    /// Estimate how likely a random architecture is to be at least so good
    RareEvent(rare_event::RareEventArgs),
    /// Compile, describe and query benchmark tables
    Table(table::TableArgs),
    /// Describe, count, enumerate and sample search spaces
    Space(space::SpaceArgs),
    /// Train weights that all cells of a space share, and score cells by them
    Supernet(supernet::SupernetArgs),
    /// Fit models to a table that predict its metrics for the whole space
    Surrogate(surrogate::SurrogateArgs),
    /// Write completions for a shell
    Completions(completions::CompletionsArgs),
    /// Write the manual
    Man(man::ManArgs),
}

/// The command line. A command without examples of its own has those of its parent that are about
/// it.
pub fn command() -> clap::Command {
    with_examples(Cli::command(), "ganas")
}

fn with_examples(command: clap::Command, path: &str) -> clap::Command {
    let all = command.get_after_help().map(ToString::to_string);
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        let own = all.as_ref().filter(|_| sub.get_after_help().is_none());
        let sub = match own.and_then(|all| examples_of(all, &path)) {
            Some(own) => sub.after_help(own),
            None => sub,
        };
        with_examples(sub, &path)
    })
}

/// The examples of a command among others, with the lines that go on with them.
fn examples_of(all: &str, path: &str) -> Option<String> {
    let mut kept = String::from("Examples:");
    let mut keeps = false;
    for line in all.lines().skip(1) {
        if !line.starts_with("   ") {
            keeps = line.contains(&format!("{path} ")) || line.ends_with(path);
        }
        if keeps {
            kept.push('\n');
            kept.push_str(line);
        }
    }
    (kept.lines().count() > 1).then_some(kept)
}

/// What is searched, as `search` and `bench` share it.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct TaskArgs {
    /// Search space: a name that `ganas space list` shows, or a TOML file
    /// [default: nasbench201, where networks are trained]
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    pub space: Option<String>,

    /// Table of evaluated architectures (CSV, CSV.gz, Parquet, NAS-Bench-101's TFRecord);
    /// docs/tables.md says what is read
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,

    #[command(flatten)]
    pub reading: ReadingArgs,

    /// Train every candidate on a dataset: digits (built in), or a folder with CIFAR-10, CIFAR-100,
    /// files of the MNIST family, or a sub-folder of images for each class
    #[arg(long, value_name = "DATASET")]
    pub train: Option<String>,

    /// Score candidates by the shared weights that `ganas supernet train` left in a folder
    #[arg(long, value_name = "DIR")]
    pub supernet: Option<PathBuf>,

    /// Score candidates by the models that `ganas surrogate fit` wrote, or by those that a TOML file
    /// describes
    #[arg(long, value_name = "FILE")]
    pub surrogate: Option<PathBuf>,

    /// Metric to search for, as NAME, NAME:min or NAME:max: a column of the table; accuracy (the
    /// default) or loss of networks
    ///
    /// Without a direction, `loss` is minimised and every other metric is maximised, wherever it comes
    /// from. A line on standard error says which way it goes.
    /// With `--supernet`, loss orders architectures better than accuracy, the more so the fewer the
    /// images are.
    #[arg(long, value_name = "METRIC")]
    pub objective: Option<String>,

    /// Column of the table to report the best architecture's value and rank in, too
    #[arg(long, value_name = "COLUMN")]
    pub report: Option<String>,

    /// Re-evaluate the N best that the search found in the column of `--report`, and report the
    /// best of them there; each takes one of the queries
    #[arg(long, value_name = "N", requires = "report")]
    pub reevaluate: Option<usize>,

    /// Standard deviation of Gaussian noise that is added to the objective from a table, drawn
    /// anew for each evaluation
    ///
    /// What is reported of the architecture that the search likes best is its value without noise.
    #[arg(long, value_name = "SIGMA", requires = "table")]
    pub noise: Option<f64>,

    /// Networks that are trained or scored at once, or workers of `--command`; results do not depend
    /// on their number [default: one a core, at most 4 on a graphics card; 1 worker]
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,

    /// Where the dataset of the supernet is now [default: where it was]
    #[arg(long, value_name = "DATASET", requires = "supernet")]
    pub data: Option<String>,

    /// Validation images that the supernet scores by [default: all]
    #[arg(long, value_name = "N", requires = "supernet")]
    pub images: Option<usize>,

    /// Program that the search is embedded in, and that evaluates: what its runs have on record
    #[arg(long, value_name = "PROGRAM", hide = true)]
    pub caller: Option<String>,

    /// Further metric that workers of `--command` send, to be kept in the journal and in
    /// `evaluations.csv`; can be given several times
    ///
    /// The objective and what constraints are about are kept anyway. A cost of the space, such as
    /// `params`, is what workers send of it if it is named here.
    #[arg(long, value_name = "METRIC", help_heading = "Workers")]
    pub metric: Vec<String>,

    #[command(flatten)]
    pub workers_of: WorkerArgs,

    #[command(flatten)]
    pub recipe: RecipeArgs,

    #[command(flatten)]
    pub images_of: DataArgs,

    #[command(flatten)]
    pub device: DeviceArgs,

    /// Architecture to evaluate first, in the space's notation or by its name; can be given several
    /// times
    #[arg(long, value_name = "ARCH")]
    pub start: Vec<String>,

    /// Bound on a metric, as in `params <= 5.3e6`; can be given several times
    ///
    /// `params <= @start` compares with the first `--start`, `0.9*@resnet` with an architecture
    /// that has a name. Columns of the table and the space's own costs are metrics; where both have a
    /// name, the column counts. Architectures that break a bound on a cost of the space are never
    /// evaluated; those that break another bound are evaluated, but never count as found.
    #[arg(long, value_name = "EXPR")]
    pub constraint: Vec<String>,

    /// How random architectures are drawn: uniform or adjacency [default: the space's first]
    #[arg(long, value_name = "SAMPLER")]
    pub sampler: Option<String>,

    /// Search for the smallest value instead of the largest, as `--objective NAME:min` does
    #[arg(long)]
    pub minimize: bool,

    /// Stop once the objective is at least as good as this; `best` is the best that the table holds
    /// within the constraints
    #[arg(long, value_name = "VALUE|best", allow_negative_numbers = true)]
    pub target: Option<String>,

    /// Count isomorphic strings of edge cells, as those of nasbench201, as one architecture
    ///
    /// Of the ops, `none` carries nothing and `skip_connect` passes on what it gets. Its value is the
    /// mean over the table's rows of the class.
    #[arg(long)]
    pub merge_isomorphic: bool,

    /// Evaluate each notation by itself, even where networks are the same
    ///
    /// Where networks are trained, those that differ only by ops without a layer are one
    /// architecture: by `absent` and `identity` in the space file, and with `--train` by `none`,
    /// `skip_connect` and `identity`. The rows of a table are apart anyway.
    #[arg(long)]
    pub keep_apart: bool,
}

impl TaskArgs {
    /// The objective, if it is named.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn aim(&self) -> ganas_core::error::Result<Option<Aim>> {
        let aim = |text: &String| Aim::parse(text, self.minimize);
        self.objective.as_ref().map(aim).transpose()
    }
}

/// Reports arguments that cannot be used on one line, or prints the help that was asked for; the exit
/// code.
pub fn refuse(error: &clap::Error) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is the reader's own wish.
            let _ = error.print();
            0
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            2
        }
        _ => {
            eprintln!("{}", brief(error));
            2
        }
    }
}

/// A usage error without clap's paragraphs.
pub fn brief(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let body: Vec<&str> = (text.split("\n\n"))
        .filter(|p| !p.starts_with("Usage:") && !p.starts_with("For more information"))
        .map(str::trim)
        .collect();
    let help = match error.get(ContextKind::Usage) {
        Some(usage) => {
            let usage = usage.to_string();
            let words = usage.trim_start_matches("Usage:").split_whitespace();
            let command: Vec<&str> = words
                .take_while(|w| !w.starts_with(['[', '<', '-']))
                .collect();
            format!("{} --help", command.join(" "))
        }
        None => "ganas --help".into(),
    };
    format!("{}; see `{help}`", one_line(&body.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command and all below it, with their paths.
    fn all(command: &clap::Command, path: &str, found: &mut Vec<(String, clap::Command)>) {
        found.push((path.to_owned(), command.clone()));
        for sub in command.get_subcommands() {
            all(sub, &format!("{path} {}", sub.get_name()), found);
        }
    }

    fn commands() -> Vec<(String, clap::Command)> {
        let mut found = Vec::new();
        all(&command(), "ganas", &mut found);
        found
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        for (path, command) in commands() {
            let help = command.get_after_help().map(ToString::to_string);
            let help = help.unwrap_or_default();
            assert!(help.contains("Examples:") && help.contains(&path), "{path}");
        }
    }

    #[test]
    fn examples_are_understood() {
        for (path, command) in commands() {
            let help = command.get_after_help().map(ToString::to_string);
            let joined = help.unwrap_or_default().replace("\\\n", " ");
            for line in joined.lines().filter(|l| l.starts_with("  ganas ")) {
                let words = shell_words::split(line).unwrap();
                for piped in words.split(|word| word == "|") {
                    let words = piped.split(|word| word == ">" || word == "2>").next();
                    let words = words.unwrap_or_default();
                    if words.first().is_some_and(|word| word == "ganas") {
                        let parsed = super::command().try_get_matches_from(words);
                        assert!(parsed.is_ok(), "{path}: {line}: {:?}", parsed.err());
                    }
                }
            }
        }
    }
}
