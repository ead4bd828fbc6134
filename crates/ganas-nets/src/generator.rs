//! The generator: it grows graphs node by node (GA-NAS section 3.2).
//!
//! At each step a graph network encodes the partial graph, a softmax picks the label of the next
//! node, and a GRU decides which earlier nodes feed it. The network passes
//! messages along the edges only, never against them. So a node's state does not depend on later
//! nodes, and one pass over a finished graph yields the states of all its prefixes.

use std::sync::Arc;

use ganas_core::rng::Rng;
use ganas_core::space::{Growth, Link, Rules};
use ganas_tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::batch::GraphBatch;
use crate::decoder::{Decoder, Live, Plan};
use crate::layers::{
    LabelChoice, bernoulli, bias_tanh, categorical, log_softmax, sigmoid, softplus,
};
use crate::params::{Id, Params, Weights, exact};
use crate::ppo::{Evaluation, Policy, read};
use crate::prefixes::Prefixes;
use crate::rollout::{Rollout, Step};
use crate::{Dims, NetError};

/// Settings of a [`Generator`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Layers of the graph network. Default 2 (ours).
    pub layers: usize,
    /// The width of all states. Default 32 (ours).
    pub width: usize,
    /// The initial bias of an edge's logit. Default -0.3 (ours: somewhat sparse graphs).
    pub edge_bias: f32,
    /// The scale of the initial weights of the output layers, so that an untrained generator is
    /// close to uniform. Default 0.1 (ours).
    pub output_scale: f64,
}

impl Default for GeneratorConfig {
    fn default() -> Self {
        GeneratorConfig {
            layers: 2,
            width: 32,
            edge_bias: -0.3,
            output_scale: 0.1,
        }
    }
}

/// The generator; it is saved as its [`GeneratorState`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "GeneratorState", into = "GeneratorState")]
pub struct Generator {
    config: GeneratorConfig,
    dims: Dims,
    params: Params,
    layers: Vec<(Id, Id)>,
    summary: Id,
    context: Id,
    summary_bias: Id,
    label: (Id, Id),
    value: (Id, Id),
    decoder: Decoder,
}

/// The complete state of a [`Generator`], for saving. Its numbers are restored exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneratorState {
    /// The settings of the generator.
    pub config: GeneratorConfig,
    /// The dimensions of the generator's graphs.
    pub dims: Dims,
    #[serde(with = "exact")]
    values: Vec<f32>,
}

impl From<Generator> for GeneratorState {
    fn from(generator: Generator) -> Self {
        generator.state()
    }
}

impl TryFrom<GeneratorState> for Generator {
    type Error = NetError;

    fn try_from(state: GeneratorState) -> Result<Self, NetError> {
        Generator::load(&state)
    }
}

/// Rollouts in the form that the network takes.
#[derive(Clone, Debug)]
pub struct RolloutBatch {
    prefixes: Prefixes,
    labels: Arc<Vec<LabelChoice>>,
    plan: Option<Plan>,
}

impl Generator {
    /// A generator with random parameters.
    pub fn new(config: GeneratorConfig, dims: Dims, rng: &mut Rng) -> Self {
        let mut params = Params::new();
        let p = &mut params;
        let width = config.width.max(1);
        let scale = config.output_scale;
        let features = GraphBatch::features(dims, true);
        let layers = (0..config.layers.max(1))
            .map(|i| 2 * if i == 0 { features } else { width })
            .map(|fan_in| (p.weight(fan_in, width, 1.0, rng), p.bias(width, 0.0)))
            .collect();
        let summary = p.weight(2 * width, width, 1.0, rng);
        let context = p.weight(dims.nodes + 2, width, 1.0, rng);
        let summary_bias = p.bias(width, 0.0);
        let label = (
            p.weight(width, dims.labels, scale, rng),
            p.bias(dims.labels, 0.0),
        );
        let value = (p.weight(width, 1, scale, rng), p.bias(1, 0.0));
        let decoder = Decoder::new(width, dims.labels, config.edge_bias, scale, p, rng);
        Generator {
            config,
            dims,
            params,
            layers,
            summary,
            context,
            summary_bias,
            label,
            value,
            decoder,
        }
    }

    /// The settings it was built with.
    pub fn config(&self) -> &GeneratorConfig {
        &self.config
    }

