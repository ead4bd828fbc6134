//! Decoding of text files in UTF-8 or UTF-16, with a limit on the length of a row.

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

/// Length limit of a row in bytes.
pub(crate) const LONGEST_ROW: u64 = 16 << 20;

/// Number of UTF-16 characters that are decoded at once.
const CHUNK: usize = 1 << 13;

/// Bytes read since the end of the last row.
#[derive(Clone, Default)]
pub(crate) struct RowBytes(Rc<Cell<u64>>);

impl RowBytes {
    /// Marks the end of a row.
    pub(crate) fn ended(&self) {
        self.0.set(0);
    }
}

/// Input that fails with [`io::ErrorKind::FileTooLarge`] if a row is too long.
pub(crate) struct Limited<R> {
    input: R,
    read: RowBytes,
}

impl<R> Limited<R> {
    pub(crate) fn new(input: R, read: RowBytes) -> Self {
        Limited { input, read }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let before = self.read.0.get();
        if before > LONGEST_ROW {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.input.read(buffer)?;
        self.read.0.set(before + read as u64);
        Ok(read)
    }
}

/// Returns an input as UTF-8 without its byte-order mark.
///
/// # Errors
/// If the input cannot be read.
pub(crate) fn utf8<'a>(mut input: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut start = Vec::new();
    (&mut input).take(3).read_to_end(&mut start)?;
    let (skipped, big) = match start[..] {
        [0xef, 0xbb, 0xbf] => (3, None),
        [0xff, 0xfe, ..] => (2, Some(false)),
        [0xfe, 0xff, ..] => (2, Some(true)),
        _ => (0, None),
    };
    let rest = Cursor::new(start.split_off(skipped)).chain(input);
    Ok(match big {
        None => Box::new(rest),
        Some(big) => Box::new(Utf16 {
            input: rest,
            big,
            left: Vec::new(),
            decoded: Cursor::default(),
        }),
    })
}

/// Decoder from UTF-16 to UTF-8. Undecodable characters are replaced.
struct Utf16<R> {
    input: R,
    big: bool,
    /// Bytes of an incomplete character.
    left: Vec<u8>,
    decoded: Cursor<Vec<u8>>,
}

impl<R: Read> Utf16<R> {
    /// Decodes the next chunk, if there is one.
    fn decode(&mut self) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.left);
        let read = (&mut self.input)
            .take(2 * CHUNK as u64)
            .read_to_end(&mut bytes)?;
        let unit = |pair: &[u8]| {
            if self.big {
                u16::from_be_bytes([pair[0], pair[1]])
            } else {
                u16::from_le_bytes([pair[0], pair[1]])
            }
        };
        if read > 0 {
            let mut whole = bytes.len() & !1;
            // The other half of the last character may come next.
            if whole >= 2 && (0xd800..0xdc00).contains(&unit(&bytes[whole - 2..])) {
                whole -= 2;
            }
            self.left = bytes.split_off(whole);
        }
        let units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
        self.decoded = Cursor::new(String::from_utf16_lossy(&units).into_bytes());
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let copied = self.decoded.read(buffer)?;
            if copied > 0 || buffer.is_empty() {
                return Ok(copied);
            }
            let waiting = self.left.len();
            self.decode()?;
            let nothing = self.decoded.get_ref().is_empty();
            if nothing && (waiting == 0 || self.left.len() == waiting || self.left.is_empty()) {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: Vec<u8>) -> String {
        let mut text = String::new();
        utf8(Cursor::new(bytes))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    #[test]
    fn all_encodings_read_the_same() {
        // Characters of two units lie across the ends of chunks.
        for filler in [0, 1, CHUNK - 2, CHUNK - 1, CHUNK] {
            let text = format!("{}a\u{1f600}\u{e4}\u{1f600}", "x".repeat(filler));
            let units = || text.encode_utf16();
            let little = [0xff, 0xfe]
                .into_iter()
                .chain(units().flat_map(u16::to_le_bytes));
            let big = [0xfe, 0xff]
                .into_iter()
                .chain(units().flat_map(u16::to_be_bytes));
            let marked = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes());
            assert_eq!(read(little.collect()), text);
            assert_eq!(read(big.collect()), text);
            assert_eq!(read(marked.collect()), text);
            assert_eq!(read(text.clone().into_bytes()), text);
        }
        assert_eq!(read(vec![0xff, 0xfe]), "");
        assert_eq!(read(vec![0xff, 0xfe, 0x41]), "");
        assert_eq!(read(vec![0xff, 0xfe, 0x41, 0, 0x3d, 0xd8]), "A\u{fffd}");
        assert_eq!(read(vec![]), "");
    }

    #[test]
    fn a_row_without_end_is_an_error() {
        let rows = RowBytes::default();
        let mut input = Limited::new(io::repeat(b'x'), rows.clone());
        let mut buffer = vec![0; 1 << 20];
        for _ in 0..40 {
            assert!(input.read(&mut buffer).is_ok());
            rows.ended();
        }
        let error = (0..40).find_map(|_| input.read(&mut buffer).err()).unwrap();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
