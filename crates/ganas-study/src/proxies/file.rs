//! The file of proxies: a table that grows, and the settings that its values follow from beside it.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_core::{read_regular, read_regular_text};
use ganas_train::Proxy;
use serde::{Deserialize, Serialize};

use crate::files::{prepare, write_json};
use crate::spec::{ImagesSpec, ProxiesSpec};

/// Version of the settings.
const VERSION: u32 = 1;

/// Everything but the architecture that a value follows from.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Settings {
    version: u32,
    space: String,
    data: String,
    images: usize,
    seed: u64,
    width: Option<usize>,
    depth: Option<usize>,
    #[serde(flatten)]
    split: ImagesSpec,
    proxies: Vec<String>,
}

/// A file of proxies that is being written.
pub(super) struct Written {
    path: PathBuf,
    file: File,
    archs: HashSet<String>,
}

impl Written {
    /// Opens the file of a computation, or begins it.
    ///
    /// # Errors
    /// If it is of another computation, or cannot be read or written.
    pub fn open(path: &Path, spec: &ProxiesSpec, space: &str, proxies: &[Proxy]) -> Result<Self> {
        let settings = Settings {
            version: VERSION,
            space: space.to_owned(),
            data: spec.data.clone(),
            images: spec.images,
            seed: spec.seed,
            width: spec.width,
            depth: spec.depth,
            split: spec.split.clone(),
            proxies: proxies.iter().map(|proxy| proxy.to_string()).collect(),
        };
        prepare(path)?;
        let beside = beside(path);
        let (mut archs, mut whole) = (HashSet::new(), 0);
        if path.exists() {
            check_settings(path, &beside, &settings)?;
            let bytes = read_regular(path).map_err(|e| Error::io(path, e))?;
            // A row that was being written when the power failed is computed again.
            whole = bytes
                .iter()
                .rposition(|b| *b == b'\n')
                .map_or(0, |at| at + 1);
            let mut rows = csv::Reader::from_reader(&bytes[..whole]);
            for row in rows.records() {
                let row = row.map_err(|e| {
                    Error::input(format!("this is not a file of proxies ({e})"))
                        .mend("name another `--out`")
                        .in_file(path)
                })?;
                archs.extend(row.get(0).map(str::to_owned));
            }
        } else {
            write_json(&beside, &settings)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|e| Error::write(path, e))?;
        file.set_len(whole as u64)
            .map_err(|e| Error::write(path, e))?;
        let mut written = Written {
            path: path.to_owned(),
            file,
            archs,
        };
        if whole == 0 {
            let names = proxies.iter().map(|proxy| proxy.to_string());
            written.write([std::iter::once("arch".to_owned()).chain(names).collect()])?;
        }
        Ok(written)
    }

    /// Returns true if it has a row of an architecture.
    pub fn has(&self, arch: &str) -> bool {
        self.archs.contains(arch)
    }

    /// Adds rows. A value that is not a number is left empty.
    pub fn add(&mut self, rows: impl Iterator<Item = (String, Vec<f64>)>) -> Result<()> {
        let cell = |value: f64| {
            if value.is_nan() {
                return String::new();
            }
            value.to_string()
        };
        let rows: Vec<Vec<String>> = rows
            .map(|(arch, values)| {
                let values = values.into_iter().map(cell);
                std::iter::once(arch).chain(values).collect()
            })
            .collect();
        self.write(rows)
    }

    fn write(&mut self, rows: impl IntoIterator<Item = Vec<String>>) -> Result<()> {
        let mut text = csv::Writer::from_writer(Vec::new());
        for row in rows {
            text.write_record(&row)
                .map_err(|e| Error::write(&self.path, e.into()))?;
        }
        let text = text.into_inner().expect("memory takes every row");
        let written = self
            .file
            .write_all(&text)
            .and_then(|()| self.file.sync_data());
        written.map_err(|e| Error::write(&self.path, e))
    }
}

/// The file of the settings.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// Checks that a file of proxies was computed by these settings.
fn check_settings(path: &Path, beside: &Path, settings: &Settings) -> Result<()> {
    let text = read_regular_text(beside).ok();
    let Some(earlier) = text.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
    else {
        let unknown = format!("there is no `{}` with its settings", beside.display());
        return Err(Error::input(unknown)
            .mend("name another `--out`, or move the file away")
            .in_file(path));
    };
    let now = serde_json::to_value(settings)
        .map_err(|e| Error::bug(format!("settings cannot be written: {e}")))?;
    let names = [
        "version", "space", "data", "images", "seed", "width", "depth",
    ];
    let rest = ["validation", "image_size", "proxies"];
    for name in names.into_iter().chain(rest) {
        if earlier[name] != now[name] {
            return Err(Error::input(format!(
                "it was computed with `{name}` {}, and not {}",
                earlier[name], now[name]
            ))
            .mend("name another `--out`, or give the same options")
            .in_file(path));
        }
    }
    Ok(())
}
