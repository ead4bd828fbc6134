//! What can go wrong, as a user has to read it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// An error of this library.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Input or arguments that cannot be used: what is wrong, where, and how to mend it.
    #[error("{0}")]
    Input(InputError),
    /// A file or folder could not be opened or read.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why. It is in the message already, and so is not the error's source.
        cause: io::Error,
    },
    /// A file could not be written.
    #[error("{}: cannot be written ({cause})", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why, as in [`Io`](Error::Io).
        cause: io::Error,
    },
    /// The files of a run that is going on are gone.
    #[error("{}: {what}", path.display())]
    Lost {
        /// The file that was noticed first.
        path: PathBuf,
        /// What happened, and what can be done.
        what: String,
    },
    /// A strategy broke its contract, or panicked.
    #[error("the strategy `{strategy}` {what}")]
    Strategy {
        /// Name of the strategy.
        strategy: String,
        /// The fault, as a phrase that follows the name.
        what: String,
    },
    /// An evaluator broke its contract, or panicked.
    #[error("the evaluator {0}")]
    Evaluator(String),
    /// A promise of the program to itself was broken. Nothing that the user gave is at fault.
    #[error("internal error: {0}; this is a bug: please report it with this line at {REPORTS}")]
    Bug(String),
}

/// Where bugs are reported.
const REPORTS: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// The result of a fallible function of this library.
pub type Result<T> = std::result::Result<T, Error>;

/// Unusable input: a line for the user that names the place and the mend.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputError {
    what: String,
    file: Option<PathBuf>,
    line: Option<u64>,
    mend: Option<String>,
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
        match &self.mend {
            Some(mend) => write!(f, "; {mend}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// Unusable input, without a place yet.
    pub fn input(what: impl Into<String>) -> Self {
        Error::Input(InputError {
            what: what.into(),
            ..InputError::default()
        })
    }

    /// A fault of a strategy, as a phrase that follows its name.
    pub fn strategy(strategy: impl Into<String>, what: impl Into<String>) -> Self {
        Error::Strategy {
            strategy: strategy.into(),
            what: what.into(),
        }
    }

    /// A fault of an evaluator, as a phrase that follows "the evaluator".
    pub fn evaluator(what: impl Into<String>) -> Self {
        Error::Evaluator(what.into())
    }

    /// A broken promise of the program to itself.
    pub fn bug(what: impl Into<String>) -> Self {
        Error::Bug(what.into())
    }

    /// An error of opening or reading at a path.
    pub fn io(path: impl AsRef<Path>, cause: io::Error) -> Self {
        Error::Io {
            path: path.as_ref().to_owned(),
            cause,
        }
    }

    /// An error of writing a file.
    pub fn write(path: impl AsRef<Path>, cause: io::Error) -> Self {
        Error::Write {
            path: path.as_ref().to_owned(),
            cause,
        }
    }

    /// Adds how to mend it.
    pub fn mend(self, mend: impl Into<String>) -> Self {
        self.map(|e| e.mend = Some(mend.into()))
    }

    /// Adds the file it is in.
    pub fn in_file(self, file: impl AsRef<Path>) -> Self {
        self.map(|e| e.file = Some(file.as_ref().to_owned()))
    }

    /// Adds the line it is on, counted from 1.
    pub fn on_line(self, line: u64) -> Self {
        self.map(|e| e.line = Some(line))
    }

    fn map(self, change: impl FnOnce(&mut InputError)) -> Self {
        match self {
            Error::Input(mut e) => {
                change(&mut e);
                Error::Input(e)
            }
            other => other,
        }
    }
}

/// A number of things in words: `1 block`, `3 blocks`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// What to write instead of an unknown name: the known one that is most like it, or else all of them,
/// after `there_are`.
pub fn hint(unknown: &str, known: &[&str], there_are: &str) -> String {
    match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{there_are} {}", known.join(", ")),
    }
}

/// The candidate most like a word, for "did you mean": the shortest that begins with it, or else by
/// edit distance, if one is close at all.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let longer = candidates.iter().filter(|c| c.starts_with(word));
    // A single letter says too little.
    if word.chars().count() > 1
        && let Some(begun) = longer.min_by_key(|c| c.len())
    {
        return Some(begun);
    }
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(word, c), c))
        .min()
        .filter(|(distance, c)| *distance <= 2 + c.len() / 4)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_begun_is_completed() {
        let metrics = ["accuracy", "loss", "params", "macs"];
        let near = |word| nearest(word, metrics);
        assert_eq!(near("acc"), Some("accuracy"));
        assert_eq!(near("mac"), Some("macs"));
        assert_eq!(near("acuracy"), Some("accuracy"));
        assert_eq!(near("par"), Some("params"));
        assert_eq!(near("throughput"), None);
        assert_eq!(
            nearest("cifar10", ["cifar100_test", "cifar10_test"]),
            Some("cifar10_test")
        );
    }
}
