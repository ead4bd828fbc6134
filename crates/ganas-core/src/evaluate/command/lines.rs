//! Messages in the output of a worker.
//!
//! A message is complete at its last brace. It may follow other text on its line, extend over several
//! lines, or lack the end of its line. Everything else is noise.

use serde_json::{Deserializer, Value};

use super::protocol::{LONGEST, Reply, brief, is_message, kind};

/// Largest number of lines of a message.
const LINES: usize = 10_000;

/// Part of the output of a worker.
#[derive(Debug, PartialEq)]
pub enum Line {
    /// A message.
    Reply(Reply),
    /// A line without a message.
    Noise(String),
    /// A line without a message that ends with a carriage return, as those of progress bars.
    Update(String),
    /// Beginning of a message that is not complete.
    Torn(String),
    /// Reason why text that looks like a message cannot be read, as words that follow "it".
    Broken(String),
    /// Reason why a complete message cannot be used, as words that follow "it".
    Unusable(String),
}

/// Splits the output of a worker into lines, and finds the messages in them.
#[derive(Default)]
pub struct Lines {
    /// The line that has not ended.
    pending: Vec<u8>,
    /// Set if the rest of the line is skipped, since it is too long.
    skips: bool,
    /// Earlier lines that may be the beginning of a message.
    open: Open,
    /// Lines without a message, as they were printed.
    noise: Vec<u8>,
}

#[derive(Default)]
struct Open {
    text: String,
    lines: usize,
}

/// Content of a text.
enum Scan {
    Messages(Vec<Line>),
    /// Beginning of an object.
    Torn,
    Broken(String),
    Noise,
}

impl Lines {
    /// Adds output, and returns the parts that are complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut found = Vec::new();
        for piece in bytes.split_inclusive(|b| matches!(b, b'\n' | b'\r')) {
            let (text, end) = match piece.split_last() {
                Some((end @ (b'\n' | b'\r'), text)) => (text, Some(*end)),
                _ => (piece, None),
            };
            if !self.skips {
                self.pending.extend_from_slice(text);
            }
            match end {
                Some(end) => {
                    self.skips = false;
                    let line = std::mem::take(&mut self.pending);
                    self.line(&line, end, &mut found);
                }
                None if self.pending.len() > LONGEST => {
                    self.skips = true;
                    self.pending.clear();
                    found.push(Line::Broken(format!(
                        "printed a line of more than {LONGEST} bytes"
                    )));
                }
                None => self.early(&mut found),
            }
        }
        found
    }

    /// Ends the output, and returns the rest.
    pub fn end(&mut self) -> Vec<Line> {
        let mut found = Vec::new();
        let line = std::mem::take(&mut self.pending);
        self.line(&line, b'\n', &mut found);
        self.flush(&mut found);
        found
    }

    /// Takes the lines without a message since the last call, as they were printed.
    pub fn noise(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.noise)
    }

    /// Finds messages that are complete before the end of their line.
    fn early(&mut self, found: &mut Vec<Line>) {
        if !self.pending.trim_ascii_end().ends_with(b"}") {
            return;
        }
        let text = format!("{}{}", self.open.text, decode(&self.pending));
        if let Scan::Messages(messages) = scan(&text) {
            found.extend(messages);
            self.open = Open::default();
            self.pending.clear();
        }
    }

    fn line(&mut self, line: &[u8], end: u8, found: &mut Vec<Line>) {
        let text = decode(line);
        if text.trim().is_empty() {
            return;
        }
        let open = !self.open.text.is_empty();
        self.open.text.push_str(&text);
        self.open.text.push('\n');
        self.open.lines += 1;
        let long = self.open.lines > LINES || self.open.text.len() > LONGEST;
        match scan(&self.open.text) {
            Scan::Messages(messages) => {
                found.extend(messages);
                self.open = Open::default();
            }
            Scan::Torn if !long => {
                if looks_like_a_message(&self.open.text) {
                    found.push(Line::Torn(brief(self.open.text.trim())));
                }
            }
            // The line does not continue the open text, and is read by itself.
            Scan::Torn | Scan::Broken(_) | Scan::Noise if open && !self.is_object() => {
                let mine = self.open.text.len() - text.len() - 1;
                self.open.text.truncate(mine);
                self.flush(found);
                self.line(line, end, found);
            }
            Scan::Broken(why) => {
                found.push(Line::Broken(why));
                self.open = Open::default();
            }
            Scan::Torn | Scan::Noise => self.noise_of(end, found),
        }
    }

    /// Returns true if the open text is a complete object that is not a message.
    fn is_object(&self) -> bool {
        object(self.open.text.trim()).is_ok()
    }

    /// Ends the open text as a torn message or as noise.
    fn flush(&mut self, found: &mut Vec<Line>) {
        if self.open.text.is_empty() {
            return;
        }
        if looks_like_a_message(&self.open.text) {
            let said = brief(self.open.text.trim());
            found.push(Line::Broken(format!("sent half a message, `{said}`")));
            self.open = Open::default();
        } else {
            self.noise_of(b'\n', found);
        }
    }

    fn noise_of(&mut self, end: u8, found: &mut Vec<Line>) {
        let text = std::mem::take(&mut self.open).text;
        let said = brief(text.trim());
        if end == b'\r' {
            found.push(Line::Update(said));
        } else {
            found.push(Line::Noise(said));
            self.noise.extend_from_slice(text.as_bytes());
        }
    }
}

