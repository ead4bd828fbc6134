//! Neural architecture search in Rust.
//!
//! A [`Search`] looks for the best architecture of a space with few evaluations:
//!
//! ```
#![doc = include_str!("../tests/first_search.rs")]
//! ```
//!
//! # Where evaluations come from
//!
//! | Source | Method |
//! |---|---|
//! | a function of yours | [`Search::maximize`], [`Search::minimize`] |
//! | an evaluator with several metrics, slots or its own errors | [`Search::evaluator`] |
//! | a table: a file, or the name of an embedded one | [`Search::table`] |
//! | trainings, workers of a command, surrogates, supernets | [`Search::set`], with the options of `ganas search` |
//!
//! The table of NAS-Bench-201 is embedded, so this needs no download:
//!
//! ```
//! # fn main() -> ganas::Result<()> {
//! let found = ganas::Search::new("nasbench201")
//!     .table("nasbench201", "cifar10_test")
//!     .strategy("local-search")
//!     .queries(30)
//!     .run()?;
//! assert!(found.run.best.is_some_and(|accuracy| accuracy > 80.0));
//! # Ok(())
//! # }
//! ```
//!
//! # Results
//!
//! [`Search::run`] returns a [`SearchReport`](study::record::SearchReport): its `run` has the best architecture, its
//! value and the number of queries, and `provenance` everything that repeats the search. [`Search::out`] keeps the run
//! in a folder, which a later call, `ganas resume` and `ganas report` read.
//!
//! # Crates
//!
//! | Crate | Contents |
//! |---|---|
//! | [`core`] | architectures, spaces, constraints, the driver of a search |
//! | [`tables`] | tables of evaluated architectures |
//! | [`strategies`] | GA-NAS, its baselines, predictors, rare events |
//! | [`study`] | specifications, runs, records, benchmarks, statistics |
//!
//! # Extensions
//!
//! Strategies, spaces and evaluators of your own join a [`Registry`]. Together with [`main`] they become a
//! `ganas` of your own, with all its commands:
//!
//! ```no_run
//! use ganas::prelude::*;
//!
//! /// Draws architectures at random.
//! struct Mine(Rng);
//!
//! impl Strategy for Mine {
//!     fn ask(&mut self, context: &Context, limit: usize) -> ganas::Result<Vec<Trial>> {
//!         Ok(context.sample_new(limit.min(4), &mut self.0).into_iter().map(Trial::from).collect())
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let mine = |seed: u64| -> Box<dyn Strategy> { Box::new(Mine(Rng::stream(seed, "mine"))) };
//!     match Registry::builtin().with("mine", mine) {
//!         Ok(registry) => ganas::main(registry),
//!         Err(error) => panic!("{error}"),
//!     }
//! }
//! ```

// The first example is a file of tests, so that it cannot rot.
#![allow(clippy::test_attr_in_doctest)]
#![forbid(unsafe_code)]

mod function;
mod search;

use std::process::ExitCode;

pub use ganas_core::error::{Error, Result};
pub use ganas_study::registry::Registry;
pub use search::Search;

/// Architectures, spaces, evaluators and the driver.
pub use ganas_core as core;
/// Strategies, predictors and rare events.
pub use ganas_search as strategies;
/// Specifications, runs, records and statistics.
pub use ganas_study as study;
/// Tables of evaluated architectures.
pub use ganas_tables as tables;

/// The names that most programs need.
pub mod prelude {
    pub use crate::{Registry, Search};
    pub use ganas_core::arch::Arch;
    pub use ganas_core::evaluate::{Evaluator, Outcome, Work};
    pub use ganas_core::ledger::Query;
    pub use ganas_core::rng::Rng;
    pub use ganas_core::space::SearchSpace;
    pub use ganas_core::strategy::{Context, Strategy};
    pub use ganas_core::trial::Trial;
    pub use ganas_study::event::{Event, Reporter};
    pub use ganas_study::record::SearchReport;
}

/// Runs the command line of `ganas` with a registry of your own.
pub fn main(registry: Registry) -> ExitCode {
    ganas_cli::install(registry);
    ganas_cli::main()
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
