//! Collection of the rows of a source: one row for each architecture, and the columns that are
//! metrics.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::cell::{Cell, Value};
use crate::import::{Policy, Reading};
use crate::repeats::{Differences, Means, Places, check, shown};
use crate::staged::{Ignored, Staged, Unit, no_rows};
use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;

/// Surplus of cells with text over cells with numbers from which on a column is not a metric.
const CLEARLY_TEXT: u64 = 1000;

/// Largest number of distinct words of a column that are counted.
const WORDS: usize = 1000;

/// Memory limit of a table while it is read, in bytes.
const MOST_BYTES: u64 = 4 << 30;

/// Distinct words of a column, as long as they are few.
#[derive(Default)]
pub(crate) struct Words {
    known: HashMap<String, u32>,
    /// Words of the kept rows: 1 + their index, or 0.
    rows: Vec<u32>,
    all: Vec<String>,
    too_many: bool,
}

impl Words {
    /// Returns the number of distinct words, unless there are too many to count.
    pub(crate) fn count(&self) -> Option<usize> {
        (!self.too_many).then_some(self.all.len())
    }

    fn index(&mut self, words: &str) -> u32 {
        if let Some(index) = self.known.get(words) {
            return *index;
        }
        if self.all.len() == WORDS {
            *self = Words {
                too_many: true,
                ..Words::default()
            };
        }
        if self.too_many {
            return 0;
        }
        self.all.push(words.to_owned());
        let index = self.all.len() as u32;
        self.known.insert(words.to_owned(), index);
        index
    }

    fn keep(&mut self, row: usize, words: &str) {
        let index = self.index(words);
        if !self.too_many {
            self.rows.resize(row, 0);
            self.rows.push(index);
        }
    }

    fn get(&self, row: usize) -> Option<&str> {
        let index = self.rows.get(row)?.checked_sub(1)?;
        self.all.get(index as usize).map(String::as_str)
    }
}

pub(crate) struct Column {
    pub(crate) name: String,
    /// Numbers of the kept rows, NaN where a row has none.
    pub(crate) values: Vec<f64>,
    pub(crate) words: Words,
    pub(crate) differences: Differences,
    numbers: u64,
    texts: u64,
    first_text: Option<(u32, String)>,
    /// Set for a column that is not a metric; its numbers are dropped.
    dropped: bool,
}

impl Column {
    fn new(name: String) -> Self {
        Column {
            // A nameless column is the row number that data frames write.
            dropped: name.is_empty(),
            name,
            values: Vec::new(),
            words: Words::default(),
            differences: Differences::default(),
            numbers: 0,
            texts: 0,
            first_text: None,
        }
    }

    /// Returns true if all values of the column are numbers.
    pub(crate) fn is_metric(&self) -> bool {
        !self.dropped && self.texts == 0
    }

    fn count(&mut self, line: u32, cell: &Cell) {
        match cell {
            Cell::Missing => {}
            Cell::Number(_) => self.numbers += 1,
            Cell::Words(words) => {
                self.texts += 1;
                if self.first_text.is_none() {
                    self.first_text = Some((line, words.chars().take(40).collect()));
                }
                if self.texts > self.numbers + CLEARLY_TEXT {
                    self.dropped = true;
                    self.values = Vec::new();
                }
            }
        }
    }

    /// Keeps the value of a new row.
    fn keep(&mut self, row: usize, cell: &Cell) {
        if let Cell::Words(words) = cell {
            self.words.keep(row, words);
        }
        if !self.dropped {
            self.values.push(number(cell));
        }
    }

    /// Returns the value of a kept row.
    fn cell(&self, row: usize) -> Cell<'_> {
        match self.values.get(row) {
            Some(number) if !number.is_nan() => Cell::Number(*number),
            _ => self.words.get(row).map_or(Cell::Missing, Cell::Words),
        }
    }

    /// Compares a repeated row with the kept one and returns true if they differ.
    fn compare(&mut self, row: usize, line: u32, here: &Cell, strict: bool) -> bool {
        if self.name.is_empty() || (self.words.too_many && matches!(here, Cell::Words(_))) {
            return false;
        }
        let earlier = self.cell(row);
        let missing = earlier == Cell::Missing || *here == Cell::Missing;
        if earlier == *here || (missing && !strict) {
            return false;
        }
        let earlier = shown(&earlier);
        self.differences.add(row, line, earlier, here);
        true
    }
}

/// Returns the number of a cell, or NaN. All missing values are the same NaN, so that the bits of
/// the compiled form do not depend on its sign.
fn number(cell: &Cell) -> f64 {
    match cell {
        Cell::Number(number) => *number,
        _ => f64::NAN,
    }
}

/// Collector of rows.
pub(crate) struct Builder {
    unit: Unit,
    policy: Policy,
    archs: Vec<Arch>,
    rows: HashMap<Arch, u32>,
    lines: Vec<u32>,
    columns: Vec<Column>,
    means: Means,
    /// Rows of an architecture that has an earlier row.
    folded: u64,
    /// Folded rows whose values differ from the earlier row.
    merged: u64,
    /// Approximate memory in bytes.
    bytes: u64,
}

