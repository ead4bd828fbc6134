//! Monte-Carlo tree search.
//!
//! Wang et al. 2018, "AlphaX: eXploring neural architectures with deep neural networks and Monte Carlo tree
//! search", arXiv 1805.07440 and 1903.11059: the actions of the tree are the growth steps of an architecture.
//! Upper confidence bounds (Auer et al. 2002, doi 10.1023/A:1013689704352) choose a path, one node is added,
//! and random completions from there are evaluated or predicted by a meta-model.
//!
//! Wang et al. 2019, "Sample-efficient neural architecture search by learning action space", arXiv 1906.06832:
//! the actions are learned. Linear models split the evaluated architectures into better and worse ones, and the
//! bounds choose a leaf of this [partition](partition), from which new architectures are drawn.
//!
//! It differs from both in three things. Values are the shares of evaluated architectures that are worse, so
//! that the unit of the objective means nothing. The meta-model is an ensemble of boosted trees instead of a
//! network. The tree is built again from all evaluations in each round.

mod config;
mod growth;
mod meta;
mod partition;

use std::collections::{HashMap, HashSet};

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::state;
use ganas_core::strategy::{Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::decisions::decisions_of;
use super::first_set;
use crate::committee::Describer;
use growth::GrowthTree;
use meta::MetaModel;
use partition::{Partition, Region};

pub use config::{Actions, Choice, MctsConfig};

/// The most descriptions that are kept from round to round.
const REMEMBERED: usize = 50_000;

/// Draws for each candidate of a region before fewer candidates are accepted (ours).
const DRAWS: usize = 4;

/// Candidates of which a random one is chosen (ours). Several are only needed where some are known.
const FEW: usize = 5;

/// Monte-Carlo tree search.
#[derive(Serialize, Deserialize)]
pub struct Mcts {
    config: MctsConfig,
    streams: Streams,
    begun: bool,
    /// Mean predicted value of the completions among which each query was, until it is evaluated and after.
    simulated: Vec<(Arch, f64)>,
    /// Not saved, as it follows from the architectures.
    #[serde(skip)]
    describer: Option<Describer>,
}

/// One named random stream a component.
#[derive(Serialize, Deserialize)]
struct Streams {
    random: Rng,
    tree: Rng,
    model: Rng,
}

/// Architecture that may be evaluated, with its value and the mean value of the completions beside it.
struct Candidate {
    arch: Arch,
    value: f64,
    beside: f64,
}

impl Mcts {
    /// Tree search with streams of its own.
    pub fn new(config: MctsConfig, seed: u64) -> Self {
        let stream = |name: &str| Rng::stream(seed, &format!("mcts/{name}"));
        Mcts {
            config,
            streams: Streams {
                random: stream("random"),
                tree: stream("tree"),
                model: stream("model"),
            },
            begun: false,
            simulated: Vec::new(),
            describer: None,
        }
    }

    /// The next queries by growth actions; fewer than `batch` if completions are known or not admitted.
    fn by_growth(
        &mut self,
        context: &Context,
        describer: &mut Describer,
        batch: usize,
    ) -> Vec<Arch> {
        let Some(model) = MetaModel::fit(context, describer, &mut self.streams.model) else {
            return Vec::new();
        };
        let space = context.space;
        let mut tree = GrowthTree::new(self.config.exploration);
        let simulated: HashMap<Arch, f64> = self.simulated.iter().copied().collect();
        for (arch, measured) in meta::values(context) {
            let value = match simulated.get(&arch) {
                Some(predicted) => measured + self.config.predicted_share * (predicted - measured),
                None => measured,
            };
            let made = decisions_of(space, &space.graph(&arch));
            tree.record(made.iter().map(|made| made.choice), value);
        }
        let mut chosen = Vec::with_capacity(batch);
        let mut taken = HashSet::new();
        for _ in 0..batch {
            let mut candidates = Vec::new();
            for _ in 0..self.config.simulations {
                candidates.extend(self.simulate(context, describer, &model, &mut tree));
            }
            if let Some(candidate) = self.choose(context, candidates, &mut taken) {
                if self.config.predicted_share > 0.0 {
                    self.simulated.push((candidate.arch, candidate.beside));
                }
                chosen.push(candidate.arch);
            }
        }
        chosen
    }

    /// Adds one node to the tree, and gives it the mean predicted value of its completions.
    fn simulate(
        &mut self,
        context: &Context,
        describer: &mut Describer,
        model: &MetaModel,
        tree: &mut GrowthTree,
    ) -> Vec<Candidate> {
        let space = context.space;
        let rng = &mut self.streams.tree;
        let path = tree.descend(space, rng);
        let completions = (0..self.config.rollouts).map(|_| growth::complete(space, &path, rng));
        let archs: Vec<Arch> = completions
            .filter_map(|graph| space.arch(&graph).ok())
            .collect();
        let values = model.values(context, describer, &archs);
        let beside = values.iter().sum::<f64>() / values.len().max(1) as f64;
        tree.pay(&path, beside);
        let candidates = archs.into_iter().zip(values);
        candidates
            .map(|(arch, value)| Candidate {
                arch,
                value,
                beside,
            })
            .collect()
    }

    /// The next queries by learned regions; fewer than `batch` if hardly any new architecture is found.
    fn by_regions(
        &mut self,
        context: &Context,
        describer: &mut Describer,
        batch: usize,
    ) -> Vec<Arch> {
        let model = match self.config.choice {
            Choice::Best => MetaModel::fit(context, describer, &mut self.streams.model),
            Choice::Random => None,
        };
        let evaluated = meta::values(context);
        let Some(mut partition) =
            Partition::fit(&self.config, context.space, describer, &evaluated)
        else {
            return Vec::new();
        };
        let mut chosen = Vec::with_capacity(batch);
        let mut taken = HashSet::new();
        for _ in 0..batch {
            let region = partition.select();
            let archs = self.draw(context, describer, &partition, &region);
            let values = match &model {
                Some(model) => model.values(context, describer, &archs),
                None => vec![0.0; archs.len()],
            };
            let candidates = archs.into_iter().zip(values);
            let candidates = candidates.map(|(arch, value)| Candidate {
                arch,
                value,
                beside: value,
            });
            let candidates = candidates.collect();
            if let Some(candidate) = self.choose(context, candidates, &mut taken) {
                chosen.push(candidate.arch);
            }
        }
        chosen
    }

    /// New architectures of a region, or of the whole space if none of those that are drawn lies in it.
    fn draw(
        &mut self,
        context: &Context,
        describer: &mut Describer,
        partition: &Partition,
        region: &Region,
    ) -> Vec<Arch> {
        let wanted = match self.config.choice {
            Choice::Best => self.config.candidates,
            Choice::Random => FEW,
        };
        let mut inside = Vec::new();
        let mut outside = Vec::new();
        for arch in self.propose(context, region) {
            if partition.leaf_of(describer.describe(context.space, &arch)) == region.leaf {
                inside.push(arch);
                if inside.len() == wanted {
                    break;
                }
            } else if outside.len() < wanted {
                outside.push(arch);
            }
        }
        if inside.is_empty() { outside } else { inside }
    }

    /// New architectures: random ones, and edits of members of a region in turn. In a pool, random members, as
    /// edits hardly ever meet one.
    fn propose(&mut self, context: &Context, region: &Region) -> Vec<Arch> {
        let draws = self.config.candidates * DRAWS;
        let rng = &mut self.streams.tree;
        if context.has_pool() {
            return context.sample_new(draws, rng);
        }
        let space = context.space;
        let mut edited = false;
        let mut draw = || {
            edited = !edited;
            if !edited || region.members.is_empty() {
                return space.sample(context.sampler, rng);
            }
            let mut arch = space.mutate(rng.choose(&region.members), rng);
            while rng.chance(self.config.another_edit) {
                arch = space.mutate(&arch, rng);
            }
            arch
        };
        let drawn = (0..draws).map(|_| draw());
        drawn.filter(|arch| context.is_new(arch)).collect()
    }

    /// The best candidate that would be a new query, or a random one. In a pool, the nearest member takes its
    /// place.
    fn choose(
        &mut self,
        context: &Context,
        mut candidates: Vec<Candidate>,
        taken: &mut HashSet<Arch>,
    ) -> Option<Candidate> {
        match self.config.choice {
            Choice::Best => candidates.sort_by(|a, b| b.value.total_cmp(&a.value)),
            Choice::Random => self.streams.tree.shuffle(&mut candidates),
        }
        for candidate in candidates {
            let new = context.nearest_new(&candidate.arch, |arch| taken.contains(arch));
            if let Some(arch) = new {
                taken.insert(arch);
                return Some(Candidate { arch, ..candidate });
            }
        }
        None
    }
}

impl Strategy for Mcts {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let (initial, rng) = (self.config.initial, &mut self.streams.random);
        if let Some(first) = first_set(&mut self.begun, initial, context, limit, rng) {
            return Ok(first);
        }
        let batch = self.config.batch.min(limit);
        let mut describer =
            (self.describer.take()).unwrap_or_else(|| Describer::new(context.space));
        describer.trim(REMEMBERED);
        let chosen = match self.config.actions {
            Actions::Growth => self.by_growth(context, &mut describer, batch),
            Actions::Regions => self.by_regions(context, &mut describer, batch),
        };
        self.describer = Some(describer);
        let chosen = context.complete(chosen, batch, &mut self.streams.random);
        Ok(Trial::full(chosen))
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}
