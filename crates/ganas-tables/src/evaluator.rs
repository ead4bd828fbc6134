//! Evaluation by looking up a benchmark table.

use std::sync::Arc;

use ganas_core::error::Result;
use ganas_core::evaluate::{Advice, Evaluator, Outcome, Work};

use ganas_core::trial::{Axis, Fidelity, Trial};

use crate::{Levels, Table};

/// Evaluator that looks every architecture up in a table. The metrics are the table's columns, or those
/// of its levels where there are several fidelities.
pub struct TableEvaluator {
    table: Arc<Table>,
    levels: Option<Arc<Levels>>,
}

impl TableEvaluator {
    /// Creates an evaluator over a table that may be shared.
    pub fn new(table: Arc<Table>) -> Self {
        TableEvaluator {
            table,
            levels: None,
        }
    }

    /// Evaluates at the levels of a cost axis.
    pub fn with_levels(self, levels: Arc<Levels>) -> Self {
        TableEvaluator {
            levels: Some(levels),
            ..self
        }
    }
}

impl TableEvaluator {
    /// Reports what a training up to the level of a trial would have shown on its way.
    fn report(&self, trial: &Trial, work: &mut dyn Work) {
        let (Some(levels), Some(row)) = (&self.levels, self.table.find(&trial.arch)) else {
            return;
        };
        let axis = levels.axis();
        for level in *axis.levels().start()..axis.level(trial.fidelity) {
            let metrics = levels.values(&self.table, row, Fidelity::Level(level));
            if work.report(trial, level, &metrics) == Advice::Stop {
                return;
            }
        }
    }
}

impl Evaluator for TableEvaluator {
    fn metrics(&self) -> &[String] {
        match &self.levels {
            Some(levels) => levels.names(),
            None => self.table.columns(),
        }
    }

    fn axis(&self) -> Option<&Axis> {
        self.levels.as_ref().map(|levels| levels.axis())
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let columns = self.table.columns().len();
        while let Some(trial) = work.next() {
            self.report(&trial, work);
            let outcome = match self.table.find(&trial.arch) {
                Some(row) => Outcome::Done(match &self.levels {
                    Some(levels) => levels.values(&self.table, row, trial.fidelity),
                    None => (0..columns).map(|c| self.table.value(row, c)).collect(),
                }),
                None => Outcome::Failed("not in the table".into()),
            };
            work.done(&trial, outcome);
        }
        Ok(())
    }
}
