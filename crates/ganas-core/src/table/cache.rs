//! Where compiled tables are kept.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use etcetera::BaseStrategy;
use xxhash_rust::xxh3::xxh3_64;

use super::format;
use super::staged::{Duplicates, Indexed};
use crate::error::Result;
use crate::space::SearchSpace;
use crate::write_whole;

/// The file name extension of compiled tables.
pub const EXTENSION: &str = "gtab";

/// The folder of compiled tables: `$GANAS_CACHE/tables`, or `ganas/tables` in the user's cache
/// folder. `None` where there is no such folder.
pub fn default_folder() -> Option<PathBuf> {
    let base = match std::env::var_os("GANAS_CACHE") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder),
        _ => etcetera::choose_base_strategy()
            .ok()?
            .cache_dir()
            .join("ganas"),
    };
    Some(base.join("tables"))
}

/// The compiled file of a source in a cache folder: its name changes with the source, the space
/// and the format.
pub(super) fn place(
    folder: &Path,
    source: &Path,
    space: &dyn SearchSpace,
    duplicates: Duplicates,
) -> io::Result<PathBuf> {
    let source = fs::canonicalize(source)?;
    let meta = fs::metadata(&source)?;
    let modified = meta.modified()?.duration_since(UNIX_EPOCH);
    let key = (
        source.as_os_str().as_encoded_bytes(),
        meta.len(),
        modified.map(|t| t.as_nanos()).unwrap_or_default(),
        format::fingerprint(space),
        duplicates,
        format::VERSION,
    );
    let hash = xxh3_64(&serde_json::to_vec(&key)?);
    let stem = source.file_name().unwrap_or_default().to_string_lossy();
    let stem = stem.split('.').next().unwrap_or_default();
    Ok(folder.join(format!("{stem}-{hash:016x}.{EXTENSION}")))
}

/// Writes a compiled table into a file: all of it or nothing.
pub(super) fn write(table: &Indexed, space: &dyn SearchSpace, out: &Path) -> Result<()> {
    write_whole(out, |file| {
        let mut buffered = BufWriter::with_capacity(1 << 17, file);
        format::write(table, space, &mut buffered)?;
        buffered.flush()
    })
}
