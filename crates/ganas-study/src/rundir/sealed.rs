//! JSON files that carry a checksum of their own, so that a change is noticed.
//!
//! The checksum is the first field, `crc32c` (RFC 3720), of all bytes after its line. Files of older
//! versions have none, and are taken as they are. So are files whose checksum was removed, which is
//! how a change by hand is confirmed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_core::write_whole;
use serde::Serialize;
use serde_json::Value;

/// Text in front of the checksum.
const START: &str = "{\n  \"crc32c\": \"";

/// Text between the checksum and the content that it covers.
const END: &str = "\",\n";

/// Writes an object as indented JSON with its checksum: the whole file or nothing.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    write_whole(path, |file| write_into(file, value))
}

/// The same for a file that only its owner can read.
///
/// # Errors
/// If the file cannot be written.
pub fn write_private(path: &Path, value: &impl Serialize) -> Result<()> {
    write_whole(path, |file| {
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        write_into(file, value)
    })
}

fn write_into(mut file: &File, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let Some(body) = text.strip_prefix("{\n") else {
        return Err(io::Error::other("only an object can be sealed"));
    };
    let body = format!("{body}\n");
    let crc = crc32c::crc32c(body.as_bytes());
    write!(file, "{START}{crc:08x}{END}{body}")
}

/// Reads such a file; `None` if it is not there or is not JSON.
///
/// # Errors
/// If it was changed since it was written, or cannot be read; `mend` says what to do about a change.
pub fn read(path: &Path, mend: &str) -> Result<Option<Value>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io(path, e)),
    };
    let Ok(value) = serde_json::from_slice::<Value>(&text) else {
        return Ok(None);
    };
    if value.get("crc32c").is_some() && !is_whole(&text) {
        return Err(Error::input(
            "the file was changed since it was written: its checksum is another",
        )
        .mend(mend)
        .in_file(path));
    }
    Ok(Some(value))
}

/// Returns true if the checksum of a file matches.
fn is_whole(text: &[u8]) -> bool {
    let parts = || {
        let rest = text.strip_prefix(START.as_bytes())?;
        let (crc, rest) = rest.split_at_checked(8)?;
        let body = rest.strip_prefix(END.as_bytes())?;
        let crc = u32::from_str_radix(str::from_utf8(crc).ok()?, 16).ok()?;
        Some((crc, body))
    };
    parts().is_some_and(|(crc, body)| crc == crc32c::crc32c(body))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_change_is_noticed_and_none_without_a_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        let value = json!({ "queries": 120, "seed": 0.1, "name": "a\"crc32c\"" });
        write(&path, &value).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        let mut read_back = read(&path, "").unwrap().unwrap();
        read_back.as_object_mut().unwrap().remove("crc32c");
        assert_eq!(read_back, value);
        for (place, _) in whole.char_indices() {
            let mut changed = whole.clone().into_bytes();
            changed[place] ^= 1;
            fs::write(&path, &changed).unwrap();
            // Text that is not JSON any more is `None`; a changed name of the checksum removes it.
            let named = START.len() - 12..START.len() - 4;
            if let Ok(Some(_)) = read(&path, "") {
                assert!(named.contains(&place), "byte {place}");
            }
        }
        fs::write(&path, whole.replace("120", "121")).unwrap();
        let refused = read(&path, "copy it again").unwrap_err().to_string();
        assert!(
            refused.contains("changed") && refused.contains("copy it again"),
            "{refused}"
        );
        let without = whole.lines().filter(|line| !line.contains("\"crc32c\":"));
        let without: String = without.map(|line| format!("{line}\n")).collect();
        fs::write(&path, without.replace("120", "121")).unwrap();
        assert_eq!(read(&path, "").unwrap().unwrap()["queries"], 121);
        assert!(read(&folder.path().join("none"), "").unwrap().is_none());
    }
}
