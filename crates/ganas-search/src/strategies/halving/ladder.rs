//! The levels of brackets.

use ganas_core::trial::Axis;
use serde::{Deserialize, Serialize};

/// Levels that each are `eta` times the one before, up to the highest one of an axis: R, R / eta, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// Levels from the lowest to the highest.
    levels: Vec<u32>,
}

impl Ladder {
    /// The ladder of an axis: as many levels as fit between its lowest and its highest one. Without an axis it
    /// has one level.
    pub fn new(axis: Option<&Axis>, eta: usize) -> Self {
        let Some(axis) = axis else {
            return Ladder { levels: vec![1] };
        };
        let (low, high) = axis.levels().into_inner();
        let mut levels = vec![high];
        let mut factor = eta as u64;
        // s_max is the largest s with R eta^-s at least the lowest level.
        while u64::from(low) * factor <= u64::from(high) {
            levels.push((f64::from(high) / factor as f64).round() as u32);
            factor *= eta as u64;
        }
        levels.reverse();
        Ladder { levels }
    }

    /// The levels from a rung on, counted from the lowest one.
    pub fn from(&self, rung: usize) -> &[u32] {
        &self.levels[rung.min(self.levels.len() - 1)..]
    }

    /// s_max: the number of levels below the highest one.
    pub fn steps(&self) -> usize {
        self.levels.len() - 1
    }

    /// The `count` highest levels of the ladder.
    pub fn last(mut self, count: usize) -> Self {
        let first = self.levels.len().saturating_sub(count);
        self.levels.drain(..first);
        self
    }

    /// The part of the ladder that begins at a level or the next one above it.
    pub fn above(mut self, level: u32) -> Self {
        let highest = self.levels.len() - 1;
        let first = self.levels.iter().position(|own| *own >= level);
        self.levels.drain(..first.unwrap_or(highest));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(low: u32, high: u32, eta: usize) -> Vec<u32> {
        let axis = Axis::new("epochs", low..=high).unwrap();
        Ladder::new(Some(&axis), eta).from(0).to_vec()
    }

    #[test]
    fn levels_are_those_of_the_papers() {
        // Table 1 of Li et al. 2017.
        assert_eq!(levels(1, 81, 3), [1, 3, 9, 27, 81]);
        // Figure 1 of Falkner et al. 2018 has eta 3 and a factor of 27.
        assert_eq!(levels(9, 243, 3), [9, 27, 81, 243]);
        assert_eq!(levels(1, 100, 3), [1, 4, 11, 33, 100]);
        assert_eq!(levels(1, 11, 2), [1, 3, 6, 11]);
        assert_eq!(levels(50, 100, 3), [100]);
        assert_eq!(Ladder::new(None, 3).from(0), [1]);
    }

    #[test]
    fn a_ladder_can_begin_higher() {
        let axis = Axis::new("epochs", 1..=100).unwrap();
        let ladder = |level| Ladder::new(Some(&axis), 3).above(level).from(0).to_vec();
        assert_eq!(ladder(0), [1, 4, 11, 33, 100]);
        assert_eq!(ladder(5), [11, 33, 100]);
        assert_eq!(ladder(500), [100]);
        let last = |count| Ladder::new(Some(&axis), 3).last(count).from(0).to_vec();
        assert_eq!(
            (last(3), last(9)),
            (vec![11, 33, 100], vec![1, 4, 11, 33, 100])
        );
    }
}
