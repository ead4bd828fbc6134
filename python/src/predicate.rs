//! Constraints that are Python functions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ganas_core::constraint::Predicate;
use pyo3::prelude::*;

use crate::queue::Queue;
use crate::space::Space;

/// A constraint by a function, which is called once for each architecture. An exception stops the
/// search and is raised in the waiting call.
pub fn predicate(name: String, function: Py<PyAny>, space: Space, queue: Arc<Queue>) -> Predicate {
    let known = Mutex::new(HashMap::new());
    let holds = move |arch: &_| -> bool {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(holds) = known.get(arch) {
            return *holds;
        }
        // Where the interpreter is shutting down there is nobody left to ask.
        let asked = Python::try_attach(|py| {
            function
                .bind(py)
                .call1((space.own(*arch),))
                .and_then(|answer| answer.is_truthy())
        });
        match asked {
            Some(Ok(holds)) => {
                known.insert(*arch, holds);
                holds
            }
            Some(Err(error)) => {
                queue.raise(error);
                false
            }
            None => false,
        }
    };
    Predicate {
        name,
        holds: Arc::new(holds),
    }
}
