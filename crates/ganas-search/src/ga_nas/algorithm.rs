//! Algorithm 2, line by line.

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Gauge, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::config::{GaNasConfig, Reward};
use super::freeze_thaw::FreezeThaw;
use super::informed::Informed;
use super::parts::Parts;
use super::pretrained::Pretrained;
use super::round::{Round, Streams};
use super::stopwatch::Stopwatch;
use super::truth::TruthSet;

/// Smallest fraction of the evaluations under way that a round asks for if rounds overlap (ours).
/// It keeps many workers busy while the strategy chooses.
const OVERLAP: usize = 8;

/// The GA-NAS strategy.
#[derive(Serialize, Deserialize)]
pub struct GaNas {
    config: GaNasConfig,
    seed: u64,
    streams: Streams,
    /// Made when the space is first seen.
    parts: Option<Parts>,
    /// Index of the next set, X_t.
    t: usize,
    /// Priors of the search, if there are any; made when the space is first seen.
    #[serde(skip)]
    informed: Option<Informed>,
    /// Networks from before the search, if there are any.
    #[serde(skip)]
    pretrained: Option<Pretrained>,
    /// Gauges of the last round, which are read before the next one begins.
    #[serde(skip)]
    gauges: Vec<Gauge>,
    /// Times of the last round.
    #[serde(skip)]
    stopwatch: Stopwatch,
}

impl GaNas {
    /// GA-NAS with random streams of its own.
    pub fn new(config: GaNasConfig, seed: u64) -> Self {
        GaNas {
            config,
            seed,
            streams: Streams::new(seed),
            parts: None,
            t: 0,
            informed: None,
            pretrained: None,
            gauges: Vec::new(),
            stopwatch: Stopwatch::default(),
        }
    }

    /// The paused architectures, where the strategy chooses fidelities: with a committee, which learns from
    /// values. The networks learn from a truth set of architectures that were evaluated at full fidelity, and
    /// fronts are made of such architectures.
    fn freeze_thaw(&self, context: &Context) -> Option<FreezeThaw> {
        if self.config.has_networks() || context.objectives().len() > 1 {
            return None;
        }
        FreezeThaw::of(context)
    }

    /// Trials of new architectures.
    fn trials(&self, context: &Context, archs: Vec<Arch>) -> Vec<Trial> {
        match self.freeze_thaw(context) {
            Some(paused) => paused.begin_all(context, archs),
            None => Trial::full(archs),
        }
    }

    /// Opens what is known before the search.
    fn prepare(&mut self, context: &Context) -> Result<()> {
        if self.informed.is_none() && !context.priors().is_empty() {
            self.informed = Some(Informed::new(context, self.seed));
        }
        if let Some(text) = context.pretrained().filter(|_| self.pretrained.is_none()) {
            let pretrained = Pretrained::read(text, context.space)?;
            pretrained.check(&self.config)?;
            self.pretrained = Some(pretrained);
        }
        Ok(())
    }

    /// X_0, from what is known before the search, or at random.
    fn first_set(&mut self, context: &Context, size: usize) -> Result<Vec<Arch>> {
        let rng = &mut self.streams.initial;
        match (&self.informed, &self.pretrained) {
            (Some(informed), _) => Ok(informed.first_set(context, size, rng)),
            (None, Some(networks)) => networks.first_set(context, self.config.rules, size, rng),
            (None, None) => Ok(context.sample_new(size, rng)),
        }
    }

    /// |X_t|, with which a round takes its share of many workers.
    fn size(&self, context: &Context, t: usize) -> usize {
        let size = (self.config).size(t, context.ledger.len(), context.space);
        size.max(context.under_way() / OVERLAP)
    }
}

impl Strategy for GaNas {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        self.stopwatch.start();
        self.prepare(context)?;
        // Line 1: the initial set X_0. Architectures that are known from before are a part of it.
        let initial = match &self.informed {
            Some(informed) => informed.initial(self.config.initial),
            None => self.config.initial,
        };
        let missing = initial.saturating_sub(context.ledger.history());
        if self.t == 0 && missing > 0 {
            self.t = 1;
            let initial = self.first_set(context, missing.min(limit))?;
            return Ok(self.trials(context, initial));
        }
        let t = self.t.max(1);
        self.t = t + 1;
        let size = self.size(context, t).min(limit);
        let mut paused = self.freeze_thaw(context);
        let (generator, discriminator) = self
            .parts
            .get_or_insert_with(|| {
                Parts::new(
                    &self.config,
                    self.seed,
                    context.space,
                    self.pretrained.as_ref(),
                )
            })
            .get();

        // Line 3: T, the best K compliant architectures so far.
        let truth = TruthSet::of(context, self.config.truth);
        let mut round = Round {
            context,
            gauges: truth.gauges(context),
            truth,
            t,
            size,
            seed: self.seed,
            streams: &mut self.streams,
            informed: self.informed.as_ref(),
            pretrained: self.pretrained.as_ref(),
            stopwatch: &mut self.stopwatch,
        };
        if !discriminator.can_learn(&round) {
            let random = context.sample_new(size, &mut self.streams.initial);
            return Ok(match &paused {
                Some(paused) => paused.begin_all(context, random),
                None => Trial::full(random),
            });
        }
        // Lines 4 and 5: D learns to tell T from fakes by G.
        discriminator.fit(&mut round, generator)?;
        // Line 6: G learns to please D. No query is spent.
        generator.train(&mut round, discriminator)?;
        let mut going_on = Vec::new();
        if let Some(paused) = &mut paused {
            going_on = paused.thaw(context, discriminator, size)?;
            round.size -= going_on.len();
            if round.size == 0 {
                self.gauges = round.gauges;
                return Ok(going_on);
            }
        }
        // Line 7: X_t, new architectures by G.
        let set = generator.propose(&mut round, discriminator)?;
        let size = round.size;
        self.gauges = round.gauges;
        // Line 8 is the driver's: it evaluates S on every x in X_t.
        let set = context.complete(set, size, &mut self.streams.initial);
        Ok(match &paused {
            Some(paused) => [going_on, paused.begin_all(context, set)].concat(),
            None => Trial::full(set),
        })
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            several_objectives: true,
            several_fidelities: !self.config.has_networks(),
            priors: !self.config.has_networks(),
            pretrained: self.config.has_networks() && self.config.reward == Reward::Discriminator,
        }
    }

    fn gauges(&self) -> Vec<Gauge> {
        self.gauges.clone()
    }

    fn timings(&self) -> Vec<Gauge> {
        self.stopwatch.laps()
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}
