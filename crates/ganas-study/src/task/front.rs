//! Reference points and fronts of tasks with several objectives.

use std::collections::BTreeMap;

use ganas_core::driver::Problem;
use ganas_core::error::{Error, Result, hint};
use ganas_core::evaluate::Outcome;
use ganas_core::front::{self, ReferenceBox, hypervolume};
use ganas_core::problem::Objectives;
use ganas_tables::Table;
use rayon::prelude::*;

use super::rows::metrics_of;
use crate::source::Source;
use crate::text::rounded;

/// Share of the compliant rows of a table that are at least as good as the reference point.
const SHARE: f64 = 0.95;

/// First compliant trials of a run whose worst values are the reference point, without a table.
const FIRST: usize = 20;

/// Measure of fronts by hypervolume.
pub struct FrontMeasure {
    objectives: Objectives,
    /// Reference values that were given, one an objective.
    given: Vec<Option<f64>>,
    /// Front of the table that is searched.
    pub table: Option<TableFront>,
}

/// Front of a table's compliant rows.
pub struct TableFront {
    /// Box that fronts are measured in.
    pub area: ReferenceBox,
    /// Hypervolume of the table's own front, as a share of the box.
    pub hypervolume: f64,
    /// Number of rows on the front.
    pub size: usize,
    /// Number of compliant rows.
    pub rows: usize,
}

impl FrontMeasure {
    /// Measure with reference values, each given as `NAME=VALUE`.
    ///
    /// # Errors
    /// If a text is not of that form, or names no objective or one twice.
    pub fn new(objectives: &Objectives, texts: &[String]) -> Result<Self> {
        let names: Vec<&str> = objectives.iter().map(|o| o.metric.as_str()).collect();
        let mut given = vec![None; names.len()];
        for text in texts {
            let refused = |what: String, mend: String| Err(Error::input(what).mend(mend));
            let pair = text.rsplit_once('=');
            let value = pair.and_then(|(_, value)| value.trim().parse::<f64>().ok());
            let (Some((name, _)), Some(value)) = (pair, value.filter(|v| v.is_finite())) else {
                return refused(
                    format!("`{text}` is not a reference"),
                    format!("write `--reference {}=VALUE`", names[0]),
                );
            };
            let name = name.trim();
            let Some(place) = names.iter().position(|known| *known == name) else {
                return refused(
                    format!("`--reference {text}`: `{name}` is not an objective"),
                    hint(name, &names, "the objectives are"),
                );
            };
            if given[place].replace(value).is_some() {
                return refused(
                    format!("the reference of `{name}` is given twice"),
                    "leave one of them out".into(),
                );
            }
        }
        Ok(FrontMeasure {
            objectives: objectives.clone(),
            given,
            table: None,
        })
    }

    /// Measures the front of a table, and notes rows and references that are unusual.
    ///
    /// # Errors
    /// If no row beats the reference.
    pub fn with_table(
        mut self,
        problem: &Problem,
        source: &dyn Source,
        table: &Table,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let rows: Vec<Row> = (0..table.len())
            .into_par_iter()
            .map(|row| Row::of(problem, source, table, row))
            .collect();
        notes.extend(failing(&rows, table));
        let points: Vec<Vec<f64>> = (rows.into_iter())
            .filter_map(|row| match row {
                Row::Compliant(values) => Some(values),
                _ => None,
            })
            .collect();
        if points.is_empty() {
            return Ok(self);
        }
        let (mut ideal, mut reference) = (Vec::new(), Vec::new());
        for (i, objective) in self.objectives.iter().enumerate() {
            let mut values: Vec<f64> = points.iter().map(|p| objective.turn(p[i])).collect();
            values.sort_unstable_by(|a, b| b.total_cmp(a));
            let place = (SHARE * values.len() as f64).ceil() as usize - 1;
            let value = self.given[i].unwrap_or_else(|| objective.turn(values[place]));
            ideal.push(objective.turn(values[0]));
            reference.push(value);
            let worst = objective.turn(values[values.len() - 1]);
            if objective.turn(value) < objective.turn(worst) {
                let metric = &objective.metric;
                notes.push(format!(
                    "warning: the reference `{metric}` = {value} is worse than every row of the table, \
                     whose worst is {}; hypervolumes then hardly differ",
                    rounded(worst)
                ));
            }
        }
        let area = ReferenceBox::new(&self.objectives, &ideal, &reference)?;
        let gains: Vec<Vec<f64>> = points.iter().map(|p| area.gains(p)).collect();
        let front: Vec<&Vec<f64>> = (front::front(&gains).into_iter())
            .map(|i| &gains[i])
            .collect();
        let volume = hypervolume(&front);
        if volume <= 0.0 {
            let named = (self.objectives.iter().zip(&reference))
                .map(|(objective, value)| format!("`{}` {}", objective.metric, rounded(*value)));
            return Err(Error::input(format!(
                "no row of the table is better than the reference {} in all objectives",
                named.collect::<Vec<_>>().join(", ")
            ))
            .mend("give a worse `--reference`, or looser constraints"));
        }
        self.table = Some(TableFront {
            size: front.len(),
            rows: points.len(),
            hypervolume: volume,
            area,
        });
        Ok(self)
    }

