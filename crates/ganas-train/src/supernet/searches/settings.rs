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

/// Settings of [`search`]; all `ours` unless another origin is named. Both papers move the policy
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
    /// The learning rate of the policy: 0.05 for the controller of ENAS and 0.03 for the mixture of
    /// DARTS, both by Adam, and 3 for the exponentiated gradient of GAEA, whose steps are in
    /// proportion to the gradient: at 0.1 the entropy of its policy hardly changes in 150 rounds.
    pub policy_rate: Option<f64>,
    /// The weight decay of the policy: 1e-3 for DARTS (its paper's), 0 for ENAS. GAEA has none.
    pub policy_decay: Option<f64>,
    /// Cells that the controller samples a step: 10.
    pub samples: usize,
    /// The reward of ENAS' controller, which also chooses the best of its samples.
    pub reward: Reward,
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
        let checks = [
            least("rounds", self.rounds),
            least("batch", self.batch),
            least("samples", self.samples),
            above("learning-rate", self.learning_rate),
            above("policy-rate", self.policy_rate.unwrap_or(1.0)),
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
            Method::Enas => 0.05,
            Method::Darts => 0.03,
            Method::Gaea => 3.0,
        })
    }

    /// The weight decay of the policy.
    pub fn decay(&self, method: Method) -> f64 {
        self.policy_decay.unwrap_or(match method {
            Method::Enas | Method::Gaea => 0.0,
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
}
