//! Settings of the tree search.

use ganas_core::error::Result;
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Strategy;
use serde::{Deserialize, Serialize};

use super::Mcts;
use crate::settings::{Idle, Range, StrategyConfig, check_ranges};

/// Actions that lead from the root of the tree to an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actions {
    /// Growth steps of the space, as in AlphaX.
    Growth,
    /// Sides of learned linear splits, as in LaNAS.
    Regions,
}

/// Rule that makes a query of one of the candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The candidate of the best predicted value.
    Best,
    /// A random candidate.
    Random,
}

/// Settings of [`Mcts`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MctsConfig {
    /// Random architectures at the start (ours: 20).
    pub initial: usize,
    /// Queries a round (ours: 5; AlphaX: 1).
    pub batch: usize,
    /// Actions of the tree: `growth` (AlphaX) or `regions` (LaNAS, and ours).
    pub actions: Actions,
    /// Weight of the bound on a value that lies in \[0, 1\]: `exploration * sqrt(ln(visits of the parent) / visits)`
    /// (ours).
    pub exploration: f64,
    /// Candidate that is evaluated: `best` by the meta-model (ours) or `random` (AlphaX and LaNAS).
    pub choice: Choice,
    /// Nodes that are added to the tree for each query (ours; AlphaX: 1).
    pub simulations: usize,
    /// Random completions of each new node (ours; AlphaX predicts several).
    pub rollouts: usize,
    /// Share of the mean prediction in the value of a query; the measured value has the rest (AlphaX: 0.5).
    pub predicted_share: f64,
    /// Levels of splits (ours).
    pub height: usize,
    /// The fewest evaluated architectures of a region (ours).
    pub least: usize,
    /// Candidates of the chosen region for each query (ours).
    pub candidates: usize,
    /// The chance, up to 0.9, that an edited member of a region is edited once more, again and again (ours).
    pub another_edit: f64,
}

impl Default for MctsConfig {
    fn default() -> Self {
        MctsConfig {
            initial: 20,
            batch: 5,
            actions: Actions::Regions,
            exploration: 0.3,
            choice: Choice::Best,
            simulations: 20,
            rollouts: 2,
            predicted_share: 0.0,
            height: 5,
            least: 10,
            candidates: 100,
            another_edit: 0.3,
        }
    }
}

impl MctsConfig {
    /// Growth actions, with the best predicted completion of several new nodes for each query (ours).
    pub fn growth() -> Self {
        MctsConfig {
            actions: Actions::Growth,
            ..Self::default()
        }
    }

    /// Growth actions, with one new node and one random completion for each query, as in AlphaX.
    pub fn alphax() -> Self {
        MctsConfig {
            batch: 1,
            exploration: 0.5,
            choice: Choice::Random,
            simulations: 1,
            rollouts: 10,
            predicted_share: 0.5,
            ..Self::growth()
        }
    }

    /// Learned regions, with random architectures of the chosen one, as in LaNAS.
    pub fn lanas() -> Self {
        MctsConfig {
            choice: Choice::Random,
            ..Self::default()
        }
    }
}

/// Settings of regions.
const REGIONS: &[&str] = &["height", "least", "candidates", "another_edit"];

/// Settings of growth actions.
const GROWTH: &[&str] = &["simulations", "rollouts", "predicted_share"];

impl StrategyConfig for MctsConfig {
    const PRESETS: &'static [&'static str] = &["default", "growth", "alphax", "lanas"];

    fn preset(name: &str) -> Self {
        match name {
            "growth" => Self::growth(),
            "alphax" => Self::alphax(),
            "lanas" => Self::lanas(),
            _ => Self::default(),
        }
    }

    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("initial", self.initial as f64, Range::COUNT),
            ("batch", self.batch as f64, Range::COUNT),
            ("exploration", self.exploration, Range::NOT_NEGATIVE),
            ("simulations", self.simulations as f64, Range::COUNT),
            ("rollouts", self.rollouts as f64, Range::COUNT),
            ("predicted_share", self.predicted_share, Range::SHARE),
            ("height", self.height as f64, Range::NOT_NEGATIVE),
            ("least", self.least as f64, Range::COUNT),
            ("candidates", self.candidates as f64, Range::COUNT),
            ("another_edit", self.another_edit, Range::up_to(0.9)),
        ])
    }

    fn idle(&self) -> Vec<Idle> {
        vec![match self.actions {
            Actions::Growth => Idle {
                settings: REGIONS,
                cause: "the actions are growth steps",
                mend: "set `actions=regions`",
            },
            Actions::Regions => Idle {
                settings: GROWTH,
                cause: "the actions are learned regions",
                mend: "set `actions=growth`",
            },
        }]
    }

    fn initial(&self) -> usize {
        self.initial
    }

    fn batch(&self, _: usize, _: usize, _: &dyn SearchSpace) -> usize {
        self.batch
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Mcts::new(self, seed))
    }
}
