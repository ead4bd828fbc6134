//! What is said to workers and by them: one JSON object a line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::space::NamedGraph;

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The longest line that a worker may say, in bytes.
pub const LONGEST: usize = 1 << 20;

/// To a worker.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Request<'a> {
    /// The first line.
    Hello {
        protocol: u32,
        space: &'a str,
        objective: &'a str,
    },
    /// Work.
    Evaluate {
        id: u64,
        arch: &'a str,
        graph: NamedGraph<'a>,
        seed: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        budget: Option<f64>,
    },
    /// There is no more.
    Bye,
}

/// From a worker.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Reply {
    /// It can take work.
    Ready,
    /// What it measured.
    Result {
        id: u64,
        metrics: BTreeMap<String, Value>,
    },
    /// Why it measured nothing.
    Error { id: u64, reason: String },
    /// How far it is.
    Progress {
        #[serde(default)]
        id: Option<u64>,
        #[serde(default)]
        fraction: Option<f64>,
        #[serde(default)]
        message: Option<String>,
    },
    /// Something of a newer protocol, which does not matter here.
    #[serde(other)]
    Other,
}

/// A line of a worker.
#[derive(Debug, PartialEq)]
pub enum Line {
    Reply(Reply),
    /// No message, but what programs print.
    Noise(String),
    /// What ought to be a message and is none; why.
    Broken(String),
}

impl Line {
    /// Understands a line.
    pub fn of(line: &[u8]) -> Line {
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if !text.starts_with('{') {
            return Line::Noise(brief(text));
        }
        let broken = |e| Line::Broken(format!("it said `{}` ({e})", brief(text)));
        match serde_json::from_str::<Value>(text).or_else(|_| serde_json::from_str(&quoted(text))) {
            Ok(said) if said["type"].is_string() => {
                serde_json::from_value(said).map_or_else(broken, Line::Reply)
            }
            // A message that was torn has mostly begun with what it is.
            Err(e) if text.contains("\"type\"") => broken(e),
            // A settings file or a dict of Python begins with a brace, too.
            _ => Line::Noise(brief(text)),
        }
    }
}

/// The first of some metrics that a result has not at all.
pub fn lacking<'a>(metrics: &BTreeMap<String, Value>, names: &'a [String]) -> Option<&'a str> {
    (names.iter().map(String::as_str)).find(|name| !metrics.contains_key(*name))
}

/// What there is instead of a metric that did not come back.
pub fn instead(name: &str, metrics: &BTreeMap<String, Value>) -> String {
    let all: Vec<&str> = metrics.keys().map(String::as_str).collect();
    match all.is_empty() {
        true => format!("no `{name}` came back, nor anything else"),
        false => format!("no `{name}` came back, only `{}`", brief(&all.join("`, `"))),
    }
}

/// The numbers of a result by the names of the metrics; those that are missing are NaN, unless it is
/// the first, the objective.
pub fn numbers(metrics: &BTreeMap<String, Value>, names: &[String]) -> Result<Vec<f64>, String> {
    let number = |(i, name): (usize, &String)| match metrics.get(name) {
        Some(Value::Number(n)) => n.as_f64().ok_or_else(|| format!("`{name}` is {n}")),
        // As `quoted` leaves them.
        Some(Value::String(s)) if NOT_FINITE.contains(&&**s) => {
            (s.parse()).map_err(|_| format!("`{name}` is {s}"))
        }
        Some(other) => Err(format!(
            "`{name}` is no number but {}",
            brief(&other.to_string())
        )),
        None if i > 0 => Ok(f64::NAN),
        None => Err(instead(name, metrics)),
    };
    names.iter().enumerate().map(number).collect()
}

/// What Python and others write for numbers that JSON does not have.
const NOT_FINITE: [&str; 3] = ["NaN", "-Infinity", "Infinity"];

/// A line with those in quotation marks.
fn quoted(text: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    let mut inside = false;
    while let Some(c) = rest.chars().next() {
        let word = NOT_FINITE.iter().find(|w| !inside && rest.starts_with(**w));
        let length = match (word, c) {
            (Some(word), _) => {
                out.extend(["\"", word, "\""]);
                rest = &rest[word.len()..];
                continue;
            }
            // The character after a backslash is never the end of a string.
            (_, '\\') if inside => {
                c.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8)
            }
            _ => c.len_utf8(),
        };
        inside ^= c == '"';
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.into()
}

/// The beginning of a text, on one line.
pub fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(120).collect();
    if brief.len() < text.len() {
        brief.push_str("..");
    }
    brief.replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(line: &str) -> Result<Vec<f64>, String> {
        match Line::of(line.as_bytes()) {
            Line::Reply(Reply::Result { metrics, .. }) => {
                numbers(&metrics, &["accuracy".into(), "latency".into()])
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn results_are_numbers_by_name() {
        let line = r#"{"type":"result","id":7,"metrics":{"params":3,"latency":0.5,"accuracy":93}}"#;
        assert_eq!(result(line), Ok(vec![93.0, 0.5]));
        let line = r#"{"type":"result","id":7,"metrics":{"accuracy":"93"}}"#;
        assert!(result(line).unwrap_err().contains("no number"));
        let line = r#"{"type":"result","id":7,"metrics":{"acc":1,"loss":2}}"#;
        assert!(result(line).unwrap_err().contains("only `acc`, `loss`"));
    }

    #[test]
    fn numbers_that_json_lacks_are_read_outside_of_strings() {
        let line = r#"{"type":"result","id":7,"metrics":{"accuracy":NaN,"latency":-Infinity}}"#;
        let values = result(line).unwrap();
        assert!(values[0].is_nan() && values[1] == f64::NEG_INFINITY);
        let line = r#"{"type":"error","id":7,"reason":"\"NaN\" \\","more":Infinity}"#;
        let reason = "\"NaN\" \\".to_owned();
        assert_eq!(
            Line::of(line.as_bytes()),
            Line::Reply(Reply::Error { id: 7, reason })
        );
    }

    #[test]
    fn what_programs_print_is_noise_and_half_a_message_is_broken() {
        assert_eq!(
            Line::of(b"epoch 1\xff"),
            Line::Noise("epoch 1\u{fffd}".into())
        );
        assert!(matches!(Line::of(b"{\"type\":\"result\""), Line::Broken(_)));
        assert!(matches!(
            Line::of(b"{\"type\":\"result\",\"id\":\"x\"}"),
            Line::Broken(_)
        ));
        assert_eq!(
            Line::of(b"{\"type\":\"new\",\"x\":1}"),
            Line::Reply(Reply::Other)
        );
        for printed in [
            "{'loss': 0.3}",
            "{",
            "{\"loss\": NaN}",
            "{\"type\": 3}",
            "{} {}",
        ] {
            assert_eq!(
                Line::of(printed.as_bytes()),
                Line::Noise(printed.to_owned())
            );
        }
    }
}
