//! Specifications of searches and benchmarks: plain data, nothing opened yet.
//!
//! A specification is what a command line, a TOML or JSON file, Python and the record of a run share.
//! Each of its fields is declared once, by [`spec!`](crate::spec!).

mod bench;
mod change;
mod field;
mod file;
mod macros;
mod paths;
mod pretrain;
mod prior;
mod proxies;
mod search;
mod suite;
mod task;
mod training;
mod workers;

use ganas_core::error::{Error, Result, hint};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use bench::{BenchSpec, SharedSpec};
pub use change::Change;
pub use field::{Field, FieldType, Kind, Offer};
pub use file::{StudySpec, VERSION};
pub use pretrain::PretrainSpec;
pub use prior::NamedPrior;
pub use proxies::ProxiesSpec;
pub use search::SearchSpec;
pub use suite::{SuiteSpec, SuiteTask};
pub use task::{ReadingSpec, TaskSpec};
pub use training::{DeviceSpec, ImagesSpec, TrainingSpec};
pub use workers::WorkersSpec;

/// A specification whose fields are described.
pub trait Spec: Default + Serialize + DeserializeOwned {
    /// Returns its fields, in the order of their declaration.
    fn fields() -> Vec<Field>;
}

/// Returns true if a value is left out of files: the default of its type, unless it is a number, since
/// the default of a field can be another one.
pub fn is_default<T: Default + PartialEq + Serialize>(value: &T) -> bool {
    let is_number = || matches!(serde_json::to_value(value), Ok(Value::Number(_)));
    *value == T::default() && !is_number()
}

/// Reads a specification from named values.
///
/// # Errors
/// If a name is not one of its fields, or a value is not of the field's kind.
pub fn read_map<S: Spec>(value: Value) -> Result<S> {
    let Value::Object(map) = value else {
        return Err(Error::input("a specification is a table of named values"));
    };
    let map = checked(map, &S::fields())?;
    serde_json::from_value(Value::Object(map))
        .map_err(|e| Error::bug(format!("a checked specification cannot be read: {e}")))
}

/// Reads a specification from the text of a JSON object.
///
/// # Errors
/// If it is not JSON, or as [`read_map`].
pub fn read_json<S: Spec>(text: &str) -> Result<S> {
    let value = serde_json::from_str(text);
    read_map(value.map_err(|e| Error::input(format!("this is not JSON: {e}")))?)
}

/// Named values as their fields have them: a single text for a list, and text for a number where text is
/// meant.
fn checked(map: Map<String, Value>, fields: &[Field]) -> Result<Map<String, Value>> {
    let mut checked = Map::with_capacity(map.len());
    for (name, value) in map {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            let names: Vec<&str> = (fields.iter().filter(|field| !field.hidden))
                .map(|field| field.name)
                .collect();
            return Err(Error::input(format!("unknown field `{name}`")).mend(hint(
                &name,
                &names,
                "there are",
            )));
        };
        if !value.is_null() {
            checked.insert(name, field.read(value)?);
        }
    }
    Ok(checked)
}

impl Field {
    /// A value as the field has it.
    fn read(&self, value: Value) -> Result<Value> {
        let refused = |value: &Value, mend: &str| {
            Err(Error::input(format!("`{}` cannot be {value}", self.name)).mend(mend))
        };
        match (self.kind, value) {
            (Kind::Flag, value @ Value::Bool(_)) => Ok(value),
            (Kind::Flag, value) => refused(&value, "give it true or false"),
            (Kind::Count, Value::Number(number)) if number.is_u64() => Ok(number.into()),
            (Kind::Count, value) => refused(&value, "give it a whole number that is not negative"),
            (Kind::Number, value @ Value::Number(_)) => Ok(value),
            (Kind::Number, value) => refused(&value, "give it a number"),
            (Kind::Text | Kind::Path, value) => match text(&value) {
                Some(text) => self.choose(text),
                None => refused(&value, "give it a text"),
            },
            (Kind::Texts, Value::Array(values)) => {
                let texts: Option<Vec<String>> = values.iter().map(text).collect();
                match texts {
                    Some(texts) => Ok(texts.into()),
                    None => refused(&Value::Array(values), "give it a list of texts"),
                }
            }
            (Kind::Texts, value) => match text(&value) {
                Some(text) => Ok(vec![text].into()),
                None => refused(&value, "give it a list of texts"),
            },
        }
    }

    /// A text, if it is one of those that the field takes.
    fn choose(&self, text: String) -> Result<Value> {
        if let Some(Err(why)) = self.check.map(|check| check(&text)) {
            return Err(Error::input(format!("`{}`: {why}", self.name)));
        }
        if self.choices.is_empty() || self.choices.contains(&&*text) {
            return Ok(text.into());
        }
        Err(
            Error::input(format!("`{}` cannot be `{text}`", self.name)).mend(hint(
                &text,
                self.choices,
                "there are",
            )),
        )
    }
}

/// A text, or a number as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
