//! The discriminator: it tells architectures of the truth set from generated ones (GA-NAS
//! section 3.1).
//!
//! It is pairwise: given a true graph and another one, it says how likely the other is to come
//! from the same distribution, which relates it to the relativistic discriminator
//! (Jolicoeur-Martineau 2018, arXiv 1807.00734). Both graphs go through one [`KGnn`]; the first
//! layer of the classifier on their encodings is split as `W_a a + W_b b`, so that all pairs
//! share the products. A second classifier of the same form, the ranking head (ours), learns from
//! evaluated graphs whether the other one is better.

use std::collections::HashSet;
use std::sync::Arc;

use burn::tensor::Tensor;
use ganas_core::{arch::Graph, rng::Rng};
use serde::{Deserialize, Serialize};

use crate::batch::GraphBatch;
use crate::kgnn::{KGnn, KGnnConfig, Prepared, constant};
use crate::layers::{dot, sigmoid, softplus, tanh};
use crate::params::{Adam, Id, Params, Weights};
use crate::ppo::read;
use crate::{Dims, NetError, op};

/// What the discriminator compares a graph with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// With each graph of the truth set (paper).
    Pairwise,
    /// With none: a plain classifier, to see what the pairs are worth.
    Pointwise,
}

/// How a [`Discriminator`] is built and fitted.
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
    /// How far the targets are from 0 and 1. Default 0.1 (ours: 0 and 0.3 were worse).
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

/// How a fit went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// The class-balanced cross-entropy in nats, without smoothing.
    pub loss: f32,
    /// The class-balanced share of pairs on the right side of one half.
    pub accuracy: f32,
    /// A lower bound on the Jensen-Shannon divergence between the truth set and the generated
    /// graphs, `log 2 - loss`, at least 0 (Goodfellow et al. 2014, arXiv 1406.2661, theorem 1).
    pub divergence: f32,
    /// The share of ranked pairs that the ranking head orders rightly, if there is one.
    pub rank_accuracy: Option<f32>,
}

/// What a [`Discriminator`] says about graphs: means over the truth set.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The likelihood of being of the truth set's distribution.
    pub real: Vec<f32>,
    /// The likelihood of being better than the truth set, if the ranking head was fitted.
    pub rank: Option<Vec<f32>>,
}

#[derive(Clone, Debug)]
struct Head {
    first: Id,
    second: Id,
    bias: Id,
    output: Id,
    output_bias: Id,
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
    /// Fits a new discriminator to tell `truth` from `fake`, and, given evaluated graphs with
    /// their scores (higher is better), to order those.
    pub fn fit(
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
        let ranking = evaluated
            .map(|e| ranking(e, truth, config.rank_graphs, rng))
            .transpose()?;
        let ranking = ranking.filter(|r| !r.graphs.is_empty());
        let graphs: Vec<&Graph> = truth.iter().chain(fake).copied().collect();
        let batch = d.prepare(&graphs)?;
        let targets = d.targets(truth, fake.len(), config.smoothing);
        let ranked = match &ranking {
            Some(r) => Some((d.prepare(&r.graphs)?, r.targets.clone())),
            None => None,
        };
        let mut adam = Adam::default();
        for _ in 0..config.steps {
            let w = d.params.tracked();
            let mut loss = cross_entropy(d.logits(&w, &batch, truth.len()), &targets);
            if let Some((batch, targets)) = &ranked {
                let logits = d.rank_logits(&w, batch);
                loss = loss + cross_entropy(logits, targets).mul_scalar(config.rank_weight);
            }
            let gradient = d.params.gradient(&w, &loss.sum());
            adam.step(d.params.values_mut(), &gradient, config.learning_rate);
        }
        d.weights = d.params.frozen();
        let logits = read(d.logits(&d.weights, &batch, truth.len()));
        let mut report = measure(&logits, &d.targets(truth, fake.len(), 0.0));
        if let Some((batch, targets)) = &ranked {
            let logits = read(d.rank_logits(&d.weights, batch));
            report.rank_accuracy = Some(measure(&logits, targets).accuracy);
        }
        let encoded = d
            .encoder
            .encode(&d.weights, &batch)
            .narrow(0, 0, truth.len());
        d.ranked = ranked.map(|_| d.rank.first(&d.weights, encoded.clone()));
        d.truth = d.first(&d.weights, encoded);
        Ok((d, report))
    }

