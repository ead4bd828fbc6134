use super::*;
use crate::check::{gradients_agree, project};
use crate::ppo::read;
use crate::sets::kind;
use ganas_core::arch::{Graph, bits};

const DIMS: Dims = Dims {
    labels: 5,
    nodes: 6,
};

fn random_graph(rng: &mut Rng) -> Graph {
    let mut graph = Graph::default();
    for v in 0..2 + rng.below(5) {
        let inputs = (0..v)
            .filter(|_| rng.chance(0.5))
            .fold(0, |m, u| m | 1 << u);
        graph.push(rng.below(5) as u8, inputs);
    }
    graph
}

fn batch(rng: &mut Rng, count: usize) -> GraphBatch {
    let graphs: Vec<Graph> = (0..count).map(|_| random_graph(rng)).collect();
    GraphBatch::new(&graphs, DIMS).unwrap()
}

fn encoder(k: usize, params: &mut Params, rng: &mut Rng) -> KGnn {
    let config = KGnnConfig {
        k,
        width: 6,
        ..Default::default()
    };
    KGnn::new(&config, DIMS, params, rng).unwrap()
}

#[test]
fn gradients_agree_with_differences() {
    for k in 1..=3 {
        let (mut params, mut rng) = (Params::new(), Rng::stream(k as u64, "test"));
        let encoder = encoder(k, &mut params, &mut rng);
        let batch = encoder.prepare(&batch(&mut rng, 4)).unwrap();
        gradients_agree(&mut params, |w| project(encoder.encode(w, &batch)));
    }
}

/// The batch with the nodes of each graph listed in another order.
fn shuffled(batch: &GraphBatch, rng: &mut Rng) -> GraphBatch {
    let mut other = batch.clone();
    for (g, &start) in batch.starts[..batch.len()].iter().enumerate() {
        let n = batch.inputs[g].len();
        let place = rng.distinct(n, n);
        for v in 0..n {
            let moved = bits(batch.inputs[g][v]).fold(0, |m, u| m | 1 << place[u]);
            other.inputs[g][place[v]] = moved;
            let width = batch.width;
            let features = batch.features[(start + v) * width..][..width].to_vec();
            other.features[(start + place[v]) * width..][..width].copy_from_slice(&features);
        }
    }
    other
}

#[test]
fn the_order_of_nodes_does_not_matter() {
    for k in 1..=3 {
        let (mut params, mut rng) = (Params::new(), Rng::stream(k as u64, "test"));
        let encoder = encoder(k, &mut params, &mut rng);
        let batch = batch(&mut rng, 20);
        let encode = |batch| {
            let prepared = encoder.prepare(batch).unwrap();
            read(encoder.encode(&params.frozen(), &prepared))
        };
        let (one, other) = (encode(&batch), encode(&shuffled(&batch, &mut rng)));
        let far = one
            .iter()
            .zip(&other)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(far < 1e-5, "k = {k}: {far}");
        assert!(one.iter().any(|x| (x - one[0]).abs() > 0.1));
    }
}

#[test]
fn isomorphism_types_are_told_apart() {
    let graphs: [&[u64]; 6] = [
        &[0, 0, 0],
        &[0, 0, 1],
        &[0, 1, 2],
        &[0, 0, 3],
        &[0, 1, 1],
        &[0, 1, 3],
    ];
    let kinds: Vec<usize> = graphs.iter().map(|g| kind(g, 0b111)).collect();
    assert_eq!(kinds, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn limits_are_errors() {
    let (mut params, mut rng) = (Params::new(), Rng::stream(0, "test"));
    let dims = Dims {
        labels: 2,
        nodes: 20,
    };
    let config = |k| KGnnConfig {
        k,
        ..Default::default()
    };
    let none = KGnn::new(&config(4), dims, &mut params, &mut rng);
    assert_eq!(none.unwrap_err(), NetError::Order(4));
    let encoder = KGnn::new(&config(3), dims, &mut params, &mut rng).unwrap();
    let mut graph = Graph::default();
    (0..17).for_each(|_| graph.push(0, 0));
    let batch = GraphBatch::new(&[graph], dims).unwrap();
    assert!(matches!(
        encoder.prepare(&batch),
        Err(NetError::TooLarge { nodes: 17, .. })
    ));
}

#[test]
fn a_graph_without_sets_of_three_still_has_an_encoding() {
    let (mut params, mut rng) = (Params::new(), Rng::stream(0, "test"));
    let encoder = encoder(3, &mut params, &mut rng);
    let mut graph = Graph::default();
    graph.push(0, 0);
    let batch = encoder
        .prepare(&GraphBatch::new(&[graph], DIMS).unwrap())
        .unwrap();
    let encoding = read(encoder.encode(&params.frozen(), &batch));
    assert_eq!(encoding.len(), encoder.width());
    assert!(encoding.iter().all(|x| x.is_finite()));
}
