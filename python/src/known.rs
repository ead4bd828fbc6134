//! Knowledge before a search: proxies, and networks from earlier tasks.

use ganas_study::spec::read_json;
use ganas_study::{pretrain as networks, proxies as many, threads};
use pyo3::prelude::*;

use crate::background;
use crate::search::session;

/// Computes the proxies of a specification in JSON for these architectures; the file.
#[pyfunction]
pub fn proxies(spec: String, archs: Vec<String>, py: Python<'_>) -> PyResult<String> {
    background::run(py, move |stop| {
        threads::start()?;
        let done = many::compute(&read_json(&spec)?, &archs, &session(), stop)?;
        Ok(done.file.display().to_string())
    })
}

/// Trains networks by a specification in JSON.
#[pyfunction]
pub fn pretrain(spec: String, py: Python<'_>) -> PyResult<()> {
    let trained = background::run(py, move |stop| {
        threads::start()?;
        networks::pretrain(&read_json(&spec)?, &session(), stop)?;
        Ok(String::new())
    });
    trained.map(drop)
}