/// Output as text, without the marks of an encoding.
fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\u{feff}', "")
}

/// Finds messages in a text.
fn scan(text: &str) -> Scan {
    let mut messages = Vec::new();
    let mut error = None;
    let mut place = 0;
    while let Some(next) = text[place..].find('{') {
        let start = place + next;
        match object(&text[start..]) {
            Ok((value, length)) => {
                let first = text[..start].trim().is_empty() && kind(&value).is_some();
                if first || is_message(&value) {
                    messages.push(match Reply::read(&value) {
                        Ok(reply) => Line::Reply(reply),
                        Err(why) => Line::Unusable(why),
                    });
                }
                place = start + length;
            }
            Err(e) if e.is_eof() && !in_a_string(&e) && messages.is_empty() => return Scan::Torn,
            Err(e) => {
                error.get_or_insert(e);
                place = start + 1;
            }
        }
    }
    if !messages.is_empty() {
        return Scan::Messages(messages);
    }
    let Some(error) = error else {
        return Scan::Noise;
    };
    let said = brief(text.trim());
    if text.contains("'type'") && looks_like_a_message(&text.replace('\'', "\"")) {
        return Scan::Broken(format!(
            "printed `{said}`, which is Python and not JSON; print it by `json.dumps`"
        ));
    }
    if looks_like_a_message(text) {
        return Scan::Broken(format!("sent `{said}` ({error})"));
    }
    Scan::Noise
}

/// Returns true if unreadable text was probably meant as a message.
fn looks_like_a_message(text: &str) -> bool {
    let kinds = ["ready", "result", "error", "progress"];
    text.contains("\"type\"") && kinds.iter().any(|kind| text.contains(&format!("\"{kind}")))
}

/// Object at the beginning of a text, and its length. Numbers that JSON lacks become texts.
fn object(text: &str) -> serde_json::Result<(Value, usize)> {
    let first = |text: &str| {
        let mut values = Deserializer::from_str(text).into_iter::<Value>();
        let value = values.next().unwrap_or(Ok(Value::Null));
        value.map(|value| (value, values.byte_offset()))
    };
    match first(text) {
        Err(e) if e.is_syntax() => {
            let (quoted, places) = quoted(text);
            if places.is_empty() {
                return Err(e);
            }
            let (value, length) = first(&quoted)?;
            let added = places.iter().filter(|place| **place < length).count();
            Ok((value, length - 2 * added))
        }
        other => other,
    }
}

fn in_a_string(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("EOF while parsing a string")
}

/// Words of programs for numbers that JSON lacks, in lower case.
const NOT_FINITE: [&str; 3] = ["nan", "infinity", "inf"];

/// Puts such words in quotation marks where a value may stand. Returns the places of the opening marks.
fn quoted(text: &str) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len() + 8);
    let mut places = Vec::new();
    let mut rest = text;
    let mut inside = false;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        if !inside
            && matches!(before, ':' | ',' | '[')
            && let Some(length) = not_finite(rest)
        {
            places.push(out.len());
            out.extend(["\"", &rest[..length], "\""]);
            rest = &rest[length..];
            before = '"';
            continue;
        }
        // The character after a backslash never ends a string.
        let escaped = match c {
            '\\' if inside => rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => 0,
        };
        let length = c.len_utf8() + escaped;
        inside ^= c == '"';
        if !c.is_whitespace() {
            before = c;
        }
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    (out, places)
}

