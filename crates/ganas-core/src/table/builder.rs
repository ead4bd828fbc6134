//! Collects the rows of a source and decides which columns are metrics.

use std::path::Path;

use super::staged::{Staged, Unit, no_rows};
use crate::arch::Arch;
use crate::error::{Error, Result};

/// So much more text than numbers, and a column will not turn out to be numeric.
const CLEARLY_TEXT: u64 = 1000;

/// A value of a source.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// A number; NaN is "not measured".
    #[cfg_attr(not(feature = "parquet"), expect(dead_code))]
    Number(f64),
    /// Text as it stands in the file; empty is "not measured".
    Text(&'a str),
}

struct Column {
    name: String,
    values: Vec<f64>,
    numbers: u64,
    texts: u64,
    first_text: Option<(u32, String)>,
    first_infinity: Option<u32>,
    /// No longer a candidate: its values are dropped.
    dropped: bool,
}

impl Column {
    fn push(&mut self, line: u32, value: Value) {
        if self.dropped {
            return;
        }
        let number = match value {
            Value::Number(number) => Some(number),
            Value::Text(text) => match text.trim() {
                "" => {
                    self.values.push(f64::NAN);
                    return;
                }
                text => text.parse().ok(),
            },
        };
        match number {
            Some(number) => {
                self.numbers += 1;
                if number.is_infinite() {
                    self.first_infinity.get_or_insert(line);
                }
                // One NaN stands for all: the bits of the compiled form do not depend on signs.
                self.values
                    .push(if number.is_nan() { f64::NAN } else { number });
            }
            None => {
                self.texts += 1;
                if let (None, Value::Text(text)) = (&self.first_text, value) {
                    self.first_text = Some((line, text.chars().take(40).collect()));
                }
                self.values.push(f64::NAN);
                if self.texts > self.numbers + CLEARLY_TEXT {
                    self.dropped = true;
                    self.values = Vec::new();
                }
            }
        }
    }

    /// Whether the column is a metric.
    fn is_metric(&self) -> Result<bool> {
        if self.dropped || self.texts > self.numbers {
            return Ok(false);
        }
        if let Some((line, text)) = &self.first_text {
            return Err(Error::input(format!(
                "`{text}` in column `{}` is not a number",
                self.name
            ))
            .mend("correct it, or leave it empty if it was not measured")
            .on_line((*line).into()));
        }
        if let Some(line) = self.first_infinity {
            return Err(Error::input(format!("column `{}` is infinite", self.name))
                .mend("correct it, or leave it empty if it was not measured")
                .on_line(line.into()));
        }
        Ok(true)
    }
}

/// Collects rows.
pub(super) struct Builder {
    unit: Unit,
    archs: Vec<Arch>,
    lines: Vec<u32>,
    columns: Vec<Column>,
}

impl Builder {
    /// A builder for rows with these columns, the architecture's own left out.
    ///
    /// # Errors
    /// If a column is there twice.
    pub(super) fn new(names: Vec<String>, unit: Unit) -> Result<Self> {
        for (i, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..i].contains(name) {
                return Err(Error::input(format!("column `{name}` is there twice"))
                    .mend("rename or remove one of the two"));
            }
        }
        let columns = (names.into_iter())
            .map(|name| Column {
                // A nameless column is the row number that data frames write.
                dropped: name.is_empty(),
                name,
                values: Vec::new(),
                numbers: 0,
                texts: 0,
                first_text: None,
                first_infinity: None,
            })
            .collect();
        Ok(Builder {
            unit,
            archs: Vec::new(),
            lines: Vec::new(),
            columns,
        })
    }

    /// Adds a row: a canonical architecture and a value for each column.
    ///
    /// # Errors
    /// If there are too many rows.
    pub(super) fn row<'a>(
        &mut self,
        line: u64,
        arch: Arch,
        values: impl Iterator<Item = Value<'a>>,
    ) -> Result<()> {
        // The index has 32-bit row numbers and twice as many slots.
        let line = u32::try_from(line)
            .ok()
            .filter(|_| self.archs.len() < (1 << 30))
            .ok_or_else(|| Error::input("the table has too many rows").mend("split it"))?;
        self.archs.push(arch);
        self.lines.push(line);
        for (column, value) in self.columns.iter_mut().zip(values) {
            column.push(line, value);
        }
        Ok(())
    }

    /// The whole table.
    ///
    /// # Errors
    /// If it has no rows, or a metric has a value that is no number.
    pub(super) fn finish(self, source: &Path) -> Result<Staged> {
        if self.archs.is_empty() {
            return Err(no_rows(source));
        }
        let mut columns = Vec::new();
        let mut ignored = Vec::new();
        for column in self.columns {
            if column.is_metric().map_err(|e| e.in_file(source))? {
                columns.push((column.name, column.values));
            } else {
                ignored.push(column.name);
            }
        }
        Ok(Staged {
            source: source.to_owned(),
            unit: self.unit,
            archs: self.archs,
            lines: self.lines,
            columns,
            ignored,
            folded: 0,
        })
    }
}
