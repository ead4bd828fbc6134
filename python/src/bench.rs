//! Strategies compared on a table.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use ganas_study::host;
use ganas_study::spec::read_json;
use pyo3::prelude::*;

use crate::desk::{Desk, Ending};
use crate::fault::{Caller, Fault};
use crate::search::session;

/// Runs the benchmark of a specification in JSON; its record in JSON.
#[pyfunction]
pub fn bench(spec: String, py: Python<'_>) -> PyResult<String> {
    let desk = Arc::new(Desk::default());
    let ending = Ending(desk.clone());
    let thread = thread::spawn(move || {
        let how = run(&spec, &ending.0.stop).map_err(|e| Fault::of(e, Caller::Command));
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

fn run(spec: &str, stop: &AtomicBool) -> anyhow::Result<String> {
    let spec = read_json(spec)?;
    Ok(serde_json::to_string(&host::bench(
        &spec,
        &session(),
        stop,
    )?)?)
}
