//! Objectives: the metrics that a search optimises.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Direction of an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Larger is better.
    Maximize,
    /// Smaller is better.
    Minimize,
}

/// Scale on which differences of an objective count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Differences count as they are.
    #[default]
    Linear,
    /// Ratios count. Every value must be above 0.
    Log,
}

/// Metric that a search optimises, with its direction and scale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// Name of the metric.
    pub metric: String,
    /// Direction of improvement.
    pub direction: Direction,
    /// Scale of its values.
    pub scale: Scale,
}

impl Objective {
    /// Maximises a metric, on a linear scale.
    pub fn maximize(metric: impl Into<String>) -> Self {
        Objective {
            metric: metric.into(),
            direction: Direction::Maximize,
            scale: Scale::Linear,
        }
    }

    /// Minimises a metric, on a linear scale.
    pub fn minimize(metric: impl Into<String>) -> Self {
        Objective {
            direction: Direction::Minimize,
            ..Objective::maximize(metric)
        }
    }

    /// Replaces the scale.
    pub fn on(self, scale: Scale) -> Self {
        Objective { scale, ..self }
    }

    /// Returns true if smaller is better.
    pub fn is_minimized(&self) -> bool {
        self.direction == Direction::Minimize
    }

    /// Turns a value of the metric so that larger is better, and back.
    pub fn turn(&self, value: f64) -> f64 {
        match self.direction {
            Direction::Maximize => value,
            Direction::Minimize => -value,
        }
    }

    /// Reason why a value of the metric cannot be an objective value, if it cannot.
    pub fn refusal(&self, value: f64) -> Option<String> {
        if !value.is_finite() {
            return Some(format!("the objective is {value}"));
        }
        (self.scale == Scale::Log && value <= 0.0).then(|| {
            format!(
                "the objective `{}` is {value}, and its scale is logarithmic",
                self.metric
            )
        })
    }
}

/// Objectives of a search: at least one, each of another metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Objectives(Vec<Objective>);

impl Objectives {
    /// Collects objectives.
    ///
    /// # Errors
    /// If there are none, or two have the same metric.
    pub fn new(objectives: Vec<Objective>) -> Result<Self> {
        if objectives.is_empty() {
            return Err(Error::input("there is no objective").mend("name at least one metric"));
        }
        for (i, objective) in objectives.iter().enumerate() {
            let metric = &objective.metric;
            if objectives[..i].iter().any(|other| other.metric == *metric) {
                return Err(
                    Error::input(format!("the objective `{metric}` is given twice"))
                        .mend("leave one of them out"),
                );
            }
        }
        Ok(Objectives(objectives))
    }

    /// The first objective; the only one of most searches.
    pub fn first(&self) -> &Objective {
        &self.0[0]
    }

    /// All objectives, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Objective> {
        self.0.iter()
    }

    /// Number of objectives, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<Objective> for Objectives {
    fn from(objective: Objective) -> Self {
        Objectives(vec![objective])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_turned_so_that_larger_is_better() {
        let loss = Objective::minimize("loss");
        assert_eq!(loss.turn(0.5), -0.5);
        assert_eq!(loss.turn(loss.turn(0.5)), 0.5);
        assert_eq!(Objective::maximize("accuracy").turn(0.5), 0.5);
    }

    #[test]
    fn values_off_the_scale_are_refused() {
        let loss = Objective::minimize("loss");
        assert_eq!(loss.refusal(f64::NAN).unwrap(), "the objective is NaN");
        assert_eq!(loss.refusal(-1.0), None);
        let loss = loss.on(Scale::Log);
        assert!(loss.refusal(0.0).unwrap().contains("`loss` is 0"));
        assert_eq!(loss.refusal(0.1), None);
    }

    #[test]
    fn objectives_are_of_different_metrics() {
        let both = [Objective::maximize("a"), Objective::minimize("a")];
        let error = Objectives::new(both.to_vec()).unwrap_err().to_string();
        assert!(error.contains("`a` is given twice"), "{error}");
        assert!(Objectives::new(Vec::new()).is_err());
        let one: Objectives = Objective::maximize("a").into();
        assert_eq!((one.len(), one.first()), (1, &Objective::maximize("a")));
    }
}
