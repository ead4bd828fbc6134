//! The generator: it grows graphs node by node (GA-NAS section 3.2).
//!
//! At each step a graph network encodes the partial graph, a softmax picks the label of the next
//! node, and a [GRU](crate::decoder) decides which earlier nodes feed it. The network passes
//! messages along the edges only, never against them. So a node's state does not depend on later
//! nodes, and one pass over a finished graph yields the states of all its prefixes.

use std::sync::Arc;

use burn::tensor::Tensor;
use ganas_core::arch::Graph;
use ganas_core::rng::Rng;
use ganas_core::space::{Growth, Link, Rules};
use serde::{Deserialize, Serialize};

use crate::batch::GraphBatch;
use crate::decoder::{Decoder, Live, Plan};
use crate::kgnn::{constant, like};
use crate::layers::{
    LabelChoice, bernoulli, bias_tanh, categorical, log_softmax, sigmoid, softplus,
};
use crate::params::{Id, Params, Weights, exact};
use crate::ppo::{Evaluation, Policy, read};
use crate::rollout::{Rollout, Step};
use crate::{Dims, NetError, sparse::Sparse};

/// How a [`Generator`] is built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneratorConfig {
    /// Layers of the graph network. Default 2 (ours).
    pub layers: usize,
    /// The width of all states. Default 32 (ours).
    pub width: usize,
    /// What the logit of an edge starts from. Default -0.3 (ours: somewhat sparse graphs).
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

/// The generator.
#[derive(Clone, Debug)]
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

/// All of a [`Generator`], to save it; its numbers come back exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeneratorState {
    /// How it was built.
    pub config: GeneratorConfig,
    /// What it was built for.
    pub dims: Dims,
    #[serde(with = "exact")]
    values: Vec<f32>,
}

/// Rollouts in the form that the network takes.
#[derive(Clone, Debug)]
pub struct RolloutBatch {
    prefixes: Prefixes,
    labels: Arc<Vec<LabelChoice>>,
    plan: Option<Plan>,
}

/// The prefixes of some graphs that are to be encoded.
#[derive(Clone, Debug)]
struct Prefixes {
    starts: Vec<usize>,
    first: Tensor<2>,
    neighbours: Arc<Sparse>,
    summary: Arc<Sparse>,
    context: Tensor<2>,
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

    /// All of it, to save it.
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
        let prefixes = self.prefixes(partial, true)?;
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
                chosen[row] |= u64::from(taken) << j;
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

    /// Prepares graphs, each without the nodes after the given number: for the steps that follow
    /// each of these nodes, or only the last one.
    fn prefixes<'a>(
        &self,
        graphs: impl ExactSizeIterator<Item = (&'a Graph, usize)> + Clone,
        last: bool,
    ) -> Result<Prefixes, NetError> {
        let mut batch = GraphBatch::empty(self.dims, true, graphs.len());
        let mut steps = 0;
        for (graph, nodes) in graphs.clone() {
            batch.push(graph, nodes, self.dims)?;
            steps += if last { nodes.min(1) } else { nodes };
        }
        let mut summary = Sparse::new(steps, 2);
        let features = self.dims.nodes + 2;
        let mut context = vec![0.0; steps * features];
        let mut row = 0;
        for ((graph, nodes), &start) in graphs.zip(&batch.starts) {
            let (mut edges, mut used) = (0, 0u64);
            for t in 1..=nodes {
                edges += graph.inputs[t - 1].count_ones();
                used |= graph.inputs[t - 1];
                if last && t < nodes {
                    continue;
                }
                for u in 0..t {
                    summary.add(row, 0, start + u, 1.0 / t as f32);
                }
                summary.add(row, 1, start + t - 1, 1.0);
                let context = &mut context[row * features..][..features];
                // Step 0 does not exist and position `nodes - 1` is the last, so `t - 1` fits.
                context[t - 1] = 1.0;
                let scale = 1.0 / self.dims.nodes as f32;
                context[features - 2] = edges as f32 * scale;
                context[features - 1] = (t as u32 - used.count_ones()) as f32 * scale;
                row += 1;
            }
        }
        let neighbours = batch.neighbours(false);
        let first = neighbours.apply_to(&batch.features, batch.width);
        Ok(Prefixes {
            first: constant(first, [batch.rows(), 2 * batch.width]),
            neighbours,
            summary: Arc::new(summary),
            context: constant(context, [steps, features]),
            starts: batch.starts,
        })
    }

