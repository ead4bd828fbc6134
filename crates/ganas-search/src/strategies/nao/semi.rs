//! SemiNAS: NAO with pseudo-labelled architectures.

use ganas_core::error::Result;
use ganas_core::space::SearchSpace;
use ganas_core::state;
use ganas_core::strategy::{Context, Gauge, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::NaoConfig;
use super::climb::{Climber, Lessons, Tokens, ranges, tokens_of};
use crate::settings::{Range, StrategyConfig, check_ranges};

/// Settings of [`Seminas`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeminasConfig {
    /// Random architectures in each round that are trained on with their predicted values (ours: 1,000; SemiNAS:
    /// 10,000).
    pub unlabelled: usize,
    /// Share of the evaluated architectures among those that are trained on with predicted ones (ours: 0.5).
    pub labelled_share: f64,
    /// Settings of NAO.
    #[serde(flatten)]
    pub nao: NaoConfig,
}

impl Default for SeminasConfig {
    fn default() -> Self {
        SeminasConfig {
            unlabelled: 1000,
            labelled_share: 0.5,
            nao: NaoConfig::default(),
        }
    }
}

impl StrategyConfig for SeminasConfig {
    fn check(&self) -> Result<()> {
        let mut all = ranges(&self.nao);
        all.push(("unlabelled", self.unlabelled as f64, Range::COUNT));
        all.push(("labelled_share", self.labelled_share, Range::POSITIVE_SHARE));
        check_ranges(&all)
    }

    fn initial(&self) -> usize {
        self.nao.initial
    }

    fn batch(&self, _: usize, _: usize, _: &dyn SearchSpace) -> usize {
        self.nao.batch
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Seminas::new(self, seed))
    }
}

/// SemiNAS.
#[derive(Serialize, Deserialize)]
pub struct Seminas {
    unlabelled: usize,
    labelled_share: f64,
    climber: Climber,
}

impl Seminas {
    /// SemiNAS with streams of its own.
    pub fn new(config: SeminasConfig, seed: u64) -> Self {
        Seminas {
            unlabelled: config.unlabelled,
            labelled_share: config.labelled_share,
            climber: Climber::new(config.nao, "seminas", seed),
        }
    }
}

/// Trains half of the steps on what was evaluated, and half on a mixture with random architectures whose
/// values are predicted.
fn train(
    climber: &mut Climber,
    context: &Context,
    lessons: &Lessons,
    unlabelled: usize,
    labelled_share: f64,
) -> Result<()> {
    let space = context.space;
    let steps = climber.due();
    climber.fit(space, lessons, steps.div_ceil(2))?;
    let rng = &mut climber.streams.random;
    let draws = (0..unlabelled).map(|_| space.sample(context.sampler, rng));
    let sequences = draws.map(|arch| tokens_of(space, &arch));
    let sequences: Vec<Tokens> = sequences.filter(|tokens| !tokens.is_empty()).collect();
    let values = climber.predict(&sequences)?;
    let mut mixture = Lessons::default();
    let count = sequences.len();
    for (tokens, value) in sequences.into_iter().zip(values) {
        mixture.push(tokens, value);
    }
    // Evaluated ones are repeated, as in the paper, until they are this share.
    let wanted = labelled_share / (1.0 - labelled_share).max(1e-3) * count as f64;
    for i in 0..(wanted as usize).max(lessons.values.len()) {
        let i = i % lessons.values.len();
        mixture.push(lessons.sequences[i].clone(), lessons.values[i]);
    }
    climber.fit(space, &mixture, steps / 2)
}

impl Strategy for Seminas {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let (unlabelled, share) = (self.unlabelled, self.labelled_share);
        self.climber
            .ask(context, limit, |climber, context, lessons| {
                train(climber, context, lessons, unlabelled, share)
            })
    }

    fn gauges(&self) -> Vec<Gauge> {
        self.climber.gauges()
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}
