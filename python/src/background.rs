//! Long functions in a thread of their own, so that Python can interrupt them.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use pyo3::prelude::*;

use crate::fault::{Caller, Fault};
use crate::queue::{EndOnDrop, Queue};

/// Runs a function to its end. After an interrupt, the flag that it gets is set.
pub fn run(
    py: Python<'_>,
    function: impl FnOnce(&AtomicBool) -> anyhow::Result<String> + Send + 'static,
) -> PyResult<String> {
    let queue = Arc::new(Queue::default());
    let ender = EndOnDrop(queue.clone());
    let thread = thread::spawn(move || {
        let how = function(&ender.0.stop).map_err(|e| Fault::of(e, Caller::Command));
        ender.0.end(how);
    });
    let waited = queue.wait(py, |s| s.end.is_some());
    queue.halt();
    // A panic has been made an error by `EndOnDrop`.
    let _ = py.detach(|| thread.join());
    waited?;
    let how = queue.state().end.take();
    Ok(how.unwrap_or_else(|| Err(Fault::other("the function did not end")))?)
}
