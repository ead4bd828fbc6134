//! Trials: architectures at a fidelity.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::arch::Arch;
use crate::error::{Error, Result};

/// Price at which an architecture is evaluated: a level of the problem's cost [`Axis`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Fidelity {
    /// Level below the highest one, such as a number of epochs.
    Level(u32),
    /// Highest level of the axis; the only fidelity of a problem without an axis.
    #[default]
    Full,
}

/// Unit of work: an architecture that is evaluated at a fidelity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Trial {
    /// The architecture, in canonical form.
    pub arch: Arch,
    /// The fidelity.
    pub fidelity: Fidelity,
}

impl Trial {
    /// Trial of an architecture at a fidelity.
    pub fn at(arch: Arch, fidelity: Fidelity) -> Self {
        Trial { arch, fidelity }
    }

    /// Trials of architectures at full fidelity, in the same order.
    pub fn full(archs: impl IntoIterator<Item = Arch>) -> Vec<Self> {
        archs.into_iter().map(Trial::from).collect()
    }

    /// Returns true if the fidelity is full.
    pub fn is_full(&self) -> bool {
        self.fidelity == Fidelity::Full
    }
}

/// Trial at full fidelity.
impl From<Arch> for Trial {
    fn from(arch: Arch) -> Self {
        Trial::at(arch, Fidelity::Full)
    }
}

/// Trial at full fidelity.
impl From<&Arch> for Trial {
    fn from(arch: &Arch) -> Self {
        Trial::from(*arch)
    }
}

impl From<&Trial> for Trial {
    fn from(trial: &Trial) -> Self {
        *trial
    }
}

/// Cost axis of a problem: a name, such as `epochs`, and a range of levels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    name: String,
    levels: RangeInclusive<u32>,
    continues: bool,
}

impl Axis {
    /// Axis of a name with its lowest and highest level.
    ///
    /// # Errors
    /// If the name or the range is empty, or the lowest level is 0.
    pub fn new(name: impl Into<String>, levels: RangeInclusive<u32>) -> Result<Self> {
        let name = name.into();
        if name.is_empty() {
            return Err(Error::input("the fidelity has no name").mend("name it, as in `epochs`"));
        }
        if levels.is_empty() || *levels.start() == 0 {
            let (low, high) = (levels.start(), levels.end());
            return Err(
                Error::input(format!("`{name}` from {low} to {high} is not a fidelity"))
                    .mend("give a lowest level of at least 1 and a highest one above it"),
            );
        }
        Ok(Axis {
            name,
            levels,
            continues: true,
        })
    }

    /// The axis of an evaluator that starts anew at each level: every trial costs its whole level.
    pub fn restarting(self) -> Self {
        Axis {
            continues: false,
            ..self
        }
    }

    /// Returns true if an evaluator can continue from a lower level of the same architecture.
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Cost of a trial in units of the axis, if its architecture was evaluated up to a fidelity: the
    /// rest where the evaluator can continue, and otherwise the whole level.
    pub fn cost(&self, fidelity: Fidelity, reached: Option<Fidelity>) -> u64 {
        let level = u64::from(self.level(fidelity));
        let reached = reached.map_or(0, |reached| u64::from(self.level(reached)));
        if self.continues && reached < level {
            level - reached
        } else {
            level
        }
    }

    /// Name of the axis.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Levels from the lowest to the highest.
    pub fn levels(&self) -> RangeInclusive<u32> {
        self.levels.clone()
    }

    /// Fidelity of a level, if it is on the axis. The highest level is [`Fidelity::Full`].
    pub fn fidelity(&self, level: u32) -> Option<Fidelity> {
        if !self.levels.contains(&level) {
            None
        } else if level == *self.levels.end() {
            Some(Fidelity::Full)
        } else {
            Some(Fidelity::Level(level))
        }
    }

    /// Level of a fidelity.
    pub fn level(&self, fidelity: Fidelity) -> u32 {
        match fidelity {
            Fidelity::Level(level) => level,
            Fidelity::Full => *self.levels.end(),
        }
    }

    /// Level of a fidelity by the name of the axis, as journals and workers have it:
    /// `{"epochs":12}`.
    pub fn by_name(&self, fidelity: Fidelity) -> BTreeMap<&str, u32> {
        BTreeMap::from([(self.name(), self.level(fidelity))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_level_is_full() {
        let axis = Axis::new("epochs", 1..=100).unwrap();
        assert_eq!(axis.fidelity(12), Some(Fidelity::Level(12)));
        assert_eq!(axis.fidelity(100), Some(Fidelity::Full));
        assert_eq!((axis.fidelity(0), axis.fidelity(101)), (None, None));
        for level in axis.levels() {
            assert_eq!(axis.level(axis.fidelity(level).unwrap()), level);
        }
        assert!(Fidelity::Level(99) < Fidelity::Full);
        let text = serde_json::to_string(&axis.by_name(Fidelity::Level(12))).unwrap();
        assert_eq!(text, r#"{"epochs":12}"#);
    }

    #[test]
    fn continuing_costs_the_rest() {
        let axis = Axis::new("epochs", 1..=100).unwrap();
        let low = Fidelity::Level(4);
        assert_eq!(axis.cost(Fidelity::Full, None), 100);
        assert_eq!(axis.cost(Fidelity::Full, Some(low)), 96);
        assert_eq!(axis.cost(low, Some(Fidelity::Full)), 4);
        assert_eq!(axis.restarting().cost(Fidelity::Full, Some(low)), 100);
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges)]
    fn an_axis_has_a_name_and_levels() {
        assert!(Axis::new("", 1..=2).is_err());
        for levels in [0..=3, 3..=2] {
            let error = Axis::new("epochs", levels).unwrap_err().to_string();
            assert!(error.contains("`epochs` from"), "{error}");
        }
    }

    #[test]
    fn architectures_are_trials_at_full_fidelity() {
        let archs = [Arch::new(&[1]), Arch::new(&[2])];
        let trials = Trial::full(archs);
        assert!(trials.iter().all(Trial::is_full));
        assert_eq!(trials[1], Trial::from(&archs[1]));
        assert!(!Trial::at(archs[0], Fidelity::Level(1)).is_full());
    }
}