impl Builder {
    /// Creates a builder for rows with these columns, without the columns of the architecture.
    ///
    /// # Errors
    /// If a column is there twice.
    pub(crate) fn new(names: Vec<String>, unit: Unit, reading: &Reading) -> Result<Self> {
        let mut seen = HashSet::new();
        if let Some(name) = (names.iter()).find(|n| !n.is_empty() && !seen.insert(n.as_str())) {
            return Err(Error::input(format!("column `{name}` is there twice"))
                .mend("rename or remove one of the two"));
        }
        Ok(Builder {
            unit,
            policy: reading.policy(),
            archs: Vec::new(),
            rows: HashMap::new(),
            lines: Vec::new(),
            columns: names.into_iter().map(Column::new).collect(),
            means: Means::default(),
            folded: 0,
            merged: 0,
            bytes: 0,
        })
    }

    /// Adds a row: a canonical architecture and a value for each column.
    ///
    /// # Errors
    /// If there are too many rows.
    pub(crate) fn row<'a>(
        &mut self,
        line: u64,
        arch: Arch,
        values: impl Iterator<Item = Value<'a>>,
    ) -> Result<()> {
        // The index has 32-bit row numbers and twice as many slots.
        let line = u32::try_from(line)
            .ok()
            .filter(|_| self.archs.len() < (1 << 30))
            .ok_or_else(|| Error::input("the table has too many rows").mend("split it"))?;
        let cells = (values.take(self.columns.len())).map(Value::cell);
        let row = self.archs.len();
        match self.rows.entry(arch) {
            Entry::Vacant(entry) => {
                entry.insert(row as u32);
                self.archs.push(arch);
                self.lines.push(line);
                for (column, cell) in self.columns.iter_mut().zip(cells) {
                    column.count(line, &cell);
                    column.keep(row, &cell);
                }
                let arch = 2 * size_of::<Arch>() as u64 + 16;
                self.claim(arch + 8 * self.columns.len() as u64)
            }
            Entry::Occupied(entry) => {
                let row = *entry.get() as usize;
                self.repeated(row, line, cells)
            }
        }
    }

    /// Adds a row of an architecture that has one already.
    fn repeated<'a>(
        &mut self,
        row: usize,
        line: u32,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Result<()> {
        let strict = self.policy == Policy::Strict;
        let averages = matches!(self.policy, Policy::Careful | Policy::Mean);
        let mut here = Vec::new();
        let mut differs = false;
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.count(line, &cell);
            let other = column.compare(row, line, &cell, strict);
            differs |= other && matches!(cell, Cell::Number(_));
            if averages {
                here.push(number(&cell));
            }
        }
        self.folded += 1;
        self.merged += u64::from(differs);
        if !averages {
            return Ok(());
        }
        let is_new = self.means.is_new(row);
        let kept = self
            .columns
            .iter()
            .map(|c| c.values.get(row).copied().unwrap_or(f64::NAN));
        self.means.add(row, kept, &here);
        if is_new {
            self.claim(Means::cost(self.columns.len()))
        } else {
            Ok(())
        }
    }

    /// Adds to the memory in use.
    ///
    /// # Errors
    /// If it is too much.
    fn claim(&mut self, bytes: u64) -> Result<()> {
        self.bytes += bytes;
        if self.bytes > MOST_BYTES {
            return Err(Error::input(format!(
                "the table takes more than {} GiB of memory",
                MOST_BYTES >> 30
            ))
            .mend("split it, or leave out columns that are not needed"));
        }
        Ok(())
    }

    /// Returns the whole table.
    ///
    /// # Errors
    /// If it has no rows, or rows of one architecture contradict each other.
    pub(crate) fn finish(
        mut self,
        source: &Path,
        space: &dyn SearchSpace,
        reading: &Reading,
    ) -> Result<Staged> {
        if self.archs.is_empty() && !reading.may_be_empty {
            return Err(no_rows(source));
        }
        let places = Places {
            unit: self.unit,
            lines: &self.lines,
            rows: self.archs.len() as u64 + self.folded,
        };
        let name = |row: usize| space.format(&self.archs[row]);
        check(&self.columns, self.policy, space.costs(), &places, name)
            .map_err(|e| e.in_file(source))?;
        self.means.finish(&mut self.columns);
        let mut columns = Vec::new();
        let mut ignored = Vec::new();
        for column in self.columns {
            if column.is_metric() {
                columns.push((column.name, column.values));
            } else {
                ignored.push(Ignored {
                    name: column.name,
                    numbers: column.numbers,
                    texts: column.texts,
                    sample: column.first_text,
                });
            }
        }
        Ok(Staged {
            source: source.to_owned(),
            unit: self.unit,
            archs: self.archs,
            lines: self.lines,
            columns,
            ignored,
            folded: self.folded,
            merged: self.merged,
        })
    }
}
