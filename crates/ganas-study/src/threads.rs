//! The threads that all parts of the program share.

use ganas_core::error::{Error, Result};
use std::sync::OnceLock;

use rayon::ThreadPoolBuilder;

/// Starts the threads that are shared, if they have not been. Without them the first part that needs
/// them would break down.
///
/// # Errors
/// If the operating system starts no more threads.
pub fn start() -> Result<()> {
    static STARTED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let started = STARTED.get_or_init(|| match ThreadPoolBuilder::new().build_global() {
        // A program that this is embedded in may have started them.
        Err(e) if !e.to_string().contains("already been initialized") => Err(e.to_string()),
        _ => Ok(()),
    });
    started.clone().map_err(|e| {
        Error::evaluator(format!(
            "cannot start threads ({e}); raise the limit of processes (`ulimit -u`, `pids.max` of a \
             container) or of memory, or set RAYON_NUM_THREADS to fewer"
        ))
    })
}
