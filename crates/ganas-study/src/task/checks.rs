//! Checks of tasks with several objectives.

use ganas_core::constraint::Comparison;
use ganas_core::error::{Error, Result};

use super::Task;
use super::front::FrontMeasure;
use super::unsatisfiable::unsatisfiable;
use crate::spec::TaskSpec;

impl Task {
    /// Names of all objectives, in a line.
    pub fn label(&self) -> String {
        let names = self.objectives.iter().map(|o| o.metric.as_str());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Checks that the rest of a specification suits the number of its objectives.
    pub(super) fn check_objectives(&self, spec: &TaskSpec) -> Result<()> {
        let error = |what: &str, mend: &str| Err(Error::input(what).mend(mend));
        if self.objectives.len() == 1 {
            if spec.reference.is_empty() {
                return Ok(());
            }
            return error(
                "a single objective has no reference point",
                "leave out `--reference`, or add a second `--objective`",
            );
        }
        if spec.minimize {
            return error(
                "`--minimize` says nothing about each of several objectives",
                "leave it out, and write `--objective NAME:min`",
            );
        }
        if spec.target.is_some() {
            return error(
                "a target needs a single objective",
                "leave out `--target`, or all but one objective",
            );
        }
        if spec.report.is_some() || spec.reevaluate.is_some() {
            return error(
                "a column is reported of a single best architecture, and there are several objectives",
                "leave out `--report` and `--reevaluate`: the front has all metrics",
            );
        }
        self.check_bounds()
    }

    /// Checks that no bound keeps an objective from improving.
    fn check_bounds(&self) -> Result<()> {
        for objective in self.objectives.iter() {
            let opposes = |comparison: Comparison| match comparison {
                Comparison::AtMost | Comparison::Below => !objective.is_minimized(),
                Comparison::AtLeast | Comparison::Above => objective.is_minimized(),
            };
            let mut bounds = self.constraints.iter();
            let opposed = bounds.find(|c| c.metric == objective.metric && opposes(c.comparison));
            if let Some(bound) = opposed {
                let way = if objective.is_minimized() {
                    "minimised"
                } else {
                    "maximised"
                };
                return Err(Error::input(format!(
                    "`{}` is {way}, and the constraint `{bound}` contradicts that",
                    objective.metric
                ))
                .mend("leave out the constraint or the objective, or turn one of them"));
            }
        }
        Ok(())
    }

    /// Makes the measure of fronts, if there are several objectives.
    pub(super) fn measure_front(&mut self, reference: &[String]) -> Result<()> {
        if self.objectives.len() == 1 {
            return Ok(());
        }
        let mut notes = Vec::new();
        let problem = self.problem()?;
        let measure = FrontMeasure::new(&self.objectives, reference)?;
        let measure = match self.source.table() {
            None => measure,
            Some(table) => {
                let measure = measure.with_table(&problem, &*self.source, table, &mut notes)?;
                if measure.table.is_none() {
                    let error = unsatisfiable(&problem, &*self.source, table, &self.constraints);
                    return Err(error.in_file(table.source()));
                }
                measure
            }
        };
        drop(problem);
        self.notes.extend(notes);
        self.front = Some(measure);
        Ok(())
    }
}
