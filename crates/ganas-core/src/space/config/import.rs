//! Spaces of other tools as space files: ConfigSpace, Optuna, NePS, and dictionaries of lists.

use serde_json::Value as Json;

use super::choice::MAX_VALUES;
use crate::error::{Error, Result};

/// Points of a grid for numbers that are too many to list.
const STEPS: usize = 64;

/// Space file that was made from another tool's, and what it does not say.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Text of the space file.
    pub toml: String,
    /// Parts of the source that have no counterpart, one a line.
    pub notes: Vec<String>,
}

/// Writes the space of another tool as a space file.
///
/// - ConfigSpace: the JSON of `ConfigurationSpace.to_json`;
/// - Optuna: the distributions of a study, `{name: distribution}`, each as `distribution_to_json` has
///   it;
/// - NePS: `{name: {"lower": .., "upper": .., "log": ..}}`, `{"choices": [..]}` or a constant;
/// - a dictionary of lists of options, `{"ks": [3, 5, 7]}`.
///
/// # Errors
/// If the text is none of them.
pub fn import_space(text: &str, name: &str) -> Result<Imported> {
    let json: Json = serde_json::from_str(text).map_err(|e| {
        Error::input(format!("not JSON: {e}")).mend("export the space as JSON first")
    })?;
    let mut writer = Writer::default();
    writer.table.insert("name".into(), name.into());
    writer.table.insert("kind".into(), "config".into());
    if let Some(parameters) = json.get("hyperparameters").and_then(Json::as_array) {
        writer.config_space(&json, parameters)?;
    } else if let Some(entries) = json.as_object().filter(|entries| !entries.is_empty()) {
        for (name, entry) in entries {
            writer.entry(name, entry)?;
        }
    } else {
        return Err(Error::input("the file is not a space that can be read").mend(
            "give ConfigSpace's JSON, Optuna's distributions, NePS' dictionary, or lists of options",
        ));
    }
    writer.finish()
}

#[derive(Default)]
struct Writer {
    table: toml::Table,
    choices: Vec<toml::Table>,
    constraints: Vec<toml::Value>,
    notes: Vec<String>,
}

impl Writer {
    fn finish(mut self) -> Result<Imported> {
        if self.choices.is_empty() {
            return Err(Error::input("the space has no choice").mend("check the file"));
        }
        if !self.constraints.is_empty() {
            self.table
                .insert("constraints".into(), self.constraints.into());
        }
        let choices = self.choices.into_iter().map(toml::Value::Table).collect();
        self.table
            .insert("choice".into(), toml::Value::Array(choices));
        let toml = toml::to_string(&self.table)
            .map_err(|e| Error::bug(format!("a space cannot be written: {e}")))?;
        Ok(Imported {
            toml,
            notes: self.notes,
        })
    }

    fn choice(&mut self, name: &str) -> &mut toml::Table {
        let mut table = toml::Table::new();
        table.insert("name".into(), name.into());
        self.choices.push(table);
        self.choices.last_mut().expect("one was pushed")
    }

    /// An entry of a dictionary of Optuna, NePS or lists.
    fn entry(&mut self, name: &str, entry: &Json) -> Result<()> {
        let parsed;
        let entry = match entry {
            // Optuna writes a distribution as JSON in a string.
            Json::String(text) if text.trim_start().starts_with('{') => {
                parsed = serde_json::from_str(text)
                    .map_err(|e| Error::input(format!("`{name}` is not a distribution: {e}")))?;
                &parsed
            }
            other => other,
        };
        if let Some(attributes) = entry.get("attributes") {
            return match attributes.get("choices").and_then(Json::as_array) {
                Some(choices) => self.listed(name, choices, false),
                None => self.range(name, attributes, ["low", "high"]),
            };
        }
        if entry.get("is_fidelity") == Some(&Json::Bool(true)) {
            self.notes
                .push(format!("`{name}` is a fidelity; give it as `--fidelity`"));
            return Ok(());
        }
        if let Some(choices) = entry.get("choices").and_then(Json::as_array) {
            return self.listed(name, choices, false);
        }
        if entry.get("lower").is_some() {
            return self.range(name, entry, ["lower", "upper"]);
        }
        match entry {
            Json::Array(options) => self.listed(name, options, false),
            Json::Object(_) => {
                self.notes
                    .push(format!("`{name}` is of an unknown form and was left out"));
                Ok(())
            }
            constant => self.listed(name, std::slice::from_ref(constant), false),
        }
    }

    fn listed(&mut self, name: &str, options: &[Json], ordered: bool) -> Result<()> {
        let mut values = Vec::new();
        for option in options {
            match value(option) {
                Some(value) => values.push(value),
                None => {
                    self.notes
                        .push(format!("`{name}`: the option {option} became text"));
                    values.push(toml::Value::String(plain(&option.to_string())));
                }
            }
        }
        let numbers = values.iter().all(|v| v.is_integer() || v.is_float());
        let choice = self.choice(name);
        choice.insert("values".into(), toml::Value::Array(values));
        if ordered && !numbers {
            choice.insert("ordered".into(), true.into());
        }
        Ok(())
    }

