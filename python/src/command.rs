//! The command line, and commands that write a file.

use std::ffi::OsString;
use std::sync::Arc;
use std::thread;

use pyo3::prelude::*;

use crate::fault::{Caller, Fault};
use crate::queue::{EndOnDrop, Queue};

/// Runs the command of these words, the program's name first; its exit code.
#[pyfunction]
pub fn main(words: Vec<OsString>, py: Python<'_>) -> u8 {
    py.detach(|| ganas_cli::main_with(words))
}

/// Runs the command that the words after `ganas` name to its end.
#[pyfunction]
pub fn command(words: Vec<String>, py: Python<'_>) -> PyResult<()> {
    let queue = Arc::new(Queue::default());
    let ender = EndOnDrop(queue.clone());
    let thread = thread::spawn(move || {
        let how = ganas_cli::command(&words).map_err(|e| Fault::of(e, Caller::Command));
        ender.0.end(how.map(|()| String::new()));
    });
    let waited = queue.wait(py, |s| s.end.is_some());
    waited?;
    // A panic has been made an error by `EndOnDrop`.
    let _ = py.detach(|| thread.join());
    let how = queue.state().end.take();
    how.unwrap_or_else(|| Err(Fault::other("the command did not end")))?;
    Ok(())
}
