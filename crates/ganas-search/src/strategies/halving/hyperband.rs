//! Hyperband.
//!
//! Li et al. 2017, "Hyperband: A novel bandit-based approach to hyperparameter optimization", JMLR 18, arXiv
//! 1603.06560, Algorithm 1. The brackets s = s_max, .., 0 follow each other, and then begin anew.

use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::bracket::ask_or_begin;
use super::{Bracket, BracketPlan, Ladder};
use crate::settings::{Range, StrategyConfig, check_ranges};

/// Settings of [`Hyperband`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HyperbandConfig {
    /// Share of a rung that is dropped, as a divisor: the best 1 / eta are promoted (Li et al. 2017: 3).
    pub eta: usize,
}

impl Default for HyperbandConfig {
    fn default() -> Self {
        HyperbandConfig { eta: 3 }
    }
}

impl StrategyConfig for HyperbandConfig {
    fn check(&self) -> Result<()> {
        check_ranges(&[("eta", self.eta as f64, Range::AT_LEAST_TWO)])
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Hyperband::new(self, seed))
    }
}

/// Hyperband.
#[derive(Serialize, Deserialize)]
pub struct Hyperband {
    config: HyperbandConfig,
    rng: Rng,
    /// Number of brackets so far.
    begun: usize,
    brackets: Vec<Bracket>,
}

impl Hyperband {
    /// Hyperband with a stream of its own.
    pub fn new(config: HyperbandConfig, seed: u64) -> Self {
        Hyperband {
            config,
            rng: Rng::stream(seed, "hyperband"),
            begun: 0,
            brackets: Vec::new(),
        }
    }
}

/// The plan of a bracket by its index: s counts down from s_max, again and again.
pub fn plan(context: &Context, eta: usize, index: usize) -> BracketPlan {
    let ladder = Ladder::new(context.axis(), eta);
    let most = ladder.steps();
    BracketPlan::hyperband(&ladder, most - index % (most + 1), eta)
}

impl Strategy for Hyperband {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let begin = || {
            let plan = plan(context, self.config.eta, self.begun);
            let bracket = Bracket::fresh(plan, context, &mut self.rng)?;
            self.begun += 1;
            Some(bracket)
        };
        Ok(ask_or_begin(&mut self.brackets, context, limit, begin))
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            several_fidelities: true,
            ..Capabilities::default()
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}
