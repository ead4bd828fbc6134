//! Writing files whole, and text on one line.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_core::{check_writable, write_whole};
use serde::Serialize;

use crate::terminal::plain;

/// A text with all its white space narrowed to single spaces, and without control characters.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(&line).into_owned()
}

/// A number as it is read: six digits that count, without trailing zeros, and whole numbers whole.
pub fn rounded(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = (5 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Makes sure, before a long run, that a file will be writable: its folder is made if need be.
///
/// # Errors
/// If the path is a folder, or nothing can be written there.
pub fn prepare(path: &Path) -> Result<()> {
    check_writable(path).map_err(|e| {
        let error = match e.kind() {
            io::ErrorKind::IsADirectory => {
                Error::input("this is a folder").mend("name a file to write")
            }
            kind => Error::input(format!("cannot be written ({kind})"))
                .mend("name another place, or make it writable"),
        };
        error.in_file(path)
    })
}

/// Writes a value as indented JSON: the whole file or nothing.
///
/// # Errors
/// If the file cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_whole(path, |file| {
        let mut buffer = BufWriter::new(file);
        serde_json::to_writer_pretty(&mut buffer, value)?;
        buffer.write_all(b"\n")?;
        buffer.flush()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        for (value, text) in [
            (94.373_333_333_333_34, "94.3733"),
            (91.523_333_231_608_08, "91.5233"),
            (0.1 + 0.2, "0.3"),
            (62.4, "62.4"),
            (-0.25, "-0.25"),
            (0.0, "0"),
            (5_300_000.0, "5300000"),
            (5_300_000.7, "5300001"),
            (0.000_012_3, "1.230e-5"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(rounded(value), text);
        }
    }
}
