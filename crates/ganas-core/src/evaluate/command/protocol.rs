//! Messages of the protocol, each a JSON object. `docs/command-evaluator.md` describes them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::space::NamedGraph;

/// Version of the protocol.
pub const PROTOCOL: u32 = 1;

/// Length of the longest message of a worker, in bytes.
pub const LONGEST: usize = 1 << 20;

/// Message to a worker.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Request<'a> {
    /// First message.
    Hello {
        protocol: u32,
        space: &'a str,
        objective: &'a str,
    },
    /// Trial to evaluate.
    Evaluate {
        id: u64,
        arch: &'a str,
        graph: NamedGraph<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fidelity: Option<BTreeMap<&'a str, u32>>,
        /// Folder that belongs to the architecture.
        #[serde(skip_serializing_if = "Option::is_none")]
        checkpoint: Option<String>,
        seed: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        budget: Option<f64>,
    },
    /// End of an evaluation before its fidelity.
    Stop { id: u64 },
    /// End of work.
    Bye,
}

/// Message from a worker.
#[derive(Debug, PartialEq)]
pub enum Reply {
    /// The worker can take work.
    Ready,
    /// Metrics of a trial.
    Result {
        id: u64,
        metrics: BTreeMap<String, Value>,
    },
    /// Reason of a failure. Without an `id` it belongs to the running evaluation.
    Error { id: Option<u64>, reason: String },
    /// Metrics of a running trial at a lower level of some fidelity.
    Report {
        id: Option<u64>,
        fidelity: BTreeMap<String, Value>,
        metrics: BTreeMap<String, Value>,
    },
    /// Progress of an evaluation.
    Progress {
        fraction: Option<f64>,
        message: Option<String>,
    },
    /// Message of a newer protocol, which is ignored.
    Other,
}

/// Returns true if an object is a message of a worker. The case of its type does not matter.
pub fn is_message(value: &Value) -> bool {
    matches!(
        kind(value).as_deref(),
        Some("ready" | "result" | "error" | "progress" | "report")
    )
}

/// The type of a message in lower case, if it has one.
pub fn kind(value: &Value) -> Option<String> {
    value.get("type")?.as_str().map(str::to_lowercase)
}

impl Reply {
    /// Reads a message.
    ///
    /// # Errors
    /// If it cannot be used; the reason as words that follow "it".
    pub fn read(value: &Value) -> Result<Reply, String> {
        let text = |name: &str| match &value[name] {
            Value::Null => None,
            Value::String(text) => Some(printable(text)),
            other => Some(other.to_string()),
        };
        match kind(value).as_deref() {
            Some("ready") => Ok(Reply::Ready),
            Some("result") => result(value),
            Some("report") => report(value),
            Some("error") => Ok(Reply::Error {
                id: id(value)?,
                reason: (text("reason").or_else(|| text("message")))
                    .unwrap_or_else(|| "the worker gave no reason".into()),
            }),
            Some("progress") => Ok(Reply::Progress {
                fraction: number(&value["fraction"]).filter(|f| f.is_finite()),
                message: text("message"),
            }),
            _ if value.get("metrics").is_some() => Err(format!(
                "sent metrics in a message of type {}; the type has to be `result`",
                brief(&value["type"].to_string())
            )),
            _ => Ok(Reply::Other),
        }
    }
}

fn result(value: &Value) -> Result<Reply, String> {
    let Some(id) = id(value)? else {
        return Err(
            "sent a result without an `id`; send the `id` of the request back with it".into(),
        );
    };
    let metrics = match value.get("metrics") {
        Some(Value::Object(metrics)) => metrics.clone().into_iter().collect(),
        Some(other) => {
            return Err(format!(
                "sent a result whose `metrics` are {}; they have to be an object such as \
                 {{\"accuracy\":93.1}}",
                brief(&other.to_string())
            ));
        }
        None => {
            return Err(
                "sent a result without `metrics`; send them as \"metrics\":{\"accuracy\":93.1}"
                    .into(),
            );
        }
    };
    Ok(Reply::Result { id, metrics })
}

fn report(value: &Value) -> Result<Reply, String> {
    let object = |name: &str| match &value[name] {
        Value::Object(object) => Ok(object.clone().into_iter().collect()),
        other => Err(format!(
            "sent a report whose `{name}` is {}; send it as \"{name}\":{{\"NAME\":NUMBER}}",
            brief(&other.to_string())
        )),
    };
    Ok(Reply::Report {
        id: id(value)?,
        fidelity: object("fidelity")?,
        metrics: object("metrics")?,
    })
}

/// The id of a message. A whole number is accepted as a number or as text.
fn id(value: &Value) -> Result<Option<u64>, String> {
    let whole = |id: f64| (id >= 0.0 && id.fract() == 0.0 && id < 1e15).then_some(id as u64);
    let found = match &value["id"] {
        Value::Null => return Ok(None),
        Value::Number(id) => id.as_u64().or_else(|| id.as_f64().and_then(whole)),
        Value::String(id) => id.trim().parse().ok(),
        _ => None,
    };
    match found {
        Some(id) => Ok(Some(id)),
        None => Err(format!(
            "answered for the `id` {}; send the number of the request back",
            brief(&value["id"].to_string())
        )),
    }
}

