//! Weights of values: what a user expects of each choice before the first evaluation.
//!
//! `weights` gives one number a value. `prior = VALUE` with a `confidence` stands for weights that fall off
//! around the value: by a normal curve on the scale of ordered choices, by a factor for words (as NePS has them:
//! low, medium and high are deviations of a half, a quarter and an eighth of the scale).

use serde::Deserialize;

use super::choice::Choice;
use super::file::value_of;
use crate::error::{Error, Result};

/// How sure a user is of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Confidence {
    Low,
    #[default]
    Medium,
    High,
}

impl Confidence {
    /// Standard deviation on the scale of a choice, which goes from 0 to 1.
    fn deviation(self) -> f64 {
        match self {
            Confidence::Low => 0.5,
            Confidence::Medium => 0.25,
            Confidence::High => 0.125,
        }
    }

    /// Odds of the expected word against each other word (ours).
    fn factor(self) -> f64 {
        1.0 / self.deviation().powi(2)
    }
}

/// The logarithms of the weights of a choice's values, the largest one 0; empty without weights.
///
/// # Errors
/// If the weights do not fit the values, or contradict the prior.
pub(super) fn log_weights(
    choice: &Choice,
    weights: Option<&[f64]>,
    prior: Option<&toml::Value>,
    confidence: Option<Confidence>,
) -> Result<Vec<f64>> {
    let logs = match (weights, prior) {
        (None, None) if confidence.is_some() => {
            return Err(Error::input("`confidence` without `prior`")
                .mend("add `prior = VALUE`, or leave `confidence` out"));
        }
        (None, None) => return Ok(Vec::new()),
        (Some(_), Some(_)) => {
            return Err(Error::input("it has `weights` and `prior`").mend("give one of the two"));
        }
        (Some(weights), None) => of_list(choice, weights)?,
        (None, Some(prior)) => around(choice, prior, confidence.unwrap_or_default())?,
    };
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Ok(logs.into_iter().map(|log| log - most).collect())
}

fn of_list(choice: &Choice, weights: &[f64]) -> Result<Vec<f64>> {
    if weights.len() != choice.values.len() {
        let (own, values) = (weights.len(), choice.values.len());
        return Err(Error::input(format!("{own} `weights` for {values} values"))
            .mend("give one weight for each value, in order"));
    }
    if let Some(weight) = weights.iter().find(|w| !(w.is_finite() && **w > 0.0)) {
        return Err(Error::input(format!("the weight {weight} is not above 0"))
            .mend("give a small weight to what is unlikely, and exclude values by `constraints`"));
    }
    Ok(weights.iter().map(|weight| weight.ln()).collect())
}

fn around(choice: &Choice, prior: &toml::Value, confidence: Confidence) -> Result<Vec<f64>> {
    let text = value_of(prior)?.text;
    let mode = choice
        .parse(&text, true)
        .map_err(|e| Error::input(format!("`prior`: {e}")))?;
    let log = |value: u8| {
        if choice.is_ordered() {
            let off = (choice.position(value) - choice.position(mode)) / confidence.deviation();
            -0.5 * off * off
        } else if value == mode {
            0.0
        } else {
            -confidence.factor().ln()
        }
    };
    Ok((0..choice.values.len() as u8).map(log).collect())
}
