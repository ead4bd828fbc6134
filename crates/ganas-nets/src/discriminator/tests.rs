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
        let targets = d.targets(&refs(&graphs[..3]), &refs(&graphs[3..]), 0.1);
        let mut params = std::mem::take(&mut d.params);
        gradients_agree(&mut params, |w| project(d.logits(w, &batch, 3)));
        gradients_agree(&mut params, |w| project(d.rank_logits(w, &batch, 0)));
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
            Discriminator::fit(&config, DIMS, &refs(&truth), &refs(&fake), None, &mut rng).unwrap();
        assert!(
            report.accuracy > 0.85 && report.loss < 2f32.ln() - 0.2,
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
    assert!(report.loss > 2f32.ln() - 0.2, "{report:?}");
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

#[test]
fn copies_are_neither_true_nor_fake() {
    let mut rng = Rng::stream(7, "test");
    let d = Discriminator::untrained(&DiscriminatorConfig::default(), DIMS, &mut rng).unwrap();
    let truth = [chain(&[0, 2, 2, 2, 1]), chain(&[0, 3, 3, 3, 1])];
    let fake = [truth[1].clone(), chain(&[0, 4, 4, 4, 1])];
    let targets = d.targets(&refs(&truth), &refs(&fake), 0.0);
    let weights: Vec<bool> = targets.iter().map(|t| t.weight > 0.0).collect();
    assert_eq!(weights, [false, true, true, true, true, false, false, true]);
}
