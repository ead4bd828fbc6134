use super::*;
use crate::layers::{LabelChoice, categorical, log_softmax};
use crate::params::Id;
use std::sync::Arc;

/// A bandit of four arms.
struct Bandit {
    params: Params,
    logits: Id,
    value: Id,
}

struct Pull {
    arm: u8,
    log_prob: [f32; 1],
    value: [f32; 1],
}

impl Bandit {
    fn new() -> Self {
        let mut params = Params::new();
        let logits = params.bias(4, 0.0);
        let value = params.bias(1, 0.0);
        Bandit {
            params,
            logits,
            value,
        }
    }

    fn pull(&self, rng: &mut Rng) -> Pull {
        let logs = log_softmax(&self.params.values()[..4], 0b1111);
        let odds: Vec<f64> = logs.iter().map(|&l| f64::from(l).exp()).collect();
        let arm = rng.weighted(&odds);
        Pull {
            arm: arm as u8,
            log_prob: [logs[arm]],
            value: [self.params.values()[4]],
        }
    }
}

impl Policy for Bandit {
    type Episode = Pull;
    type Batch = Arc<Vec<LabelChoice>>;

    fn params(&self) -> &Params {
        &self.params
    }

    fn params_mut(&mut self) -> &mut Params {
        &mut self.params
    }

    fn played<'a>(&self, pull: &'a Pull) -> (&'a [f32], &'a [f32]) {
        (&pull.log_prob, &pull.value)
    }

    fn batch(&self, pulls: &[&Pull]) -> Result<Self::Batch, NetError> {
        let choice = |p: &&Pull| LabelChoice {
            allowed: 0b1111,
            label: p.arm,
        };
        Ok(Arc::new(pulls.iter().map(choice).collect()))
    }

    fn evaluate(&self, w: &Weights, batch: &Self::Batch) -> Evaluation {
        let rows = |id| constant(vec![0.0; batch.len()], [batch.len(), 1]) + w[id].clone();
        let both = categorical(rows(self.logits), batch);
        Evaluation {
            log_prob: both.clone().narrow(1, 0, 1),
            entropy: both.narrow(1, 1, 1),
            value: rows(self.value),
        }
    }
}

fn play(objective: Objective, minibatch: usize) -> (Bandit, PpoReport) {
    let mut bandit = Bandit::new();
    let mut rng = Rng::stream(5, "bandit");
    let mut ppo = Ppo::new(PpoConfig {
        objective,
        minibatch,
        learning_rate: 5e-2,
        ..Default::default()
    });
    let mut report = PpoReport::default();
    for _ in 0..40 {
        let pulls: Vec<Pull> = (0..32).map(|_| bandit.pull(&mut rng)).collect();
        let worth = [0.1, 0.3, 1.0, 0.5];
        let reward = |p: &Pull| vec![worth[p.arm as usize] + 0.1 * p.log_prob[0].sin()];
        let rewards: Vec<_> = pulls.iter().map(reward).collect();
        report = ppo.update(&mut bandit, &pulls, &rewards, &mut rng).unwrap();
    }
    (bandit, report)
}

#[test]
fn finds_the_best_arm() {
    for (objective, minibatch) in [
        (Objective::Ppo, 64),
        (Objective::Ppo, 8),
        (Objective::Reinforce, 8),
    ] {
        let (bandit, report) = play(objective, minibatch);
        let best = log_softmax(&bandit.params.values()[..4], 0b1111)[2].exp();
        assert!(best > 0.8, "{objective:?} {minibatch}: {best}");
        assert!(report.value_loss < 0.2 && report.skipped == 0, "{report:?}");
    }
}

#[test]
fn outside_the_clip_range_the_gradient_is_zero() {
    let slope = |change: f32, advantage: f32| {
        let change = constant(vec![change], [1, 1]).require_grad();
        let advantage = constant(vec![advantage], [1, 1]);
        let grads = surrogate(change.clone(), advantage, 0.2).sum().backward();
        read(change.grad(&grads).unwrap())[0]
    };
    assert_eq!(slope(0.3, 1.0), 0.0);
    assert_eq!(slope(-0.3, -1.0), 0.0);
    // Steps that went the wrong way are always corrected.
    assert!((slope(-0.3, 1.0) - (-0.3f32).exp()).abs() < 1e-6);
    assert!((slope(0.3, -1.0) + 0.3f32.exp()).abs() < 1e-6);
    assert!((slope(0.1, 2.0) - 2.0 * 0.1f32.exp()).abs() < 1e-6);
}

#[test]
fn lengths_that_differ_are_errors() {
    let mut bandit = Bandit::new();
    let mut rng = Rng::stream(0, "bandit");
    let pulls = vec![bandit.pull(&mut rng)];
    let mut ppo = Ppo::new(PpoConfig::default());
    assert!(ppo.update(&mut bandit, &pulls, &[], &mut rng).is_err());
    assert!(
        ppo.update(&mut bandit, &pulls, &[vec![]], &mut rng)
            .is_err()
    );
    assert_eq!(
        ppo.update(&mut bandit, &[], &[], &mut rng),
        Ok(PpoReport::default())
    );
}
