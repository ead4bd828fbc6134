//! Evaluations looked up in a benchmark table.

use std::sync::Arc;

use super::{Evaluator, Outcome};
use crate::arch::Arch;
use crate::table::Table;

/// Looks every architecture up in a table; the metrics are the table's columns.
pub struct TableEvaluator {
    table: Arc<Table>,
}

impl TableEvaluator {
    /// An evaluator over a table, which others may share.
    pub fn new(table: Arc<Table>) -> Self {
        TableEvaluator { table }
    }
}

impl Evaluator for TableEvaluator {
    fn metrics(&self) -> &[String] {
        self.table.columns()
    }

    fn evaluate(&mut self, batch: &[Arch]) -> Vec<Outcome> {
        let columns = self.table.columns().len();
        (batch.iter())
            .map(|arch| match self.table.find(arch) {
                Some(row) => {
                    Outcome::Done((0..columns).map(|c| self.table.value(row, c)).collect())
                }
                None => Outcome::Failed("not in the table".into()),
            })
            .collect()
    }
}
