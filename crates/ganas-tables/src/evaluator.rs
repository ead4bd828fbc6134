//! Evaluation by looking up a benchmark table.

use std::sync::Arc;

use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};

use crate::Table;

/// Evaluator that looks every architecture up in a table. The metrics are the table's columns.
pub struct TableEvaluator {
    table: Arc<Table>,
}

impl TableEvaluator {
    /// Creates an evaluator over a table that may be shared.
    pub fn new(table: Arc<Table>) -> Self {
        TableEvaluator { table }
    }
}

impl Evaluator for TableEvaluator {
    fn metrics(&self) -> &[String] {
        self.table.columns()
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let columns = self.table.columns().len();
        while let Some(trial) = work.next() {
            let outcome = match self.table.find(&trial.arch) {
                Some(row) => {
                    Outcome::Done((0..columns).map(|c| self.table.value(row, c)).collect())
                }
                None => Outcome::Failed("not in the table".into()),
            };
            work.done(&trial, outcome);
        }
        Ok(())
    }
}
