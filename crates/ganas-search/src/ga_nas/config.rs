//! The settings of GA-NAS.

use ganas_core::space::{Kind, Rules, SearchSpace};
use ganas_nets::{DiscriminatorConfig, GeneratorConfig, PpoConfig};
use serde::{Deserialize, Serialize};

use super::presets::DEFAULT_BATCH;
use super::reward::StepReward;
use crate::committee::CommitteeConfig;

/// Source of the next architectures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposals {
    /// The generator's architectures that were not evaluated yet (paper).
    Generated,
    /// The most promising of a pool of unseen architectures, by a committee (ours).
    Screened(ScreenConfig),
}

/// Source of the reward for a finished, valid architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// The discriminator's score (paper).
    Discriminator,
    /// The measured value, to see what the discriminator is worth. The generator learns from those
    /// of its last architectures that were evaluated, and there is no discriminator.
    Measured,
}

/// Settings of a pool and its screening; all ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScreenConfig {
    /// Architectures of the pool that the generator makes; where this and `discriminator` are zero,
    /// there is no work for the networks, and none is trained.
    pub generated: usize,
    /// Random architectures of the pool.
    pub random: usize,
    /// The most single edits of members of the truth set in the pool.
    pub edited: usize,
    /// Number of the most promising candidates that are edited once more.
    pub climbers: usize,
    /// Weights of the committee's deviation, in turn from round to round.
    pub bonuses: Vec<f64>,
    /// Queries without a better one, beyond 7 % of all, after which the search is stuck.
    pub patience: usize,
    /// Factor on the bonuses while the search is stuck.
    pub stuck: f64,
    /// The share of the discriminator in a score; the rest is the surrogates'.
    pub discriminator: f64,
    /// The surrogates.
    pub surrogates: CommitteeConfig,
}

impl ScreenConfig {
    /// True if the networks have a part in it.
    pub fn has_networks(&self) -> bool {
        self.generated > 0 || self.discriminator > 0.0
    }
}

impl Default for ScreenConfig {
    /// Edits and random architectures alone: the generator's and the discriminator's parts cost
    /// queries on more spaces than they help on (`docs/decisions/0006`).
    fn default() -> Self {
        ScreenConfig {
            generated: 0,
            random: 100,
            edited: 4000,
            climbers: 20,
            bonuses: vec![0.0, 0.5, 1.0],
            patience: 20,
            stuck: 3.0,
            discriminator: 0.0,
            surrogates: CommitteeConfig::default(),
        }
    }
}

/// Settings of [`GaNas`](super::GaNas).
///
/// The paper gives its numeric settings in an appendix that is not public; so each one says where
/// it comes from: `paper`, `GCPN` (You et al. 2018, arXiv 1806.02473, whose recipe the paper
/// follows) or `ours`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaNasConfig {
    /// |X_0|, drawn at random.
    pub initial: usize,
    /// |X_t| - |X_{t-1}|, from X_2 on.
    pub growth: usize,
    /// |X_1|. With the default of 3, sets of configurations have one member, but for their share: a
    /// choice of training settings is told from others by few evaluations (ours).
    pub batch: usize,
    /// X_t has at least this share of what was evaluated before it (ours; 0 in the paper), so that
    /// a long search takes ever fewer rounds a query.
    #[serde(default)]
    pub share: f64,
    /// K, the size of the truth set T.
    pub truth: usize,
    /// Rules of the space: enforced by masks or learned from rewards.
    pub rules: Rules,
    /// Source of the reward for finished architectures.
    pub reward: Reward,
    /// Rewards for each step.
    pub step_reward: StepReward,
    /// PPO updates of G a round.
    pub updates: usize,
    /// Episodes an update.
    pub episodes: usize,
    /// The share of the discriminator's ranking head in its score; 0 leaves it out.
    pub rank_share: f32,
    /// Source of X_t.
    pub proposals: Proposals,
    /// The discriminator D, new in every round (ours: line 5 of Algorithm 2 trains one D on).
    pub discriminator: DiscriminatorConfig,
    /// The generator G, warm from round to round.
    pub generator: GeneratorConfig,
    /// Training of G.
    pub ppo: PpoConfig,
}

impl GaNasConfig {
    /// True if the networks have a part in it.
    pub fn has_networks(&self) -> bool {
        match &self.proposals {
            Proposals::Generated => true,
            Proposals::Screened(screen) => screen.has_networks(),
        }
    }

    /// |X_t|, the size of the set of this index, after `evaluated` evaluations in a space.
    pub fn size(&self, t: usize, evaluated: usize, space: &dyn SearchSpace) -> usize {
        if t == 0 {
            return self.initial;
        }
        let is_default = self.batch == DEFAULT_BATCH && self.growth == 0;
        let batch = match space.kind() {
            Kind::Config(_) if is_default => 1,
            _ => self.batch + (t - 1) * self.growth,
        };
        batch.max((self.share * evaluated as f64) as usize)
    }
}
