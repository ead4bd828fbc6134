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

use super::bracket::ask_open;
use super::{Bracket, BracketPlan, Ladder, unseen};
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

    fn plan(&self, context: &Context) -> BracketPlan {
        let eta = self.config.eta;
        let ladder = Ladder::new(context.axis(), eta).above(self.config.lowest);
        let n = match self.config.configurations {
            0 => eta.saturating_pow(ladder.steps() as u32),
            n => n,
        };
        BracketPlan::halving(n, ladder.from(0), eta)
    }
}

impl Strategy for SuccessiveHalving {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        if let Some(asked) = ask_open(&mut self.brackets, context, limit) {
            return Ok(asked);
        }
        let plan = self.plan(context);
        let first = unseen(context, plan.0[0].size, &mut self.rng);
        if first.is_empty() {
            return Ok(Vec::new());
        }
        self.brackets.push(Bracket::new(plan, first));
        Ok(ask_open(&mut self.brackets, context, limit).unwrap_or_default())
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