    /// The complete state, for saving.
    pub fn state(&self) -> GeneratorState {
        GeneratorState {
            config: self.config.clone(),
            dims: self.dims,
            values: self.params.values().to_vec(),
        }
    }

    /// The generator that was saved.
    pub fn load(state: &GeneratorState) -> Result<Self, NetError> {
        let mut rng = Rng::stream(0, "overwritten");
        let mut generator = Generator::new(state.config.clone(), state.dims, &mut rng);
        generator.params.set(&state.values)?;
        Ok(generator)
    }

    /// Grows `count` graphs. A graph ends when the growth offers no label, or when it has all the
    /// nodes that the growth allows.
    pub fn sample(
        &self,
        growth: &dyn Growth,
        rules: Rules,
        count: usize,
        rng: &mut Rng,
    ) -> Result<Vec<Rollout>, NetError> {
        let space = Dims::of(growth);
        if space.labels > self.dims.labels {
            return Err(NetError::Foreign {
                labels: space.labels,
                nodes: space.nodes,
                for_labels: self.dims.labels,
                for_nodes: self.dims.nodes,
            });
        }
        let weights = self.params.frozen();
        let start = Rollout::start(growth, rules)?;
        let mut rollouts = vec![start; count];
        let mut growing: Vec<usize> = (0..count).collect();
        let limit = growth.max_nodes().min(self.dims.nodes);
        for nodes in 1..limit {
            let mut steps = Vec::new();
            growing.retain(|&i| {
                let labels = growth.labels(&rollouts[i].graph, rules);
                if labels != 0 {
                    steps.push(Step { labels, free: 0 });
                }
                labels != 0
            });
            if growing.is_empty() {
                break;
            }
            self.grow(
                &weights,
                growth,
                rules,
                nodes,
                &growing,
                steps,
                &mut rollouts,
                rng,
            )?;
        }
        Ok(rollouts)
    }

    /// Adds a node to each growing graph, all of which have `nodes` nodes.
    #[allow(clippy::too_many_arguments)]
    fn grow(
        &self,
        weights: &Weights,
        growth: &dyn Growth,
        rules: Rules,
        nodes: usize,
        growing: &[usize],
        mut steps: Vec<Step>,
        rollouts: &mut [Rollout],
        rng: &mut Rng,
    ) -> Result<(), NetError> {
        let partial = growing.iter().map(|&i| (&rollouts[i].graph, nodes));
        let prefixes = Prefixes::new(self.dims, partial, true)?;
        let (states, encoded) = self.encode(weights, &prefixes);
        let values = read(self.values(weights, states.clone()));
        let mut log_probs = vec![0.0; growing.len()];
        let mut labels = Vec::with_capacity(growing.len());
        let logits = if steps.iter().any(|s| s.labels.count_ones() > 1) {
            read(self.label_logits(weights, states.clone()))
        } else {
            Vec::new()
        };
        for (row, step) in steps.iter().enumerate() {
            if step.labels.count_ones() == 1 {
                labels.push(step.labels.trailing_zeros() as u8);
                continue;
            }
            let logits = &logits[row * self.dims.labels..][..self.dims.labels];
            let logs = log_softmax(logits, step.labels);
            let odds: Vec<f64> = logs.iter().map(|&l| f64::from(l).exp()).collect();
            let label = rng.weighted(&odds);
            log_probs[row] = logs[label];
            labels.push(label as u8);
        }
        let starts = prefixes.starts[..growing.len()].to_vec();
        let mut live = Live::new(
            &self.decoder,
            weights,
            states,
            encoded,
            starts,
            labels.clone(),
        );
        let mut chosen = vec![0u64; growing.len()];
        for j in 0..nodes {
            let link = |(row, &i): (usize, &usize)| {
                growth.link(&rollouts[i].graph, labels[row], chosen[row], j, rules)
            };
            let links: Vec<Link> = growing.iter().enumerate().map(link).collect();
            let logits = if links.contains(&Link::May) {
                live.logits(j, &chosen)
            } else {
                Vec::new()
            };
            for (row, link) in links.into_iter().enumerate() {
                let taken = match link {
                    Link::Must => true,
                    Link::MayNot => false,
                    Link::May => {
                        let z = logits[row];
                        let taken = rng.chance(f64::from(sigmoid(z)));
                        log_probs[row] -= softplus(if taken { -z } else { z });
                        steps[row].free |= 1 << j;
                        taken
                    }
                };
                if taken {
                    chosen[row] |= 1 << j;
                }
            }
        }
        for (row, &i) in growing.iter().enumerate() {
            let rollout = &mut rollouts[i];
            rollout.graph.push(labels[row], chosen[row]);
            rollout.steps.push(steps[row]);
            rollout.log_probs.push(log_probs[row]);
            rollout.values.push(values[row]);
        }
        Ok(())
    }