/// The length of a number that JSON lacks, if a text begins with one.
fn not_finite(text: &str) -> Option<usize> {
    let sign = usize::from(text.starts_with(['-', '+']));
    let ends = |length: usize| {
        let next = text[length..].chars().next();
        next.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    };
    NOT_FINITE.iter().find_map(|word| {
        let length = sign + word.len();
        let found = text.get(sign..length)?;
        (found.eq_ignore_ascii_case(word) && ends(length)).then_some(length)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESULT: &str = r#"{"type":"result","id":7,"metrics":{"accuracy":93}}"#;

    /// Parts of an output. The messages do not depend on the pieces in which it arrives.
    #[track_caller]
    fn found(output: &str) -> Vec<Line> {
        let all = |size: usize| {
            let mut lines = Lines::default();
            let mut found: Vec<Line> = (output.as_bytes().chunks(size))
                .flat_map(|piece| lines.push(piece))
                .collect();
            found.extend(lines.end());
            found.retain(|line| !matches!(line, Line::Torn(_)));
            found
        };
        let messages = |size: usize| {
            let mut found = all(size);
            found.retain(|line| matches!(line, Line::Reply(_)));
            found
        };
        for size in [1, 2, 7] {
            assert_eq!(
                messages(size),
                messages(output.len()),
                "in pieces of {size}"
            );
        }
        all(output.len())
    }

    fn results(output: &str) -> usize {
        let found = found(output);
        let is_result = |line: &&Line| matches!(line, Line::Reply(Reply::Result { id: 7, .. }));
        found.iter().filter(is_result).count()
    }

    #[test]
    fn a_message_is_found_wherever_it_is() {
        for output in [
            format!("{RESULT}\n"),
            RESULT.into(),
            format!("epoch 1\repoch 2\r{RESULT}\n"),
            format!("....{RESULT}\n"),
            format!("INFO {{rank 0}} {RESULT} done\n"),
            format!("\u{feff}{RESULT}\r\n"),
            format!("{{'lr': 0.1}} {{\"lr\": 0.1}}{RESULT}\n"),
            "{\n  \"type\": \"result\",\n\n  \"id\": 7,\n  \"metrics\": {\n    \"accuracy\": NaN\n  \
             }\n}\n"
                .into(),
            "100%|##| 3/3 {\n\"type\": \"Result\", \"id\": \"7\",\r\n\"metrics\": {}}".into(),
            format!("config = {{\n  lr: 3\n{RESULT}\n"),
        ] {
            assert_eq!(results(&output), 1, "{output}");
        }
        let progress = r#"{"type":"progress","fraction":0.5}"#;
        let found = found(&format!("{progress}{RESULT}\n"));
        assert_eq!(found.len(), 2);
        assert_eq!(results(&format!("{RESULT}{RESULT}")), 2);
    }

    #[test]
    fn a_message_counts_before_its_line_ends() {
        let mut lines = Lines::default();
        assert_eq!(lines.push(b"epoch 3 "), []);
        let found = lines.push(RESULT.as_bytes());
        assert!(matches!(found[..], [Line::Reply(_)]), "{found:?}");
        assert_eq!(lines.push(b"\n"), []);
    }

    #[test]
    fn numbers_that_json_lacks_are_read_outside_of_strings() {
        for word in ["NaN", "nan", "-Infinity", "inf", "-inf", "+INF"] {
            let output =
                format!("x {{\"type\":\"result\",\"id\":7,\"metrics\":{{\"a\": {word} }}}} y");
            let found = found(&output);
            let Some(Line::Reply(Reply::Result { metrics, .. })) = found.first() else {
                panic!("{word}: {found:?}");
            };
            assert_eq!(metrics["a"], Value::String(word.into()));
        }
        let line = r#"{"type":"error","id":7,"reason":"\"NaN\": NaN \\","more":Infinity}"#;
        let reason = "\"NaN\": NaN \\".to_owned();
        let error = Line::Reply(Reply::Error {
            id: Some(7),
            reason,
        });
        assert_eq!(found(line), [error]);
    }

    #[test]
    fn what_programs_print_is_noise() {
        for printed in [
            "epoch 1",
            "{'loss': 0.3}",
            "{\"loss\": NaN}",
            "{\"type\": 3}",
            "{} {}",
            "got {\"type\":\"evaluate\",\"id\":7}",
            "set {a, b}",
        ] {
            assert_eq!(
                found(&format!("{printed}\n")),
                [Line::Noise(printed.into())]
            );
        }
        let mut lines = Lines::default();
        let object = "{\n \"lr\": 1\n}\n";
        assert_eq!(
            lines.push(object.as_bytes()),
            [Line::Noise("{  \"lr\": 1 }".into())]
        );
        assert_eq!(lines.noise(), object.as_bytes());
        assert_eq!(found("{\nfoo\n").len(), 2);
        assert_eq!(
            found("1 %\r2 %\r"),
            ["1 %", "2 %"].map(|t| Line::Update(t.into()))
        );
        assert_eq!(
            found("{\"type\":\"new\",\"x\":1}\n"),
            [Line::Reply(Reply::Other)]
        );
    }

    #[test]
    fn half_a_message_and_one_of_python_are_broken() {
        let half = "{\"type\":\"result\",\n";
        assert_eq!(results(&format!("{half}{RESULT}\n")), 1);
        let mut lines = Lines::default();
        assert!(matches!(lines.push(half.as_bytes())[..], [Line::Torn(_)]));
        for output in [
            half,
            "{\"type\":\"result\",\"id\":\"x\n",
            "{\"type\":\"result\" 3}\n",
        ] {
            assert!(matches!(found(output)[..], [Line::Broken(_)]), "{output}");
        }
        let python = found("{'type': 'result', 'id': 7, 'metrics': {'accuracy': 93.0}}\n");
        let [Line::Broken(why)] = &python[..] else {
            panic!("{python:?}");
        };
        assert!(why.contains("`json.dumps`"));
        let unusable = found("{\"type\":\"result\",\"id\":\"x\"}\n");
        assert!(matches!(unusable[..], [Line::Unusable(_)]), "{unusable:?}");
    }

    #[test]
    fn a_line_without_end_is_broken_once() {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for _ in 0..400 {
            found.extend(lines.push(&[b'x'; 8192]));
        }
        found.extend(lines.push(format!("\n{RESULT}\n").as_bytes()));
        assert!(
            matches!(found[..], [Line::Broken(_), Line::Reply(_)]),
            "{}",
            found.len()
        );
    }
}