    /// Values of the objectives, turned to or from values of which larger is better.
    pub fn turned(&self, values: &[f64]) -> Vec<f64> {
        let pairs = self.objectives.iter().zip(values);
        pairs
            .map(|(objective, value)| objective.turn(*value))
            .collect()
    }

    /// Names of the objectives' metrics with the values of a point.
    pub fn named(&self, values: &[f64]) -> BTreeMap<String, f64> {
        let names = self.objectives.iter().map(|o| o.metric.clone());
        names.zip(values.iter().copied()).collect()
    }

    /// Reference values that the strategies see: those that fronts are measured by, as far as they are fixed
    /// before the search.
    pub fn references(&self) -> Vec<Option<f64>> {
        match &self.table {
            Some(table) => table.area.reference().into_iter().map(Some).collect(),
            None => self.given.clone(),
        }
    }

    /// Reference point of the record: that of the table, or the values that were given.
    pub fn on_record(&self) -> BTreeMap<String, f64> {
        if let Some(table) = &self.table {
            return self.named(&table.area.reference());
        }
        (self.objectives.iter().zip(&self.given))
            .filter_map(|(objective, value)| Some((objective.metric.clone(), (*value)?)))
            .collect()
    }

    /// Reference point of a run without a table: what is given, else the worst of the first trials.
    fn reference_of(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let first = &points[..points.len().min(FIRST)];
        (self.objectives.iter().zip(&self.given).enumerate())
            .map(|(i, (objective, given))| {
                let values = first.iter().map(|point| objective.turn(point[i]));
                given.unwrap_or_else(|| objective.turn(values.fold(f64::INFINITY, f64::min)))
            })
            .collect()
    }

    /// Box of a run, by the objective values of its compliant trials in order. `None` if no trial is
    /// better than the reference in some objective.
    pub fn area_of(&self, points: &[Vec<f64>]) -> (Vec<f64>, Option<ReferenceBox>) {
        if let Some(table) = &self.table {
            return (table.area.reference(), Some(table.area.clone()));
        }
        if points.is_empty() {
            return (Vec::new(), None);
        }
        let reference = self.reference_of(points);
        let ideal: Vec<f64> = (self.objectives.iter().enumerate())
            .map(|(i, objective)| {
                let values = points.iter().map(|point| objective.turn(point[i]));
                objective.turn(values.fold(f64::NEG_INFINITY, f64::max))
            })
            .collect();
        let area = ReferenceBox::new(&self.objectives, &ideal, &reference);
        (reference, area.ok())
    }
}

/// A row of a table as an evaluation of it would end.
enum Row {
    Compliant(Vec<f64>),
    Breaking,
    Failed(String),
}

impl Row {
    fn of(problem: &Problem, source: &dyn Source, table: &Table, row: usize) -> Row {
        let mut measured = metrics_of(problem, source, table, row);
        measured.truncate(problem.measured().len());
        let query = problem.query(table.arch(row), 0, Outcome::Done(measured));
        match (query.failure, query.compliant) {
            (Some(reason), _) => Row::Failed(reason),
            (None, true) => Row::Compliant(problem.objective_metrics(&query.metrics)),
            (None, false) => Row::Breaking,
        }
    }
}

/// Note on rows whose evaluation fails.
fn failing(rows: &[Row], table: &Table) -> Option<String> {
    let mut reasons = rows.iter().filter_map(|row| match row {
        Row::Failed(reason) => Some(reason),
        _ => None,
    });
    let first = reasons.next()?;
    let count = 1 + reasons.count();
    let file = table.source().display();
    Some(match count {
        1 => format!("note: 1 row of {file} counts as a failed evaluation: {first}"),
        _ => format!(
            "note: {count} of {} rows of {file} count as failed evaluations, the first: {first}",
            rows.len()
        ),
    })
}
