//! Neural architecture search: the best architecture of a space with the fewest evaluations.
//!
//! A [space](ganas_core::space) says what architectures there are, an
//! [evaluator](ganas_core::evaluate) measures them, a strategy chooses which ones, and the
//! [driver](ganas_core::driver) counts what that costs. The strategies are here: GA-NAS and the
//! baselines that it is measured against.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use ganas_core::arch::Arch;
//! use ganas_core::driver::{Limits, Objective, Problem, search};
//! use ganas_core::error::Result;
//! use ganas_core::evaluate::{Evaluator, Outcome, Work};
//! use ganas_core::space::{SearchSpace, nasbench201};
//! use ganas_search::Registry;
//!
//! /// Stands for a training: a cell is the better the more 3x3 convolutions it has.
//! struct Convolutions {
//!     metrics: Vec<String>,
//!     op: u8,
//! }
//!
//! impl Evaluator for Convolutions {
//!     fn metrics(&self) -> &[String] {
//!         &self.metrics
//!     }
//!
//!     fn run(&mut self, work: &mut dyn Work) -> Result<()> {
//!         while let Some(trial) = work.next() {
//!             let count = |arch: &Arch| arch.ops().iter().filter(|op| **op == self.op).count();
//!             let outcome = Outcome::Done(vec![count(&trial.arch) as f64]);
//!             work.done(&trial, outcome);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let space = nasbench201();
//! let conv = space.ops().iter().position(|op| op == "nor_conv_3x3");
//! let mut evaluator = Convolutions {
//!     metrics: vec!["convolutions".into()],
//!     op: conv.expect("the space has it") as u8,
//! };
//! let objective = Objective::maximize("convolutions");
//! // A cell of more weights is never evaluated: four such convolutions are too many.
//! let bound = "params <= 1e6".parse()?;
//! let sampler = space.samplers()[0];
//! let problem = Problem::new(&space, evaluator.metrics(), objective, vec![bound], sampler)?;
//!
//! let mut strategy = Registry::builtin().recipe("ga-nas")?.build(0)?;
//! let limits = Limits {
//!     queries: 60,
//!     ..Limits::default()
//! };
//! let stop = AtomicBool::new(false);
//! let run = search(&problem, &mut evaluator, &mut *strategy, &limits, &mut [], &stop)?;
//!
//! let best = run.ledger.best().expect("some cell complies");
//! println!("{} after {} queries", space.format(&best.arch), run.ledger.len());
//! assert_eq!(run.ledger.len(), 60);
//! assert_eq!(best.value(), Some(3.0));
//! # Ok(())
//! # }
//! ```
//!
//! On the command line the same is `ganas search`; the guide is in `docs/guide`.

#![forbid(unsafe_code)]

pub mod committee;
pub mod curves;
pub(crate) mod front_order;
pub mod ga_nas;
pub mod predictor;
pub mod rare_event;
mod recipe;
mod registry;
mod settings;
pub mod strategies;

pub use recipe::Recipe;
pub use registry::{Registry, StrategyFactory, configured};
pub use settings::{Idle, Range, StrategyConfig, check_ranges};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
