//! The discriminator: it separates architectures of the truth set from generated ones (GA-NAS
//! section 3.1).
//!
//! The discriminator is pairwise. Given a true graph and another one, it estimates the probability
//! that the other comes from the same distribution, like the relativistic discriminator
//! (Jolicoeur-Martineau 2018, arXiv 1807.00734). Both graphs go through one [`KGnn`]. The first
//! layer of the classifier on their encodings is split as `W_a a + W_b b`, so all pairs share the
//! products. A second classifier of the same form, the ranking head (ours), learns from evaluated
//! graphs which of two graphs is better.

use std::sync::Arc;

use ganas_core::{arch::Graph, rng::Rng};
use ganas_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::batch::GraphBatch;
use crate::kgnn::{KGnn, KGnnConfig, Prepared, constant};
use crate::layers::sigmoid;
use crate::pairs::{Head, Target, balance, cross_entropy, measure};
use crate::params::{Adam, Params, Weights, exact};
use crate::ppo::read;
use crate::ranking::{ROWS, ranking};
use crate::{Dims, NetError};

/// The counterpart of a graph in the discriminator's comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// With each graph of the truth set (paper).
    Pairwise,
    /// None: a plain classifier. It serves to measure the effect of the pairs.
    Pointwise,
}

/// Settings of a [`Discriminator`] and of its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// The encoder.
    pub encoder: KGnnConfig,
    /// Pairwise or not. Default pairwise (paper).
    pub pairing: Pairing,
    /// The width of the classifier's hidden layer. Default 32 (ours).
    pub hidden: usize,
    /// Full-batch steps of Adam. Default 30 (ours: 100 were worse).
    pub steps: usize,
    /// The learning rate. Default 3e-3 (ours: 1e-2 was worse).
    pub learning_rate: f64,
    /// The distance of the targets from 0 and 1. Default 0.1 (ours: 0 and 0.3 were worse).
    pub smoothing: f32,
    /// The weight of the ranking loss. Default 1 (ours).
    pub rank_weight: f32,
    /// The most evaluated graphs that a fit ranks. Default 96 (ours).
    pub rank_graphs: usize,
}

impl Default for DiscriminatorConfig {
    fn default() -> Self {
        DiscriminatorConfig {
            encoder: KGnnConfig::default(),
            pairing: Pairing::Pairwise,
            hidden: 32,
            steps: 30,
            learning_rate: 3e-3,
            smoothing: 0.1,
            rank_weight: 1.0,
            rank_graphs: 96,
        }
    }
}

/// Statistics of a fit on its own training graphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// The class-balanced cross-entropy in nats, without smoothing.
    pub loss: f32,
    /// The class-balanced share of pairs on the right side of one half.
    pub accuracy: f32,
    /// The share of ranked pairs that the ranking head orders rightly, if there is one.
    pub rank_accuracy: Option<f32>,
}

/// The output of a [`Discriminator`] for graphs: means over the truth set.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The likelihood of being of the truth set's distribution.
    pub real: Vec<f32>,
    /// The likelihood of being better than the truth set, if the ranking head was fitted.
    pub rank: Option<Vec<f32>>,
}

impl Scores {
    /// Weighted means of both, of which the ranking head has a share; the likelihoods alone if it was not fitted.
    pub fn blend(self, rank_share: f32) -> Vec<f32> {
        let Some(rank) = self.rank else {
            return self.real;
        };
        let pairs = self.real.iter().zip(&rank);
        pairs
            .map(|(real, rank)| (1.0 - rank_share) * real + rank_share * rank)
            .collect()
    }
}

/// The parameters of a [`Discriminator`], for saving. Its numbers are restored exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiscriminatorState {
    /// The encoder's settings.
    pub encoder: KGnnConfig,
    /// The width of the classifier's hidden layer.
    pub hidden: usize,
    /// The dimensions of its graphs.
    pub dims: Dims,
    #[serde(with = "exact")]
    values: Vec<f32>,
}

/// A fitted discriminator.
#[derive(Clone, Debug)]
pub struct Discriminator {
    config: DiscriminatorConfig,
    dims: Dims,
    params: Params,
    encoder: KGnn,
    real: Head,
    rank: Head,
    weights: Weights,
    truth: Tensor<2>,
    ranked: Option<Tensor<2>>,
}