    fn untrained(
        config: &DiscriminatorConfig,
        dims: Dims,
        rng: &mut Rng,
    ) -> Result<Self, NetError> {
        let mut params = Params::new();
        let encoder = KGnn::new(&config.encoder, dims, &mut params, rng)?;
        let (width, hidden) = (encoder.width(), config.hidden.max(1));
        let mut head = || Head {
            first: params.weight(width, hidden, 1.0, rng),
            second: params.weight(width, hidden, 1.0, rng),
            bias: params.bias(hidden, 0.0),
            output: params.weight(hidden, 1, 1.0, rng),
            output_bias: params.bias(1, 0.0),
        };
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

    /// The logits that the column's graph is better than the row's.
    ///
    /// # Shapes
    /// - output: `[graphs, graphs]`
    fn rank_logits(&self, w: &Weights, batch: &Prepared) -> Tensor<2> {
        let encoded = self.encoder.encode(w, batch);
        let first = self.rank.first(w, encoded.clone());
        self.rank.logits(w, first, self.rank.second(w, encoded))
    }

    fn targets(&self, truth: &[&Graph], fake: usize, smoothing: f32) -> Arc<Vec<Target>> {
        let rows = match self.config.pairing {
            Pairing::Pairwise => truth.len(),
            Pairing::Pointwise => 1,
        };
        // A graph paired with itself would teach to recognise copies. If it is the only true
        // graph, there is nothing else to learn from.
        let own = self.config.pairing == Pairing::Pairwise && truth.len() > 1;
        let mut targets = Vec::with_capacity(rows * (truth.len() + fake));
        for i in 0..rows {
            for j in 0..truth.len() + fake {
                let real = j < truth.len();
                targets.push(Target {
                    value: if real { 1.0 - smoothing } else { smoothing },
                    weight: if own && i == j { 0.0 } else { 1.0 },
                });
            }
        }
        balance(&mut targets);
        Arc::new(targets)
    }
}

impl Head {
    fn first(&self, w: &Weights, encoded: Tensor<2>) -> Tensor<2> {
        encoded.matmul(w[self.first].clone()) + w[self.bias].clone()
    }

    fn second(&self, w: &Weights, encoded: Tensor<2>) -> Tensor<2> {
        encoded.matmul(w[self.second].clone())
    }

    fn logits(&self, w: &Weights, first: Tensor<2>, second: Tensor<2>) -> Tensor<2> {
        pair_logits(first, second, w[self.output].clone()) + w[self.output_bias].clone()
    }
}

/// The output of the classifier for all pairs, `sum_k output_k tanh(first_ik + second_jk)`.
///
/// # Shapes
/// - `first`: `[truth, hidden]`, `second`: `[others, hidden]`, `output`: `[hidden, 1]`
/// - result: `[truth, others]`
fn pair_logits(first: Tensor<2>, second: Tensor<2>, output: Tensor<2>) -> Tensor<2> {
    let ([rows, h], [columns, _]) = (first.dims(), second.dims());
    op::node([first, second, output], move |[first, second, output]| {
        let mut logits = vec![0.0; rows * columns];
        let mut kept = vec![0.0; rows * columns * h];
        for i in 0..rows {
            let a = &first[i * h..][..h];
            for j in 0..columns {
                let b = &second[j * h..][..h];
                let t = &mut kept[(i * columns + j) * h..][..h];
                for ((t, a), b) in t.iter_mut().zip(a).zip(b) {
                    *t = tanh(a + b);
                }
                logits[i * columns + j] = dot(t, output);
            }
        }
        let output = output.to_vec();
        let pull = move |grad: &[f32]| {
            let mut da = vec![0.0; rows * h];
            let mut db = vec![0.0; columns * h];
            let mut dout = vec![0.0; h];
            for i in 0..rows {
                let da = &mut da[i * h..][..h];
                for j in 0..columns {
                    let g = grad[i * columns + j];
                    let t = &kept[(i * columns + j) * h..][..h];
                    let db = &mut db[j * h..][..h];
                    for k in 0..h {
                        let slope = g * output[k] * (1.0 - t[k] * t[k]);
                        da[k] += slope;
                        db[k] += slope;
                        dout[k] += g * t[k];
                    }
                }
            }
            [da, db, dout]
        };
        (logits, [rows, columns], pull)
    })
}

#[derive(Clone, Copy, Debug)]
struct Target {
    value: f32,
    weight: f32,
}

/// Scales the weights so that the two classes weigh one half each.
fn balance(targets: &mut [Target]) {
    for class in [false, true] {
        let member = |t: &Target| (t.value > 0.5) == class;
        let total: f32 = targets.iter().filter(|t| member(t)).map(|t| t.weight).sum();
        let of_class = targets.iter_mut().filter(|t| member(t));
        of_class.for_each(|t| t.weight *= 0.5 / total.max(1e-8));
    }
}

/// The weighted cross-entropy of logits.
///
/// # Shapes
/// - `logits`: any with one number for each target
/// - output: `[1, 1]`
fn cross_entropy(logits: Tensor<2>, targets: &Arc<Vec<Target>>) -> Tensor<2> {
    let targets = targets.clone();
    op::node([logits], move |[logits]| {
        let loss = entropy(logits, &targets);
        let slope = |(z, t): (&f32, &Target)| t.weight * (sigmoid(*z) - t.value);
        let slopes: Vec<f32> = logits.iter().zip(targets.iter()).map(slope).collect();
        let pull = move |grad: &[f32]| [slopes.iter().map(|s| grad[0] * s).collect()];
        (vec![loss], [1, 1], pull)
    })
}

fn entropy(logits: &[f32], targets: &[Target]) -> f32 {
    let loss = |(&z, t): (&f32, &Target)| t.weight * (softplus(z) - t.value * z);
    logits.iter().zip(targets).map(loss).sum()
}

fn measure(logits: &[f32], targets: &[Target]) -> FitReport {
    let loss = entropy(logits, targets);
    let right =
        |(&z, t): (&f32, &Target)| f32::from(u8::from((z > 0.0) == (t.value > 0.5))) * t.weight;
    FitReport {
        loss,
        accuracy: logits.iter().zip(targets).map(right).sum(),
        divergence: (2f32.ln() - loss).max(0.0),
        rank_accuracy: None,
    }
}

struct Ranking<'a> {
    graphs: Vec<&'a Graph>,
    targets: Arc<Vec<Target>>,
}

