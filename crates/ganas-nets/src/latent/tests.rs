//! Checks of gradients, of the decoder against its training, and of learning.

use super::*;
use crate::check::gradients_agree;

/// Sequences of three labels and, in half of them, an edge.
fn sequences(count: usize, rng: &mut Rng) -> Vec<Vec<Token>> {
    let mut draw = || {
        let label = |node, rng: &mut Rng| Token {
            node,
            source: None,
            options: 0b11100,
            choice: 2 + rng.below(3) as u8,
        };
        let mut tokens: Vec<Token> = (1..4).map(|node| label(node, rng)).collect();
        if rng.chance(0.5) {
            tokens.push(Token {
                node: 4,
                source: Some(1),
                options: 0b11,
                choice: rng.below(2) as u8,
            });
        }
        tokens
    };
    (0..count).map(|_| draw()).collect()
}

fn latent(trade_off: f64) -> Latent {
    let config = LatentConfig {
        width: 12,
        hidden: 10,
        trade_off,
        ..LatentConfig::default()
    };
    let dims = Dims {
        labels: 5,
        nodes: 5,
    };
    Latent::new(config, dims, &mut Rng::stream(0, "latent"))
}

/// Share of the labels that are 3.
fn value(tokens: &[Token]) -> f32 {
    let threes = tokens[..3].iter().filter(|token| token.choice == 3);
    threes.count() as f32 / 3.0
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let mut latent = latent(0.5);
    let mut sequences = sequences(6, &mut Rng::stream(1, "latent"));
    sequences.sort_by_key(|s| std::cmp::Reverse(s.len()));
    let views: Vec<&[Token]> = sequences.iter().map(Vec::as_slice).collect();
    let batch = Batch::new(latent.tables, &views).unwrap();
    let fixed = latent.clone();
    gradients_agree(&mut latent.params, |weights| {
        let points = fixed.points(weights, &batch);
        let values = fixed.predict(weights, points.clone());
        values.square().mean() + fixed.spelling(weights, &batch, points).mean()
    });
}

#[test]
fn points_stand_for_their_decisions_and_rise_to_better_ones() {
    let mut latent = latent(0.5);
    let mut rng = Rng::stream(2, "latent");
    let sequences = sequences(120, &mut rng);
    let views: Vec<&[Token]> = sequences.iter().map(Vec::as_slice).collect();
    let values: Vec<f32> = views.iter().map(|s| value(s)).collect();
    let report = latent.fit(&views, &values, 400, &mut rng).unwrap();
    assert!(report.error < 0.01 && report.spelling < 0.2, "{report:?}");
    let points = latent.encode(&views).unwrap();
    let mut speller = latent.speller();
    let mut spell = |point: &[f32]| -> Vec<u8> {
        speller.begin(point);
        (1..4)
            .map(|node| speller.choose(node, None, 0b11100))
            .collect()
    };
    let kept = (points.iter().zip(&sequences)).filter(|(point, tokens)| {
        spell(point)
            .iter()
            .zip(tokens.iter())
            .all(|(choice, token)| *choice == token.choice)
    });
    assert!(kept.count() > 100);
    let slopes = latent.slopes(&points);
    let (mut before, mut after) = (0, 0);
    for (point, (_, slope)) in points.iter().zip(&slopes) {
        let moved: Vec<f32> = point.iter().zip(slope).map(|(p, s)| p + 0.5 * s).collect();
        let threes = |choices: Vec<u8>| choices.iter().filter(|c| **c == 3).count();
        before += threes(spell(point));
        after += threes(spell(&moved));
    }
    assert!(after > before + 30, "{before} {after}");
}

#[test]
fn a_saved_state_continues_as_it_would_have() {
    let mut latent = latent(0.8);
    let mut rng = Rng::stream(3, "latent");
    let sequences = sequences(20, &mut rng);
    let views: Vec<&[Token]> = sequences.iter().map(Vec::as_slice).collect();
    let values: Vec<f32> = views.iter().map(|s| value(s)).collect();
    latent.fit(&views, &values, 2, &mut rng).unwrap();
    let text = serde_json::to_string(&latent).unwrap();
    let mut again: Latent = serde_json::from_str(&text).unwrap();
    let reports = [&mut latent, &mut again]
        .map(|latent| latent.fit(&views, &values, 2, &mut rng.clone()).unwrap());
    assert_eq!(reports[0], reports[1]);
    assert_eq!(latent.params.values(), again.params.values());
}

#[test]
fn sequences_of_another_space_are_refused() {
    let mut latent = latent(0.8);
    let mut token = sequences(1, &mut Rng::stream(4, "latent")).remove(0)[0];
    token.node = 5;
    let rng = &mut Rng::stream(5, "latent");
    assert!(matches!(
        latent.fit(&[&[token]], &[0.5], 1, rng),
        Err(NetError::Foreign { .. })
    ));
    assert!(matches!(
        latent.fit(&[&[]], &[0.5], 1, rng),
        Err(NetError::Empty(_))
    ));
    assert!(matches!(
        latent.fit(&[], &[], 1, rng),
        Err(NetError::Empty(_))
    ));
}
