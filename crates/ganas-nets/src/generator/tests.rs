use super::*;
use crate::check::{gradients_agree, project};
use crate::toy::{Cell, Chain};
use ganas_core::arch::{Graph, OUTPUT};

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

/// Graphs with more nodes than sets have members are sequences while they grow, and afterwards.
#[test]
fn many_choices_are_a_sequence() {
    let text = "name = 'many'\nkind = 'config'\n\
                choice = [{ name = 'x', values = [1, 2, 3], repeat = 256 }]";
    let space = ganas_core::space::from_toml(text).unwrap();
    let mut rng = Rng::stream(5, "test");
    let g = generator(&*space, 8, &mut rng);
    let rollouts = g.sample(&*space, Rules::Enforced, 3, &mut rng).unwrap();
    assert!(rollouts.iter().all(|r| r.graph.len() == 258));
    let again = |r: &Rollout| Rollout::from_graph(&*space, Rules::Enforced, &r.graph).unwrap();
    let mut again: Vec<Rollout> = rollouts.iter().map(again).collect();
    g.replay(&mut again).unwrap();
    for (a, b) in rollouts.iter().zip(&again) {
        assert_eq!(a.steps, b.steps);
        let pairs = a.log_probs.iter().zip(&b.log_probs);
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-4, "{a} {b}"));
        assert!(a.log_prob() < 0.0 && space.arch(&a.graph).is_ok());
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
    assert!(small.sample(&cell, Rules::Enforced, 9, &mut rng).is_err());
}
