//! Settings of an import: rows to read, the column of the architecture, and repeated rows.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use ganas_core::error::{Advice, Error, Result};
use ganas_core::space::{Duplicates, SearchSpace};

/// Condition on the rows of a source: a column has a value. Numbers are compared as numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filter {
    /// Name of the column.
    pub column: String,
    /// Required value.
    pub value: String,
}

impl Filter {
    /// Returns true if a cell has the value.
    pub(crate) fn keeps(&self, cell: &str) -> bool {
        let (cell, value) = (cell.trim(), self.value.as_str());
        if cell == value {
            return true;
        }
        match (cell.parse::<f64>(), value.parse::<f64>()) {
            (Ok(a), Ok(b)) => a == b,
            _ => false,
        }
    }
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (column, value) = text.split_once('=').unwrap_or_default();
        if column.trim().is_empty() {
            return Err(
                Error::input(format!("`{text}` does not say which rows to read"))
                    .mend("write it as COLUMN=VALUE, such as `r=224`"),
            );
        }
        Ok(Filter {
            column: column.trim().to_owned(),
            value: value.trim().to_owned(),
        })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.column, self.value)
    }
}

/// Settings of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Treatment of rows that hold one architecture with different values.
    ///
    /// `None` lets the space decide ([`SearchSpace::repeats`]). Most spaces refuse such rows. If
    /// several notations of the space are one architecture, the mean is taken, unless another
    /// column shows that the rows were measured under different conditions.
    pub duplicates: Option<Duplicates>,
    /// Filters that a row must meet.
    pub filters: Vec<Filter>,
    /// Column with the architecture; `None` finds it by the usual names.
    pub arch_column: Option<String>,
    /// Ignores filters on columns that the source lacks, instead of refusing them.
    pub passes_over: bool,
    /// Accepts a source without rows.
    pub may_be_empty: bool,
    /// Folder of compiled tables in place of [`default_folder`](crate::default_folder).
    pub cache: Option<PathBuf>,
}

/// Settings that decide the content of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reading {
    pub(crate) duplicates: Option<Duplicates>,
    /// Rule of the space.
    pub(crate) repeats: Duplicates,
    pub(crate) filters: Vec<Filter>,
    pub(crate) arch_column: Option<String>,
    /// True if numbers between the values of the space were taken as the nearest value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) snaps: bool,
    #[serde(skip)]
    pub(crate) passes_over: bool,
    #[serde(skip)]
    pub(crate) may_be_empty: bool,
}

impl Import {
    pub(crate) fn reading(&self, space: &dyn SearchSpace) -> Reading {
        Reading {
            duplicates: self.duplicates,
            repeats: space.repeats(),
            filters: self.filters.clone(),
            arch_column: self.arch_column.clone(),
            snaps: space.snaps(),
            passes_over: self.passes_over,
            may_be_empty: self.may_be_empty,
        }
    }
}

/// Treatment of a row whose architecture has an earlier row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Refuses other values.
    Strict,
    /// Averages, unless a column shows that conditions differ.
    Careful,
    /// Averages.
    Mean,
    /// Keeps the first row.
    First,
}

impl Reading {
    /// Checks that a compiled table was read with the requested settings. Settings that were not
    /// requested match any table.
    pub(crate) fn check(&self, asked: &Reading) -> Result<()> {
        let again = "import it again from its source";
        if self.repeats != asked.repeats {
            let (has, wants) = match asked.repeats {
                Duplicates::Error => ("merges", "keeps apart"),
                _ => ("keeps apart", "merges"),
            };
            return Err(Error::input(format!(
                "the compiled table {has} isomorphic architectures which this search {wants}"
            ))
            .mend(again));
        }
        if self.snaps && !asked.snaps {
            let what = "numbers of the compiled table were taken as the nearest values";
            return Err(Error::input(what).mend(
                Advice::text("add ")
                    .setting("snap", None)
                    .then(format!(", or {again}")),
            ));
        }
        let differs = if asked.duplicates.is_some_and(|d| self.duplicates != Some(d)) {
            "duplicates"
        } else if !asked.filters.is_empty() && self.filters != asked.filters {
            "where"
        } else if asked.arch_column.is_some() && self.arch_column != asked.arch_column {
            "arch_column"
        } else {
            return Ok(());
        };
        Err(
            Error::input("the compiled table was read in another way").mend(
                Advice::text("leave out ")
                    .setting(differs, None)
                    .then(format!(", or {again}")),
            ),
        )
    }

    pub(crate) fn policy(&self) -> Policy {
        match (self.duplicates, self.repeats) {
            (Some(Duplicates::Error), _) => Policy::Strict,
            (Some(Duplicates::Mean), _) => Policy::Mean,
            (Some(Duplicates::First), _) => Policy::First,
            (None, Duplicates::Error) => Policy::Strict,
            (None, Duplicates::Mean) => Policy::Careful,
            (None, Duplicates::First) => Policy::First,
        }
    }
}
