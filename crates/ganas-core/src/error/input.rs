//! Unusable input.

use std::fmt;
use std::path::PathBuf;

use super::advice::Advice;

/// Unusable input: the fault with its place and remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    pub(super) what: String,
    pub(super) file: Option<PathBuf>,
    pub(super) line: Option<u64>,
    pub(super) mend: Option<Advice>,
}

impl InputError {
    pub(super) fn new(what: String) -> Self {
        InputError {
            what,
            file: None,
            line: None,
            mend: None,
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, "{}:{line}: ", file.display())?,
            (Some(file), None) => write!(f, "{}: ", file.display())?,
            (None, Some(line)) => write!(f, "line {line}: ")?,
            (None, None) => {}
        }
        f.write_str(&self.what)?;
        if let Some(advice) = &self.mend {
            write!(f, "; {advice}")?;
        }
        Ok(())
    }
}