    /// The states of steps and of nodes.
    ///
    /// # Shapes
    /// - output: `[steps, width]` and `[nodes, width]`
    fn encode(&self, w: &Weights, prefixes: &Prefixes) -> (Tensor<2>, Tensor<2>) {
        let mut nodes = like(&prefixes.first, &w[self.context]);
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
        let context = like(&prefixes.context, &summary).matmul(w[self.context].clone());
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
        let prefixes = self.prefixes(rollouts.iter().map(|r| (&r.graph, r.steps.len())), false)?;
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
mod tests {
    use super::*;
    use crate::check::{gradients_agree, project};
    use crate::toy::{Cell, Chain};
    use ganas_core::arch::OUTPUT;

    fn generator(growth: &dyn Growth, width: usize, rng: &mut Rng) -> Generator {
        let config = GeneratorConfig {
            width,
            output_scale: 1.0,
            ..Default::default()
        };
        Generator::new(config, Dims::of(growth), rng)
    }

    #[test]
    fn gradients_agree_with_differences() {
        let cell = Cell::new(5, 5, 2);
        let mut rng = Rng::stream(0, "test");
        let mut g = generator(&cell, 5, &mut rng);
        let rollouts = g.sample(&cell, Rules::Enforced, 6, &mut rng).unwrap();
        let batch = g.batch(&rollouts.iter().collect::<Vec<_>>()).unwrap();
        let mut params = std::mem::take(&mut g.params);
        gradients_agree(&mut params, |w| project(g.evaluate(w, &batch).log_prob));
        gradients_agree(&mut params, |w| project(g.evaluate(w, &batch).entropy));
        gradients_agree(&mut params, |w| project(g.evaluate(w, &batch).value));
    }

    #[test]
    fn replay_agrees_with_sampling() {
        for growth in [&Cell::new(7, 5, 3) as &dyn Growth, &Chain::new(6, 5)] {
            let mut rng = Rng::stream(1, "test");
            let g = generator(growth, 16, &mut rng);
            let rollouts = g.sample(growth, Rules::Enforced, 50, &mut rng).unwrap();
            let mut again: Vec<Rollout> = rollouts
                .iter()
                .map(|r| Rollout::from_graph(growth, Rules::Enforced, &r.graph).unwrap())
                .collect();
            g.replay(&mut again).unwrap();
            for (a, b) in rollouts.iter().zip(&again) {
                assert_eq!(a.steps, b.steps);
                let pairs = a.log_probs.iter().zip(&b.log_probs);
                let pairs = pairs.chain(a.values.iter().zip(&b.values));
                pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
                assert!(a.log_prob() < 0.0);
            }
        }
    }

    #[test]
    fn what_is_forced_costs_nothing() {
        let chain = Chain::new(4, 3);
        let mut rng = Rng::stream(2, "test");
        let g = generator(&chain, 8, &mut rng);
        let rollouts = g.sample(&chain, Rules::Enforced, 3, &mut rng).unwrap();
        for rollout in &rollouts {
            assert_eq!(rollout.graph.labels, [0, 2, 2, 1]);
            assert_eq!(rollout.log_probs, [0.0; 3]);
            assert!(rollout.steps.iter().all(|s| s.free == 0));
        }
        let batch = g.batch(&rollouts.iter().collect::<Vec<_>>()).unwrap();
        assert!(batch.plan.is_none());
        let entropy = read(g.evaluate(&g.params.frozen(), &batch).entropy);
        assert!(entropy.iter().all(|&e| e == 0.0));
    }

    #[test]
    fn masks_hold_and_graphs_end_at_different_lengths() {
        let cell = Cell::new(5, 5, 2);
        let mut rng = Rng::stream(3, "test");
        let g = generator(&cell, 8, &mut rng);
        let rollouts = g.sample(&cell, Rules::Enforced, 300, &mut rng).unwrap();
        let mut lengths = std::collections::BTreeSet::new();
        for r in &rollouts {
            lengths.insert(r.graph.len());
            assert_eq!(r.graph.labels.last(), Some(&OUTPUT));
            assert!(
                r.graph.inputs[..r.graph.len() - 1]
                    .iter()
                    .all(|i| i.count_ones() <= 2)
            );
            assert!(r.graph.inputs[1..].iter().all(|&i| i != 0));
            assert!(Rollout::from_graph(&cell, Rules::Enforced, &r.graph).is_ok());
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
    }

    fn all(growth: &dyn Growth, partial: &Graph, into: &mut Vec<Graph>) {
        let labels = growth.labels(partial, Rules::Enforced);
        if labels == 0 {
            into.push(partial.clone());
        }
        for label in (0..128).filter(|l| labels >> l & 1 == 1) {
            for inputs in 0..1u64 << partial.len() {
                let mut next = partial.clone();
                next.push(label, inputs);
                if Rollout::from_graph(growth, Rules::Enforced, &next).is_ok() {
                    all(growth, &next, into);
                }
            }
        }
    }

    #[test]
    fn the_probabilities_of_all_constructions_sum_to_one() {
        let cell = Cell::new(5, 4, 2);
        let mut rng = Rng::stream(4, "test");
        let g = generator(&cell, 8, &mut rng);
        let mut graphs = Vec::new();
        let mut start = Graph::default();
        start.push(0, 0);
        all(&cell, &start, &mut graphs);
        let rollout = |graph| Rollout::from_graph(&cell, Rules::Enforced, graph).unwrap();
        let mut rollouts: Vec<Rollout> = graphs.iter().map(rollout).collect();
        g.replay(&mut rollouts).unwrap();
        let total: f64 = rollouts.iter().map(|r| f64::from(r.log_prob()).exp()).sum();
        assert!(
            rollouts.len() > 50 && (total - 1.0).abs() < 1e-4,
            "{} {total}",
            rollouts.len()
        );
    }

    #[test]
    fn a_graph_that_breaks_the_rules_has_no_construction() {
        let cell = Cell::new(5, 5, 2);
        let graph = Graph {
            labels: vec![0, 2, 3, 1],
            inputs: vec![0, 1, 0, 6],
        };
        let got = Rollout::from_graph(&cell, Rules::Enforced, &graph);
        assert_eq!(got, Err(NetError::NoConstruction { node: 2 }));
        let mut rng = Rng::stream(5, "test");
        let small = generator(&Chain::new(3, 3), 8, &mut rng);
        let large = generator(&cell, 8, &mut rng);
        let mut rollouts = large.sample(&cell, Rules::Enforced, 9, &mut rng).unwrap();
        assert!(small.replay(&mut rollouts).is_err());
    }
}
