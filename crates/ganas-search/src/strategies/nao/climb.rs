//! Training on evaluated architectures, and new architectures uphill of the best ones.

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::strategy::{Context, Gauge};
use ganas_core::trial::Trial;
use ganas_nets::latent::{LatentReport, Speller, Token};
use ganas_nets::{Dims, Latent, NetError};
use serde::{Deserialize, Serialize};

use super::NaoConfig;
use crate::committee::merits;
use crate::curves::standings;
use crate::settings::Range;
use crate::strategies::decisions::{Decision, decide, decisions_of};
use crate::strategies::first_set;

/// Normal quantiles from the middle to either end of the values from 0 to 1 (ours).
const QUANTILES: f64 = 3.5;

/// Decisions of an architecture.
pub type Tokens = Vec<Token>;

/// Ranges of the settings of both strategies.
pub fn ranges(config: &NaoConfig) -> Vec<(&'static str, f64, Range)> {
    let network = &config.network;
    vec![
        ("initial", config.initial as f64, Range::COUNT),
        ("batch", config.batch as f64, Range::COUNT),
        ("first_steps", config.first_steps as f64, Range::COUNT),
        ("steps", config.steps as f64, Range::COUNT),
        ("seeds", config.seeds as f64, Range::COUNT),
        ("stride", config.stride, Range::POSITIVE),
        ("strides", config.strides as f64, Range::COUNT),
        ("screened", config.screened as f64, Range::COUNT),
        ("network.width", network.width as f64, Range::COUNT),
        ("network.hidden", network.hidden as f64, Range::COUNT),
        ("network.minibatch", network.minibatch as f64, Range::COUNT),
        ("network.trade_off", network.trade_off, Range::SHARE),
        ("network.decay", network.decay, Range::NOT_NEGATIVE),
        (
            "network.learning_rate",
            network.learning_rate,
            Range::POSITIVE,
        ),
    ]
}

/// The state that NAO and SemiNAS share.
#[derive(Serialize, Deserialize)]
pub struct Climber {
    config: NaoConfig,
    pub streams: Streams,
    begun: bool,
    latent: Option<Latent>,
    /// Losses of the last training.
    #[serde(skip)]
    report: Option<LatentReport>,
}

/// One named random stream a component.
#[derive(Serialize, Deserialize)]
pub struct Streams {
    pub random: Rng,
    pub network: Rng,
}

/// Architectures that the networks are trained on.
#[derive(Default)]
pub struct Lessons {
    pub sequences: Vec<Tokens>,
    pub values: Vec<f32>,
}

impl Lessons {
    pub fn push(&mut self, tokens: Tokens, value: f32) {
        // Without a decision there is nothing to read.
        if !tokens.is_empty() {
            self.sequences.push(tokens);
            self.values.push(value);
        }
    }
}

impl Climber {
    /// A state before the first round.
    pub fn new(config: NaoConfig, name: &str, seed: u64) -> Self {
        Climber {
            config,
            streams: Streams {
                random: Rng::stream(seed, &format!("{name}/random")),
                network: Rng::stream(seed, &format!("{name}/network")),
            },
            begun: false,
            latent: None,
            report: None,
        }
    }

    /// The next queries, after a training by `train`.
    pub fn ask(
        &mut self,
        context: &Context,
        limit: usize,
        train: impl FnOnce(&mut Self, &Context, &Lessons) -> Result<()>,
    ) -> Result<Vec<Trial>> {
        let (initial, rng) = (self.config.initial, &mut self.streams.random);
        if let Some(first) = first_set(&mut self.begun, initial, context, limit, rng) {
            return Ok(first);
        }
        let batch = self.config.batch.min(limit);
        let mut chosen = Vec::new();
        let lessons = lessons(context);
        if !lessons.sequences.is_empty() {
            train(self, context, &lessons)?;
            chosen = self.climb(context, batch)?;
        }
        let chosen = context.complete(chosen, batch, &mut self.streams.random);
        Ok(Trial::full(chosen))
    }

    /// Trains on evaluated architectures.
    pub fn train(&mut self, context: &Context, lessons: &Lessons) -> Result<()> {
        self.fit(context.space, lessons, self.due())
    }

    /// Steps of the training in this round.
    pub fn due(&self) -> usize {
        match self.latent {
            Some(_) => self.config.steps,
            None => self.config.first_steps,
        }
    }

    /// Trains for some steps; the networks are made at first.
    pub fn fit(&mut self, space: &dyn SearchSpace, lessons: &Lessons, steps: usize) -> Result<()> {
        let rng = &mut self.streams.network;
        let config = &self.config.network;
        let latent =
            (self.latent).get_or_insert_with(|| Latent::new(config.clone(), Dims::of(space), rng));
        let report = latent.fit(&views(&lessons.sequences), &lessons.values, steps, rng);
        self.report = Some(report.map_err(fault)?);
        Ok(())
    }

