//! Parts of a task that priors are compared with.

use ganas_core::problem::{Objective, Objectives};
use ganas_core::space::SearchSpace;
use ganas_core::trial::{Axis, Fidelity};
use ganas_tables::{Table, name_at};

use crate::source::Trained;
use crate::spec::ReadingSpec;

/// Parts of a task that tell what can be known of it.
pub struct Searched<'t> {
    /// The space.
    pub space: &'t dyn SearchSpace,
    /// Name of the space as it was given.
    pub space_argument: &'t str,
    /// Options by which tables are read.
    pub reading: &'t ReadingSpec,
    /// Table that is searched.
    pub table: Option<&'t Table>,
    /// Trainings that evaluate, if networks are trained.
    pub trained: Option<&'t Trained>,
    /// Cost axis.
    pub axis: Option<&'t Axis>,
    /// Objectives.
    pub objectives: &'t Objectives,
}

impl Searched<'_> {
    /// The objective at a place.
    pub(super) fn objective(&self, place: usize) -> &Objective {
        &self.objectives.iter().as_slice()[place]
    }

    /// The name of a metric at the highest level of the axis.
    pub(super) fn at_full(&self, metric: &str) -> String {
        self.axis.map_or_else(
            || metric.to_owned(),
            |axis| name_at(metric, axis, Fidelity::Full),
        )
    }
}
