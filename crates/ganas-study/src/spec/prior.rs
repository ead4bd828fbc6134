//! Priors as they are typed: `FILE`, `FILE:COLUMN` or `FILE:COLUMN=OBJECTIVE`, and each with `:min` or `:max`.

use std::fmt;
use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_tables::Embedded;

/// A prior by its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPrior {
    /// Table, or the folder of a run.
    pub file: PathBuf,
    /// Column; by default that of the objective.
    pub column: Option<String>,
    /// Objective that the column tells of; by default that of its name, or the only one.
    pub objective: Option<String>,
    /// True if smaller is better; `None` without a direction.
    pub minimize: Option<bool>,
}

impl NamedPrior {
    /// Reads a prior. A colon belongs to the path if there is such a file; `exists` tells.
    ///
    /// # Errors
    /// If no file or no column is named.
    pub fn parse(text: &str, exists: impl Fn(&Path) -> bool) -> Result<NamedPrior> {
        let whole = |minimize| NamedPrior {
            file: text.into(),
            column: None,
            objective: None,
            minimize,
        };
        if exists(Path::new(text)) {
            return Ok(whole(None));
        }
        let (named, minimize) = match text.rsplit_once(':') {
            Some((named, "min")) => (named, Some(true)),
            Some((named, "max")) => (named, Some(false)),
            _ => (text, None),
        };
        let is_file = exists(Path::new(named));
        let places = named.match_indices(':').map(|(at, _)| at);
        let mut places = places.filter(|at| !is_file && exists(Path::new(&named[..*at])));
        let last = || named.rfind(':').filter(|_| !is_file);
        let (file, column) = match places.next().or_else(last) {
            Some(at) => (&named[..at], Some(&named[at + 1..])),
            None => (named, None),
        };
        let (column, objective) = match column.and_then(|column| column.rsplit_once('=')) {
            Some((column, objective)) => (Some(column), Some(objective)),
            None => (column, None),
        };
        let is_missing = |part: Option<&str>| part.is_some_and(str::is_empty);
        if file.is_empty() || is_missing(column) || is_missing(objective) {
            return Err(
                Error::input(format!("`{text}` does not name a prior")).mend(
                    "write it as FILE, FILE:COLUMN or FILE:COLUMN=OBJECTIVE, with or without `:min` or `:max`",
                ),
            );
        }
        Ok(NamedPrior {
            file: file.into(),
            column: column.map(str::to_owned),
            objective: objective.map(str::to_owned),
            minimize,
        })
    }

    /// Reads a prior whose path starts from here.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn here(text: &str) -> Result<NamedPrior> {
        NamedPrior::parse(text, |path| {
            Embedded::named(path).is_some() || path.exists()
        })
    }
}

impl fmt::Display for NamedPrior {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(column) = &self.column {
            write!(f, ":{column}")?;
        }
        if let Some(objective) = &self.objective {
            write!(f, "={objective}")?;
        }
        match self.minimize {
            Some(true) => f.write_str(":min"),
            Some(false) => f.write_str(":max"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_parts_file_and_column_unless_it_belongs_to_the_file() {
        let exists = |path: &Path| ["a.csv", "b:c.csv"].iter().any(|f| path == Path::new(f));
        for (text, file, column, minimize) in [
            ("a.csv", "a.csv", None, None),
            ("a.csv:x", "a.csv", Some("x"), None),
            ("a.csv:x:min", "a.csv", Some("x"), Some(true)),
            ("a.csv:max", "a.csv", None, Some(false)),
            ("a.csv:x:y", "a.csv", Some("x:y"), None),
            ("b:c.csv", "b:c.csv", None, None),
            ("b:c.csv:x", "b:c.csv", Some("x"), None),
            ("missing.csv:x", "missing.csv", Some("x"), None),
        ] {
            let prior = NamedPrior::parse(text, exists).unwrap();
            assert_eq!(
                (
                    prior.file.to_str().unwrap(),
                    prior.column.as_deref(),
                    prior.minimize
                ),
                (file, column, minimize),
                "{text}"
            );
            assert_eq!(prior.to_string(), text);
        }
        let prior = NamedPrior::parse("a.csv:x=y:min", exists).unwrap();
        assert_eq!(prior.column.as_deref(), Some("x"));
        assert_eq!(prior.objective.as_deref(), Some("y"));
        assert_eq!(prior.to_string(), "a.csv:x=y:min");
        for text in ["", "a.csv:", ":x", "a.csv:=y", "a.csv:x="] {
            assert!(NamedPrior::parse(text, exists).is_err(), "{text}");
        }
    }
}