    /// Predicted values of architectures.
    pub fn predict(&self, sequences: &[Tokens]) -> Result<Vec<f32>> {
        let latent = self.latent()?;
        let points = latent.encode(&views(sequences)).map_err(fault)?;
        let slopes = latent.slopes(&points).into_iter();
        Ok(slopes.map(|(value, _)| value).collect())
    }

    fn latent(&self) -> Result<&Latent> {
        let missing = || Error::bug("the networks are used before they are trained");
        self.latent.as_ref().ok_or_else(missing)
    }

    /// New architectures uphill of the best ones, nearest first, and of those the best predicted.
    fn climb(&mut self, context: &Context, batch: usize) -> Result<Vec<Arch>> {
        let space = context.space;
        let latent = self.latent()?;
        let best = context.ledger.top(self.config.seeds);
        if best.is_empty() {
            return Ok(Vec::new());
        }
        let seeds: Vec<Tokens> = best.iter().map(|q| tokens_of(space, &q.arch)).collect();
        let mut points = latent.encode(&views(&seeds)).map_err(fault)?;
        let mut speller = latent.speller();
        let wanted = batch * self.config.screened;
        let mut found: Vec<Arch> = Vec::new();
        let mut taken = HashSet::new();
        for _ in 0..self.config.strides {
            let slopes = latent.slopes(&points);
            for (point, (_, slope)) in points.iter_mut().zip(slopes) {
                for (x, s) in point.iter_mut().zip(&slope) {
                    *x += self.config.stride as f32 * s;
                }
            }
            for point in &points {
                let Some(arch) = spell(space, &mut speller, point) else {
                    continue;
                };
                if let Some(arch) = context.nearest_new(&arch, |arch| taken.contains(arch)) {
                    taken.insert(arch);
                    found.push(arch);
                }
                if found.len() == wanted {
                    return self.best(space, found, batch);
                }
            }
        }
        self.best(space, found, batch)
    }

    /// The best predicted ones of some architectures.
    fn best(&self, space: &dyn SearchSpace, found: Vec<Arch>, batch: usize) -> Result<Vec<Arch>> {
        if found.len() <= batch {
            return Ok(found);
        }
        let sequences: Vec<Tokens> = found.iter().map(|arch| tokens_of(space, arch)).collect();
        let values = self.predict(&sequences)?;
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        Ok(order.into_iter().take(batch).map(|i| found[i]).collect())
    }

    /// Losses of the last training.
    pub fn gauges(&self) -> Vec<Gauge> {
        let Some(report) = self.report else {
            return Vec::new();
        };
        vec![
            ("predictor_error", f64::from(report.error)),
            ("decoder_loss", f64::from(report.spelling)),
        ]
    }
}

/// Evaluated architectures with values from 0 to 1.
fn lessons(context: &Context) -> Lessons {
    let queries = standings(context);
    let queries: Vec<_> = queries.iter().collect();
    let mut lessons = Lessons::default();
    for (arch, quantile) in merits(&queries) {
        let value = (0.5 + 0.5 * quantile / QUANTILES).clamp(0.0, 1.0);
        lessons.push(tokens_of(context.space, &arch), value as f32);
    }
    lessons
}

/// The decisions of an architecture as tokens.
pub fn tokens_of(space: &dyn SearchSpace, arch: &Arch) -> Tokens {
    let made = decisions_of(space, &space.graph(arch)).into_iter();
    let token = |made: crate::strategies::decisions::Made| {
        let (node, source) = place(made.decision);
        Token {
            node,
            source,
            options: made.options,
            choice: made.choice,
        }
    };
    made.map(token).collect()
}

/// The node and the source of a decision.
fn place(decision: Decision) -> (usize, Option<usize>) {
    match decision {
        Decision::Label(node) => (node, None),
        Decision::Link(source, node) => (node, Some(source)),
    }
}

/// The architecture that a latent point stands for.
fn spell(space: &dyn SearchSpace, speller: &mut Speller, point: &[f32]) -> Option<Arch> {
    speller.begin(point);
    let (graph, _) = decide(space, |decision, options| {
        let (node, source) = place(decision);
        speller.choose(node, source, options)
    });
    space.arch(&graph).ok()
}

fn views(sequences: &[Tokens]) -> Vec<&[Token]> {
    sequences.iter().map(Vec::as_slice).collect()
}

fn fault(error: NetError) -> Error {
    Error::bug(error.to_string())
}
