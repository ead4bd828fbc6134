//! The front of a running search, as it is shown beside a bar.

use ganas_core::driver::Round;
use ganas_core::front::{ReferenceBox, dominates, hypervolume};
use ganas_core::ledger::Query;

use crate::task::front::FrontMeasure;

/// Front so far.
pub struct LiveFront<'a> {
    measure: &'a FrontMeasure,
    /// Objective values, turned so that larger is better.
    values: Vec<Vec<f64>>,
}

impl<'a> LiveFront<'a> {
    /// An empty front.
    pub fn new(measure: &'a FrontMeasure) -> Self {
        LiveFront {
            measure,
            values: Vec::new(),
        }
    }

    /// Adds a query, and returns true if it is on the front.
    pub fn add(&mut self, query: &Query) -> bool {
        let values = &query.values;
        let is_beaten = |other: &Vec<f64>| dominates(other, values) || other == values;
        let compliant = query.merit().is_some() && query.trial().is_full();
        if !compliant || self.values.iter().any(is_beaten) {
            return false;
        }
        self.values.retain(|other| !dominates(values, other));
        self.values.push(values.clone());
        true
    }

    /// Formats the state of a search beside a bar: the last round, the size of the front, and the share of
    /// the table's hypervolume, if a table is searched.
    pub fn standing(&self, round: Option<&Round>) -> String {
        let mut parts: Vec<String> = round.iter().map(|r| format!("round {}", r.round)).collect();
        if !self.values.is_empty() {
            parts.push(format!("front of {}", self.values.len()));
        }
        if let Some(table) = &self.measure.table {
            let share = self.volume(&table.area) / table.hypervolume;
            parts.push(format!("{:.1} % of the table's hypervolume", 100.0 * share));
        }
        parts.join(", ")
    }

    fn volume(&self, area: &ReferenceBox) -> f64 {
        let gains = self.values.iter().map(|values| {
            let metrics = self.measure.turned(values);
            area.gains(&metrics)
        });
        hypervolume(&gains.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::arch::Arch;
    use ganas_core::problem::{Objective, Objectives};
    use ganas_core::trial::Fidelity;

    use super::*;

    #[test]
    fn only_what_nothing_beats_is_on_the_front() {
        let both = vec![Objective::maximize("a"), Objective::minimize("b")];
        let measure = FrontMeasure::new(&Objectives::new(both).unwrap(), &[]).unwrap();
        let mut front = LiveFront::new(&measure);
        let query = |a: f64, b: f64, compliant| Query {
            arch: Arch::new(&[1]),
            fidelity: Fidelity::Full,
            round: 1,
            values: vec![a, -b],
            compliant,
            metrics: vec![a, b],
            cost: 1,
            failure: None,
            stopped: None,
        };
        assert!(front.add(&query(1.0, 1.0, true)));
        assert!(front.add(&query(2.0, 2.0, true)));
        assert!(!front.add(&query(2.0, 2.0, true)) && !front.add(&query(1.0, 1.5, true)));
        assert!(!front.add(&query(9.0, 0.0, false)));
        assert_eq!(front.standing(None), "front of 2");
        assert!(front.add(&query(3.0, 0.5, true)));
        assert_eq!(front.standing(None), "front of 1");
    }
}
