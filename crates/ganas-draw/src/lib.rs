//! Drawings of architectures and of the difference of two: SVG, Graphviz and terminal text.
//!
//! ```
//! use ganas_core::space::{self, SearchSpace};
//! use ganas_draw::Drawing;
//!
//! # fn main() -> ganas_core::error::Result<()> {
//! let space = space::load("nasbench201")?;
//! let arch = space
//!     .parse("|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|skip_connect~2|")
//!     .expect("it is a cell of the space");
//! let drawing = Drawing::of(space.as_ref(), &arch)?;
//! assert!(drawing.svg().starts_with("<svg"));
//! println!("{}", drawing.text());
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod cells;
mod configuration;
mod difference;
mod dot;
mod figure;
mod label;
mod layered;
mod matching;
mod palette;
mod rows;
mod scene;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::space::{Kind, SearchSpace};

use configuration::Table;
use difference::Tally;
use figure::Figure;

/// A drawing of an architecture, or of the difference between two.
///
/// The form of the drawing follows the space. Cells with one op a vertex are graphs of ops. Cells
/// with one op an edge are graphs of feature maps with the ops on the edges; `none` edges are left
/// out. Chains and the layers of mobile networks run in rows, a stage a row. DARTS' architectures
/// are two cells side by side. Graphs of any other space are drawn unchanged.
///
/// The same architectures give the same bytes.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// A short title.
    title: String,
    /// The architecture in its space's notation, or both.
    notation: String,
    /// The names of the space's ops, fit to be printed.
    ops: Vec<String>,
    figure: Figure,
    /// The size of the difference, in the drawing of a difference.
    tally: Option<Tally>,
}

impl Drawing {
    /// The drawing of an architecture.
    ///
    /// # Errors
    /// If the architecture is not one of the space.
    pub fn of(space: &dyn SearchSpace, arch: &Arch) -> Result<Drawing> {
        check(space, arch)?;
        let (figure, ops) = match table(space, None, arch) {
            Some(table) => (table.figure, table.names),
            None => (Figure::of(space, arch), ops(space)),
        };
        Ok(Drawing {
            title: label::clean(space.name()),
            notation: label::clean(&space.format(arch)),
            ops,
            figure,
            tally: None,
        })
    }

    /// The drawing of the second architecture with its differences from the first: parts added,
    /// removed and changed.
    ///
    /// In cells whose order of vertices has no meaning, the vertices are matched so that the
    /// difference is smallest: exactly up to 8 vertices and nearly so beyond.
    ///
    /// # Errors
    /// If either architecture is not one of the space.
    pub fn between(space: &dyn SearchSpace, from: &Arch, to: &Arch) -> Result<Drawing> {
        check(space, from)?;
        check(space, to)?;
        let (figure, ops) = match table(space, Some(from), to) {
            Some(table) => (table.figure, table.names),
            None => (difference::between(space, from, to), ops(space)),
        };
        let tally = Tally::of(&figure);
        let notation = format!("{} -> {}", space.format(from), space.format(to));
        Ok(Drawing {
            title: label::clean(&format!("{}: {tally}", space.name())),
            notation: label::clean(&notation),
            ops,
            figure,
            tally: Some(tally),
        })
    }

    /// The drawing as an SVG document: one file without references to others, in light or dark
    /// colours as the viewer prefers. Sizes are in pixels, text is in the viewer's monospace font.
    pub fn svg(&self) -> String {
        svg::write(self)
    }

    /// The drawing as a graph in Graphviz' language DOT, laid out by `dot`.
    pub fn dot(&self) -> String {
        dot::write(self)
    }

    /// The drawing as text for a terminal: lines of at most 80 columns, each with its newline, of
    /// box-drawing characters and without colours. In the drawing of a difference, lines that begin
    /// with `+`, `-` and `~` list added, removed and changed parts.
    pub fn text(&self) -> String {
        text::write(self)
    }
}

fn check(space: &dyn SearchSpace, arch: &Arch) -> Result<()> {
    space.check(arch).map_err(|why| {
        Error::input(format!(
            "the architecture is not of the space `{}`: {why}",
            space.name()
        ))
        .mend("draw it with the space that it comes from")
    })
}

/// The table of a configuration; `None` in spaces of other kinds.
fn table(space: &dyn SearchSpace, from: Option<&Arch>, arch: &Arch) -> Option<Table> {
    match space.kind() {
        Kind::Config(config) => configuration::table(config, from, arch),
        _ => None,
    }
}

fn ops(space: &dyn SearchSpace) -> Vec<String> {
    space.ops().iter().map(|op| label::clean(op)).collect()
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
