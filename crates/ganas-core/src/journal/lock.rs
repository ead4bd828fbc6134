//! Locks and identity of the file of a journal.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Longest time until a killed process has exited.
const GONE: Duration = Duration::from_secs(1);

/// Numbers that identify a file, where the operating system has them.
#[cfg(unix)]
pub(super) fn identity(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
pub(super) fn identity(_: &Metadata) {}

/// Returns true if an open file has no name any more.
#[cfg(unix)]
pub(super) fn is_removed(meta: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(meta) == 0
}

#[cfg(not(unix))]
pub(super) fn is_removed(_: &Metadata) -> bool {
    true
}

/// Locks the file against other processes. Returns false if the file system has no locks.
pub(super) fn lock(file: &File, path: &Path) -> Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            // A process that was killed just now may not be gone.
            Err(TryLockError::WouldBlock) if begun.elapsed() < GONE => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::input("another process is at work on this run")
                    .mend("let it end, or end it")
                    .in_file(path));
            }
            Err(TryLockError::Error(e)) if has_no_locks(&e) => return Ok(false),
            Err(TryLockError::Error(e)) => return Err(Error::io(path, e)),
        }
    }
}

/// Returns true if an error of locking says that the file system has no locks.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(nix::errno::Errno::ENOLCK as i32) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}
