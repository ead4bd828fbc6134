//! Treatment of repeated rows of one architecture in the tables of a space.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, hint};

/// Treatment of table rows that hold the same architecture with different values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// Refuses different values. Equal rows are kept once.
    #[default]
    Error,
    /// Averages each metric over the rows where it was measured.
    Mean,
    /// Keeps the first row and ignores the others.
    First,
}

impl Duplicates {
    /// Returns the name in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Duplicates::Error => "error",
            Duplicates::Mean => "mean",
            Duplicates::First => "first",
        }
    }
}

impl FromStr for Duplicates {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = [Duplicates::Mean, Duplicates::First, Duplicates::Error];
        all.into_iter().find(|d| d.name() == text).ok_or_else(|| {
            Error::input(format!("`{text}` does not say what duplicate rows mean")).mend(hint(
                text,
                &all.map(Duplicates::name),
                "use",
            ))
        })
    }
}
