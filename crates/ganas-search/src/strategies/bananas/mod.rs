//! BANANAS: Bayesian optimisation with an ensemble of neural predictors.
//!
//! White, Neiswanger & Savani 2021, "BANANAS: Bayesian optimization with neural architectures for
//! neural architecture search", AAAI, arXiv 1910.11858; settings are those of the authors' code,
//! naszilla. Each round fits an ensemble of feed-forward networks to everything that was evaluated,
//! mutates the best architectures into a pool, and evaluates what independent Thompson sampling
//! picks: each candidate's score is one draw from the normal distribution that the ensemble's mean
//! and deviation make.
//!
//! It differs from that code in four things. The default encoding of an architecture is by its adjacency;
//! naszilla's truncated paths are the preset `paths`. Targets are scaled by their mean deviation from the
//! median, so that the unit of the objective means nothing. Mutations are single edits of the
//! space, one after another, since every space has those. A pool that is too small is filled up
//! with random architectures.

mod encoding;
mod network;

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::state;
use ganas_core::strategy::{Context, Gauge, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::first_set;
use crate::settings::{Range, StrategyConfig, check_ranges};
use encoding::Encoder;
use network::Network;

pub use encoding::Encoding;
pub use network::NetworkConfig;

/// Settings of [`Bananas`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BananasConfig {
    /// Random architectures at the start (naszilla: 10).
    pub initial: usize,
    /// Queries a round (naszilla: 10).
    pub batch: usize,
    /// Candidates in the pool (naszilla: 100).
    pub pool: usize,
    /// Number of the best that are mutated, one after another, until the pool is full (naszilla:
    /// 5).
    pub parents: usize,
    /// The chance, up to 0.9, that a mutant is edited once more, again and again (ours: 0.45, with
    /// which the mean number of edits is that of naszilla's mutation on NAS-Bench-201).
    pub another_edit: f64,
    /// Networks in the ensemble (naszilla: 5).
    pub ensemble: usize,
    /// Encoding of an architecture for the networks. Ours is the adjacency, with which a median of
    /// 46 queries leads to the optimum of NAS-Bench-201; naszilla's truncated paths take 63.5.
    pub encoding: Encoding,
    /// A network and its training.
    pub network: NetworkConfig,
}

impl Default for BananasConfig {
    fn default() -> Self {
        BananasConfig {
            initial: 10,
            batch: 10,
            pool: 100,
            parents: 5,
            another_edit: 0.45,
            ensemble: 5,
            encoding: Encoding::Adjacency,
            network: NetworkConfig::default(),
        }
    }
}

impl StrategyConfig for BananasConfig {
    const PRESETS: &'static [&'static str] = &["default", "adjacency", "paths"];

    fn preset(name: &str) -> Self {
        BananasConfig {
            encoding: match name {
                "paths" => Encoding::Paths,
                _ => Encoding::Adjacency,
            },
            ..Self::default()
        }
    }

    fn check(&self) -> Result<()> {
        let network = &self.network;
        check_ranges(&[
            ("initial", self.initial as f64, Range::COUNT),
            ("batch", self.batch as f64, Range::COUNT),
            ("pool", self.pool as f64, Range::COUNT),
            ("parents", self.parents as f64, Range::COUNT),
            ("another_edit", self.another_edit, Range::up_to(0.9)),
            ("ensemble", self.ensemble as f64, Range::COUNT),
            ("network.layers", network.layers as f64, Range::COUNT),
            ("network.width", network.width as f64, Range::COUNT),
            ("network.epochs", network.epochs as f64, Range::COUNT),
            (
                "network.learning_rate",
                network.learning_rate.into(),
                Range::POSITIVE,
            ),
        ])
    }

    fn initial(&self) -> usize {
        self.initial
    }

    fn batch(&self, _: usize, _: usize, _: &dyn SearchSpace) -> usize {
        self.batch
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Bananas::new(self, seed))
    }
}

/// BANANAS.
#[derive(Serialize, Deserialize)]
pub struct Bananas {
    config: BananasConfig,
    streams: Streams,
    begun: bool,
    encoder: Option<Encoder>,
    error: Option<f64>,
}

/// One named random stream a component.
#[derive(Serialize, Deserialize)]
struct Streams {
    random: Rng,
    mutations: Rng,
    networks: Rng,
    thompson: Rng,
}

