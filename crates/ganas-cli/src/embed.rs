//! Searches and benchmarks in another program, such as Python: what the command line does, without
//! standing on one.
//!
//! A search is named by the words of a command line all the same. They are checked as if they had
//! been typed, and kept with the run, so that either program goes on with what the other began.

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use clap::Parser;
use ganas_core::constraint::Predicate;
use ganas_core::driver::{Observer, Problem};
use ganas_core::error::Error;
use ganas_core::evaluate::Evaluator;
use ganas_core::journal::Finished;
use ganas_core::space::SearchSpace;

use crate::args::{Cli, Command, brief};
use crate::change::Change;
use crate::command::search::{Given, Prepared, SearchArgs};
use crate::command::{bench, resume};
use crate::execute::Host;
use crate::progress::Progress;
use crate::settings::Recorded;
use crate::source::Source;
use crate::threads;

pub use crate::direction::less_is_better;
pub use crate::main_with as main;
pub use crate::task::load_space;
pub use ganas_search::STRATEGIES;

/// A search that was opened and can be run once.
pub struct Search {
    prepared: Prepared,
    words: Vec<String>,
    resumed: Option<Recorded>,
    slots: usize,
}

impl Search {
    /// The search that the words after `ganas` name, `search` the first of them. With
    /// `--caller PROGRAM` its evaluations come from this program. Predicates are further bounds;
    /// `history` is the content of the file that `--history` names, if it is known already.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn open(
        words: &[String],
        predicates: Vec<Predicate>,
        history: Option<Vec<u8>>,
    ) -> Result<Search> {
        threads::start()?;
        let Command::Search(args) = parse(words)? else {
            return Err(Error::input("this is no search").into());
        };
        let given = Given {
            predicates,
            history,
        };
        Search::new(words.to_vec(), &args, None, given)
    }

    /// The search of a run directory, with so many queries in all. It goes on as if it had never
    /// ended; what failed is evaluated again if that is wanted. Further bounds are made for its space, given what that is called and whether
    /// isomorphic strings are one architecture.
    ///
    /// # Errors
    /// If there is no run in the folder, or something that it needs is not as it was.
    pub fn resume(
        folder: &Path,
        queries: Option<usize>,
        retry_failed: bool,
        predicates: impl FnOnce(&str, bool) -> Option<Vec<Predicate>>,
    ) -> Result<Search> {
        threads::start()?;
        let (mut recorded, args, queries) = resume::open(folder, queries, &Change::default())?;
        recorded.retries_failed = retry_failed;
        let there = env::current_dir().is_ok_and(|here| here == recorded.started_in);
        if !there && !args.is_embedded() {
            return Err(Error::input(format!(
                "the run was begun in {}, and names its files from there",
                recorded.started_in.display()
            ))
            .mend("change to that folder first")
            .into());
        }
        let (name, merge_isomorphic) = args.space();
        let given = Given {
            predicates: predicates(name, merge_isomorphic).unwrap_or_default(),
            history: None,
        };
        let args = args.going_on(&recorded, queries);
        Search::new(recorded.command.clone(), &args, Some(recorded), given)
    }

    fn new(
        words: Vec<String>,
        args: &SearchArgs,
        resumed: Option<Recorded>,
        given: Given,
    ) -> Result<Search> {
        let progress = Progress::new(true);
        Ok(Search {
            prepared: Prepared::new(&args.clone().quietly(), resumed.as_ref(), given, &progress)?,
            words,
            resumed,
            slots: args.slots(),
        })
    }

    /// The words that name it.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The search space.
    pub fn space(&self) -> &Arc<dyn SearchSpace> {
        &self.prepared.task.space
    }

    /// How many of what is measured, from the objective on, the search cannot do without.
    pub fn needed(&self) -> usize {
        match &self.prepared.task.source {
            Source::Caller(caller) => caller.needed,
            _ => 0,
        }
    }

    /// The problem.
    ///
    /// # Errors
    /// None that opening it would not have met.
    pub fn problem(&self) -> Result<Problem<'_>> {
        Ok(self.prepared.task.problem()?)
    }

    /// The queries that it may spend.
    pub fn queries(&self) -> usize {
        self.prepared.queries
    }

    /// What is known before it.
    pub fn known(&self) -> &[Finished] {
        &self.prepared.history.known
    }

    /// What there is to say of it before it is run, such as rows of a table that are left out.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.prepared.task.notes.iter();
        notes.chain(&self.prepared.history.notes).cloned().collect()
    }

    /// How many evaluations are under way at once, where rounds overlap.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Whether its evaluations come from this program.
    pub fn is_embedded(&self) -> bool {
        matches!(self.prepared.task.source, Source::Caller(_))
    }

    /// Runs it until its end, or until `stop` is set: the result, as its directory has
    /// it. Without
    /// an evaluator it evaluates by what its words name.
    ///
    /// # Errors
    /// If the run directory cannot be written, or the evaluator gives up.
    pub fn run(
        &self,
        evaluator: Option<Box<dyn Evaluator>>,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<String> {
        let progress = Progress::new(true);
        let bar = progress.queries(self.prepared.queries);
        let host = Host {
            evaluator,
            observer,
        };
        let plan = (self.prepared).plan(self.resumed.as_ref(), Some(&self.words));
        let report = plan.run_in(Some(host), &progress, &bar, false, stop)?;
        Ok(serde_json::to_string(&report)?)
    }
}

/// The benchmark that the words after `ganas` name, `bench` the first of them: what `--json` writes,
/// of those runs that ended before `stop` was set. The words are the command on record.
///
/// # Errors
/// If some of it cannot be used.
pub fn bench(words: &[String], stop: &AtomicBool) -> Result<String> {
    threads::start()?;
    let Command::Bench(args) = parse(words)? else {
        return Err(Error::input("this is no benchmark").into());
    };
    let (report, _) = bench::embedded(&args, words, stop)?;
    Ok(serde_json::to_string(&report)?)
}

/// Runs the command that the words after `ganas` name, one that writes a file and ends, such as `export`
/// or `report`.
///
/// # Errors
/// If some of it cannot be used, or the file cannot be written.
pub fn command(words: &[String]) -> Result<()> {
    crate::run(parse(words)?)?;
    Ok(())
}

fn parse(words: &[String]) -> Result<Command> {
    let program = ["ganas".to_owned()];
    match Cli::try_parse_from(program.iter().chain(words)) {
        Ok(cli) => Ok(cli.command),
        Err(e) => {
            let what = brief(&e);
            Err(Error::input(what.strip_prefix("error: ").unwrap_or(&what)).into())
        }
    }
}