/// The number that a metric is: a number, a text that is one, or a list of one number. `null` is NaN.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => Some(f64::NAN),
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Array(list) => match &list[..] {
            [only] => number(only),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the first needed metric that is missing or not a number, with the reason.
pub fn unusable<'a>(
    metrics: &BTreeMap<String, Value>,
    needed: &'a [String],
) -> Option<(&'a str, String)> {
    needed.iter().find_map(|name| match metrics.get(name) {
        None => Some((&**name, instead(name, metrics))),
        Some(value) if number(value).is_none() => Some((&**name, not_a_number(name, value))),
        Some(_) => None,
    })
}

/// Reason for a missing metric, with the names of those that came back.
fn instead(name: &str, metrics: &BTreeMap<String, Value>) -> String {
    let all: Vec<&str> = metrics.keys().map(String::as_str).collect();
    if all.is_empty() {
        return format!("no `{name}` came back, nor anything else");
    }
    format!("no `{name}` came back, only `{}`", brief(&all.join("`, `")))
}

fn not_a_number(name: &str, value: &Value) -> String {
    format!("`{name}` is no number but {}", brief(&value.to_string()))
}

/// Numbers of a result in the order of the names. A missing metric is NaN, except for the first one,
/// the objective.
pub fn numbers(metrics: &BTreeMap<String, Value>, names: &[String]) -> Result<Vec<f64>, String> {
    let value = |(i, name): (usize, &String)| match metrics.get(name) {
        Some(value) => number(value).ok_or_else(|| not_a_number(name, value)),
        None if i > 0 => Ok(f64::NAN),
        None => Err(instead(name, metrics)),
    };
    names.iter().enumerate().map(value).collect()
}

/// The beginning of a text, on one line.
pub fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(120).collect();
    if brief.len() < text.len() {
        brief.push_str("..");
    }
    brief.replace(|c: char| c.is_control(), " ")
}

/// A text without the control characters that a terminal would obey. Line ends and tabs stay.
pub fn printable(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n' && c != '\t', " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(metrics: Value) -> Result<Vec<f64>, String> {
        let message = json!({ "type": "result", "id": 7, "metrics": metrics });
        match Reply::read(&message)? {
            Reply::Result { metrics, .. } => {
                numbers(&metrics, &["accuracy".into(), "latency".into()])
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn results_are_numbers_by_name() {
        for accuracy in [
            json!(93),
            json!(93.0),
            json!("93"),
            json!(" 93.0 "),
            json!([93]),
            json!([[93.0]]),
        ] {
            let values = read(json!({ "params": 3, "latency": 0.5, "accuracy": accuracy }));
            assert_eq!(values, Ok(vec![93.0, 0.5]));
        }
        for (accuracy, words) in [
            (json!(true), "no number but true"),
            (json!("93 %"), "no number but \"93 %\""),
            (json!([93, 94]), "no number but [93,94]"),
            (json!({ "value": 93 }), "no number but {\"value\":93}"),
        ] {
            let why = read(json!({ "accuracy": accuracy })).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        let why = read(json!({ "acc": 1, "loss": 2 })).unwrap_err();
        assert!(why.contains("only `acc`, `loss`"));
    }

    #[test]
    fn numbers_that_are_none_are_read_as_such() {
        for (text, value) in [("nan", f64::NAN), ("-inf", f64::NEG_INFINITY)] {
            let values = read(json!({ "accuracy": text })).unwrap();
            assert_eq!(values[0].to_bits() >> 52, value.to_bits() >> 52);
        }
        assert!(read(json!({ "accuracy": null })).unwrap()[0].is_nan());
    }

    #[test]
    fn ids_are_whole_numbers_in_whatever_form() {
        let of = |id: Value| {
            Reply::read(&json!({ "type": "result", "id": id, "metrics": {} })).map(|r| match r {
                Reply::Result { id, .. } => id,
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(of(json!(7)), Ok(7));
        assert_eq!(of(json!(7.0)), Ok(7));
        assert_eq!(of(json!("7")), Ok(7));
        assert!(of(json!("seven")).unwrap_err().contains("\"seven\""));
        assert!(of(json!(null)).unwrap_err().contains("without an `id`"));
    }

    #[test]
    fn what_is_wrong_with_a_message_is_said() {
        for (message, words) in [
            (json!({ "type": "result", "id": 1 }), "without `metrics`"),
            (
                json!({ "type": "result", "id": 1, "metrics": 93 }),
                "`metrics` are 93",
            ),
            (
                json!({ "type": "results", "id": 1, "metrics": {} }),
                "of type \"results\"",
            ),
        ] {
            let why = Reply::read(&message).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        let new = json!({ "type": "new", "x": 1 });
        assert_eq!(Reply::read(&new), Ok(Reply::Other));
    }

    #[test]
    fn reasons_hold_nothing_that_a_terminal_obeys() {
        let message = json!({ "type": "ERROR", "reason": "\u{1b}[31mred\u{7}\nnext\tline\u{9b}" });
        let reason = " [31mred \nnext\tline ".to_owned();
        assert_eq!(Reply::read(&message), Ok(Reply::Error { id: None, reason }));
    }
}