    /// A range of numbers with the names of its ends.
    fn range(&mut self, name: &str, entry: &Json, ends: [&str; 2]) -> Result<()> {
        let end = |key: &str| {
            entry
                .get(key)
                .and_then(value)
                .filter(|v| v.is_integer() || v.is_float())
                .ok_or_else(|| {
                    Error::input(format!("`{name}` has no number `{key}`")).mend("check the file")
                })
        };
        let (low, high) = (end(ends[0])?, end(ends[1])?);
        let log = entry.get("log").and_then(Json::as_bool).unwrap_or(false);
        let float = entry
            .get("type")
            .and_then(Json::as_str)
            .is_some_and(|t| t.contains("float"))
            || entry.get("name").and_then(Json::as_str) == Some("FloatDistribution");
        let [low, high] = [low, high].map(|v| match v.as_integer() {
            Some(whole) if float => toml::Value::Float(whole as f64),
            _ => v,
        });
        let step = entry.get("step").or_else(|| entry.get("q")).and_then(value);
        let count = low
            .as_integer()
            .zip(high.as_integer())
            .map(|(a, b)| b.saturating_sub(a) + 1);
        let mut note = None;
        let choice = self.choice(name);
        if log {
            choice.insert("log".into(), true.into());
        }
        match step {
            Some(step) if !log && step.as_integer() != Some(1) => {
                choice.insert("step".into(), step);
            }
            _ if !log && count.is_some_and(|n| n > MAX_VALUES as i64) => {
                note = count.map(|n| format!("`{name}`: {n} integers became a grid of {STEPS}"));
                choice.insert("steps".into(), toml::Value::Integer(STEPS as i64));
            }
            _ => {}
        }
        choice.insert("low".into(), low);
        choice.insert("high".into(), high);
        self.notes.extend(note);
        Ok(())
    }

    fn config_space(&mut self, json: &Json, parameters: &[Json]) -> Result<()> {
        for parameter in parameters {
            let text = |key: &str| parameter.get(key).and_then(Json::as_str);
            let name = text("name").ok_or_else(|| {
                Error::input("a hyperparameter has no `name`").mend("check the file")
            })?;
            let kind = text("type").unwrap_or_default();
            let list = |key: &str| parameter.get(key).and_then(Json::as_array).cloned();
            match kind {
                "uniform_float" | "uniform_int" => {
                    self.range(name, parameter, ["lower", "upper"])?
                }
                "categorical" => self.listed(name, &list("choices").unwrap_or_default(), false)?,
                "ordinal" => self.listed(name, &list("sequence").unwrap_or_default(), true)?,
                "constant" => {
                    let value = parameter.get("value").cloned().unwrap_or(Json::Null);
                    self.listed(name, &[value], false)?;
                }
                other if parameter.get("lower").is_some_and(Json::is_number) => {
                    self.notes.push(format!(
                        "`{name}`: the distribution `{other}` became uniform"
                    ));
                    self.range(name, parameter, ["lower", "upper"])?;
                }
                other => {
                    self.notes.push(format!(
                        "`{name}` is of the type `{other}` and was left out"
                    ));
                }
            }
        }
        for condition in json
            .get("conditions")
            .and_then(Json::as_array)
            .unwrap_or(&Vec::new())
        {
            self.condition(condition);
        }
        for forbidden in json
            .get("forbiddens")
            .and_then(Json::as_array)
            .unwrap_or(&Vec::new())
        {
            match clause(forbidden, "name") {
                Some(clause) => self.constraints.push(format!("not ({clause})").into()),
                None => self
                    .notes
                    .push(format!("the forbidden clause {forbidden} was left out")),
            }
        }
        Ok(())
    }

    fn condition(&mut self, condition: &Json) {
        let parts = condition
            .get("conditions")
            .or_else(|| condition.get("components"));
        let first = parts
            .and_then(Json::as_array)
            .and_then(|parts| parts.first());
        let child = condition
            .get("child")
            .or_else(|| first?.get("child"))
            .and_then(Json::as_str);
        let of = |name: &str| {
            self.choices
                .iter()
                .position(|c| c["name"].as_str() == Some(name))
        };
        let place = child.and_then(of);
        let (Some(place), Some(when)) = (place, clause(condition, "parent")) else {
            self.notes
                .push(format!("the condition {condition} was left out"));
            return;
        };
        let own = &mut self.choices[place];
        let when = match own.get("when").and_then(toml::Value::as_str) {
            Some(other) => format!("({other}) and ({when})"),
            None => when,
        };
        own.insert("when".into(), when.into());
    }
}