    /// Fills in the log-probabilities and values that this generator gives to rollouts.
    pub fn replay(&self, rollouts: &mut [Rollout]) -> Result<(), NetError> {
        let batch = self.batch(&rollouts.iter().collect::<Vec<_>>())?;
        let evaluation = self.evaluate(&self.params.frozen(), &batch);
        let (mut log_probs, mut values) = (read(evaluation.log_prob), read(evaluation.value));
        for rollout in rollouts.iter_mut().rev() {
            let at = log_probs.len() - rollout.steps.len();
            rollout.log_probs = log_probs.split_off(at);
            rollout.values = values.split_off(at);
        }
        Ok(())
    }

    /// The states of steps and of nodes.
    ///
    /// # Shapes
    /// - output: `[steps, width]` and `[nodes, width]`
    fn encode(&self, w: &Weights, prefixes: &Prefixes) -> (Tensor<2>, Tensor<2>) {
        let mut nodes = prefixes.first.clone();
        for (i, &(weight, bias)) in self.layers.iter().enumerate() {
            if i > 0 {
                nodes = prefixes.neighbours.apply(nodes);
            }
            nodes = bias_tanh(nodes.matmul(w[weight].clone()), w[bias].clone());
        }
        let summary = prefixes
            .summary
            .apply(nodes.clone())
            .matmul(w[self.summary].clone());
        let context = prefixes.context.clone().matmul(w[self.context].clone());
        (
            bias_tanh(summary + context, w[self.summary_bias].clone()),
            nodes,
        )
    }

    fn label_logits(&self, w: &Weights, states: Tensor<2>) -> Tensor<2> {
        states.matmul(w[self.label.0].clone()) + w[self.label.1].clone()
    }

    fn values(&self, w: &Weights, states: Tensor<2>) -> Tensor<2> {
        states.matmul(w[self.value.0].clone()) + w[self.value.1].clone()
    }
}

impl Policy for Generator {
    type Episode = Rollout;
    type Batch = RolloutBatch;

    fn params(&self) -> &Params {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Params {
        &mut self.params
    }

    fn played<'a>(&self, rollout: &'a Rollout) -> (&'a [f32], &'a [f32]) {
        (&rollout.log_probs, &rollout.values)
    }

    fn batch(&self, rollouts: &[&Rollout]) -> Result<RolloutBatch, NetError> {
        let prefixes = Prefixes::new(
            self.dims,
            rollouts.iter().map(|r| (&r.graph, r.steps.len())),
            false,
        )?;
        let labels = rollouts.iter().flat_map(|r| {
            let choice = |(i, step): (usize, &Step)| LabelChoice {
                allowed: step.labels,
                label: r.graph.labels[i + 1],
            };
            r.steps.iter().enumerate().map(choice)
        });
        let labels: Vec<LabelChoice> = labels.collect();
        let known = self.dims.labels;
        if let Some(most) = labels
            .iter()
            .map(|c| 128 - c.allowed.leading_zeros() as usize)
            .max()
            && most > known
        {
            return Err(NetError::Foreign {
                labels: most,
                nodes: 0,
                for_labels: known,
                for_nodes: self.dims.nodes,
            });
        }
        Ok(RolloutBatch {
            plan: Plan::new(rollouts, &prefixes.starts),
            prefixes,
            labels: Arc::new(labels),
        })
    }

    fn evaluate(&self, w: &Weights, batch: &RolloutBatch) -> Evaluation {
        let (states, nodes) = self.encode(w, &batch.prefixes);
        let value = self.values(w, states.clone());
        let mut both = categorical(self.label_logits(w, states.clone()), &batch.labels);
        if let Some(plan) = &batch.plan {
            let logits = self.decoder.replay(w, states, nodes, plan);
            both = both + bernoulli(logits, &plan.choices, batch.labels.len());
        }
        Evaluation {
            log_prob: both.clone().narrow(1, 0, 1),
            entropy: both.narrow(1, 1, 1),
            value,
        }
    }
}

#[cfg(test)]
mod tests;
