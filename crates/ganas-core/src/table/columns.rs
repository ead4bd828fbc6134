//! Where a source keeps the architecture.

use crate::arch::Arch;
use crate::error::{Error, Result};
use crate::space::SearchSpace;

/// The columns that hold the architecture, by position in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArchColumns {
    /// The whole notation in one column, `arch`.
    Whole(usize),
    /// A cell in two columns, as NAS-Bench-101 is usually exported.
    Cell { ops: usize, adjacency: usize },
}

impl ArchColumns {
    /// Finds them in a header.
    ///
    /// # Errors
    /// If they are not there; the error lists what is.
    pub(super) fn find(header: &[String]) -> Result<Self> {
        let position = |name| header.iter().position(|h| h == name);
        match (position("arch"), position("ops"), position("adjacency")) {
            (Some(arch), _, _) => Ok(ArchColumns::Whole(arch)),
            (None, Some(ops), Some(adjacency)) => Ok(ArchColumns::Cell { ops, adjacency }),
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
                .mend(
                    "name it `arch` (or `adjacency` and `ops` for cells) in a comma-separated header",
                ))
            }
        }
    }

    /// Whether the column is part of the architecture.
    pub(super) fn contains(self, column: usize) -> bool {
        match self {
            ArchColumns::Whole(arch) => column == arch,
            ArchColumns::Cell { ops, adjacency } => column == ops || column == adjacency,
        }
    }

    /// Reads the architecture of a row.
    ///
    /// # Errors
    /// If a field is missing or the space does not have such an architecture.
    pub(super) fn parse<'a>(
        self,
        field: impl Fn(usize) -> Option<&'a str>,
        space: &dyn SearchSpace,
        buffer: &mut String,
    ) -> Result<Arch> {
        let field = |i| field(i).ok_or_else(|| Error::input("the architecture is not text"));
        let arch = match self {
            ArchColumns::Whole(arch) => space.parse(field(arch)?),
            ArchColumns::Cell { ops, adjacency } => {
                buffer.clear();
                buffer.push_str(field(ops)?);
                buffer.push('|');
                buffer.push_str(field(adjacency)?);
                space.parse(buffer)
            }
        };
        arch.map_err(|what| {
            let error = Error::input(what);
            error.mend(format!(
                "correct the row, or name the table's own space instead of `{}`",
                space.name()
            ))
        })
    }
}
