//! The cache of compiled tables.

use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::format;
use crate::import::Reading;
use crate::staged::Indexed;
use ganas_core::error::Result;
use ganas_core::space::SearchSpace;
use ganas_core::{open_regular, write_whole};

/// File name extension of compiled tables.
pub const EXTENSION: &str = "gtab";

/// Bytes read at once.
const BUFFER: usize = 1 << 17;

/// Returns the folder of compiled tables: `$GANAS_CACHE/tables`, or `ganas/tables` in the user's
/// cache folder. Returns `None` if the user has no such folder.
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

/// Returns a digest of the content of a file.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn content(source: &Path) -> io::Result<u128> {
    let mut file = open_regular(source)?;
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.digest128()),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Returns the path of a source's compiled file in a cache folder. The file name changes with the
/// content of the source, the space, the import settings and the format.
pub(crate) fn place(
    folder: &Path,
    source: &Path,
    content: u128,
    space: &dyn SearchSpace,
    reading: &Reading,
) -> io::Result<PathBuf> {
    let key = (
        content.to_le_bytes(),
        format::fingerprint(space),
        reading,
        format::VERSION,
    );
    let hash = xxh3_64(&serde_json::to_vec(&key)?);
    let stem = source.file_name().unwrap_or_default().to_string_lossy();
    let stem = stem.split('.').next().unwrap_or_default();
    Ok(folder.join(format!("{stem}-{hash:016x}.{EXTENSION}")))
}

/// Writes a compiled table into a file, completely or not at all.
pub(crate) fn write(table: &Indexed, space: &dyn SearchSpace, out: &Path) -> Result<()> {
    write_whole(out, |file| {
        let mut buffered = BufWriter::with_capacity(1 << 17, file);
        format::write(table, space, &mut buffered)?;
        buffered.flush()
    })
}
