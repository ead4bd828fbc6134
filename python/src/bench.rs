//! Strategies compared on a table.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use ganas_study::host;
use ganas_study::spec::read_json;
use pyo3::prelude::*;

use crate::fault::{Caller, Fault};
use crate::queue::{EndOnDrop, Queue};
use crate::search::session;

/// Runs the benchmark of a specification in JSON; its record in JSON.
#[pyfunction]
pub fn bench(spec: String, py: Python<'_>) -> PyResult<String> {
    let queue = Arc::new(Queue::default());
    let ender = EndOnDrop(queue.clone());
    let thread = thread::spawn(move || {
        let how = run(&spec, &ender.0.stop).map_err(|e| Fault::of(e, Caller::Command));
        ender.0.end(how);
    });
    let waited = queue.wait(py, |s| s.end.is_some());
    queue.halt();
    // A panic has been made an error by `EndOnDrop`.
    let _ = py.detach(|| thread.join());
    waited?;
    let how = queue.state().end.take();
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
