//! Memory mapping, the one place of this crate that needs `unsafe`.
//!
//! Mapping is unsafe because another process could change the file while it is mapped, and then the
//! bytes behind a shared reference would change. Compiled tables are written to a temporary file
//! and renamed into place, so a mapped file is never written again. Replacing it leaves the mapping
//! on the old file. All content is checked as untrusted input.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapOptions};

/// Maps a whole file for reading.
///
/// # Errors
/// If the operating system refuses.
pub(crate) fn map(file: &File) -> io::Result<Mmap> {
    let mut options = MmapOptions::new();
    // The checksum reads every page right away.
    options.populate();
    // SAFETY: compiled tables are never modified in place, see above.
    unsafe { options.map(file) }
}
