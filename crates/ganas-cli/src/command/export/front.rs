//! Every architecture of a front, each in a file of its own.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use ganas_core::error::Error;
use ganas_core::space::SearchSpace;
use ganas_core::{read_regular_text, write_whole};
use ganas_study::record::FrontMember;
use ganas_study::rundir::RESULT;
use serde::Deserialize;

/// Advice for a file without a front.
const WRITTEN: &str = "name the folder or the result of a search with several `--objective`";

/// Fields of the result of a search with several objectives.
#[derive(Deserialize)]
pub struct Front {
    /// Name of the space, as it was given.
    provenance: Provenance,
    front: Vec<FrontMember>,
}

#[derive(Deserialize)]
struct Provenance {
    task: Task,
}

#[derive(Deserialize)]
struct Task {
    space: String,
}

impl Front {
    /// Reads the result of a search: the file, or the folder of a run.
    ///
    /// # Errors
    /// If it has no front.
    pub fn read(path: &Path) -> Result<Front> {
        let file = if path.is_dir() {
            path.join(RESULT)
        } else {
            path.to_owned()
        };
        let refused = |what: String| Error::input(what).mend(WRITTEN).in_file(&file);
        let text =
            read_regular_text(&file).map_err(|e| refused(format!("cannot be read ({e})")))?;
        let front: Front = serde_json::from_str(&text)
            .map_err(|e| refused(format!("this is not a result with a front ({e})")))?;
        if front.front.is_empty() {
            return Err(refused("the front is empty".into()).into());
        }
        Ok(front)
    }

    /// The space as it was named.
    pub fn space(&self) -> &str {
        &self.provenance.task.space
    }

    /// Writes each architecture by `write`, which takes its text, and a list of them, `front.csv`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(
        &self,
        space: &dyn SearchSpace,
        folder: &Path,
        extension: &str,
        mut write: impl FnMut(&str, &Path) -> Result<()>,
    ) -> Result<Vec<PathBuf>> {
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        let digits = self.front.len().to_string().len().max(2);
        let names: Vec<&String> = self.front[0].metrics.keys().collect();
        let header = names.iter().map(|name| format!(",{}", quoted(name)));
        let mut list = format!("file,query,arch{}\n", header.collect::<String>());
        let mut files = Vec::new();
        for (place, member) in self.front.iter().enumerate() {
            let file = folder.join(format!("front-{:0digits$}.{extension}", place + 1));
            space
                .parse(&member.arch)
                .map_err(|why| Error::input(why).mend(WRITTEN))?;
            write(&member.arch, &file)?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            list += &format!("{name},{},{}", member.query, quoted(&member.arch));
            for name in &names {
                let value = member.metrics.get(*name).copied().flatten();
                list += &value.map_or_else(|| ",".into(), |value| format!(",{value}"));
            }
            list.push('\n');
            files.push(file);
        }
        write_whole(&folder.join("front.csv"), |mut f| {
            f.write_all(list.as_bytes())
        })?;
        Ok(files)
    }
}

/// A cell of a CSV file.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
