//! Rows of the source file of a table, with the user's own text and all other columns.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::{Table, csv};
use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::space::SearchSpace;

/// Row of the source file of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// Line of the file, or row of a Parquet file, counted from 1.
    pub line: u64,
    /// Architecture in the file's own notation; `column=text` for each column if there are several.
    pub arch: String,
    /// Other columns in their order, with the text of their cells.
    pub cells: Vec<(String, String)>,
}

/// Requested rows by line.
struct Wanted<'w> {
    rows: HashMap<u64, (usize, Arch)>,
    last: u64,
    found: Vec<Option<SourceRow>>,
    space: &'w dyn SearchSpace,
}

impl Wanted<'_> {
    /// Takes a row if it is requested and still holds the same architecture.
    fn offer<'t>(
        &mut self,
        line: u64,
        arch: Option<Arch>,
        header: &[String],
        positions: &[usize],
        text: impl Fn(usize) -> Cow<'t, str>,
    ) {
        let Some((place, expected)) = self.rows.get(&line) else {
            return;
        };
        if arch != Some(*expected) {
            return;
        }
        let cell = |column: &usize| text(*column).trim().to_owned();
        let arch = match positions {
            [only] => cell(only),
            several => {
                let parts = several
                    .iter()
                    .map(|c| format!("{}={}", header[*c], cell(c)));
                parts.collect::<Vec<_>>().join(";")
            }
        };
        let others = (0..header.len()).filter(|c| !positions.contains(c));
        self.found[*place] = Some(SourceRow {
            line,
            arch,
            cells: others.map(|c| (header[c].clone(), cell(&c))).collect(),
        });
    }

    fn wants(&self, line: u64) -> bool {
        self.rows.contains_key(&line)
    }
}

impl Table {
    /// Reads rows of the source, in the order given. A row is `None` if the source is missing, was
    /// changed, or is not text.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn source_rows(&self, rows: &[usize], space: &dyn SearchSpace) -> Vec<Option<SourceRow>> {
        let places = rows.iter().enumerate();
        let mut wanted = Wanted {
            rows: places
                .map(|(place, &row)| (self.line(row), (place, self.arch(row))))
                .collect(),
            last: rows.iter().map(|&row| self.line(row)).max().unwrap_or(0),
            found: vec![None; rows.len()],
            space,
        };
        // What cannot be read again is not shown: the result does not depend on it.
        match self.look_up(&mut wanted) {
            Ok(()) => wanted.found,
            Err(_) => vec![None; rows.len()],
        }
    }

    fn look_up(&self, wanted: &mut Wanted) -> Result<()> {
        let compiled = Kind::of_file(&self.source)? == Kind::Compiled;
        let path: &Path = if compiled {
            &self.header.source
        } else {
            &self.source
        };
        let named = self.header.reading.arch_column.as_deref();
        match Kind::of_file(path)? {
            Kind::Csv { gzip } => {
                let space = wanted.space;
                let mut rows = csv::open(path, gzip, named, space)?;
                while let Some(line) = rows.next()? {
                    if wanted.wants(line) {
                        let arch = rows.parse(space).ok();
                        let text = |column| Cow::Borrowed(rows.field(column).unwrap_or_default());
                        let positions = rows.arch.positions();
                        wanted.offer(line, arch, &rows.header, positions, text);
                    }
                    if line >= wanted.last {
                        break;
                    }
                }
                Ok(())
            }
            #[cfg(feature = "parquet")]
            Kind::Parquet => crate::parquet::guarded(path, || {
                let file = crate::parquet::open(path, named, wanted.space)?;
                let mut buffer = String::new();
                for row in file.rows(path)? {
                    let (number, fields) = row?;
                    if wanted.wants(number) {
                        let part = |column| fields.part(column);
                        let arch = file.arch.parse(part, wanted.space, &mut buffer).ok();
                        let text = |column| fields.shown(column);
                        wanted.offer(number, arch, &file.header, file.arch.positions(), text);
                    }
                    if number >= wanted.last {
                        break;
                    }
                }
                Ok(())
            }),
            _ => Ok(()),
        }
    }
}
