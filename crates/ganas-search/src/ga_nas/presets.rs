//! The presets of GA-NAS.

use ganas_core::space::Rules;
use ganas_nets::{DiscriminatorConfig, GeneratorConfig, PpoConfig};

use super::config::{GaNasConfig, Proposals, Reward, ScreenConfig};
use super::reward::StepReward;
use crate::committee::CommitteeConfig;

/// |X_1| of the default.
pub const DEFAULT_BATCH: usize = 3;

impl GaNasConfig {
    /// The paper's first setup: |X_0| = 50, 50 more each round, K = 25, ten iterations (all four: paper).
    /// The iterations after X_0 make 11 sets, which are 3,300 queries.
    pub fn paper_setup1() -> Self {
        GaNasConfig {
            initial: 50,
            growth: 50,
            batch: 100,
            share: 0.0,
            truth: 25,
            // Ours: masks make every sample valid, which leaves the paper's rewards for validity
            // without work.
            rules: Rules::Enforced,
            reward: Reward::Discriminator,
            step_reward: StepReward::default(),
            // Ours: few updates, since more against a frozen D make G collapse, each on many
            // episodes and with some entropy, since noisy ones lead some runs astray. On 60 seeds
            // of NAS-Bench-101 that had no part in the choice the worst rank was 2; with 5
            // updates of 128 episodes and entropy 0.1, 3 runs of 60 ended at ranks 17 to 43.
            updates: 4,
            episodes: 256,
            rank_share: 0.0,
            proposals: Proposals::Generated,
            discriminator: DiscriminatorConfig::default(),
            generator: GeneratorConfig::default(),
            ppo: PpoConfig {
                // Ours: see above.
                entropy_coef: 0.15,
                ..PpoConfig::default()
            },
        }
    }

    /// The paper's second setup: |X_0| = 100, 100 more each round, K = 50, ten iterations (all four: paper).
    /// The iterations after X_0 make 11 sets, which are 6,600 queries.
    pub fn paper_setup2() -> Self {
        GaNasConfig {
            initial: 100,
            growth: 100,
            batch: 200,
            truth: 50,
            ..Self::paper_setup1()
        }
    }

    /// The first setup without masks: the generator learns the rules of the space from R_step and
    /// from the penalty on violations (both: paper). Only node cells, as those of NAS-Bench-101,
    /// have rules that a generator can break.
    pub fn paper_learned() -> Self {
        GaNasConfig {
            rules: Rules::Learned,
            ..Self::paper_setup1()
        }
    }

    /// Both networks at their strongest (ours): small constant batches, which the discriminator
    /// chooses from a pool of the generator. Half of its score is the ranking head's.
    pub fn adversarial() -> Self {
        GaNasConfig {
            initial: 10,
            growth: 0,
            batch: 5,
            share: 0.02,
            updates: 3,
            episodes: 64,
            rank_share: 0.5,
            proposals: Proposals::Screened(ScreenConfig {
                generated: 100,
                random: 0,
                edited: 0,
                climbers: 0,
                discriminator: 1.0,
                // The discriminator ranks alone.
                surrogates: CommitteeConfig {
                    process: false,
                    ensembles: 0,
                    ..CommitteeConfig::default()
                },
                ..ScreenConfig::default()
            }),
            discriminator: DiscriminatorConfig {
                steps: 30,
                ..DiscriminatorConfig::default()
            },
            ppo: PpoConfig::default(),
            ..Self::paper_setup1()
        }
    }
}

impl Default for GaNasConfig {
    /// Small constant batches out of a screened pool (all ours). The settings of the networks only
    /// matter where they have a part in the screening.
    fn default() -> Self {
        GaNasConfig {
            initial: 10,
            growth: 0,
            batch: DEFAULT_BATCH,
            share: 0.02,
            truth: 30,
            updates: 1,
            episodes: 64,
            discriminator: DiscriminatorConfig {
                steps: 20,
                ..DiscriminatorConfig::default()
            },
            proposals: Proposals::Screened(ScreenConfig::default()),
            ppo: PpoConfig::default(),
            ..Self::paper_setup1()
        }
    }
}
