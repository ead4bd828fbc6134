//! Ctrl-C, and what a queue or a closed terminal sends: the first one stops cleanly, the second at
//! once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

/// The exit code of an interrupted command.
pub const EXIT_CODE: u8 = 130;

static STOP: AtomicBool = AtomicBool::new(false);

/// Starts to listen for SIGINT, SIGTERM and SIGHUP, and returns the flag that they set.
pub fn listen() -> Result<&'static AtomicBool> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(&STOP)
}

/// Leaves a command that was begun by `nohup` alone when its terminal is closed. Holds for threads
/// that begin later.
pub fn keep_to_nohup() {
    #[cfg(target_os = "linux")]
    {
        use nix::sys::signal::{SigSet, Signal};
        if ignores_hangups(&std::fs::read_to_string("/proc/self/status").unwrap_or_default()) {
            // To listen would undo that it is ignored; what is blocked never arrives.
            let hangup: SigSet = [Signal::SIGHUP].into_iter().collect();
            let _ = hangup.thread_block();
        }
    }
}

/// Returns true if the status of a process says that it ignores SIGHUP, the first of the signals.
#[cfg(target_os = "linux")]
fn ignores_hangups(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}
