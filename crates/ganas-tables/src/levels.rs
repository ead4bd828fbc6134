//! Metrics at the levels of a cost axis: columns that differ in nothing but the level in their name.

use ganas_core::error::{Error, Result};
use ganas_core::trial::{Axis, Fidelity};

use crate::Table;

/// Metrics of a table at the levels of a cost axis.
///
/// A template, such as `val_e{epochs}`, is one metric: its value at a level is that of the column with the
/// level in place of the braces. All other columns have one value for all levels.
#[derive(Clone, Debug)]
pub struct Levels {
    axis: Axis,
    names: Vec<String>,
    places: Vec<Place>,
}

/// Columns of a metric.
#[derive(Clone, Debug)]
enum Place {
    /// The same column at all levels.
    Same(usize),
    /// A column for each level, from the lowest to the highest.
    Each(Vec<usize>),
}

/// The part of a template that stands for the level.
pub fn level_in_braces(axis: &Axis) -> String {
    format!("{{{}}}", axis.name())
}

/// The name of a metric at a level: a template with the level in place of the braces.
pub fn name_at(metric: &str, axis: &Axis, fidelity: Fidelity) -> String {
    let level = axis.level(fidelity).to_string();
    metric.replace(&level_in_braces(axis), &level)
}

impl Levels {
    /// Metrics of a table by templates: first the templates, then the columns that none of them covers.
    ///
    /// # Errors
    /// If a template lacks the column of a level, or a column is not one of numbers.
    pub fn new(table: &Table, axis: &Axis, templates: &[String]) -> Result<Self> {
        let mut names: Vec<String> = Vec::new();
        let mut places = Vec::new();
        for template in templates {
            if !names.contains(template) {
                names.push(template.clone());
                places.push(Place::Each(columns(table, axis, template)?));
            }
        }
        let covered = |column: &str| {
            let mut templates = templates.iter();
            templates.any(|template| covers(template, &level_in_braces(axis), column))
        };
        for (i, column) in table.columns().iter().enumerate() {
            if !covered(column) {
                names.push(column.clone());
                places.push(Place::Same(i));
            }
        }
        Ok(Levels {
            axis: axis.clone(),
            names,
            places,
        })
    }

    /// The cost axis.
    pub fn axis(&self) -> &Axis {
        &self.axis
    }

    /// Names of the metrics.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// All metrics of a row at a fidelity.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn values(&self, table: &Table, row: usize, fidelity: Fidelity) -> Vec<f64> {
        let lowest = *self.axis.levels().start();
        let index = (self.axis.level(fidelity) - lowest) as usize;
        let value = |place: &Place| match place {
            Place::Same(column) => table.value(row, *column),
            Place::Each(columns) => table.value(row, columns[index]),
        };
        self.places.iter().map(value).collect()
    }

    /// Numbers of rows whose curve of a metric has no value at all, and of those with a gap: a level without
    /// a value below one that has one.
    ///
    /// # Panics
    /// If there is no such metric.
    pub fn missing(&self, table: &Table, metric: &str) -> Missing {
        let mut missing = Missing::default();
        for row in 0..table.len() {
            let mut curve = self.curve(table, row, metric).map(|v| v.is_nan());
            let first = curve.position(|absent| !absent);
            let Some(first) = first else {
                missing.empty += 1;
                continue;
            };
            let mut ended = first > 0;
            let gap = ended
                || curve.any(|absent| {
                    let gap = ended && !absent;
                    ended |= absent;
                    gap
                });
            missing.gaps += usize::from(gap);
        }
        missing
    }

    /// Values of a metric of a row from the lowest to the highest level.
    ///
    /// # Panics
    /// If there is no such metric or row.
    pub fn curve<'t>(
        &'t self,
        table: &'t Table,
        row: usize,
        metric: &str,
    ) -> impl Iterator<Item = f64> + 't {
        let place = self.names.iter().position(|name| name == metric);
        let place = &self.places[place.expect("a metric of these levels")];
        let columns: &[usize] = match place {
            Place::Same(column) => std::slice::from_ref(column),
            Place::Each(columns) => columns,
        };
        columns.iter().map(move |column| table.value(row, *column))
    }
}

/// Rows whose curves are not whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Number of rows without any value.
    pub empty: usize,
    /// Number of rows with a gap.
    pub gaps: usize,
}

/// The column of each level of a template: its own, or the last one before it where the table has a column at
/// every so many levels alone, from the lowest to the highest.
fn columns(table: &Table, axis: &Axis, template: &str) -> Result<Vec<usize>> {
    let name = |level: u32| template.replace(&level_in_braces(axis), &level.to_string());
    let exists = |level: &u32| {
        let name = name(*level);
        table.columns().contains(&name) || is_ignored(table, &name)
    };
    let (low, high) = axis.levels().into_inner();
    let measured: Vec<u32> = axis.levels().filter(exists).collect();
    let step = match measured[..] {
        [first, second, ..] => second - first,
        _ => 1,
    };
    let expected = (low..=high).step_by(step as usize);
    let has_ends = measured.first() == Some(&low) && measured.last() == Some(&high);
    if has_ends && expected.eq(measured.iter().copied()) {
        let last = |level: u32| table.column(&name(level - (level - low) % step));
        return axis.levels().map(last).collect();
    }
    let missing = axis.levels().find(|level| !exists(level)).unwrap_or(high);
    Err(Error::input(format!(
        "there is no column `{}`, which `{template}` needs at {missing} of the {} {low} to {high}",
        name(missing),
        axis.name()
    ))
    .mend("give a range whose levels all have a column, or one at even steps from the first to the last")
    .in_file(table.source()))
}

fn is_ignored(table: &Table, name: &str) -> bool {
    table.ignored().iter().any(|column| column.name == name)
}

/// Returns true if a column is that of some level of a template.
fn covers(template: &str, braces: &str, column: &str) -> bool {
    let Some((before, after)) = template.split_once(braces) else {
        return false;
    };
    let middle = column
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    middle.is_some_and(|level| !level.is_empty() && level.bytes().all(|b| b.is_ascii_digit()))
}
