//! The command line of this process.

use std::ffi::OsString;
use std::sync::OnceLock;

/// Words of the command, if it is not that of a process of its own.
static WORDS: OnceLock<Vec<OsString>> = OnceLock::new();

/// Keeps the words of the command, the program's name first. The first call counts.
pub fn started_with(words: &[OsString]) {
    WORDS.get_or_init(|| words.to_vec());
}

/// The command line, program name left out.
pub fn command_line() -> Vec<String> {
    let words = WORDS.get_or_init(|| std::env::args_os().collect());
    (words.iter().skip(1))
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}
