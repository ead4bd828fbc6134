//! Errors of paths that cannot be read.

use std::path::Path;

use ganas_core::error::Error;

/// Advice for a path that holds no results.
pub const MEND: &str = "name a folder of `ganas search --out` or `ganas bench --out`, or a JSON file that \
                    one of them wrote";

/// Error of a path that cannot be read.
pub fn unreadable(path: &Path, why: &std::io::Error) -> Error {
    Error::input(format!("cannot be read ({})", why.kind()))
        .mend(MEND)
        .in_file(path)
}
