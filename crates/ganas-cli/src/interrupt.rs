//! Ctrl-C: the first one stops cleanly, the second at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

/// The exit code of an interrupted command.
pub const EXIT_CODE: u8 = 130;

static STOP: AtomicBool = AtomicBool::new(false);

/// Starts to listen for Ctrl-C, and returns the flag that it sets.
pub fn listen() -> Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(&STOP)
}
