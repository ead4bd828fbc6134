//! Successive halving.
//!
//! Jamieson & Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization",
//! AISTATS, arXiv 1502.07943. Brackets of random architectures follow each other until the budget is spent.

use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::bracket::ask_or_begin;
use super::{Bracket, BracketPlan, Ladder};
use crate::settings::{Range, StrategyConfig, check_ranges};

/// Settings of [`SuccessiveHalving`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SuccessiveHalvingConfig {
    /// Share of a rung that is dropped, as a divisor: the best 1 / eta are promoted (Li et al. 2017: 3).
    pub eta: usize,
    /// Architectures of a bracket; 0 is eta^s for s rungs above the first, so that one reaches the highest
    /// level (Li et al. 2017).
    pub configurations: usize,
    /// Lowest level; 0 is that of the cost axis (Li et al. 2017).
    pub lowest: u32,
}

impl Default for SuccessiveHalvingConfig {
    fn default() -> Self {
        SuccessiveHalvingConfig {
            eta: 3,
            configurations: 0,
            lowest: 0,
        }
    }
}

impl StrategyConfig for SuccessiveHalvingConfig {
    fn check(&self) -> Result<()> {
        check_ranges(&[("eta", self.eta as f64, Range::AT_LEAST_TWO)])
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(SuccessiveHalving::new(self, seed))
    }
}

impl SuccessiveHalvingConfig {
    fn plan(&self, context: &Context) -> BracketPlan {
        let ladder = Ladder::new(context.axis(), self.eta).above(self.lowest);
        let n = match self.configurations {
            0 => self.eta.saturating_pow(ladder.steps() as u32),
            n => n,
        };
        BracketPlan::halving(n, ladder.from(0), self.eta)
    }
}

/// Successive halving of random architectures.
#[derive(Serialize, Deserialize)]
pub struct SuccessiveHalving {
    config: SuccessiveHalvingConfig,
    rng: Rng,
    brackets: Vec<Bracket>,
}

impl SuccessiveHalving {
    /// Successive halving with a stream of its own.
    pub fn new(config: SuccessiveHalvingConfig, seed: u64) -> Self {
        SuccessiveHalving {
            config,
            rng: Rng::stream(seed, "successive-halving"),
            brackets: Vec::new(),
        }
    }
}

impl Strategy for SuccessiveHalving {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let begin = || Bracket::fresh(self.config.plan(context), context, &mut self.rng);
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
