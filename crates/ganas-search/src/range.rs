//! Which numbers the settings of strategies take.

use std::fmt;

use serde_json::Value;

/// The numbers that a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    /// Whether the lower end itself is too low.
    above: bool,
    /// Infinite where there is no upper end.
    high: f64,
}

const COUNT: Range = Range::at_least(1.0);
const POSITIVE: Range = Range {
    above: true,
    ..Range::at_least(0.0)
};
const NOT_NEGATIVE: Range = Range::at_least(0.0);
const SHARE: Range = Range::up_to(1.0);
const SOME: Range = Range {
    above: true,
    ..SHARE
};

/// The settings that do not take every number of their type, by their paths, which mean the same in
/// all strategies.
const RANGES: [(&str, Range); 56] = [
    ("initial", COUNT),
    ("batch", COUNT),
    ("share", SHARE),
    ("truth", COUNT),
    ("episodes", COUNT),
    ("rank_share", SHARE),
    ("step_reward.total", NOT_NEGATIVE),
    ("proposals.screened.stuck", NOT_NEGATIVE),
    ("proposals.screened.discriminator", SHARE),
    ("proposals.screened.surrogates.trees.trees", COUNT),
    ("proposals.screened.surrogates.trees.depth", COUNT),
    ("proposals.screened.surrogates.trees.rate", SOME),
    ("proposals.screened.surrogates.trees.rows", SOME),
    ("proposals.screened.surrogates.trees.columns", SOME),
    ("proposals.screened.surrogates.trees.leaf", COUNT),
    ("discriminator.encoder.k", Range { high: 3.0, ..COUNT }),
    ("discriminator.encoder.layers", COUNT),
    ("discriminator.encoder.set_layers", COUNT),
    ("discriminator.encoder.width", COUNT),
    ("discriminator.hidden", COUNT),
    ("discriminator.learning_rate", POSITIVE),
    // At one half nothing is left to tell apart.
    ("discriminator.smoothing", Range::up_to(0.5)),
    ("discriminator.rank_weight", NOT_NEGATIVE),
    ("generator.layers", COUNT),
    ("generator.width", COUNT),
    ("generator.output_scale", NOT_NEGATIVE),
    ("ppo.epochs", COUNT),
    ("ppo.minibatch", COUNT),
    ("ppo.clip", POSITIVE),
    ("ppo.gamma", SHARE),
    ("ppo.lambda", SHARE),
    ("ppo.value_coef", NOT_NEGATIVE),
    ("ppo.entropy_coef", NOT_NEGATIVE),
    ("ppo.learning_rate", POSITIVE),
    ("ppo.max_grad_norm", POSITIVE),
    ("population", COUNT),
    ("sample", COUNT),
    ("elite", COUNT),
    ("step", SOME),
    ("floor", SHARE),
    ("learning_rate", POSITIVE),
    ("momentum", SHARE),
    ("pool", COUNT),
    ("parents", COUNT),
    ("another_edit", Range::up_to(0.9)),
    ("ensemble", COUNT),
    ("network.layers", COUNT),
    ("network.width", COUNT),
    ("network.epochs", COUNT),
    ("network.learning_rate", POSITIVE),
    ("startup", COUNT),
    ("gamma", SOME),
    ("most_good", COUNT),
    ("most_others", COUNT),
    ("candidates", COUNT),
    ("prior_weight", POSITIVE),
];

impl Range {
    const fn at_least(low: f64) -> Self {
        Range {
            low,
            above: false,
            high: f64::INFINITY,
        }
    }

    const fn up_to(high: f64) -> Self {
        Range {
            high,
            ..Range::at_least(0.0)
        }
    }

    fn holds(self, value: f64) -> bool {
        value <= self.high && value >= self.low && !(self.above && value == self.low)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { low, above, high } = self;
        match (above, high.is_finite()) {
            (true, true) => write!(f, "a number above {low} and up to {high}"),
            (true, false) => write!(f, "a number above {low}"),
            (false, true) => write!(f, "a number from {low} to {high}"),
            (false, false) => write!(f, "a number from {low} on"),
        }
    }
}

/// The first of some settings that is out of its range, and that range.
pub fn beyond(settings: &Value) -> Option<(&'static str, Range)> {
    let value = |path: &str| path.split('.').try_fold(settings, |at, part| at.get(part));
    let mut ranges = RANGES.into_iter();
    ranges.find(|(path, range)| {
        let number = value(path).and_then(Value::as_f64);
        number.is_some_and(|number| !range.holds(number))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{Recipe, STRATEGIES};

    #[test]
    fn presets_keep_their_ranges_and_every_range_is_of_a_setting() {
        let mut seen = HashSet::new();
        for (strategy, presets) in STRATEGIES {
            for preset in presets {
                let recipe: Recipe = format!("{strategy}:{preset}").parse().unwrap();
                let settings = recipe.settings();
                assert_eq!(beyond(&settings), None, "{recipe}");
                let there = |path: &str| {
                    let found = path.split('.').try_fold(&settings, |at, part| at.get(part));
                    found.is_some()
                };
                seen.extend(
                    RANGES
                        .map(|(path, _)| path)
                        .into_iter()
                        .filter(|path| there(path)),
                );
            }
        }
        for (path, _) in RANGES {
            assert!(seen.contains(path), "{path}");
        }
    }

    #[test]
    fn ends_belong_to_a_range_or_not() {
        assert!(COUNT.holds(1.0) && !COUNT.holds(0.0));
        assert!(SOME.holds(1.0) && !SOME.holds(0.0) && !SOME.holds(1.1));
        assert!(SHARE.holds(0.0) && !SHARE.holds(-0.1));
        assert_eq!(SOME.to_string(), "a number above 0 and up to 1");
        assert_eq!(COUNT.to_string(), "a number from 1 on");
    }
}
