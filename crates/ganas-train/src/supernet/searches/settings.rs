//! Settings of the searches.

use serde::{Deserialize, Serialize};

use super::Method;
use crate::error::{Result, TrainError};

/// The reward of a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reward {
    /// A low loss, which orders cells better on few images, and which other searches of a supernet are
    /// judged by (`ours`).
    #[default]
    Loss,
    /// Accuracy (ENAS).
    Accuracy,
}

/// Cost of an architecture that TuNAS keeps near a value (Bender et al. 2020, arXiv 2008.06120): of the accuracy
/// a multiple of `|cost / value - 1|` is taken off, so that the controller neither exceeds the value nor
/// falls below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Target {
    /// Name of a cost of the space, such as `params`.
    pub cost: String,
    /// Value that is aimed at, above 0, in the unit of the cost.
    pub value: f64,
    /// Accuracy, as a share, that a cost of twice the value costs, above 0.
    pub weight: f64,
}

impl Target {
    /// Accuracy that twice the value costs: 0.1, so that a tenth too much costs one point (`ours`).
    pub const WEIGHT: f64 = 0.1;

    /// Reads `NAME=VALUE`.
    ///
    /// # Errors
    /// If it is not a name and a number.
    pub fn parse(text: &str, weight: Option<f64>) -> Result<Target> {
        let parts = text.split_once('=');
        let parts = parts.and_then(|(cost, value)| Some((cost.trim(), value.trim().parse().ok()?)));
        let Some((cost, value)) = parts.filter(|(cost, _)| !cost.is_empty()) else {
            return Err(TrainError::Target(text.to_owned()));
        };
        Ok(Target {
            cost: cost.to_owned(),
            value,
            weight: weight.unwrap_or(Target::WEIGHT),
        })
    }

    /// The absolute reward of an accuracy at a cost.
    pub(super) fn reward(&self, accuracy: f64, cost: f64) -> f64 {
        accuracy - self.weight * (cost / self.value - 1.0).abs()
    }
}

/// Settings of [`search`](super::search); all `ours` unless another origin is named. Both papers move the policy
/// far more slowly, over tens of thousands of steps (at 3.5e-3 and 3e-4). At those rates its
/// entropy would hardly change in hundreds of steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Alternation {
    /// Rounds: 300.
    pub rounds: usize,
    /// Images of a batch: 64.
    pub batch: usize,
    /// The learning rate of the weights, constant: 0.025 (DARTS, with a decay).
    pub learning_rate: f64,
    /// The learning rate of the policy: 0.05 for the controllers of ENAS and TuNAS and 0.03 for the mixture of
    /// DARTS, both by Adam, and 3 for the exponentiated gradient of GAEA, whose steps are in
    /// proportion to the gradient: at 0.1 the entropy of its policy hardly changes in 150 rounds.
    pub policy_rate: Option<f64>,
    /// The weight decay of the policy: 1e-3 for DARTS (its paper's), 0 for ENAS. GAEA has none.
    pub policy_decay: Option<f64>,
    /// Cells that a controller samples a step: 10.
    pub samples: usize,
    /// The reward of ENAS' controller, which also chooses the best of its samples.
    pub reward: Reward,
    /// The cost that TuNAS keeps near a value; without one its reward is the accuracy alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// True if batch normalisation within the cells of the mixture of DARTS or GAEA scales and shifts: false
    /// (DARTS).
    pub affine: bool,
}

impl Default for Alternation {
    fn default() -> Self {
        Alternation {
            rounds: 300,
            batch: 64,
            learning_rate: 0.025,
            policy_rate: None,
            policy_decay: None,
            samples: 10,
            reward: Reward::default(),
            target: None,
            affine: false,
        }
    }
}

impl Alternation {
    /// Checks that every setting is in its range.
    ///
    /// # Errors
    /// If a setting is out of its range.
    pub fn check(&self) -> Result<()> {
        let least = |name, value: usize| {
            let range = "at least 1 and at most 1000000";
            (name, value as f64, (1..=1_000_000).contains(&value), range)
        };
        let above = |name, value: f64| (name, value, value > 0.0 && value.is_finite(), "above 0");
        let decay = self.policy_decay.unwrap_or_default();
        let target = self.target.as_ref();
        let checks = [
            least("rounds", self.rounds),
            least("batch", self.batch),
            least("samples", self.samples),
            above("learning-rate", self.learning_rate),
            above("policy-rate", self.policy_rate.unwrap_or(1.0)),
            above("target", target.map_or(1.0, |target| target.value)),
            above("target-weight", target.map_or(1.0, |target| target.weight)),
            (
                "policy-decay",
                decay,
                decay >= 0.0 && decay.is_finite(),
                "0 or more",
            ),
        ];
        match checks.into_iter().find(|(_, _, fine, _)| !fine) {
            Some((name, value, _, range)) => Err(TrainError::Setting { name, value, range }),
            None => Ok(()),
        }
    }

    /// The learning rate of the policy.
    pub fn rate(&self, method: Method) -> f64 {
        self.policy_rate.unwrap_or(match method {
            Method::Enas | Method::Tunas => 0.05,
            Method::Darts => 0.03,
            Method::Gaea => 3.0,
        })
    }

    /// The weight decay of the policy.
    pub fn decay(&self, method: Method) -> f64 {
        self.policy_decay.unwrap_or(match method {
            Method::Enas | Method::Tunas | Method::Gaea => 0.0,
            Method::Darts => 1e-3,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        assert!(Alternation::default().check().is_ok());
        let none = Alternation {
            samples: 0,
            ..Alternation::default()
        };
        let error = none.check().unwrap_err().to_string();
        assert!(error.contains("samples"), "{error}");
    }

    #[test]
    fn the_absolute_reward_falls_on_both_sides_of_the_target() {
        let target = Target {
            cost: "params".into(),
            value: 200.0,
            weight: 0.1,
        };
        let reward = |cost| target.reward(0.75, cost);
        assert_eq!(reward(200.0), 0.75);
        assert!((reward(300.0) - 0.70).abs() < 1e-12);
        assert!((reward(100.0) - 0.70).abs() < 1e-12);
        let none = |value: f64, weight: f64| Alternation {
            target: Some(Target {
                value,
                weight,
                ..target.clone()
            }),
            ..Alternation::default()
        };
        let fault = |settings: Alternation| settings.check().unwrap_err().to_string();
        assert!(fault(none(0.0, 0.1)).contains("`target = 0`"));
        assert!(fault(none(1.0, -0.1)).contains("`target-weight = -0.1`"));
    }
}
