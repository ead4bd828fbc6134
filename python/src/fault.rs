//! Errors as Python sees them.

use ganas_core::error::{self, Error};
use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};

use crate::keywords::{argument, keywords};

/// An error in one line that can be raised again and again.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: Kind,
    line: String,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Input,
    Io,
    Other,
}

/// The called function; errors name its keyword arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// `ganas.Search` and its methods.
    Search,
    /// A function that is named as its command is.
    Command,
}

impl Fault {
    /// An error other than unusable input.
    pub fn other(line: &str) -> Fault {
        Fault {
            kind: Kind::Other,
            line: line.to_owned(),
        }
    }

    /// An error of a called function.
    pub fn of(error: anyhow::Error, caller: Caller) -> Fault {
        let kind = match error.downcast_ref() {
            Some(Error::Input(_)) => Kind::Input,
            Some(Error::Io { .. }) => Kind::Io,
            _ => Kind::Other,
        };
        let text = error::line(error.as_ref(), |setting| argument(setting, caller));
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Fault {
            kind,
            line: keywords(&line, caller),
        }
    }
}

impl From<anyhow::Error> for Fault {
    fn from(error: anyhow::Error) -> Self {
        Fault::of(error, Caller::Search)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            Kind::Input => PyValueError::new_err(fault.line),
            Kind::Io => PyOSError::new_err(fault.line),
            Kind::Other => PyRuntimeError::new_err(fault.line),
        }
    }
}

/// An error for unusable input.
pub fn refuse(what: impl Into<String>) -> PyErr {
    Fault::from(Error::input(what)).into()
}
