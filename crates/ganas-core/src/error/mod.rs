//! Errors by kind, with their causes.

mod advice;
mod input;
mod names;

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};

pub use advice::{Advice, Setting, line};
pub use input::InputError;
pub use names::counted;
pub use names::{hint, nearest};

/// An error of this library.
///
/// The text of an error is complete: one line that names the fault, the place and the remedy.
/// [`source`](StdError::source) returns the cause for programs; its text is already in the line.
/// [`line()`] writes an error for the users of a command line or of another front end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Unusable input or arguments.
    #[error("{0}")]
    Input(InputError),
    /// Failed access to a file or folder.
    #[error("{}{}", access.text(path, source), after(note.as_deref()))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The attempted access.
        access: Access,
        /// The answer of the operating system.
        source: io::Error,
        /// The state after it: what is kept, and how to go on.
        note: Option<String>,
    },
    /// Failure of a strategy: it broke its contract or panicked.
    #[error("the strategy `{strategy}` {what}")]
    Strategy {
        /// The name of the strategy.
        strategy: String,
        /// The fault, as a phrase that follows the name.
        what: String,
        /// The cause.
        source: Option<Cause>,
    },
    /// Failure of an evaluator as a whole: it broke its contract, panicked or can evaluate no more.
    #[error("the evaluator {what}")]
    Evaluator {
        /// The fault, as a phrase that follows "the evaluator".
        what: String,
        /// The cause.
        source: Option<Cause>,
    },
    /// A broken invariant of the program. The input is not at fault.
    #[error("internal error: {0}; this is a bug: please report it with this line at {REPORTS}")]
    Bug(String),
}

/// Returns the end of a line that has a note.
fn after(note: Option<&str>) -> String {
    note.map(|note| format!("; {note}")).unwrap_or_default()
}

/// The cause of an error.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Address for reports of bugs.
const REPORTS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// The result of a fallible function of this library.
pub type Result<T> = std::result::Result<T, Error>;

/// Access to a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Opening or reading.
    Read,
    /// Writing.
    Write,
    /// Holding a file of a running search that somebody removed.
    Removed,
    /// Holding a file of a running search that somebody renamed or replaced.
    Moved,
}

impl Access {
    fn text(self, path: &Path, source: &io::Error) -> String {
        let path = path.display();
        match self {
            Access::Read | Access::Removed | Access::Moved => format!("{path}: {source}"),
            Access::Write => format!("{path}: cannot be written ({source})"),
        }
    }
}

impl Error {
    /// Adds the subject of an error.
    pub fn about(mut self, what: &str) -> Self {
        match &mut self {
            Error::Input(input) => input.what = format!("{what}: {}", input.what),
            Error::Strategy { what: fault, .. } | Error::Evaluator { what: fault, .. } => {
                *fault = format!("{fault} ({what})");
            }
            Error::Io { .. } | Error::Bug(_) => {}
        }
        self
    }

    /// Adds the state after a failure that is not one of the input: what is kept, and how to resume.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        match &mut self {
            Error::Io { note, .. } => *note = Some(text.into()),
            Error::Strategy { what, .. } | Error::Evaluator { what, .. } => {
                *what = format!("{what}; {}", text.into());
            }
            _ => {}
        }
        self
    }

    /// Creates an error of unusable input, without a place yet.
    pub fn input(what: impl Into<String>) -> Self {
        Error::Input(InputError::new(what.into()))
    }

    /// Creates an error of a strategy; `what` is a phrase that follows its name.
    pub fn strategy(strategy: impl Into<String>, what: impl Into<String>) -> Self {
        Error::Strategy {
            strategy: strategy.into(),
            what: what.into(),
            source: None,
        }
    }

    /// Creates an error of an evaluator as a whole; `what` is a phrase that follows "the evaluator".
    pub fn evaluator(what: impl Into<String>) -> Self {
        Error::Evaluator {
            what: what.into(),
            source: None,
        }
    }

    /// Creates an error of a broken invariant.
    pub fn bug(what: impl Into<String>) -> Self {
        Error::Bug(what.into())
    }

    /// Creates an error of opening or reading a path.
    pub fn io(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::access(path, Access::Read, source)
    }

    /// Creates an error of writing a file.
    pub fn write(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::access(path, Access::Write, source)
    }

    /// Creates an error of a running search whose file was removed.
    pub fn removed(path: impl AsRef<Path>, what: impl Into<String>) -> Self {
        let source = io::Error::new(io::ErrorKind::NotFound, what.into());
        Self::access(path, Access::Removed, source)
    }

    /// Creates an error of a running search whose file was renamed or replaced.
    pub fn moved(path: impl AsRef<Path>, what: impl Into<String>) -> Self {
        let source = io::Error::new(io::ErrorKind::NotFound, what.into());
        Self::access(path, Access::Moved, source)
    }

    fn access(path: impl AsRef<Path>, access: Access, source: io::Error) -> Self {
        Error::Io {
            path: path.as_ref().to_owned(),
            access,
            source,
            note: None,
        }
    }

    /// Adds the remedy of unusable input.
    pub fn mend(mut self, advice: impl Into<Advice>) -> Self {
        if let Error::Input(input) = &mut self {
            input.mend = Some(advice.into());
        }
        self
    }

    /// Adds the cause of an error of an evaluator or a strategy.
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        if let Error::Evaluator { source, .. } | Error::Strategy { source, .. } = &mut self {
            *source = Some(cause.into());
        }
        self
    }

    /// Adds the file of unusable input.
    pub fn in_file(mut self, file: impl AsRef<Path>) -> Self {
        if let Error::Input(input) = &mut self {
            input.file = Some(file.as_ref().to_owned());
        }
        self
    }

    /// Adds the line of unusable input, counted from 1.
    pub fn on_line(mut self, line: u64) -> Self {
        if let Error::Input(input) = &mut self {
            input.line = Some(line);
        }
        self
    }

    /// Returns the remedy of unusable input, if it has one.
    pub fn advice(&self) -> Option<&Advice> {
        match self {
            Error::Input(input) => input.mend.as_ref(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_sources_and_in_the_line() {
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let error = Error::write("a.csv", denied());
        assert_eq!(
            error.to_string(),
            "a.csv: cannot be written (permission denied)"
        );
        let source = error.source().and_then(|s| s.downcast_ref::<io::Error>());
        assert_eq!(
            source.map(io::Error::kind),
            Some(io::ErrorKind::PermissionDenied)
        );

        let error = Error::evaluator("lost its device").caused_by(denied());
        assert_eq!(error.to_string(), "the evaluator lost its device");
        assert!(error.source().is_some());
        assert!(Error::strategy("mine", "panicked").source().is_none());
    }

    #[test]
    fn files_that_are_gone_are_an_io_error() {
        let error = Error::removed("run/journal.jsonl", "the folder was removed");
        assert_eq!(
            error.to_string(),
            "run/journal.jsonl: the folder was removed"
        );
        assert!(matches!(
            error,
            Error::Io {
                access: Access::Removed,
                ..
            }
        ));
    }
}