/// The graphs to rank, the true ones and a random choice of the rest, with what is better than
/// what; empty if no two differ.
fn ranking<'a>(
    (graphs, scores): (&[&'a Graph], &[f32]),
    truth: &[&Graph],
    limit: usize,
    rng: &mut Rng,
) -> Result<Ranking<'a>, NetError> {
    if graphs.len() != scores.len() {
        return Err(NetError::Mismatch {
            what: "evaluated graphs and their scores",
            left: graphs.len(),
            right: scores.len(),
        });
    }
    let truth: HashSet<&Graph> = truth.iter().copied().collect();
    let usable = (0..graphs.len()).filter(|&i| scores[i].is_finite());
    let (mut picked, rest): (Vec<usize>, Vec<usize>) =
        usable.partition(|&i| truth.contains(graphs[i]));
    picked.truncate(limit);
    let others = rng.distinct(rest.len(), limit - picked.len());
    picked.extend(others.into_iter().map(|i| rest[i]));
    let mut targets = Vec::with_capacity(picked.len() * picked.len());
    for &i in &picked {
        for &j in &picked {
            targets.push(Target {
                value: f32::from(u8::from(scores[j] > scores[i])),
                weight: f32::from(u8::from(scores[j] != scores[i])),
            });
        }
    }
    if targets.iter().all(|t| t.weight == 0.0) {
        picked.clear();
    }
    balance(&mut targets);
    Ok(Ranking {
        graphs: picked.into_iter().map(|i| graphs[i]).collect(),
        targets: Arc::new(targets),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{gradients_agree, project};

    const DIMS: Dims = Dims {
        labels: 5,
        nodes: 5,
    };

    fn chain(labels: &[u8]) -> Graph {
        let mut graph = Graph::default();
        for (v, &label) in labels.iter().enumerate() {
            graph.push(label, if v == 0 { 0 } else { 1 << (v - 1) });
        }
        graph
    }

    /// Chains whose middle is mostly of one label.
    fn chains(label: u8, count: usize, rng: &mut Rng) -> Vec<Graph> {
        let mut middle = || {
            if rng.chance(0.8) {
                label
            } else {
                2 + rng.below(3) as u8
            }
        };
        (0..count)
            .map(|_| chain(&[0, middle(), middle(), middle(), 1]))
            .collect()
    }

    fn refs(graphs: &[Graph]) -> Vec<&Graph> {
        graphs.iter().collect()
    }

    #[test]
    fn gradients_agree_with_differences() {
        let mut rng = Rng::stream(0, "test");
        for pairing in [Pairing::Pairwise, Pairing::Pointwise] {
            let mut config = DiscriminatorConfig {
                pairing,
                hidden: 5,
                ..Default::default()
            };
            config.encoder.width = 5;
            let mut d = Discriminator::untrained(&config, DIMS, &mut rng).unwrap();
            let graphs = [chains(2, 3, &mut rng), chains(3, 3, &mut rng)].concat();
            let batch = d.prepare(&refs(&graphs)).unwrap();
            let targets = d.targets(&refs(&graphs[..3]), 3, 0.1);
            let mut params = std::mem::take(&mut d.params);
            gradients_agree(&mut params, |w| project(d.logits(w, &batch, 3)));
            gradients_agree(&mut params, |w| project(d.rank_logits(w, &batch)));
            let loss = |w: &Weights| cross_entropy(d.logits(w, &batch, 3), &targets).sum();
            gradients_agree(&mut params, loss);
        }
    }

    #[test]
    fn tells_two_distributions_apart() {
        let mut rng = Rng::stream(1, "test");
        let (truth, fake) = (chains(2, 25, &mut rng), chains(3, 25, &mut rng));
        for pairing in [Pairing::Pairwise, Pairing::Pointwise] {
            let config = DiscriminatorConfig {
                pairing,
                ..Default::default()
            };
            let (d, report) =
                Discriminator::fit(&config, DIMS, &refs(&truth), &refs(&fake), None, &mut rng)
                    .unwrap();
            assert!(
                report.accuracy > 0.85 && report.divergence > 0.2,
                "{report:?}"
            );
            let mean = |graphs: Vec<Graph>| {
                let scores = d.score(&refs(&graphs)).unwrap();
                scores.iter().sum::<f32>() / scores.len() as f32
            };
            let (near, far) = (mean(chains(2, 40, &mut rng)), mean(chains(3, 40, &mut rng)));
            assert!(near > far + 0.3, "{pairing:?}: {near} {far}");
        }
    }

    #[test]
    fn one_distribution_has_hardly_any_divergence() {
        let mut rng = Rng::stream(2, "test");
        let (truth, fake) = (chains(2, 25, &mut rng), chains(2, 25, &mut rng));
        let config = DiscriminatorConfig::default();
        let (_, report) =
            Discriminator::fit(&config, DIMS, &refs(&truth), &refs(&fake), None, &mut rng).unwrap();
        assert!(report.divergence < 0.2, "{report:?}");
    }

    #[test]
    fn the_ranking_head_orders_graphs() {
        let mut rng = Rng::stream(3, "test");
        let any: Vec<Graph> = (0..60)
            .flat_map(|i| chains(2 + i % 3, 1, &mut rng))
            .collect();
        let worth = |g: &Graph| g.labels.iter().filter(|&&l| l == 4).count() as f32;
        let scores: Vec<f32> = any.iter().map(worth).collect();
        let config = DiscriminatorConfig {
            steps: 60,
            ..Default::default()
        };
        let (d, report) = Discriminator::fit(
            &config,
            DIMS,
            &refs(&any[..20]),
            &refs(&any[20..40]),
            Some((&refs(&any), &scores)),
            &mut rng,
        )
        .unwrap();
        assert!(report.rank_accuracy.unwrap() > 0.85, "{report:?}");
        let graphs = [chain(&[0, 4, 4, 4, 1]), chain(&[0, 2, 3, 2, 1])];
        let rank = d.scores(&refs(&graphs)).unwrap().rank.unwrap();
        assert!(rank[0] > rank[1] + 0.2, "{rank:?}");
    }

    #[test]
    fn bad_input_is_an_error() {
        let mut rng = Rng::stream(4, "test");
        let config = DiscriminatorConfig::default();
        let graphs = chains(2, 2, &mut rng);
        let g = refs(&graphs);
        let mut fit = |truth: &[&Graph], fake: &[&Graph], evaluated| {
            Discriminator::fit(&config, DIMS, truth, fake, evaluated, &mut rng).map(|(_, r)| r)
        };
        assert!(fit(&[], &g, None).is_err() && fit(&g, &[], None).is_err());
        assert!(fit(&g, &g, Some((&g, &[0.0]))).is_err());
        assert!(fit(&[&chain(&[9])], &g, None).is_err());
        assert!(
            fit(&g, &g, Some((&g, &[0.5, 0.5])))
                .unwrap()
                .rank_accuracy
                .is_none()
        );
        assert!(fit(&g[..1], &g, Some((&[], &[]))).is_ok());
    }
}
