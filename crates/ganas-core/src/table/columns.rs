//! Where a source keeps the architecture.

use std::borrow::Cow;

use crate::arch::Arch;
use crate::error::{Error, Result};
use crate::space::SearchSpace;

/// Other names of columns, as NAS-Bench-101's own code has them.
const ALIASES: [(&str, &str); 2] = [
    ("ops", "module_operations"),
    ("adjacency", "module_adjacency"),
];

/// The columns that hold the architecture, by position in the header: one, or one for each part of
/// the space's [`spelling`](SearchSpace::spelling).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchColumns {
    /// The whole notation in one column, `arch`.
    Whole(usize),
    /// Part by part.
    Parts(Vec<usize>),
}

impl ArchColumns {
    /// Finds them in a header.
    ///
    /// # Errors
    /// If they are not there; the error lists what is.
    pub fn find(header: &[String], space: &dyn SearchSpace) -> Result<Self> {
        let position = |name: &str| header.iter().position(|h| h == name);
        if let Some(arch) = position("arch") {
            return Ok(ArchColumns::Whole(arch));
        }
        let parts = (space.spelling().iter()).map(|part| {
            let others = ALIASES.iter().filter(|(name, _)| *name == part.column);
            position(&part.column)
                .or_else(|| others.filter_map(|(_, other)| position(other)).next())
        });
        match parts.collect::<Option<Vec<usize>>>() {
            Some(parts) if !parts.is_empty() => Ok(ArchColumns::Parts(parts)),
            _ => {
                let shown: Vec<&str> = header.iter().take(12).map(String::as_str).collect();
                let more = if header.len() > shown.len() {
                    ", .."
                } else {
                    ""
                };
                Err(Error::input(format!(
                    "no column holds the architecture among {}{more}",
                    shown.join(", ")
                ))
                .mend(format!(
                    "name it `arch`{} in a comma-separated header",
                    alternative(space)
                )))
            }
        }
    }

    /// Whether the column is part of the architecture.
    pub(super) fn contains(&self, column: usize) -> bool {
        match self {
            ArchColumns::Whole(arch) => column == *arch,
            ArchColumns::Parts(parts) => parts.contains(&column),
        }
    }

    /// Reads the architecture of a row.
    ///
    /// # Errors
    /// If a field is missing or the space does not have such an architecture.
    pub fn parse<'a>(
        &self,
        field: impl Fn(usize) -> Option<Cow<'a, str>>,
        space: &dyn SearchSpace,
        buffer: &mut String,
    ) -> Result<Arch> {
        let field = |i| field(i).ok_or_else(|| Error::input("the architecture is not text"));
        let arch = match self {
            ArchColumns::Whole(arch) => space.parse(&field(*arch)?),
            ArchColumns::Parts(parts) => {
                buffer.clear();
                for (&column, part) in parts.iter().zip(space.spelling()) {
                    buffer.push_str(&part.before);
                    buffer.push_str(&field(column)?);
                }
                space.parse(buffer)
            }
        };
        arch.map_err(|what| {
            let error = Error::input(what);
            error.mend(format!(
                "correct the row, or name the file's own space instead of `{}`",
                space.name()
            ))
        })
    }
}

/// The other columns that would do.
fn alternative(space: &dyn SearchSpace) -> String {
    let columns: Vec<&str> = space.spelling().iter().map(|p| p.column.as_str()).collect();
    match columns[..] {
        [] => String::new(),
        [first, .., last] if columns.len() > 4 => format!(" (or its parts `{first}` to `{last}`)"),
        _ => format!(" (or its parts `{}`)", columns.join("`, `")),
    }
}
