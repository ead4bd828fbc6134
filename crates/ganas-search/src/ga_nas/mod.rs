//! GA-NAS (Rezaei et al. 2021, "Generative Adversarial Neural Architecture Search", IJCAI,
//! doi 10.24963/ijcai.2021/307, arXiv 2105.09356).
//!
//! [`GaNas::ask`] is Algorithm 2, line by line: choose the truth set, let the generator make
//! fakes, train the discriminator to tell them apart, train the generator to please the
//! discriminator, and let it make the next set of architectures. Only the last step costs queries.

mod config;
mod propose;
mod reward;
mod screen;
mod stopwatch;
mod truth;

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::state;
use ganas_core::strategy::{Context, Gauge, Strategy};
use ganas_nets::{
    Dims, Discriminator, FitReport, Generator, HeldOut, NetError, Ppo, PpoReport, Rollout, held_out,
};
use serde::{Deserialize, Serialize};

pub use config::{GaNasConfig, Proposals, ScreenConfig};
pub use reward::{Measured, Reward, StepReward, rewards};
pub use truth::TruthSet;

use propose::{Proposed, generate};
use screen::Screen;
use stopwatch::Stopwatch;

/// Where rounds overlap, one asks for at least this fraction (ours) of what is under way, so that
/// choosing keeps many workers at work.
const OVERLAP: usize = 8;

/// The GA-NAS strategy.
#[derive(Serialize, Deserialize)]
pub struct GaNas {
    config: GaNasConfig,
    seed: u64,
    /// Made when the space is first seen.
    players: Option<Players>,
    /// The sets that were asked for: the next one is X_t.
    t: usize,
    /// Of the last round; they are read before it ends.
    #[serde(skip)]
    gauges: Vec<Gauge>,
    /// Of the last round, too.
    #[serde(skip)]
    stopwatch: Stopwatch,
}

/// What is carried from round to round.
#[derive(Serialize, Deserialize)]
struct Players {
    /// Where the networks have a part.
    adversary: Option<Adversary>,
    screen: Screen,
    streams: Streams,
}

/// The generator and what trains it.
#[derive(Serialize, Deserialize)]
struct Adversary {
    dims: Dims,
    generator: Generator,
    ppo: Ppo,
    /// What the generator grew for the last set, where it is paid by what was measured.
    played: Vec<Rollout>,
}

/// One named random stream a component.
#[derive(Serialize, Deserialize)]
struct Streams {
    initial: Rng,
    fakes: Rng,
    discriminator: Rng,
    training: Rng,
    proposals: Rng,
}

impl GaNas {
    /// GA-NAS with streams of its own.
    pub fn new(config: GaNasConfig, seed: u64) -> Self {
        GaNas {
            config,
            seed,
            players: None,
            t: 0,
            gauges: Vec::new(),
            stopwatch: Stopwatch::default(),
        }
    }
}

impl Players {
    fn new(config: &GaNasConfig, seed: u64, space: &dyn SearchSpace) -> Self {
        Players {
            adversary: (config.adversarial()).then(|| Adversary::new(config, seed, space)),
            screen: Screen::default(),
            streams: Streams {
                initial: Rng::stream(seed, "ga-nas/initial"),
                fakes: Rng::stream(seed, "ga-nas/fakes"),
                discriminator: Rng::stream(seed, "ga-nas/discriminator"),
                training: Rng::stream(seed, "ga-nas/training"),
                proposals: Rng::stream(seed, "ga-nas/proposals"),
            },
        }
    }

    /// Line 7 beyond the paper: the most promising of G's and of others.
    fn screen(
        &mut self,
        config: &ScreenConfig,
        context: &Context,
        truth: usize,
        judge: Option<&Judge>,
        generated: Vec<Arch>,
        size: usize,
    ) -> NetResult<Vec<Arch>> {
        let rng = &mut self.streams.proposals;
        (self.screen).best(config, context, truth, judge, generated, size, rng)
    }
}

impl Adversary {
    fn new(config: &GaNasConfig, seed: u64, space: &dyn SearchSpace) -> Self {
        let dims = Dims::of(space);
        let mut init = Rng::stream(seed, "ga-nas/generator");
        Adversary {
            dims,
            generator: Generator::new(config.generator.clone(), dims, &mut init),
            ppo: Ppo::new(config.ppo.clone()),
            played: Vec::new(),
        }
    }

    /// Line 4: F, as many graphs as the truth set has, grown by G.
    fn fakes(
        &self,
        config: &GaNasConfig,
        space: &dyn SearchSpace,
        count: usize,
        rng: &mut Rng,
    ) -> NetResult<Vec<Graph>> {
        let mut fakes: Vec<Graph> = Vec::with_capacity(count);
        // Growth under learned rules can fail, and what breaks the rules is no architecture.
        for _ in 0..20 {
            let grown = self.generator.sample(space, config.rules, count, rng)?;
            // Equal architectures have to be equal graphs, however they were grown.
            let valid = (grown.iter())
                .filter_map(|r| space.arch(&r.graph).ok())
                .map(|arch| space.graph(&arch));
            fakes.extend(valid.take(count - fakes.len()));
            if fakes.len() == count {
                break;
            }
        }
        if fakes.is_empty() {
            let arch = space.sample(space.samplers()[0], rng);
            fakes.push(space.graph(&arch));
        }
        Ok(fakes)
    }