impl Discriminator {
    /// Fits a new discriminator to separate `truth` from `fake`. If evaluated graphs with their
    /// scores are given (higher is better), it also learns to order those.
    ///
    /// No graph is paired with itself or with an equal one, whichever set that is in. So equal
    /// architectures should be equal graphs.
    pub fn fit(
        config: &DiscriminatorConfig,
        dims: Dims,
        truth: &[&Graph],
        fake: &[&Graph],
        evaluated: Option<(&[&Graph], &[f32])>,
        rng: &mut Rng,
    ) -> Result<(Self, FitReport), NetError> {
        Self::fit_from(None, config, dims, truth, fake, evaluated, rng)
    }

    /// The same, from saved parameters in place of random ones.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and if the parameters are those of another network.
    pub fn fit_from(
        start: Option<&DiscriminatorState>,
        config: &DiscriminatorConfig,
        dims: Dims,
        truth: &[&Graph],
        fake: &[&Graph],
        evaluated: Option<(&[&Graph], &[f32])>,
        rng: &mut Rng,
    ) -> Result<(Self, FitReport), NetError> {
        if truth.is_empty() {
            return Err(NetError::Empty("the truth set"));
        }
        if fake.is_empty() {
            return Err(NetError::Empty("the set of generated graphs"));
        }
        let mut d = Self::untrained(config, dims, rng)?;
        if let Some(start) = start {
            d.params.set(&start.values)?;
        }
        let ranking = evaluated
            .map(|e| ranking(e, truth, config.rank_graphs, rng))
            .transpose()?;
        let ranking = ranking.filter(|r| !r.graphs.is_empty());
        let graphs: Vec<&Graph> = truth.iter().chain(fake).copied().collect();
        let batch = d.prepare(&graphs)?;
        let targets = d.targets(truth, fake, config.smoothing);
        let ranked = match &ranking {
            Some(r) => Some((d.prepare(&r.graphs)?, &r.blocks)),
            None => None,
        };
        let mut adam = Adam::default();
        for step in 0..config.steps {
            let w = d.params.tracked();
            let mut loss = cross_entropy(d.logits(&w, &batch, truth.len()), &targets);
            if let Some((batch, blocks)) = &ranked {
                let block = step % blocks.len();
                let logits = d.rank_logits(&w, batch, block);
                let rank_loss = cross_entropy(logits, &blocks[block]);
                loss = loss + rank_loss.mul_scalar(config.rank_weight);
            }
            let gradient = d.params.gradient(&w, &loss.sum());
            adam.step(d.params.values_mut(), &gradient, config.learning_rate);
        }
        d.weights = d.params.frozen();
        let logits = read(d.logits(&d.weights, &batch, truth.len()));
        let mut report = measure(&logits, &d.targets(truth, fake, 0.0));
        if let Some((batch, blocks)) = &ranked {
            let accuracy = |(block, targets): (usize, &Arc<Vec<Target>>)| {
                let logits = read(d.rank_logits(&d.weights, batch, block));
                measure(&logits, targets).accuracy
            };
            let total: f32 = blocks.iter().enumerate().map(accuracy).sum();
            report.rank_accuracy = Some(total / blocks.len() as f32);
        }
        let encoded = d
            .encoder
            .encode(&d.weights, &batch)
            .narrow(0, 0, truth.len());
        d.ranked = ranked.map(|_| d.rank.first(&d.weights, encoded.clone()));
        d.truth = d.first(&d.weights, encoded);
        Ok((d, report))
    }

    /// The parameters, for saving.
    pub fn state(&self) -> DiscriminatorState {
        DiscriminatorState {
            encoder: self.config.encoder.clone(),
            hidden: self.config.hidden,
            dims: self.dims,
            values: self.params.values().to_vec(),
        }
    }

    /// A discriminator with saved parameters that compares graphs with these true ones, by both heads.
    ///
    /// # Errors
    /// If there are no true graphs, or the parameters are damaged.
    pub fn load(state: &DiscriminatorState, truth: &[&Graph]) -> Result<Self, NetError> {
        if truth.is_empty() {
            return Err(NetError::Empty("the truth set"));
        }
        let config = DiscriminatorConfig {
            encoder: state.encoder.clone(),
            hidden: state.hidden,
            ..DiscriminatorConfig::default()
        };
        let mut d = Self::untrained(&config, state.dims, &mut Rng::stream(0, "overwritten"))?;
        d.params.set(&state.values)?;
        d.weights = d.params.frozen();
        let encoded = d.encoder.encode(&d.weights, &d.prepare(truth)?);
        d.ranked = Some(d.rank.first(&d.weights, encoded.clone()));
        d.truth = d.first(&d.weights, encoded);
        Ok(d)
    }

