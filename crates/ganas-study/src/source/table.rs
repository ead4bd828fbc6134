//! Metrics that a table has, and metrics that a surrogate predicts.

use std::path::Path;
use std::sync::Arc;

use ganas_core::error::Result;
use ganas_core::evaluate::Evaluator;
use ganas_core::space::SearchSpace;
use ganas_core::trial::Axis;
use ganas_search::predictor::{Surrogate, SurrogateEvaluator};
use ganas_tables::{Levels, Table, TableEvaluator};

use super::Source;
use crate::progress::Remarks;
use crate::record::{SurrogateRecord, TaskRecord};

/// A table of evaluated architectures.
pub struct Tabulated {
    /// The table.
    pub table: Arc<Table>,
    /// Metrics at the levels of the cost axis, if there are several fidelities.
    pub levels: Option<Arc<Levels>>,
}

impl Source for Tabulated {
    fn metrics(&self) -> Vec<String> {
        match &self.levels {
            Some(levels) => levels.names().to_vec(),
            None => self.table.columns().to_vec(),
        }
    }

    fn evaluator(&self, _: u64, _: Option<&Path>, _: &Remarks) -> Result<Box<dyn Evaluator>> {
        let evaluator = TableEvaluator::new(self.table.clone());
        Ok(Box::new(match &self.levels {
            Some(levels) => evaluator.with_levels(levels.clone()),
            None => evaluator,
        }))
    }

    fn record(&self, _: &mut TaskRecord) {
        // The table is on record for every task that has one.
    }

    fn looks_up(&self) -> bool {
        true
    }

    fn table(&self) -> Option<&Arc<Table>> {
        Some(&self.table)
    }

    fn levels(&self) -> Option<&Levels> {
        self.levels.as_deref()
    }

    fn axis(&self) -> Option<&Axis> {
        self.levels().map(Levels::axis)
    }
}

/// Models that predict metrics.
pub struct Predicted {
    /// Space that they are for.
    pub space: Arc<dyn SearchSpace>,
    /// Models.
    pub surrogate: Arc<Surrogate>,
}

impl Source for Predicted {
    fn metrics(&self) -> Vec<String> {
        self.surrogate.metrics().to_vec()
    }

    fn evaluator(&self, _: u64, _: Option<&Path>, _: &Remarks) -> Result<Box<dyn Evaluator>> {
        let (space, surrogate) = (self.space.clone(), self.surrogate.clone());
        Ok(Box::new(SurrogateEvaluator::new(space, surrogate)))
    }

    fn record(&self, record: &mut TaskRecord) {
        record.surrogate = Some(SurrogateRecord {
            file: self.surrogate.source().display().to_string(),
            fitted: (self.surrogate.models().iter())
                .map(|model| model.fitted.clone())
                .collect(),
        });
    }

    fn looks_up(&self) -> bool {
        true
    }

    fn predicted(&self) -> Option<&Predicted> {
        Some(self)
    }

    fn axis(&self) -> Option<&Axis> {
        self.surrogate.axis()
    }
}
