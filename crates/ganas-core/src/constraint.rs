//! Hard constraints: `params <= 5.3e6`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::error::{Error, Result};

/// Comparison of a metric with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// Upper bound.
    #[serde(rename = "<=")]
    AtMost,
    /// Below the bound.
    #[serde(rename = "<")]
    Below,
    /// Lower bound.
    #[serde(rename = ">=")]
    AtLeast,
    /// Above the bound.
    #[serde(rename = ">")]
    Above,
}

/// Condition that a trial must meet to be compliant. If the metric is known before an evaluation, an
/// architecture that breaks it is not evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// Name of the metric.
    pub metric: String,
    /// Comparison with the bound.
    pub comparison: Comparison,
    /// The bound.
    pub bound: f64,
}

impl Constraint {
    /// Returns true if a value meets the condition. NaN, a metric that was not measured, does not.
    pub fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::AtMost => value <= self.bound,
            Comparison::Below => value < self.bound,
            Comparison::AtLeast => value >= self.bound,
            Comparison::Above => value > self.bound,
        }
    }

    /// Excess of a value over the bound, as a fraction of the bound: 0 if the condition holds,
    /// infinite for NaN.
    pub fn excess(&self, value: f64) -> f64 {
        if self.holds(value) {
            return 0.0;
        }
        let excess = (value - self.bound).abs() / self.bound.abs().max(f64::MIN_POSITIVE);
        if excess.is_nan() {
            f64::INFINITY
        } else {
            excess
        }
    }
}

/// Condition on an architecture that is a function. An architecture that does not meet it is never
/// evaluated.
#[derive(Clone)]
pub struct Predicate {
    /// Name in messages and records.
    pub name: String,
    /// The function. It must give the same answer for the same architecture every time.
    pub holds: Arc<dyn Fn(&Arch) -> bool + Send + Sync>,
}

/// Condition as it is written. Its bound is a number, or a metric of a named architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Name of the metric.
    pub metric: String,
    /// Comparison with the bound.
    pub comparison: Comparison,
    /// The bound.
    pub bound: Bound,
}

/// Bound of a written condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Bound {
    /// A number.
    Number(f64),
    /// Multiple of the metric of a named architecture, written `@NAME` or `0.9*@NAME`.
    Of {
        /// The factor.
        factor: f64,
        /// Name of the architecture, without the sign.
        name: String,
    },
}

impl Condition {
    /// Resolves the bound, given the value of a metric by the name of an architecture.
    ///
    /// # Errors
    /// If `value` fails, or a value is not finite.
    pub fn resolve(self, value: impl FnOnce(&str, &str) -> Result<f64>) -> Result<Constraint> {
        let bound = match self.bound {
            Bound::Number(bound) => bound,
            Bound::Of { factor, name } => {
                let value = value(&name, &self.metric)?;
                if !value.is_finite() {
                    return Err(Error::input(format!(
                        "the `{}` of `@{name}` is {value}",
                        self.metric
                    ))
                    .mend("compare with a number"));
                }
                factor * value
            }
        };
        Ok(Constraint {
            metric: self.metric,
            comparison: self.comparison,
            bound,
        })
    }
}

impl FromStr for Condition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = || {
            Error::input(format!("`{text}` is not a constraint")).mend(
                "write a metric, one of <= < >= >, and a number or `@start`, as in \
                 `params <= 5.3e6` and `params <= 0.9*@start`",
            )
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
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| !n.is_nan());
        let bound = match bound.split_once('@') {
            None => number(bound).map(Bound::Number),
            Some((before, name)) => {
                let factor = match before.trim() {
                    "" => Some(1.0),
                    before => before.strip_suffix('*').and_then(number),
                };
                let name = name.trim().to_owned();
                (factor.filter(|_| !name.is_empty())).map(|factor| Bound::Of { factor, name })
            }
        };
        let bound = bound.ok_or_else(malformed)?;
        if metric.is_empty() || metric.contains('=') {
            return Err(malformed());
        }
        Ok(Condition {
            metric: metric.into(),
            comparison,
            bound,
        })
    }
}

/// Reads a condition whose bound is a number.
impl FromStr for Constraint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.parse::<Condition>()?.resolve(|name, _| {
            Err(
                Error::input(format!("`{text}`: nothing is named `@{name}` here"))
                    .mend("compare with a number"),
            )
        })
    }
}

/// Returns two constraints that no value can meet at once, if there are any.
pub fn contradiction(constraints: &[Constraint]) -> Option<(&Constraint, &Constraint)> {
    let upper = |c: &Constraint| matches!(c.comparison, Comparison::AtMost | Comparison::Below);
    let highest = constraints.iter().filter(|c| upper(c));
    let pairs = highest.flat_map(|high| {
        let lowest = constraints.iter().filter(|c| !upper(c));
        lowest
            .filter(|low| low.metric == high.metric)
            .map(move |low| (low, high))
    });
    // Between two bounds that both hold at their ends there is something unless they cross.
    let mut apart = pairs.filter(|(low, high)| {
        low.bound > high.bound
            || low.bound == high.bound && !(low.holds(low.bound) && high.holds(high.bound))
    });
    apart.next()
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
            "params <= @",
            "params <= 2@start",
            "params <= x*@start",
            "a <= NaN",
            "a == 5",
        ] {
            let error = text.parse::<Constraint>().unwrap_err().to_string();
            assert!(error.contains("write a metric"), "{text}: {error}");
        }
    }

    #[test]
    fn compares_with_what_an_architecture_has() {
        let condition: Condition = "params <= 0.5 * @start".parse().unwrap();
        let constraint = condition.resolve(|name, metric| {
            assert_eq!((name, metric), ("start", "params"));
            Ok(8.0)
        });
        assert_eq!(constraint.unwrap().to_string(), "params <= 4");
        let error = "params < @b0".parse::<Constraint>().unwrap_err();
        assert!(error.to_string().contains("`@b0`"), "{error}");
        let missing: Condition = "x < @start".parse().unwrap();
        assert!(missing.resolve(|_, _| Ok(f64::NAN)).is_err());
    }

    #[test]
    fn contradictions_are_pairs_that_nothing_meets() {
        let of = |texts: &[&str]| -> Option<String> {
            let constraints: Vec<Constraint> = texts.iter().map(|t| t.parse().unwrap()).collect();
            contradiction(&constraints).map(|(low, high)| format!("{low}, {high}"))
        };
        assert_eq!(
            of(&["a <= 9", "params <= 1", "params >= 2"]).unwrap(),
            "params >= 2, params <= 1"
        );
        assert_eq!(of(&["a > 1", "a <= 1"]).unwrap(), "a > 1, a <= 1");
        assert_eq!(of(&["a >= 1", "a <= 1"]), None);
        assert_eq!(of(&["a <= 1", "b >= 2", "a <= 3"]), None);
    }

    #[test]
    fn excess_is_relative() {
        let bound: Constraint = "params <= 4".parse().unwrap();
        assert_eq!(bound.excess(3.0), 0.0);
        assert_eq!(bound.excess(6.0), 0.5);
        assert_eq!(bound.excess(f64::NAN), f64::INFINITY);
    }
}