    fn untrained(
        config: &DiscriminatorConfig,
        dims: Dims,
        rng: &mut Rng,
    ) -> Result<Self, NetError> {
        let mut params = Params::new();
        let encoder = KGnn::new(&config.encoder, dims, &mut params, rng)?;
        let (width, hidden) = (encoder.width(), config.hidden.max(1));
        let mut head = || Head::new(width, hidden, &mut params, rng);
        let (real, rank) = (head(), head());
        Ok(Discriminator {
            config: config.clone(),
            dims,
            encoder,
            real,
            rank,
            weights: params.frozen(),
            params,
            truth: constant(Vec::new(), [0, hidden]),
            ranked: None,
        })
    }

    /// Scores graphs.
    pub fn scores(&self, graphs: &[&Graph]) -> Result<Scores, NetError> {
        let w = &self.weights;
        if graphs.is_empty() {
            return Ok(Scores {
                real: Vec::new(),
                rank: self.ranked.as_ref().map(|_| Vec::new()),
            });
        }
        let encoded = self.encoder.encode(w, &self.prepare(graphs)?);
        let mean = |head: &Head, truth: &Tensor<2>| {
            let [rows, _] = truth.dims();
            let logits = read(head.logits(w, truth.clone(), head.second(w, encoded.clone())));
            let column = |j: usize| {
                logits[j..]
                    .iter()
                    .step_by(graphs.len())
                    .map(|&z| sigmoid(z))
            };
            (0..graphs.len())
                .map(|j| column(j).sum::<f32>() / rows as f32)
                .collect()
        };
        Ok(Scores {
            real: mean(&self.real, &self.truth),
            rank: self.ranked.as_ref().map(|truth| mean(&self.rank, truth)),
        })
    }

    /// The likelihoods of being of the truth set's distribution.
    pub fn score(&self, graphs: &[&Graph]) -> Result<Vec<f32>, NetError> {
        Ok(self.scores(graphs)?.real)
    }

    fn prepare(&self, graphs: &[&Graph]) -> Result<Prepared, NetError> {
        self.encoder.prepare(&GraphBatch::new(graphs, self.dims)?)
    }

    fn first(&self, w: &Weights, truth: Tensor<2>) -> Tensor<2> {
        match self.config.pairing {
            Pairing::Pairwise => self.real.first(w, truth),
            Pairing::Pointwise => w[self.real.bias].clone(),
        }
    }

    /// The logits of the pairs of each of the first `truth` graphs of a batch with every graph.
    ///
    /// # Shapes
    /// - output: `[truth, graphs]`; pointwise `[1, graphs]`
    fn logits(&self, w: &Weights, batch: &Prepared, truth: usize) -> Tensor<2> {
        let encoded = self.encoder.encode(w, batch);
        let first = self.first(w, encoded.clone().narrow(0, 0, truth));
        self.real.logits(w, first, self.real.second(w, encoded))
    }

    /// The logits that the column's graph is better than the row's, for a block of rows.
    ///
    /// # Shapes
    /// - output: `[rows, graphs]`
    fn rank_logits(&self, w: &Weights, batch: &Prepared, block: usize) -> Tensor<2> {
        let encoded = self.encoder.encode(w, batch);
        let start = block * ROWS;
        let rows = ROWS.min(encoded.dims()[0] - start);
        let first = self.rank.first(w, encoded.clone().narrow(0, start, rows));
        self.rank.logits(w, first, self.rank.second(w, encoded))
    }

    fn targets(&self, truth: &[&Graph], fake: &[&Graph], smoothing: f32) -> Arc<Vec<Target>> {
        let rows = match self.config.pairing {
            Pairing::Pairwise => truth.len(),
            Pairing::Pointwise => 1,
        };
        // A pair of equal graphs would teach that copies are true, or, if only the generated copies
        // were left, that they are fakes. If there is one true graph, there is nothing else to
        // learn from.
        let own = self.config.pairing == Pairing::Pairwise && truth.len() > 1;
        let mut targets = Vec::with_capacity(rows * (truth.len() + fake.len()));
        for row in &truth[..rows] {
            for (j, column) in truth.iter().chain(fake).enumerate() {
                let real = j < truth.len();
                targets.push(Target {
                    value: if real { 1.0 - smoothing } else { smoothing },
                    weight: if own && row == column { 0.0 } else { 1.0 },
                });
            }
        }
        balance(&mut targets);
        Arc::new(targets)
    }
}

#[cfg(test)]
mod tests;
