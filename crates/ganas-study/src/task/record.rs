//! Records of tasks.

use std::collections::BTreeMap;

use ganas_core::problem::Scale;
use ganas_search::Recipe;
use ganas_tables::Ranking;

use super::Task;
use super::front::FrontMeasure;
use crate::record::{Provenance, StrategyRecord, TableFrontRecord, TableRecord, TaskRecord};
use crate::spec::ReadingSpec;

impl Task {
    /// The record of the task: what is searched, and by what.
    pub fn record(&self) -> TaskRecord {
        let mut record = TaskRecord {
            space: self.space_argument.clone(),
            table: self.table.as_ref().map(|table| TableRecord {
                table: table.source().display().to_string(),
                table_rows: table.len(),
                table_digest: table.digest().to_owned(),
            }),
            report: self.report.as_ref().map(|report| report.name.clone()),
            reevaluate: Some(self.reevaluate).filter(|n| *n > 0),
            target: self.target,
            fidelity: self.axis.as_ref().map(|axis| {
                let (low, high) = axis.levels().into_inner();
                format!("{}={low}..{high}", axis.name())
            }),
            stop_early: self.stop_early,
            noise: self.deviation(),
            protocol: self.protocol(),
            training: None,
            supernet: None,
            workers: None,
            surrogate: None,
            caller: None,
            evaluator: None,
            objective: self.label(),
            minimize: self.objective.is_minimized(),
            objectives: (self.objectives.iter())
                .filter(|objective| self.front.is_some() || objective.scale != Scale::Linear)
                .cloned()
                .collect(),
            reference: (self.front.as_ref()).map_or_else(BTreeMap::new, FrontMeasure::on_record),
            cost_table: self.cost_table.clone(),
            prior: self.priors.records.clone(),
            pretrained: self.pretrained.as_ref().map(|opened| opened.record.clone()),
            known: self.priors.known.clone(),
            known_files: self.priors.known_files.clone(),
            failed: self.failing.iter().map(|c| c.to_string()).collect(),
            constraints: (self.constraints.iter().map(|c| c.to_string()))
                .chain(self.predicates.iter().map(|p| p.name.clone()))
                .collect(),
            compliant_rows: (self.ranking.as_ref().map(Ranking::len))
                .or_else(|| self.table_front().map(|front| front.rows)),
            sampler: self.sampler,
            merge_isomorphic: self.merge_isomorphic,
            distinct_networks: !self.merge_isomorphic && !self.space.roles().is_empty(),
            reading: Some(&self.reading)
                .filter(|reading| **reading != ReadingSpec::default())
                .cloned(),
        };
        self.source.record(&mut record);
        record
    }

    /// The record of the table's front, if one is searched for several objectives.
    pub fn table_front(&self) -> Option<TableFrontRecord> {
        let table = self.front.as_ref()?.table.as_ref()?;
        Some(TableFrontRecord {
            size: table.size,
            rows: table.rows,
            hypervolume: table.hypervolume,
        })
    }

    /// The record of runs of these strategies and seeds on the task.
    pub fn provenance(&self, recipes: &[Recipe], queries: usize, seeds: Vec<u64>) -> Provenance {
        Provenance {
            ganas: crate::VERSION.into(),
            command: Vec::new(),
            spec: None,
            task: self.record(),
            queries,
            cost: None,
            strategies: (recipes.iter())
                .map(|recipe| StrategyRecord {
                    strategy: recipe.strategy().into(),
                    preset: recipe.preset().into(),
                    settings: recipe.settings(),
                })
                .collect(),
            seeds,
            start: self.start.iter().map(|a| self.space.format(a)).collect(),
            devices: self.source.device().map(String::from).into_iter().collect(),
            history: None,
            asynchronous: None,
            changes: Vec::new(),
        }
    }
}