impl Bananas {
    /// BANANAS with streams of its own.
    pub fn new(config: BananasConfig, seed: u64) -> Self {
        let stream = |name: &str| Rng::stream(seed, &format!("bananas/{name}"));
        Bananas {
            config,
            streams: Streams {
                random: stream("random"),
                mutations: stream("mutations"),
                networks: stream("networks"),
                thompson: stream("thompson"),
            },
            begun: false,
            encoder: None,
            error: None,
        }
    }

    /// Unseen mutants of the best architectures.
    fn pool(&mut self, context: &Context) -> Vec<Arch> {
        let rng = &mut self.streams.mutations;
        let mut pool = Vec::new();
        let mut seen: HashSet<Arch> = HashSet::new();
        for parent in context.ledger.top(self.config.parents) {
            if pool.len() >= self.config.pool {
                break;
            }
            let neighbors = context.space.neighbors(&parent.arch);
            if neighbors.is_empty() {
                continue;
            }
            for _ in 0..self.config.pool {
                let mut mutant = *rng.choose(&neighbors);
                while rng.chance(self.config.another_edit.min(0.9)) {
                    mutant = context.space.mutate(&mutant, rng);
                }
                if let Some(mutant) = context.nearest_new(&mutant, |a| seen.contains(a)) {
                    seen.insert(mutant);
                    pool.push(mutant);
                }
            }
        }
        pool
    }

    /// The acquisition value of each candidate: one draw from the ensemble's prediction of it.
    fn thompson(&mut self, context: &Context, pool: &[Arch]) -> Vec<f64> {
        let encoder = self.encoder.get_or_insert_with(|| {
            Encoder::new(
                context.space,
                self.config.encoding,
                &mut self.streams.random,
            )
        });
        let (archs, targets) = targets(context.ledger.queries());
        let (width, [rows, candidates]) = encoder.encode(context.space, [&archs, pool]);
        let mut predictions: Vec<Vec<f32>> = Vec::with_capacity(self.config.ensemble);
        let mut error = 0.0;
        for _ in 0..self.config.ensemble {
            let rng = &mut self.streams.networks;
            let network = Network::fit(&self.config.network, width, &rows, &targets, rng);
            let fitted = network.predict(&rows);
            let misses = fitted.iter().zip(&targets).map(|(p, t)| (p - t).abs());
            error += f64::from(misses.sum::<f32>()) / targets.len() as f64;
            predictions.push(network.predict(&candidates));
        }
        let members = predictions.len().max(1) as f64;
        self.error = Some(error / members);
        let rng = &mut self.streams.thompson;
        (0..pool.len())
            .map(|i| {
                let said = || predictions.iter().map(|p| f64::from(p[i]));
                let mean = said().sum::<f64>() / members;
                let variance = said().map(|p| (p - mean).powi(2)).sum::<f64>() / members;
                mean + variance.sqrt() * rng.normal()
            })
            .collect()
    }
}

impl Strategy for Bananas {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let (initial, rng) = (self.config.initial, &mut self.streams.random);
        if let Some(first) = first_set(&mut self.begun, initial, context, limit, rng) {
            return Ok(first);
        }
        let batch = self.config.batch.min(limit);
        let mut chosen: Vec<Arch> = Vec::with_capacity(batch);
        let pool = self.pool(context);
        if !pool.is_empty() {
            let scores = self.thompson(context, &pool);
            let mut order: Vec<usize> = (0..pool.len()).collect();
            order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            chosen.extend(order.into_iter().take(batch).map(|i| pool[i]));
        }
        let chosen = context.complete(chosen, batch, &mut self.streams.random);
        Ok(Trial::full(chosen))
    }

    fn gauges(&self) -> Vec<Gauge> {
        self.error
            .map(|error| ("train_error", error))
            .into_iter()
            .collect()
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}

/// The evaluated architectures and the networks' targets: deviations from the median, whose mean is
/// 1. Architectures that break a constraint are as bad as the worst, and failed ones are left out.
fn targets(queries: &[Query]) -> (Vec<Arch>, Vec<f32>) {
    let worst = queries
        .iter()
        .filter_map(Query::merit)
        .fold(f64::INFINITY, f64::min);
    let scored = queries.iter().filter(|q| q.value().is_some());
    let (archs, merits): (Vec<Arch>, Vec<f64>) =
        scored.map(|q| (q.arch, q.merit().unwrap_or(worst))).unzip();
    let mut sorted = merits.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let spread = merits.iter().map(|m| (m - median).abs()).sum::<f64>() / merits.len() as f64;
    let scale = if spread > 0.0 { 1.0 / spread } else { 0.0 };
    let targets = merits.iter().map(|m| ((m - median) * scale) as f32);
    (archs, targets.collect())
}