    /// Line 5: a new discriminator, fitted to tell T from F and, if the settings say so, to rank
    /// everything evaluated.
    fn discriminate(
        &self,
        config: &GaNasConfig,
        context: &Context,
        truth: &TruthSet,
        fakes: &[Graph],
        rng: &mut Rng,
    ) -> NetResult<(Discriminator, FitReport)> {
        let positive: Vec<&Graph> = truth.graphs().iter().collect();
        let negative: Vec<&Graph> = fakes.iter().collect();
        let (graphs, scores) = match config.rank_share > 0.0 {
            true => truth::evaluated(context),
            false => Default::default(),
        };
        let graphs: Vec<&Graph> = graphs.iter().collect();
        let evaluated = (!graphs.is_empty()).then_some((graphs.as_slice(), scores.as_slice()));
        Discriminator::fit(
            &config.discriminator,
            self.dims,
            &positive,
            &negative,
            evaluated,
            rng,
        )
    }

    /// How far apart T and F are, by graphs that discriminators were not fitted to.
    fn apart(
        &self,
        config: &GaNasConfig,
        truth: &TruthSet,
        fakes: &[Graph],
        rng: &mut Rng,
    ) -> NetResult<Vec<Gauge>> {
        let truth: Vec<&Graph> = truth.graphs().iter().collect();
        let fakes: Vec<&Graph> = fakes.iter().collect();
        let measured = held_out(&config.discriminator, self.dims, &truth, &fakes, rng)?;
        let gauges = |m: HeldOut| [("js", m.divergence), ("ess", m.effective_samples)];
        Ok(measured.into_iter().flat_map(gauges).collect())
    }

    /// Line 7: unseen architectures by G.
    fn propose(
        &mut self,
        config: &GaNasConfig,
        context: &Context,
        wanted: usize,
        rng: &mut Rng,
    ) -> NetResult<Proposed> {
        let mut proposed = generate(&self.generator, config.rules, context, wanted, rng)?;
        if config.reward == Reward::Measured {
            self.played = std::mem::take(&mut proposed.rollouts);
        }
        Ok(proposed)
    }

    /// Line 6: G learns by PPO to please D, in `updates` updates on fresh episodes each. No query is
    /// spent. Without D, every update is on the evaluated part of its last set.
    fn train(
        &mut self,
        config: &GaNasConfig,
        space: &dyn SearchSpace,
        judge: &Judge,
        rng: &mut Rng,
    ) -> NetResult<Learned> {
        let mut learned = Learned::default();
        // What was measured is all that there is to learn from, so every update goes through it.
        let mut played = std::mem::take(&mut self.played);
        if let Judge::Measured(measured) = judge {
            played.retain(|rollout| measured.teaches(&rollout.graph));
        }
        for _ in 0..config.updates {
            let fresh;
            let episodes = match judge {
                Judge::Discriminator { .. } => {
                    fresh = (self.generator).sample(space, config.rules, config.episodes, rng)?;
                    &fresh
                }
                Judge::Measured(_) => &played,
            };
            if episodes.is_empty() {
                break;
            }
            let rewards = rewards(space, config.step_reward, episodes, judge)?;
            learned = Learned {
                reward: mean_return(&rewards),
                ppo: (self.ppo).update(&mut self.generator, episodes, &rewards, rng)?,
            };
        }
        Ok(learned)
    }
}

/// How the last update of the generator went.
#[derive(Default)]
struct Learned {
    ppo: PpoReport,
    /// The mean over the episodes of what each was paid in all.
    reward: f64,
}

fn mean_return(rewards: &[Vec<f32>]) -> f64 {
    let total: f64 = rewards.iter().flatten().map(|r| f64::from(*r)).sum();
    total / rewards.len().max(1) as f64
}

/// What says how good a graph is.
pub enum Judge<'a> {
    /// A fitted discriminator and how its two scores are mixed into one.
    Discriminator {
        /// The discriminator.
        discriminator: &'a Discriminator,
        /// The share of its ranking head.
        rank_share: f32,
    },
    /// What was measured.
    Measured(Measured<'a>),
}

type NetResult<T> = std::result::Result<T, NetError>;

/// What a network's error is to the user: a setting that the space does not allow, or else a bug.
pub(crate) fn fault(error: NetError) -> Error {
    match error {
        NetError::Order(_) | NetError::TooLarge { .. } => {
            Error::input(error.to_string()).mend("set a smaller `k`")
        }
        other => Error::bug(other.to_string()),
    }
}

