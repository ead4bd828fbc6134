//! Specifications in files.

use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result, hint};
use ganas_core::read_regular_text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::spec::bench::BenchSpec;
use crate::spec::paths::relocate;
use crate::spec::read_map;
use crate::spec::search::SearchSpec;
use crate::spec::suite::SuiteSpec;

/// Version of the format of specifications.
pub const VERSION: u64 = 1;

/// Kinds of specifications, by the name that a file gives as `kind`.
const KINDS: [&str; 3] = ["search", "bench", "suite"];

/// A search, a benchmark or a suite.
#[derive(Clone, Debug, PartialEq)]
pub enum StudySpec {
    /// One search.
    Search(Box<SearchSpec>),
    /// Strategies compared on one task.
    Bench(Box<BenchSpec>),
    /// Strategies compared on several tasks.
    Suite(Box<SuiteSpec>),
}

impl StudySpec {
    /// Reads a specification from a TOML or JSON file: one that was written by hand, or the
    /// `settings.json` or a result of an earlier run. Its paths start from the folder of the file, or from
    /// where the run was started.
    ///
    /// # Errors
    /// If the file cannot be read, or a field of it is unknown or has a value of another kind.
    pub fn read(file: &Path) -> Result<StudySpec> {
        let text = read_regular_text(file).map_err(|e| {
            Error::input(format!("cannot be read ({e})"))
                .mend("name a TOML or JSON file with a specification")
                .in_file(file)
        })?;
        let is_json = file
            .extension()
            .is_some_and(|extension| extension == "json");
        let value = if is_json { json(&text) } else { toml(&text) };
        let value = value.map_err(|e| e.in_file(file))?;
        let (value, folder) = match recorded(&value) {
            Some((spec, folder)) => (spec, folder),
            None => (value, file.parent().map(Path::to_owned).unwrap_or_default()),
        };
        let mut spec = StudySpec::from_value(value)
            .map_err(|e| on_line_of(e, &text))
            .map_err(|e| e.in_file(file))?;
        // Paths from here stay as they are written.
        let is_current = is_current(&folder);
        spec.relocate(if is_current { Path::new("") } else { &folder })?;
        Ok(spec)
    }

    /// Reads a specification from named values. The kind is that of the field `kind`, or follows from the
    /// other fields.
    ///
    /// # Errors
    /// If the kind, the version or a field is unknown, or a value is of another kind.
    pub fn from_value(value: Value) -> Result<StudySpec> {
        let Value::Object(mut map) = value else {
            return Err(Error::input("a specification is a table of named values"));
        };
        if let Some(version) = map.remove("version")
            && version
                .as_u64()
                .is_none_or(|version| version == 0 || version > VERSION)
        {
            return Err(
                Error::input(format!("unknown version {version}")).mend(format!(
                    "this program reads version {VERSION}; use the version of ganas that wrote it"
                )),
            );
        }
        let kind = match map.remove("kind") {
            Some(Value::String(kind)) => kind,
            Some(other) => {
                return Err(Error::input(format!("`kind` cannot be {other}"))
                    .mend("give search, bench or suite"));
            }
            None if map.contains_key("task") => "suite".into(),
            None if map.contains_key("strategies") => "bench".into(),
            None => "search".into(),
        };
        match kind.as_str() {
            "search" => Ok(StudySpec::Search(Box::new(read_map(map.into())?))),
            "bench" => Ok(StudySpec::Bench(Box::new(read_map(map.into())?))),
            "suite" => Ok(StudySpec::Suite(Box::new(SuiteSpec::from_map(map)?))),
            unknown => Err(Error::input(format!("unknown kind `{unknown}`")).mend(hint(
                unknown,
                &KINDS,
                "there are",
            ))),
        }
    }

    /// The specification as named values, with its kind and version.
    ///
    /// # Errors
    /// None but an internal fault.
    pub fn to_value(&self) -> Result<Value> {
        let (kind, value) = match self {
            StudySpec::Search(spec) => ("search", serde_json::to_value(spec)),
            StudySpec::Bench(spec) => ("bench", serde_json::to_value(spec)),
            StudySpec::Suite(spec) => ("suite", serde_json::to_value(spec)),
        };
        let value = value.map_err(|e| Error::bug(format!("a specification is not JSON: {e}")))?;
        let mut map = Map::new();
        map.insert("kind".into(), kind.into());
        map.insert("version".into(), VERSION.into());
        if let Value::Object(fields) = value {
            map.extend(fields);
        }
        Ok(Value::Object(map))
    }

    /// Lets relative paths start from a folder.
    fn relocate(&mut self, folder: &Path) -> Result<()> {
        match self {
            StudySpec::Search(spec) => {
                let paths = [&mut spec.history, &mut spec.out];
                paths.into_iter().for_each(|path| relocate(path, folder));
                spec.task.relocate(folder)
            }
            StudySpec::Bench(spec) => {
                relocate(&mut spec.shared.out, folder);
                spec.task.relocate(folder)
            }
            StudySpec::Suite(spec) => spec.relocate(folder),
        }
    }
}

impl Serialize for StudySpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let value = self.to_value().map_err(serde::ser::Error::custom)?;
        value.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StudySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        StudySpec::from_value(value).map_err(serde::de::Error::custom)
    }
}

/// Whether a folder is the current one.
fn is_current(folder: &Path) -> bool {
    let folder = folder.canonicalize();
    std::env::current_dir().is_ok_and(|here| folder.is_ok_and(|folder| folder == here))
}

/// The specification in the settings or the result of a run, and the folder that its paths start from.
fn recorded(value: &Value) -> Option<(Value, PathBuf)> {
    let provenance = value.get("provenance").unwrap_or(value);
    let spec = provenance.get("spec").filter(|spec| spec.is_object())?;
    let folder = provenance.get("started_in").and_then(Value::as_str);
    Some((spec.clone(), folder.map(PathBuf::from).unwrap_or_default()))
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|e| {
        Error::input(format!("this is not JSON: {e}"))
            .mend("restore the file, or write it as TOML with the ending .toml")
            .on_line(e.line() as u64)
    })
}

fn toml(text: &str) -> Result<Value> {
    let table: toml::Table = toml::from_str(text).map_err(|e| {
        let error = Error::input(e.message().replace('\n', " "))
            .mend("write fields as `space = \"nasbench201\"`");
        match e.span() {
            Some(span) if span.end > 0 => error.on_line(line_at(text, span.start)),
            _ => error,
        }
    })?;
    serde_json::to_value(table).map_err(|e| {
        Error::input(format!("a value cannot be used: {e}")).mend("give numbers and texts")
    })
}

/// The line of a place in a text, counted from 1.
fn line_at(text: &str, place: usize) -> u64 {
    let before = &text[..place.min(text.len())];
    1 + before.matches('\n').count() as u64
}

/// An error about a field, which it names first in backticks, with the line of that field.
fn on_line_of(error: Error, text: &str) -> Error {
    let message = error.to_string();
    let name = message.split('`').nth(1).unwrap_or_default();
    let names = |line: &str| {
        let key = line.split(['=', ':']).next().unwrap_or_default();
        !name.is_empty() && key.trim().trim_matches('"') == name
    };
    match text.lines().position(names) {
        Some(line) => error.on_line(1 + line as u64),
        None => error,
    }
}
