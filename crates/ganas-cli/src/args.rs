//! Arguments of the command line: plain data, nothing opened yet.

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use ganas_study::text::one_line;

use crate::command::{
    bench, completions, export, man, measure, pretrain, proxies, rare_event, report, resume, run,
    search, space, supernet, surrogate, table,
};

const EXAMPLES: &str = "\
Examples:
  ganas search
  ganas search --table nasbench201
  ganas bench --table nasbench201 \\
      --strategies ga-nas,local-search --queries 200 --seeds 10
  ganas export resnet --space nasbench101 --to pytorch --out resnet.py";

/// Neural architecture search: the best architecture of a space with the fewest evaluations,
/// under hard constraints.
#[derive(Debug, Parser)]
#[command(name = "ganas", version = ganas_study::VERSION, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// Subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Search for the best architecture
    Search(search::SearchArgs),
    /// Run a search, a benchmark or a suite from a file
    Run(run::RunArgs),
    /// Continue a search that was interrupted or killed, or give it more queries
    Resume(resume::ResumeArgs),
    /// Compare strategies over many seeds on a table
    Bench(bench::BenchArgs),
    /// Show searches and benchmarks in one HTML page
    Report(report::ReportArgs),
    /// Write an architecture as a PyTorch module, an ONNX model, a drawing, a graph or JSON
    Export(export::ExportArgs),
    /// Estimate the probability that a random architecture reaches a level
    RareEvent(rare_event::RareEventArgs),
    /// Compile, describe and query benchmark tables
    Table(table::TableArgs),
    /// Describe, count, enumerate and sample search spaces
    Space(space::SpaceArgs),
    /// Train weights that all networks of a space share, and score architectures by them
    Supernet(supernet::SupernetArgs),
    /// Fit models to a table that predict its metrics for the whole space
    Surrogate(surrogate::SurrogateArgs),
    /// Write completions for a shell
    Completions(completions::CompletionsArgs),
    /// Time a network on this machine
    Measure(measure::MeasureArgs),
    /// Train generator and discriminator on earlier tasks, for searches that start from them
    Pretrain(pretrain::PretrainArgs),
    /// Compute zero-cost proxies of architectures
    Proxies(proxies::ProxiesArgs),
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

/// Picks the examples of one command from those of its parent.
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