/// A condition or forbidden clause as an expression; `None` if it has no counterpart.
fn clause(clause_of: &Json, name: &str) -> Option<String> {
    let kind = clause_of.get("type")?.as_str()?.to_ascii_uppercase();
    let parts = ["conditions", "components", "clauses"]
        .into_iter()
        .find_map(|key| clause_of.get(key));
    if let Some(parts) = parts.and_then(Json::as_array) {
        let parts: Option<Vec<String>> = parts.iter().map(|part| clause(part, name)).collect();
        let joint = if kind == "OR" { " or " } else { " and " };
        return Some(format!("({})", parts?.join(joint)));
    }
    let subject = quoted(clause_of.get(name)?.as_str()?);
    if kind == "IN" {
        let values = clause_of.get("values")?.as_array()?.iter();
        let each: Option<Vec<String>> = values
            .map(|value| Some(format!("{subject} == {}", literal(value)?)))
            .collect();
        return Some(format!("({})", each?.join(" or ")));
    }
    let operator = match kind.as_str() {
        "EQ" | "EQUALS" => "==",
        "NEQ" => "!=",
        "GT" => ">",
        "LT" => "<",
        _ => return None,
    };
    Some(format!(
        "{subject} {operator} {}",
        literal(clause_of.get("value")?)?
    ))
}

/// A name in an expression.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("'{name}'")
    }
}

fn literal(value: &Json) -> Option<String> {
    match value {
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(is) => Some(format!("'{is}'")),
        Json::String(word) => Some(format!("'{}'", plain(word))),
        _ => None,
    }
}

fn value(json: &Json) -> Option<toml::Value> {
    match json {
        Json::Bool(is) => Some(toml::Value::Boolean(*is)),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Some(toml::Value::Integer(whole)),
            None => number.as_f64().map(toml::Value::Float),
        },
        Json::String(word) if plain(word) == *word && !word.is_empty() => {
            Some(toml::Value::String(word.clone()))
        }
        _ => None,
    }
}

/// A word without the characters that separate choices.
fn plain(word: &str) -> String {
    let word: String = (word.chars())
        .filter(|c| !";=\"'".contains(*c) && !c.is_control())
        .collect();
    word.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::from_toml;

    #[test]
    fn configspaces_json_is_read_with_conditions_and_forbidden_clauses() {
        let json = r#"{"name": null, "hyperparameters": [
            {"type": "categorical", "name": "optimizer", "choices": ["sgd", "adam"], "default_value": "sgd"},
            {"type": "uniform_float", "name": "lr", "lower": 0.0001, "upper": 1, "log": true},
            {"type": "uniform_int", "name": "units", "lower": 1, "upper": 512, "log": false},
            {"type": "uniform_float", "name": "momentum", "lower": 0, "upper": 1, "log": false},
            {"type": "ordinal", "name": "size", "sequence": ["small", "large"]},
            {"type": "constant", "name": "seed", "value": 7},
            {"type": "normal_float", "name": "noise", "mu": 0, "sigma": 1, "lower": 0.0, "upper": 2.0}],
          "conditions": [{"type": "EQ", "child": "momentum", "parent": "optimizer", "value": "sgd"}],
          "forbiddens": [{"type": "AND", "clauses": [
            {"name": "optimizer", "type": "EQUALS", "value": "adam"},
            {"name": "size", "type": "IN", "values": ["large"]}]}]}"#;
        let imported = import_space(json, "mine").unwrap();
        assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
        let space = from_toml(&imported.toml).unwrap();
        // sgd: 64 momenta and two sizes; adam: the small one.
        assert_eq!(space.size(), Some(64 * 64 * 64 * (64 * 2 + 1)));
        assert!(
            space
                .parse("optimizer=adam;lr=1;units=1;size=large;seed=7;noise=0")
                .is_err()
        );
        space
            .parse("optimizer=adam;lr=1;units=1;size=small;seed=7;noise=0")
            .unwrap();
    }

    #[test]
    fn optuna_neps_and_lists_are_read() {
        let json = r#"{
            "lr": {"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-5, "high": 1, "log": true}},
            "layers": "{\"name\": \"IntDistribution\", \"attributes\": {\"log\": false, \"step\": 2, \"low\": 2, \"high\": 8}}",
            "act": {"name": "CategoricalDistribution", "attributes": {"choices": ["relu", null, true]}},
            "epochs": {"lower": 1, "upper": 50, "is_fidelity": true},
            "width": {"lower": 8, "upper": 64, "log": true, "type": "int"},
            "ks": [3, 5, 7],
            "batch": 32}"#;
        let imported = import_space(json, "mine").unwrap();
        assert_eq!(imported.notes.len(), 2, "{:?}", imported.notes);
        let space = from_toml(&imported.toml).unwrap();
        space
            .parse("lr=1;layers=6;act=null;width=8;ks=5;batch=32")
            .unwrap();
        assert!(
            space
                .parse("lr=1;layers=5;act=relu;width=8;ks=5;batch=32")
                .is_err()
        );
        for (text, words) in [
            ("[1]", "not a space"),
            ("{", "not JSON"),
            ("{}", "not a space"),
        ] {
            assert!(
                import_space(text, "x")
                    .unwrap_err()
                    .to_string()
                    .contains(words),
                "{text}"
            );
        }
    }
}
