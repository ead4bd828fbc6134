//! Settings of strategies: presets, ranges, and settings without effect.

use std::fmt;

use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Strategy;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Settings of a strategy, from which it is built.
///
/// Each field is a setting that a user can replace by its path, such as `ppo.entropy_coef`. The
/// record of a run holds all of them.
///
/// ```
/// use ganas_core::error::Result;
/// use ganas_core::strategy::Strategy;
/// use ganas_search::strategies::RandomSearch;
/// use ganas_search::{Range, Registry, StrategyConfig, check_ranges, configured};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct WalkConfig {
///     steps: usize,
/// }
///
/// impl StrategyConfig for WalkConfig {
///     fn check(&self) -> Result<()> {
///         check_ranges(&[("steps", self.steps as f64, Range::NOT_NEGATIVE)])
///     }
///
///     fn build(self, seed: u64) -> Box<dyn Strategy> {
///         // A strategy of your own.
///         Box::new(RandomSearch::new(seed))
///     }
/// }
///
/// # fn main() -> Result<()> {
/// let registry = Registry::builtin().with("walk", configured::<WalkConfig>())?;
/// let recipe = registry.recipe("walk+steps=5")?;
/// assert_eq!(recipe.settings()["steps"], 5);
/// # Ok(())
/// # }
/// ```
pub trait StrategyConfig: Default + Serialize + DeserializeOwned {
    /// The names of the presets; the first one is used unless another is named.
    const PRESETS: &'static [&'static str] = &["default"];

    /// The settings of a preset, whose name is one of [`PRESETS`](Self::PRESETS).
    fn preset(name: &str) -> Self {
        let _ = name;
        Self::default()
    }

    /// Checks that the strategy can work with the settings; [`check_ranges`] helps.
    ///
    /// # Errors
    /// If it cannot; the error names the setting and its range.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The settings that change nothing under the others.
    fn idle(&self) -> Vec<Idle> {
        Vec::new()
    }

    /// The size of the initial set, which a strategy learns from.
    fn initial(&self) -> usize {
        0
    }

    /// The most architectures of a space that a later round asks for, with `t` rounds since the initial
    /// set and `evaluated` evaluations before it.
    fn batch(&self, t: usize, evaluated: usize, space: &dyn SearchSpace) -> usize {
        let _ = (t, evaluated, space);
        1
    }

    /// The strategy, with its own random streams for a seed.
    fn build(self, seed: u64) -> Box<dyn Strategy>;
}

/// Settings that change nothing under the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The paths of the settings. A path includes everything below it.
    pub settings: &'static [&'static str],
    /// The cause, as a clause.
    pub cause: &'static str,
    /// The change that lets them act, as a command.
    pub mend: &'static str,
}

impl Idle {
    /// True if the settings include the one at this path.
    pub fn includes(&self, key: &str) -> bool {
        let includes = |path: &&str| {
            let rest = key.strip_prefix(*path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.settings.iter().any(includes)
    }
}

/// Checks numbers against their ranges; each has the path of its setting.
///
/// # Errors
/// If a number is out of its range; the error names the first such setting and the range.
pub fn check_ranges(numbers: &[(&str, f64, Range)]) -> Result<()> {
    let outside = numbers
        .iter()
        .find(|(_, number, range)| !range.holds(*number));
    let Some((path, _, range)) = outside else {
        return Ok(());
    };
    let error = Error::input(format!("`{path}` is out of its range"));
    Err(error.mend(format!("give it {range}")))
}

/// The numbers that a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    low: f64,
    /// True if the lower end itself is too low.
    above: bool,
    /// Infinite if there is no upper end.
    high: f64,
}

impl Range {
    /// Whole numbers from 1.
    pub const COUNT: Range = Range::at_least(1.0);
    /// Numbers from 2 on.
    pub const AT_LEAST_TWO: Range = Range::at_least(2.0);
    /// Numbers above 0.
    pub const POSITIVE: Range = Range {
        above: true,
        ..Range::at_least(0.0)
    };
    /// Numbers from 0.
    pub const NOT_NEGATIVE: Range = Range::at_least(0.0);
    /// Numbers from 0 to 1.
    pub const SHARE: Range = Range::up_to(1.0);
    /// Numbers above 0 and up to 1.
    pub const POSITIVE_SHARE: Range = Range {
        above: true,
        ..Range::SHARE
    };

    /// Numbers from `low`.
    pub const fn at_least(low: f64) -> Self {
        Range {
            low,
            above: false,
            high: f64::INFINITY,
        }
    }

    /// Numbers from 0 to `high`.
    pub const fn up_to(high: f64) -> Self {
        Range {
            high,
            ..Range::at_least(0.0)
        }
    }

    /// Numbers from `low` to `high`.
    pub const fn between(low: f64, high: f64) -> Self {
        Range {
            high,
            ..Range::at_least(low)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_a_range_or_not() {
        assert!(Range::COUNT.holds(1.0) && !Range::COUNT.holds(0.0));
        let some = Range::POSITIVE_SHARE;
        assert!(some.holds(1.0) && !some.holds(0.0) && !some.holds(1.1));
        assert!(Range::SHARE.holds(0.0) && !Range::SHARE.holds(-0.1));
        assert_eq!(some.to_string(), "a number above 0 and up to 1");
        assert_eq!(Range::COUNT.to_string(), "a number from 1 on");
        assert_eq!(Range::between(1.0, 3.0).to_string(), "a number from 1 to 3");
    }

    #[test]
    fn the_first_number_out_of_its_range_is_named() {
        let numbers = [
            ("a", 1.0, Range::COUNT),
            ("b.c", 0.0, Range::POSITIVE),
            ("d", -1.0, Range::SHARE),
        ];
        let error = check_ranges(&numbers).unwrap_err().to_string();
        assert_eq!(error, "`b.c` is out of its range; give it a number above 0");
    }

    #[test]
    fn a_path_includes_everything_below_it() {
        let idle = Idle {
            settings: &["ppo", "rules"],
            cause: "",
            mend: "",
        };
        assert!(idle.includes("ppo") && idle.includes("ppo.clip") && idle.includes("rules"));
        assert!(!idle.includes("ppo_clip") && !idle.includes("updates"));
    }
}
