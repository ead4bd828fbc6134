//! Paths in specifications that were read from a file.

use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_tables::Embedded;

use crate::spec::prior::NamedPrior;
use crate::spec::task::TaskSpec;

/// Variable that names the folder of tables.
const DATA: &str = "GANAS_DATA";

/// Lets a relative path start from a folder.
pub(super) fn relocate(path: &mut Option<PathBuf>, folder: &Path) {
    if let Some(path) = path {
        *path = folder.join(&*path);
    }
}

impl TaskSpec {
    /// Lets relative paths start from a folder; those that begin with `$GANAS_DATA/` lie in the folder
    /// of tables.
    ///
    /// # Errors
    /// If the folder of tables is meant and not known.
    pub(super) fn relocate(&mut self, folder: &Path) -> Result<()> {
        let paths = [
            &mut self.supernet,
            &mut self.surrogate,
            &mut self.cost_table,
            &mut self.pretrained,
            &mut self.training.recipe,
        ];
        for path in paths.into_iter().flatten() {
            *path = expand(path, folder)?;
        }
        for prior in &mut self.prior {
            let there = |path: &Path| {
                Embedded::named(path).is_some() || expand(path, folder).is_ok_and(|p| p.exists())
            };
            let mut named = NamedPrior::parse(prior, there)?;
            if Embedded::named(&named.file).is_none() {
                named.file = expand(&named.file, folder)?;
            }
            *prior = named.to_string();
        }
        for known in &mut self.known {
            let there = |path: &Path| expand(path, folder).is_ok_and(|p| p.is_file());
            if let Ok(mut named) = NamedPrior::parse(known, there)
                && there(&named.file)
            {
                named.file = expand(&named.file, folder)?;
                *known = named.to_string();
            }
        }
        if let Some(table) = &mut self.table {
            *table = match Embedded::named(table) {
                Some(embedded) => {
                    embedded.check_alone(folder)?;
                    table.clone()
                }
                None => expand(table, folder)?,
            };
        }
        if let Some(space) = &mut self.space
            && space.ends_with(".toml")
        {
            *space = expand(Path::new(space), folder)?.display().to_string();
        }
        for data in [&mut self.train, &mut self.data].into_iter().flatten() {
            // A name of a dataset is not a path.
            if folder.join(&*data).exists() {
                *data = folder.join(&*data).display().to_string();
            }
        }
        Ok(())
    }
}

/// A path with the folder of tables written out, or from a folder.
fn expand(path: &Path, folder: &Path) -> Result<PathBuf> {
    let Ok(rest) = path.strip_prefix(format!("${DATA}")) else {
        return Ok(folder.join(path));
    };
    match std::env::var_os(DATA) {
        Some(data) => Ok(Path::new(&data).join(rest)),
        None => Err(
            Error::input(format!("`{}`: {DATA} is not set", path.display()))
                .mend(format!("set {DATA} to the folder of the tables")),
        ),
    }
}
