//! Divergence between truth and fakes, estimated on held-out graphs.
//!
//! A discriminator can separate its own training graphs even if their distributions are equal. So
//! truth and fakes are halved, one discriminator is fitted to each half, and it is evaluated on the
//! other half.

use ganas_core::{arch::Graph, rng::Rng};

use crate::discriminator::{Discriminator, DiscriminatorConfig};
use crate::{Dims, NetError};

/// The fewest graphs of either kind in a half (ours).
const FEWEST: usize = 3;

/// Estimates from held-out graphs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldOut {
    /// An estimate of a lower bound on the Jensen-Shannon divergence between truth and fakes in
    /// nats, `log 2` less the loss, at least 0 (Goodfellow et al. 2014, arXiv 1406.2661, theorem 1).
    pub divergence: f64,
    /// The effective sample size of the fakes as draws of the truth's density. The odds of a
    /// discriminator are the ratio of that density to the density of the fakes (the same paper,
    /// proposition 1), hence importance weights. Their effective sample size is the square of their
    /// sum over the sum of their squares.
    pub effective_samples: f64,
}

/// Measures how far apart truth and fakes are. `None` if there are too few graphs to halve.
///
/// # Errors
/// If the graphs do not fit the dimensions.
pub fn held_out(
    config: &DiscriminatorConfig,
    dims: Dims,
    truth: &[&Graph],
    fake: &[&Graph],
    rng: &mut Rng,
) -> Result<Option<HeldOut>, NetError> {
    if truth.len().min(fake.len()) < 2 * FEWEST {
        return Ok(None);
    }
    let (mut truth, mut fake) = (truth.to_vec(), fake.to_vec());
    rng.shuffle(&mut truth);
    rng.shuffle(&mut fake);
    let truth = truth.split_at(truth.len() / 2);
    let fake = fake.split_at(fake.len() / 2);
    let (mut loss_true, mut loss_fake, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (fitted, judged) in [
        ((truth.0, fake.0), (truth.1, fake.1)),
        ((truth.1, fake.1), (truth.0, fake.0)),
    ] {
        let (discriminator, _) = Discriminator::fit(config, dims, fitted.0, fitted.1, None, rng)?;
        let likelihoods = |graphs: &[&Graph]| -> Result<Vec<f64>, NetError> {
            let scores = discriminator.score(graphs)?.into_iter();
            Ok(scores
                .map(|p| f64::from(p).clamp(1e-6, 1.0 - 1e-6))
                .collect())
        };
        loss_true.extend(likelihoods(judged.0)?.iter().map(|p| -p.ln()));
        let likelihoods = likelihoods(judged.1)?;
        loss_fake.extend(likelihoods.iter().map(|p| -(1.0 - p).ln()));
        let odds: Vec<f64> = likelihoods.iter().map(|p| p / (1.0 - p)).collect();
        // Odds of different discriminators compare by their means.
        let total = mean(&odds);
        weights.extend(odds.iter().map(|w| w / total));
    }
    let loss = 0.5 * (mean(&loss_true) + mean(&loss_fake));
    let (sum, squares) = (weights.iter()).fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
    Ok(Some(HeldOut {
        divergence: (2f64.ln() - loss).max(0.0),
        effective_samples: sum * sum / squares,
    }))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIMS: Dims = Dims {
        labels: 6,
        nodes: 8,
    };

    /// Random graphs in which each edge is there with this chance.
    fn graphs(count: usize, chance: f64, rng: &mut Rng) -> Vec<Graph> {
        let mut one = || {
            let mut graph = Graph::default();
            for v in 0..8 {
                let label = match v {
                    0 => 0,
                    7 => 1,
                    _ => 2 + rng.below(4) as u8,
                };
                let inputs = (0..v).filter(|_| rng.chance(chance));
                let inputs = inputs.fold(0, |set, u| set | 1 << u);
                graph.push(label, inputs);
            }
            graph
        };
        (0..count).map(|_| one()).collect()
    }

    /// Mean divergence and effective samples of 25 graphs each, over some draws.
    fn measured(chances: [f64; 2], steps: usize) -> (f64, f64) {
        let config = DiscriminatorConfig {
            steps,
            ..DiscriminatorConfig::default()
        };
        let mut rng = Rng::stream(0, "test");
        let draws = 6;
        let (mut divergence, mut worth) = (0.0, 0.0);
        for _ in 0..draws {
            let [truth, fake] = chances.map(|chance| graphs(25, chance, &mut rng));
            let [truth, fake] = [&truth, &fake].map(|g| g.iter().collect::<Vec<_>>());
            let measured = held_out(&config, DIMS, &truth, &fake, &mut rng);
            let measured = measured.unwrap().unwrap();
            divergence += measured.divergence / f64::from(draws);
            worth += measured.effective_samples / f64::from(draws);
        }
        (divergence, worth)
    }

    #[test]
    fn equal_distributions_do_not_differ_however_long_the_fit() {
        for steps in [30, 100] {
            let (divergence, worth) = measured([0.5, 0.5], steps);
            assert!(divergence < 0.03, "{steps} steps: {divergence}");
            assert!(worth > 2.0 && worth < 24.9, "{steps} steps: {worth}");
        }
    }

    #[test]
    fn unlike_distributions_differ() {
        let (divergence, worth) = measured([0.3, 0.8], 30);
        assert!(divergence > 0.2, "{divergence}");
        assert!(worth < 23.0, "{worth}");
    }

    #[test]
    fn few_graphs_say_nothing() {
        let mut rng = Rng::stream(0, "test");
        let all = graphs(5, 0.5, &mut rng);
        let all: Vec<&Graph> = all.iter().collect();
        let config = DiscriminatorConfig::default();
        assert_eq!(held_out(&config, DIMS, &all, &all, &mut rng), Ok(None));
    }
}