impl Judge<'_> {
    /// How good each graph is, from 0 to 1; one half where nothing is known.
    pub fn scores(&self, graphs: &[&Graph]) -> NetResult<Vec<f32>> {
        let (discriminator, share) = match self {
            Judge::Discriminator {
                discriminator,
                rank_share,
            } => (discriminator, *rank_share),
            Judge::Measured(measured) => {
                let pay = |graph: &&Graph| measured.pay(graph).unwrap_or(0.5);
                return Ok(graphs.iter().map(pay).collect());
            }
        };
        let scores = discriminator.scores(graphs)?;
        Ok(match scores.rank {
            None => scores.real,
            Some(rank) => (scores.real.iter().zip(&rank))
                .map(|(real, rank)| (1.0 - share) * real + share * rank)
                .collect(),
        })
    }
}

impl Strategy for GaNas {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Arch>> {
        let config = &self.config;
        let space = context.space;
        let players = self
            .players
            .get_or_insert_with(|| Players::new(config, self.seed, space));

        // What was known before is the initial set, or a part of it.
        let known = context.ledger.history();
        if self.t == 0 && known >= config.initial {
            self.t = 1;
        }
        let t = self.t;
        let watch = &mut self.stopwatch;
        watch.start();
        let size = config
            .size(t, context.ledger.len())
            .max(context.under_way() / OVERLAP)
            .min(limit);
        self.t += 1;
        // Line 1: the initial set X_0.
        if t == 0 {
            let size = (config.initial - known).min(limit);
            return Ok(context.sample_new(size, &mut players.streams.initial));
        }

        // Line 3: T, the best K compliant architectures so far.
        let truth = TruthSet::of(context, config.truth);
        // Surrogates learn from what does not comply, too.
        let instructive = match (&players.adversary, &config.proposals) {
            (None, Proposals::Screened(_)) => {
                context.ledger.queries().iter().any(|q| q.value().is_some())
            }
            _ => !truth.is_empty(),
        };
        if !instructive {
            return Ok(context.sample_new(size, &mut players.streams.initial));
        }

        let mut round = || -> NetResult<(Vec<Arch>, Vec<Gauge>)> {
            let mut gauges = truth.gauges(context);
            if let (None, Proposals::Screened(screen)) = (&players.adversary, &config.proposals) {
                let archs =
                    players.screen(screen, context, config.truth, None, Vec::new(), size)?;
                watch.lap("screening");
                let rng = &mut players.streams.initial;
                return Ok((context.complete(archs, size, rng), gauges));
            }
            let streams = &mut players.streams;
            let adversary =
                (players.adversary).get_or_insert_with(|| Adversary::new(config, self.seed, space));
            let fitted = match config.reward {
                Reward::Discriminator => {
                    let count = truth.graphs().len();
                    let fakes = adversary.fakes(config, space, count, &mut streams.fakes)?;
                    let rng = &mut streams.discriminator;
                    let fitted = adversary.discriminate(config, context, &truth, &fakes, rng)?;
                    let rng = &mut Rng::stream(self.seed, &format!("ga-nas/held-out/{t}"));
                    gauges.extend(adversary.apart(config, &truth, &fakes, rng)?);
                    Some(fitted)
                }
                Reward::Measured => None,
            };
            watch.lap("discriminator");
            let judge = match &fitted {
                Some((discriminator, _)) => Judge::Discriminator {
                    discriminator,
                    rank_share: config.rank_share,
                },
                None => Judge::Measured(Measured::of(context)),
            };
            let learned = adversary.train(config, space, &judge, &mut streams.training)?;
            watch.lap("generator");
            // Line 7: X_t, new architectures by G.
            let wanted = match &config.proposals {
                Proposals::Generated => size,
                Proposals::Screened(screen) => screen.generated,
            };
            let generated = adversary.propose(config, context, wanted, &mut streams.proposals)?;
            watch.lap("proposing");
            gauges.extend(fitted.iter().flat_map(|(_, fit)| fit_gauges(fit)));
            gauges.extend([
                ("g_loss", learned.ppo.policy_loss as f64),
                ("g_value_loss", learned.ppo.value_loss as f64),
                ("g_reward", learned.reward),
                ("g_entropy", learned.ppo.entropy as f64),
                ("g_kl", learned.ppo.kl as f64),
                ("g_valid", generated.valid),
                ("g_duplicates", generated.duplicates),
            ]);
            let archs = match &config.proposals {
                Proposals::Generated => generated.archs,
                Proposals::Screened(screen) => {
                    let archs = generated.archs;
                    let archs =
                        players.screen(screen, context, config.truth, Some(&judge), archs, size)?;
                    watch.lap("screening");
                    archs
                }
            };
            let archs = context.complete(archs, size, &mut players.streams.initial);
            Ok((archs, gauges))
        };
        let (archs, gauges) = round().map_err(fault)?;
        self.gauges = gauges;
        // Line 8 is the driver's: it evaluates S on every x in X_t.
        Ok(archs)
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

fn fit_gauges(fit: &FitReport) -> impl Iterator<Item = Gauge> {
    [
        ("d_loss", fit.loss as f64),
        ("d_accuracy", fit.accuracy as f64),
    ]
    .into_iter()
    .chain(fit.rank_accuracy.map(|a| ("d_rank_accuracy", a as f64)))
}

/// The graphs of rollouts.
fn graphs(rollouts: &[Rollout]) -> Vec<&Graph> {
    rollouts.iter().map(|r| &r.graph).collect()
}
