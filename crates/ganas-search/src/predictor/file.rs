//! The file of a surrogate: one JSON object (`docs/surrogates.md`).

use std::io::{BufWriter, Write};
use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;
use ganas_core::{read_regular, write_whole};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::{Encoding, Model, Surrogate};

/// Name of the format, which the file states.
const FORMAT: &str = "ganas-surrogate";

/// The version of the format. Files of another one are refused.
const VERSION: u64 = 1;

/// The fields of the file.
#[derive(Serialize, Deserialize)]
struct Content {
    format: String,
    version: u64,
    /// The space's name and its ops, in order.
    space: String,
    ops: Vec<String>,
    /// The names of the columns.
    features: Vec<String>,
    models: Vec<Model>,
    /// XXH3-64, in hexadecimal, of `[features, models]` as compact JSON.
    digest: String,
}

pub fn save(surrogate: &Surrogate, path: &Path, space: &dyn SearchSpace) -> Result<()> {
    let content = Content {
        format: FORMAT.into(),
        version: VERSION,
        space: space.name().into(),
        ops: space.ops().to_vec(),
        features: surrogate.encoding.names().to_vec(),
        models: surrogate.models.clone(),
        digest: digest(surrogate.encoding.names(), &surrogate.models),
    };
    write_whole(path, |file| {
        let mut out = BufWriter::new(file);
        serde_json::to_writer(&mut out, &content)?;
        out.write_all(b"\n")?;
        out.flush()
    })
}

pub fn open(path: &Path, space: &dyn SearchSpace) -> Result<Surrogate> {
    let content = read(path)?;
    let named = |e: Error| e.in_file(path);
    if content.space != space.name() || content.ops != space.ops() {
        return Err(named(other_space(&content.space, space)));
    }
    if content.digest != digest(&content.features, &content.models) {
        return Err(named(damaged()));
    }
    let encoding = Encoding::new(space, &content.features).map_err(named)?;
    Surrogate::new(encoding, content.models, path).map_err(named)
}

pub fn space_of(path: &Path) -> Result<String> {
    read(path).map(|content| content.space)
}

/// The error of a surrogate that is of another space.
pub fn other_space(own: &str, asked: &dyn SearchSpace) -> Error {
    let asked = asked.name();
    let what = if own == asked {
        format!("the surrogate is of another definition of the space `{own}`")
    } else {
        format!("the surrogate is of the space `{own}`, not `{asked}`")
    };
    Error::input(what).mend("search its own space, or fit one to this space")
}

fn damaged() -> Error {
    Error::input("the surrogate is damaged or cut off").mend("copy it again, or fit it again")
}

fn digest(features: &[String], models: &[Model]) -> String {
    let text = serde_json::to_vec(&(features, models)).expect("texts and numbers have a JSON form");
    format!("{:016x}", xxh3_64(&text))
}

fn read(path: &Path) -> Result<Content> {
    let bytes = read_regular(path).map_err(|e| Error::io(path, e))?;
    let named = |e: Error| Err(e.in_file(path));
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(_) if bytes.starts_with(b"{\"format\":\"ganas-surrogate\"") => return named(damaged()),
        Err(_) => return named(no_surrogate()),
    };
    if value.get("learner").is_some() {
        return named(Error::input("this is a model of XGBoost").mend(
            "name a TOML file that says what its columns are, as `docs/surrogates.md` shows",
        ));
    }
    if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return named(no_surrogate());
    }
    match value.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        found => {
            let found = found.map_or("none".into(), |v| v.to_string());
            return named(
                Error::input(format!(
                    "the surrogate has version {found} where this program reads {VERSION}"
                ))
                .mend("fit it again"),
            );
        }
    }
    serde_json::from_value(value).or_else(|_| named(damaged()))
}

fn no_surrogate() -> Error {
    Error::input("this is not a surrogate")
        .mend("name a file that `ganas surrogate fit` wrote, or a TOML file about others' models")
}
