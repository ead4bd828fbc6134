//! Strategies compared on a table.

use std::sync::Arc;
use std::thread;

use ganas_cli::embed;
use pyo3::prelude::*;

use crate::desk::{Desk, Ending};
use crate::fault::{Caller, Fault};

/// A benchmark by the words of a command line, as JSON.
#[pyfunction]
pub fn bench(words: Vec<String>, py: Python<'_>) -> PyResult<String> {
    let desk = Arc::new(Desk::default());
    let ending = Ending(desk.clone());
    let thread = thread::spawn(move || {
        let how = embed::bench(&words, &ending.0.stop).map_err(|e| Fault::of(e, Caller::Command));
        ending.0.end(how);
    });
    let waited = desk.wait(py, |s| s.end.is_some());
    desk.halt();
    // A panic has been made an error by `Ending`.
    let _ = py.detach(|| thread.join());
    waited?;
    let how = desk.state().end.take();
    Ok(how.unwrap_or_else(|| Err(Fault::other("the benchmark did not end")))?)
}
