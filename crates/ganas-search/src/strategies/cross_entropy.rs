//! The cross-entropy method on the construction steps of an architecture.
//!
//! Rubinstein & Kroese 2004, "The cross-entropy method", doi 10.1007/978-1-4757-4321-0: refit a
//! sampling density to an elite of the samples by maximum likelihood, which minimises the KL
//! divergence that GA-NAS replaces by the JS divergence. The density is a product of independent
//! categoricals: the label of the node at each step, and whether each earlier node feeds it.

use ganas_core::arch::{Arch, Graph, bits};
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::{Growth, SearchSpace};
use ganas_core::state;
use ganas_core::strategy::{Context, Gauge, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::decisions::{Decision, grow};
use crate::settings::{Range, StrategyConfig, check_ranges};

/// Settings of [`CrossEntropy`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrossEntropyConfig {
    /// Queries a round (ours).
    pub batch: usize,
    /// Number of the best architectures so far that are the elite (ours).
    pub elite: usize,
    /// Weight of the refitted density against the former one (ours; 0.7 to 0.9 is usual).
    pub step: f64,
    /// The least probability of each choice (ours): keeps every architecture reachable.
    pub floor: f64,
}

impl Default for CrossEntropyConfig {
    fn default() -> Self {
        CrossEntropyConfig {
            batch: 20,
            elite: 10,
            step: 0.5,
            floor: 0.01,
        }
    }
}

impl StrategyConfig for CrossEntropyConfig {
    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("batch", self.batch as f64, Range::COUNT),
            ("elite", self.elite as f64, Range::COUNT),
            ("step", self.step, Range::POSITIVE_SHARE),
            ("floor", self.floor, Range::SHARE),
        ])
    }

    fn batch(&self, _: usize, _: usize, _: &dyn SearchSpace) -> usize {
        self.batch
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(CrossEntropy::new(self, seed))
    }
}

/// Factorised cross-entropy search.
#[derive(Serialize, Deserialize)]
pub struct CrossEntropy {
    config: CrossEntropyConfig,
    rng: Rng,
    density: Option<Density>,
    gamma: Option<f64>,
}

impl CrossEntropy {
    /// Cross-entropy search with a stream of its own.
    pub fn new(config: CrossEntropyConfig, seed: u64) -> Self {
        CrossEntropy {
            config,
            rng: Rng::stream(seed, "cross-entropy"),
            density: None,
            gamma: None,
        }
    }
}

impl Strategy for CrossEntropy {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let batch = self.config.batch.min(limit);
        let Some(density) = &self.density else {
            return Ok(Trial::full(context.sample_new(batch, &mut self.rng)));
        };
        let mut drawn: Vec<Arch> = Vec::with_capacity(batch);
        for _ in 0..100 * batch {
            let graph = density.sample(context.space, self.config.floor, &mut self.rng);
            if let Ok(arch) = context.space.arch(&graph)
                && let Some(arch) = context.nearest_new(&arch, |a| drawn.contains(a))
            {
                drawn.push(arch);
                if drawn.len() == batch {
                    return Ok(Trial::full(drawn));
                }
            }
        }
        // A density that has collapsed on what is known goes on at random.
        for arch in context.sample_new(batch - drawn.len(), &mut self.rng) {
            if !drawn.contains(&arch) {
                drawn.push(arch);
            }
        }
        Ok(Trial::full(drawn))
    }

    fn tell(&mut self, context: &Context, _: &[Query]) {
        let elite = context.ledger.top(self.config.elite);
        self.gamma = elite.last().and_then(|q| q.merit());
        let graphs: Vec<Graph> = elite.iter().map(|q| context.space.graph(&q.arch)).collect();
        if graphs.is_empty() {
            return;
        }
        let density = self
            .density
            .get_or_insert_with(|| Density::flat(context.space));
        density.refit(&graphs, self.config.step);
    }

    fn gauges(&self) -> Vec<Gauge> {
        self.gamma
            .map(|gamma| ("gamma", gamma))
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

/// A product of categoricals over construction steps.
#[derive(Serialize, Deserialize)]
struct Density {
    /// Probability of each label at each step.
    labels: Vec<Vec<f64>>,
    /// Probability of the edge from each earlier node, at each step.
    links: Vec<Vec<f64>>,
}

impl Density {
    fn flat(space: &(impl Growth + ?Sized)) -> Self {
        let labels = space.vocabulary().len();
        let steps = space.max_nodes();
        Density {
            labels: vec![vec![1.0 / labels as f64; labels]; steps],
            links: (0..steps).map(|t| vec![0.5; t]).collect(),
        }
    }

    /// Moves towards the maximum-likelihood fit to the elite.
    fn refit(&mut self, elite: &[Graph], step: f64) {
        for (t, (labels, links)) in self.labels.iter_mut().zip(&mut self.links).enumerate() {
            let grown: Vec<&Graph> = elite.iter().filter(|g| g.len() > t).collect();
            if grown.is_empty() {
                continue;
            }
            let share = step / grown.len() as f64;
            labels.iter_mut().for_each(|p| *p *= 1.0 - step);
            links.iter_mut().for_each(|p| *p *= 1.0 - step);
            for graph in grown {
                labels[graph.labels[t] as usize] += share;
                bits(graph.inputs[t]).for_each(|u| links[u] += share);
            }
        }
    }

    fn sample(&self, space: &(impl Growth + ?Sized), floor: f64, rng: &mut Rng) -> Graph {
        grow(space, |decision, options| match decision {
            Decision::Label(t) => {
                let weights: Vec<f64> = self.labels[t]
                    .iter()
                    .enumerate()
                    .map(|(l, p)| {
                        if options >> l & 1 == 1 {
                            p.max(floor)
                        } else {
                            0.0
                        }
                    })
                    .collect();
                rng.weighted(&weights) as u8
            }
            Decision::Link(u, t) => {
                u8::from(rng.chance(self.links[t][u].clamp(floor, 1.0 - floor)))
            }
        })
    }
}
