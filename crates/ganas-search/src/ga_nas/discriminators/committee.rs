//! The discriminator of the default preset: a Gaussian process and boosted trees.
//!
//! It learns from everything that was evaluated, and so needs no fakes. `docs/theory.md` says what
//! ties it to the discriminator of the paper.

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::strategy::Context;
use serde::{Deserialize, Serialize};

use super::Discriminator;
use crate::committee::{Acquisition, CommitteeConfig, Describer, FrontAcquisition, Kernels};
use crate::ga_nas::config::ScreenConfig;
use crate::ga_nas::generators::Generator;
use crate::ga_nas::round::Round;

/// The most descriptions that are kept from round to round.
const REMEMBERED: usize = 50_000;

/// A search without a better architecture for `patience` queries and this share of all is stuck.
const STUCK_SHARE: f64 = 0.07;

/// Additional weight of uncertainty where new architectures are tried at a low level (ours): one that disappoints
/// costs little.
const BRIEFLY: f64 = 0.5;

/// Committees for the objective and for each bound on a measured metric.
#[derive(Serialize, Deserialize)]
pub struct CommitteeDiscriminator {
    config: CommitteeConfig,
    /// The weight of uncertainty, in turn from round to round.
    bonuses: Vec<f64>,
    patience: usize,
    /// The factor on the weight of uncertainty while the search is stuck.
    stuck: f64,
    /// Not saved, as it follows from the architectures.
    #[serde(skip)]
    describer: Option<Describer>,
    kernels: Kernels,
    rounds: usize,
    #[serde(skip)]
    fitted: Option<Fitted>,
}

/// Factor from a weight of uncertainty to one on the deviations of each of several objectives (ours).
const OPTIMISM: f64 = 0.5;

/// Candidates among which a batch for several objectives is chosen (ours).
const CHOSEN_FROM: usize = 200;

/// The committees of this round.
enum Fitted {
    /// For one objective.
    Single {
        acquisition: Acquisition,
        /// The weight of uncertainty in this round.
        bonus: f64,
    },
    /// For several.
    Front {
        acquisition: FrontAcquisition,
        /// The number of deviations above the means in this round.
        optimism: f64,
    },
}

impl CommitteeDiscriminator {
    /// A discriminator before its first fit.
    pub fn new(screen: &ScreenConfig) -> Self {
        CommitteeDiscriminator {
            config: screen.surrogates.clone(),
            bonuses: screen.bonuses.clone(),
            patience: screen.patience,
            stuck: screen.stuck,
            describer: None,
            kernels: Kernels::default(),
            rounds: 0,
            fitted: None,
        }
    }

    /// The weight of uncertainty in the next round.
    fn bonus(&self, context: &Context) -> f64 {
        let bonus = match self.bonuses.len() {
            0 => 0.0,
            n => self.bonuses[self.rounds % n],
        };
        let bonus = if context.axis().is_some() && context.objectives().len() == 1 {
            bonus + BRIEFLY
        } else {
            bonus
        };
        if is_stuck(context, self.patience) {
            bonus * self.stuck
        } else {
            bonus
        }
    }
}

impl Discriminator for CommitteeDiscriminator {
    /// True if anything has a score, as it learns from architectures that do not comply, too.
    fn can_learn(&self, round: &Round) -> bool {
        let queries = round.context.ledger.queries();
        queries.iter().any(|query| query.value().is_some())
    }

    fn fit(&mut self, round: &mut Round, _: &dyn Generator) -> Result<()> {
        let context = round.context;
        let bonus = self.bonus(context);
        self.rounds += 1;
        let describer = self.describer.get_or_insert_with(|| {
            let transfer = round.informed.map(|informed| informed.transfer().clone());
            let describer = Describer::informed(context.space, transfer);
            match context.objectives().len() {
                1 => describer,
                _ => describer.with_live_parts(context.space),
            }
        });
        describer.trim(REMEMBERED);
        let rng = &mut round.streams.proposals;
        let (config, kernels) = (&self.config, &mut self.kernels);
        self.fitted =
            match context.objectives().len() {
                1 => Acquisition::fit(config, context, describer, kernels, rng)
                    .map(|acquisition| Fitted::Single { acquisition, bonus }),
                _ => FrontAcquisition::fit(config, context, describer, kernels, rng).map(
                    |acquisition| Fitted::Front {
                        acquisition,
                        optimism: OPTIMISM * bonus,
                    },
                ),
            };
        Ok(())
    }

    fn can_rank(&self) -> bool {
        self.fitted.is_some()
    }

    fn is_informed(&self) -> bool {
        match &self.fitted {
            Some(Fitted::Single { acquisition, .. }) => acquisition.is_informed(),
            Some(Fitted::Front { acquisition, .. }) => acquisition.is_informed(),
            None => false,
        }
    }

    fn acquisition_values(&mut self, context: &Context, archs: &[Arch]) -> Result<Vec<f64>> {
        let (Some(fitted), Some(describer)) = (&self.fitted, &mut self.describer) else {
            return Err(Error::bug("the committee is used before it is fitted"));
        };
        Ok(match fitted {
            Fitted::Single { acquisition, bonus } => {
                acquisition.predict(context, describer, archs, *bonus)
            }
            Fitted::Front {
                acquisition,
                optimism,
            } => {
                let outlooks = acquisition.predict(context, describer, archs, *optimism, false);
                outlooks.iter().map(|o| acquisition.value(o)).collect()
            }
        })
    }

    fn choose(&mut self, context: &Context, ranked: Vec<Arch>, size: usize) -> Result<Vec<Arch>> {
        let mut ranked = ranked;
        if let (
            Some(Fitted::Front {
                acquisition,
                optimism,
            }),
            Some(describer),
        ) = (&self.fitted, &mut self.describer)
        {
            ranked.truncate(CHOSEN_FROM.max(size));
            let outlooks = acquisition.predict(context, describer, &ranked, *optimism, true);
            let chosen = acquisition.choose(&outlooks, size);
            return Ok(chosen.into_iter().map(|i| ranked[i]).collect());
        }
        ranked.truncate(size);
        Ok(ranked)
    }
}

/// True if there has been nothing better for long.
fn is_stuck(context: &Context, patience: usize) -> bool {
    let queries = context.ledger.queries();
    if context.objectives().len() > 1 {
        let front: Vec<Arch> = context.ledger.front().iter().map(|q| q.arch).collect();
        let since = (queries.iter().rev()).take_while(|q| !front.contains(&q.arch));
        return since.count() as f64 >= patience as f64 + STUCK_SHARE * queries.len() as f64;
    }
    let best = context.ledger.best().map(|q| q.arch);
    let since = queries
        .iter()
        .rev()
        .take_while(|q| Some(q.arch) != best)
        .count();
    since as f64 >= patience as f64 + STUCK_SHARE * queries.len() as f64
}
