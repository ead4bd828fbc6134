//! Text for people: what files, workers and tables say, without control characters.

use std::io::{self, StdoutLock, Write};

use ganas_study::text::acts;
pub use ganas_study::text::plain;

/// Standard output for text that is [plain].
pub fn stdout() -> Plain<StdoutLock<'static>> {
    Plain(io::stdout().lock())
}

/// A writer of text that makes it [plain].
pub struct Plain<W: Write>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(plain(text).as_bytes())?,
            // Not text, or cut within a character: nothing below 128 is part of one.
            Err(_) => {
                for &byte in bytes {
                    if byte.is_ascii() && acts(byte.into()) {
                        self.0
                            .write_all(plain(&char::from(byte).to_string()).as_bytes())?;
                    } else {
                        self.0.write_all(&[byte])?;
                    }
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(plain("a\tb\n"), "a\tb\n");
        assert_eq!(
            plain("\u{1b}[31mred\u{7}\u{9b}"),
            "\\u001b[31mred\\u0007\\u009b"
        );
        let mut written = Plain(Vec::new());
        written.write_all("é\u{1b}\r\n".as_bytes()).unwrap();
        written.write_all(&[0xff, 0x1b, b'a']).unwrap();
        assert_eq!(
            written.0,
            ["é\\u001b\\u000d\n".as_bytes(), &[0xff], b"\\u001ba"].concat()
        );
    }
}
