//! Columns that hold the architecture.

use std::borrow::Cow;

use ganas_core::arch::Arch;
use ganas_core::error::{Advice, Error, Result, hint};
use ganas_core::space::SearchSpace;

/// Name of the column with the architecture.
const ARCH: &str = "arch";

/// Other usual names. They count if the source has neither `arch` nor a column for each part.
const ALIASES: [&str; 3] = ["arch_str", "architecture", "genotype"];

/// Other names of parts, from NAS-Bench-101's own code.
const PARTS: [(&str, &str); 2] = [
    ("ops", "module_operations"),
    ("adjacency", "module_adjacency"),
];

/// Positions of the columns that hold the architecture: one column, or one for each part of the
/// space's [`spelling`](SearchSpace::spelling).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchColumns {
    /// One column with the whole notation.
    Whole(usize),
    /// One column for each part that the source has.
    Parts {
        /// Positions of the columns.
        columns: Vec<usize>,
        /// Index of the part that each column holds.
        parts: Vec<usize>,
    },
}

impl ArchColumns {
    /// Finds the columns in a header: the column `named`, or else `arch`, the space's parts, or
    /// another usual name.
    ///
    /// # Errors
    /// If the columns are missing, in which case the error lists the header, or if one is there
    /// twice.
    pub fn find(header: &[String], named: Option<&str>, space: &dyn SearchSpace) -> Result<Self> {
        if let Some(name) = named {
            return match position(header, name)? {
                Some(arch) => Ok(ArchColumns::Whole(arch)),
                None => {
                    let known: Vec<&str> = header.iter().map(String::as_str).take(12).collect();
                    Err(Error::input(format!("no column `{name}`")).mend(hint(
                        name,
                        &known,
                        "the columns are",
                    )))
                }
            };
        }
        if let Some(arch) = position(header, ARCH)? {
            return Ok(ArchColumns::Whole(arch));
        }
        if let Some(parts) = parts(header, space)? {
            return Ok(parts);
        }
        let aliases = (header.iter().enumerate())
            .filter(|(_, name)| ALIASES.iter().any(|alias| name.eq_ignore_ascii_case(alias)));
        match aliases.collect::<Vec<_>>()[..] {
            [] => Err(absent(header, space)),
            [(arch, _)] => Ok(ArchColumns::Whole(arch)),
            [(_, one), (_, other), ..] => Err(Error::input(format!(
                "`{one}` and `{other}` may both hold the architecture"
            ))
            .mend(Advice::text("name one of them with ").setting("arch_column", None))),
        }
    }

    /// Returns the columns in order.
    pub fn positions(&self) -> &[usize] {
        match self {
            ArchColumns::Whole(arch) => std::slice::from_ref(arch),
            ArchColumns::Parts { columns, .. } => columns,
        }
    }

    /// Returns true if the column is part of the architecture.
    pub(crate) fn contains(&self, column: usize) -> bool {
        self.positions().contains(&column)
    }

    /// Parses the architecture of a row.
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
            ArchColumns::Parts { columns, parts } => {
                buffer.clear();
                let spelling = space.spelling();
                for (&column, &part) in columns.iter().zip(parts) {
                    buffer.push_str(&spelling[part].before);
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

/// Returns the columns of the space's parts; `None` if the header lacks one that is needed.
///
/// # Errors
/// If a column is there twice.
fn parts(header: &[String], space: &dyn SearchSpace) -> Result<Option<ArchColumns>> {
    let (mut columns, mut parts) = (Vec::new(), Vec::new());
    for (i, part) in space.spelling().iter().enumerate() {
        let mut found = position(header, &part.column)?;
        let known = PARTS.iter().filter(|(name, _)| *name == part.column);
        let others = part
            .aliases
            .iter()
            .map(String::as_str)
            .chain(known.map(|(_, other)| *other));
        for other in others {
            found = match found {
                Some(found) => Some(found),
                None => position(header, other)?,
            };
        }
        match found {
            Some(column) => {
                columns.push(column);
                parts.push(i);
            }
            None if part.optional => {}
            None => return Ok(None),
        }
    }
    Ok((!columns.is_empty()).then_some(ArchColumns::Parts { columns, parts }))
}

/// Returns the position of a column.
///
/// # Errors
/// If two columns have the name.
fn position(header: &[String], name: &str) -> Result<Option<usize>> {
    let mut found = (header.iter().enumerate()).filter(|(_, column)| *column == name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(Error::input(format!("column `{name}` is there twice"))
            .mend("rename or remove one of the two")),
        (first, _) => Ok(first.map(|(i, _)| i)),
    }
}

/// Returns the error of a header without an architecture.
fn absent(header: &[String], space: &dyn SearchSpace) -> Error {
    let shown: Vec<&str> = header.iter().take(12).map(String::as_str).collect();
    let more = if header.len() > shown.len() {
        ", .."
    } else {
        ""
    };
    Error::input(format!(
        "no column holds the architecture among {}{more}",
        shown.join(", ")
    ))
    .mend(
        Advice::text(format!(
            "name it `{ARCH}`{}, or name its column with ",
            alternative(space)
        ))
        .setting("arch_column", None),
    )
}

/// Writes the columns of the space's parts as an alternative to `arch`.
fn alternative(space: &dyn SearchSpace) -> String {
    let columns: Vec<&str> = space.spelling().iter().map(|p| p.column.as_str()).collect();
    match columns[..] {
        [] => String::new(),
        [first, .., last] if columns.len() > 4 => format!(" (or its parts `{first}` to `{last}`)"),
        _ => format!(" (or its parts `{}`)", columns.join("`, `")),
    }
}
