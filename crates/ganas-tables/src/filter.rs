//! Filters on the rows of a source.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::import::{Filter, Reading};
use ganas_core::error::{Error, Result, hint};

/// Number of values of a column that an error lists.
const SHOWN: usize = 8;

/// Filters on the columns of a source.
pub(crate) struct Filters<'f> {
    filters: Vec<(&'f Filter, usize)>,
    rows: u64,
    kept: u64,
    /// Values seen in the column of each filter.
    seen: Vec<BTreeSet<String>>,
}

impl<'f> Filters<'f> {
    /// Creates the filters for a header.
    ///
    /// # Errors
    /// If a column is missing, or filtered twice.
    pub(crate) fn new(reading: &'f Reading, header: &[String]) -> Result<Self> {
        let mut found: Vec<(&Filter, usize)> = Vec::new();
        for filter in &reading.filters {
            let name = &filter.column;
            let Some(column) = header.iter().position(|h| h == name) else {
                if reading.passes_over {
                    continue;
                }
                let known: Vec<&str> = header.iter().map(String::as_str).collect();
                return Err(
                    Error::input(format!("no column `{name}` to choose rows by")).mend(hint(
                        name,
                        &known,
                        "the columns are",
                    )),
                );
            };
            if found.iter().any(|(_, other)| *other == column) {
                return Err(Error::input(format!("rows are chosen by `{name}` twice"))
                    .mend("give one value for each column"));
            }
            found.push((filter, column));
        }
        Ok(Filters {
            seen: vec![BTreeSet::new(); found.len()],
            filters: found,
            rows: 0,
            kept: 0,
        })
    }

    /// Returns true if a row with these cells is read.
    pub(crate) fn keep<'t>(&mut self, text: impl Fn(usize) -> Cow<'t, str>) -> bool {
        self.rows += 1;
        let mut keeps = true;
        for ((filter, column), seen) in self.filters.iter().zip(&mut self.seen) {
            let cell = text(*column);
            keeps &= filter.keeps(&cell);
            if seen.len() < SHOWN {
                seen.insert(cell.trim().chars().take(40).collect());
            }
        }
        self.kept += u64::from(keeps);
        keeps
    }

    /// Checks that at least one row was kept, if the source has rows.
    ///
    /// # Errors
    /// If none was kept; the error lists values of the columns.
    pub(crate) fn check(&self) -> Result<()> {
        if self.kept > 0 || self.rows == 0 || self.filters.is_empty() {
            return Ok(());
        }
        let asked: Vec<String> = self.filters.iter().map(|(f, _)| f.to_string()).collect();
        let there: Vec<String> = (self.filters.iter().zip(&self.seen))
            .map(|((filter, _), seen)| {
                let values: Vec<&str> = seen.iter().map(String::as_str).collect();
                let more = match values.len() {
                    SHOWN => ", ..",
                    _ => "",
                };
                format!("`{}` has {}{more}", filter.column, values.join(", "))
            })
            .collect();
        Err(Error::input(format!("no row has {}", asked.join(" and "))).mend(there.join("; ")))
    }
}
