//! Strategies compared on a table.

use ganas_study::host;
use ganas_study::spec::read_json;
use pyo3::prelude::*;

use crate::background;
use crate::search::session;

/// Runs the benchmark of a specification in JSON; its record in JSON.
#[pyfunction]
pub fn bench(spec: String, py: Python<'_>) -> PyResult<String> {
    background::run(py, move |stop| {
        let spec = read_json(&spec)?;
        let record = host::bench(&spec, &session(), stop)?;
        Ok(serde_json::to_string(&record)?)
    })
}
