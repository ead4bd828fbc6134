//! Tables as tasks name them.

use std::path::Path;

use ganas_core::error::{Advice, Error, Result};
use ganas_core::space::SearchSpace;
use ganas_tables::{Import, Table};

use crate::files::unreadable;
use crate::progress::Progress;
use crate::spec::ReadingSpec;

impl ReadingSpec {
    /// Makes a space take numbers as these options say.
    ///
    /// # Errors
    /// If they are to be taken as the nearest values, and the space has no numbers.
    pub fn applied_to(&self, mut space: Box<dyn SearchSpace>) -> Result<Box<dyn SearchSpace>> {
        if self.snap {
            space.snap()?;
        }
        Ok(space)
    }

    /// Returns the options to import a table.
    ///
    /// # Errors
    /// If an option cannot be read.
    pub fn import(&self) -> Result<Import> {
        let filters = self.filters.iter().map(|text| text.parse());
        Ok(Import {
            duplicates: self.duplicates.as_deref().map(str::parse).transpose()?,
            filters: filters.collect::<Result<_>>()?,
            arch_column: self.arch_column.clone(),
            ..Import::default()
        })
    }

    /// Checks that there is something to read by these options.
    ///
    /// # Errors
    /// If there is nothing, by the first of them.
    pub fn check_used(&self, reads: bool) -> Result<()> {
        let option = match (self.filters.first(), &self.duplicates, &self.arch_column) {
            _ if reads => return Ok(()),
            (Some(_), _, _) => "--where",
            (_, Some(_), _) => "--duplicates",
            (_, _, Some(_)) => "--arch-column",
            _ => return Ok(()),
        };
        Err(
            Error::input(format!("there is no table to read by `{option}`"))
                .mend(format!("add `--table FILE`, or leave out `{option}`")),
        )
    }

    /// Opens a table, which can take seconds the first time, and says if rows were merged.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn open(&self, file: &Path, space: &dyn SearchSpace, progress: &Progress) -> Result<Table> {
        let table = self.read(file, space, progress)?;
        if let Some(note) = self.merged(&table) {
            progress.say(&note);
        }
        Ok(table)
    }

    /// Opens a table without a word.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn read(&self, file: &Path, space: &dyn SearchSpace, progress: &Progress) -> Result<Table> {
        if self.snap && !space.snaps() {
            let what = format!("`{}` is read without snapping to values", space.name());
            return Err(Error::input(what).mend(Advice::text("leave out ").setting("snap", None)));
        }
        let waiting = progress.waiting(format!("reading {}", file.display()));
        let table = Table::open_with(file, space, &self.import()?).map_err(unreadable)?;
        drop(waiting);
        Ok(table)
    }

    /// Returns a note if rows were merged without being asked for.
    pub fn merged(&self, table: &Table) -> Option<String> {
        let rows = match (table.merged_rows(), &self.duplicates) {
            (0, _) | (_, Some(_)) => return None,
            (1, None) => "1 row repeats".to_owned(),
            (rows, None) => format!("{rows} rows repeat"),
        };
        Some(format!(
            "note: {rows} an architecture of {} with other values, and the mean counts; `--duplicates` \
             says otherwise",
            table.source().display()
        ))
    }
}
