//! Hard constraints: `params <= 5.3e6`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How a metric is compared with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// At most the bound.
    #[serde(rename = "<=")]
    AtMost,
    /// Below the bound.
    #[serde(rename = "<")]
    Below,
    /// At least the bound.
    #[serde(rename = ">=")]
    AtLeast,
    /// Above the bound.
    #[serde(rename = ">")]
    Above,
}

/// A condition that an architecture must meet to enter the truth set, and to be evaluated at all
/// where the metric is known beforehand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// The metric's name.
    pub metric: String,
    /// The comparison.
    pub comparison: Comparison,
    /// The number it is compared with.
    pub bound: f64,
}

impl Constraint {
    /// Whether a value meets the condition; NaN, a metric that was not measured, does not.
    pub fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::AtMost => value <= self.bound,
            Comparison::Below => value < self.bound,
            Comparison::AtLeast => value >= self.bound,
            Comparison::Above => value > self.bound,
        }
    }
}

impl FromStr for Constraint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = || {
            Error::input(format!("`{text}` is not a constraint"))
                .mend("write a metric, one of <= < >= >, and a number, as in `params <= 5.3e6`")
        };
        let at = text.find(['<', '>']).ok_or_else(malformed)?;
        let (metric, rest) = text.split_at(at);
        let (comparison, bound) = if let Some(bound) = rest.strip_prefix("<=") {
            (Comparison::AtMost, bound)
        } else if let Some(bound) = rest.strip_prefix(">=") {
            (Comparison::AtLeast, bound)
        } else if let Some(bound) = rest.strip_prefix('<') {
            (Comparison::Below, bound)
        } else {
            (Comparison::Above, &rest[1..])
        };
        let metric = metric.trim();
        let bound: f64 = bound.trim().parse().map_err(|_| malformed())?;
        if metric.is_empty() || metric.contains('=') || bound.is_nan() {
            return Err(malformed());
        }
        Ok(Constraint {
            metric: metric.into(),
            comparison,
            bound,
        })
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.comparison {
            Comparison::AtMost => "<=",
            Comparison::Below => "<",
            Comparison::AtLeast => ">=",
            Comparison::Above => ">",
        };
        write!(f, "{} {sign} {}", self.metric, self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        for text in [
            "params <= 5300000",
            "latency_ms < 80.5",
            "acc >= 0.9",
            "x > -1",
        ] {
            assert_eq!(text.parse::<Constraint>().unwrap().to_string(), text);
        }
        let tight: Constraint = "params<=5.3e6".parse().unwrap();
        assert!(tight.holds(5.3e6) && !tight.holds(5.4e6) && !tight.holds(f64::NAN));
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "params",
            "params =< 5",
            "<= 5",
            "params <= many",
            "a <= NaN",
            "a == 5",
        ] {
            let error = text.parse::<Constraint>().unwrap_err().to_string();
            assert!(error.contains("write a metric"), "{text}: {error}");
        }
    }
}
