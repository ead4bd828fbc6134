//! The command line of ganas, and the same for programs that it is embedded in.

#![forbid(unsafe_code)]

mod args;
mod command;
mod end;
mod interrupt;
mod names;
mod printout;
mod process;
mod registry;
mod reporter;
mod spec_args;
mod terminal;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use anyhow::Result;
use clap::{FromArgMatches, Parser};
use ganas_core::error::{self, Error, Setting};

use ganas_study::spec::StudySpec;

pub use registry::{install, registry};

use end::End;

use args::{Cli, Command};

/// The exit code of a search that found no architecture that can be used.
const NOTHING: u8 = 3;

/// Runs the command that this process was started with; how it ended.
pub fn main() -> ExitCode {
    ExitCode::from(main_with(std::env::args_os()))
}

/// Runs the command that the words after `ganas` name, one that writes a file and ends, such as `export`
/// or `report`.
///
/// # Errors
/// If some of it cannot be used, or the file cannot be written.
pub fn command(words: &[String]) -> Result<()> {
    let program = ["ganas".to_owned()];
    match Cli::try_parse_from(program.iter().chain(words)) {
        Ok(cli) => run(cli.command).map(drop),
        Err(e) => {
            let what = args::brief(&e);
            Err(Error::input(what.strip_prefix("error: ").unwrap_or(&what)).into())
        }
    }
}

/// Runs the command of these words, the program's name first; the exit code.
pub fn main_with(words: impl IntoIterator<Item = OsString>) -> u8 {
    interrupt::keep_to_nohup();
    let words: Vec<OsString> = words.into_iter().collect();
    process::started_with(&words);
    let parsed = (args::command().try_get_matches_from(words))
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(e) => return args::refuse(&e),
    };
    match run(cli.command) {
        Ok(End::Done) => 0,
        Ok(End::Nothing) => NOTHING,
        Ok(End::Interrupted) => interrupt::EXIT_CODE,
        // The reader has seen enough, as with `ganas space enumerate | head`.
        Err(e) if is_broken_pipe(&e) => 0,
        Err(e) => {
            let line = error::line(e.as_ref(), option);
            eprintln!("error: {}", ganas_study::text::one_line(&line));
            match e.downcast_ref() {
                Some(Error::Input(_)) => 2,
                _ => 1,
            }
        }
    }
}

fn run(command: Command) -> Result<End> {
    ganas_study::threads::start()?;
    match command {
        Command::Search(args) => command::search::run(&args),
        Command::Run(args) => command::run::run(&args),
        Command::Resume(args) => command::resume::run(&args, &legacy),
        Command::Bench(args) => command::bench::run(&args),
        Command::Report(args) => command::report::run(&args),
        Command::Export(args) => command::export::run(&args),
        Command::RareEvent(args) => command::rare_event::run(&args),
        Command::Completions(args) => command::completions::run(&args, args::command()),
        Command::Man(args) => command::man::run(&args, args::command()),
        Command::Measure(args) => command::measure::run(&args),
        Command::Pretrain(args) => command::pretrain::run(&args),
        Command::Proxies(args) => command::proxies::run(&args),
        Command::Table(args) => command::table::run(&args),
        Command::Space(args) => command::space::run(&args),
        Command::Supernet(args) => command::supernet::run(&args),
        Command::Surrogate(args) => command::surrogate::run(&args),
    }
}

/// Writes a setting as an option: `--duplicates mean`.
fn option(setting: &Setting) -> String {
    let name = setting.name.replace('_', "-");
    match &setting.value {
        Some(value) => format!("--{name} {value}"),
        None => format!("--{name}"),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    // A file that cannot be written is an error, a pipe or not.
    let is_of_file = error.downcast_ref::<Error>().is_some();
    let mut causes = error.chain().filter_map(|e| e.downcast_ref::<io::Error>());
    !is_of_file && causes.any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Reads the command line of a run of a version before 0.2, which kept no specification.
///
/// # Errors
/// If it is not a command line of this program.
pub fn legacy(words: &[String]) -> Result<StudySpec, String> {
    let program = ["ganas".to_owned()];
    match Cli::try_parse_from(program.iter().chain(words)).map(|cli| cli.command) {
        Ok(Command::Search(args)) => Ok(StudySpec::Search(Box::new(args.spec.0))),
        Ok(Command::Bench(args)) => Ok(StudySpec::Bench(Box::new(args.spec.0))),
        Ok(_) => Err("it is of another command".into()),
        Err(e) => Err(format!("this program does not know it ({})", e.kind())),
    }
}
