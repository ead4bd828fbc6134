//! Models that XGBoost or LightGBM fitted, with a TOML file that says what their columns are.

use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;
use ganas_core::{read_regular, read_regular_text};
use serde::Deserialize;

use super::file::other_space;
use super::{Encoding, Forest, Model, Surrogate, lightgbm, xgboost};

/// The TOML file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    /// The space's name.
    space: String,
    /// The features in the order of the models' columns.
    features: Vec<String>,
    /// The models.
    model: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// The metric.
    objective: String,
    /// XGBoost's JSON or LightGBM's text, beside the TOML file.
    file: PathBuf,
}

pub fn open(path: &Path, space: &dyn SearchSpace) -> Result<Surrogate> {
    let description = read(path)?;
    let named = |e: Error| e.in_file(path);
    if description.space != space.name() {
        return Err(named(other_space(&description.space, space)));
    }
    let encoding = Encoding::new(space, &description.features).map_err(named)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let models = description
        .model
        .into_iter()
        .map(|entry| {
            let file = folder.join(&entry.file);
            let forest = model(&file, encoding.len()).map_err(|e| e.in_file(&file))?;
            Ok(Model {
                objective: entry.objective,
                linear: None,
                forest,
                range: None,
                fitted: None,
            })
        })
        .collect::<Result<Vec<Model>>>()?;
    Surrogate::new(encoding, models, path).map_err(named)
}

pub fn space_of(path: &Path) -> Result<String> {
    read(path).map(|description| description.space)
}

fn read(path: &Path) -> Result<Description> {
    let text = read_regular_text(path).map_err(|e| Error::io(path, e))?;
    toml::from_str(&text).map_err(|e| {
        let error = Error::input(e.message().replace('\n', " "))
            .mend("the file has `space`, `features` and for each `[[model]]` its `objective` and `file`")
            .in_file(path);
        match e.span() {
            Some(span) if span.end > 0 => {
                error.on_line(1 + text[..span.start.min(text.len())].matches('\n').count() as u64)
            }
            _ => error,
        }
    })
}

/// Reads a model of `columns` columns.
fn model(file: &Path, columns: usize) -> Result<Forest> {
    let bytes = read_regular(file).map_err(|e| Error::io(file, e))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::input("this is not text").mend("save the model as XGBoost's JSON or LightGBM's text")
    })?;
    if text.trim_start().starts_with('{') {
        xgboost::read(&text, columns)
    } else {
        lightgbm::read(&text, columns)
    }
}

/// The error of a model with another number of columns.
pub fn other_columns(has: usize, features: usize) -> Error {
    Error::input(format!(
        "the model has {has} columns where {features} features are named"
    ))
    .mend("name one feature a column, in order")
}

/// A number of a model, if its sums can be finite.
pub fn finite(what: &str, value: f64) -> Result<f64> {
    // XGBoost computes with floats of 32 bits.
    if (value as f32).is_finite() {
        return Ok(value);
    }
    Err(Error::input(format!("a {what} of the model is {value}"))
        .mend("save the model again, or fit it to values that are finite"))
}

/// The error of a model that is more than a sum of trees.
pub fn unsupported(what: impl Into<String>) -> Error {
    Error::input(what).mend("fit a plain regression with trees of numeric splits")
}
