//! `ganas export`: an architecture in a form that others read.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::space::{NamedGraph, SearchSpace};
use ganas_core::write_whole;
use ganas_draw::Drawing;
use serde::{Deserialize, Serialize};

use crate::End;
use crate::output::prepare;
use crate::task::load_space;

const EXAMPLES: &str = "\
Examples:
  ganas export resnet --space nasbench101 --to svg --out resnet.svg
  ganas export '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|' --space nasbench201 --to dot | dot -Tpdf > cell.pdf
  ganas export inception --space nasbench101 --from resnet --to text
  ganas export best.json --space nasbench201 --to json";

/// Arguments of `ganas export`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// Architecture in the space's notation or by its name, or a file that `--to json` wrote
    #[arg(value_name = "ARCH|FILE.json")]
    arch: String,

    /// Search space: a name that `ganas space list` shows, or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    space: String,

    /// What to write
    #[arg(long, value_name = "FORMAT")]
    to: Format,

    /// Draw what the architecture has other than this one
    #[arg(long, value_name = "ARCH|FILE.json")]
    from: Option<String>,

    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A drawing for browsers and documents
    Svg,
    /// A graph in Graphviz' language
    Dot,
    /// A drawing for the terminal
    Text,
    /// The notation, the graph and the exact costs
    Json,
}

/// An architecture as JSON.
#[derive(Serialize)]
struct Exported<'a> {
    space: &'a str,
    /// In the space's notation.
    arch: String,
    graph: NamedGraph<'a>,
    /// What follows exactly from the architecture, such as its weights.
    costs: BTreeMap<&'a str, f64>,
}

/// What is read back of [`Exported`]: the rest follows from it.
#[derive(Deserialize)]
struct Imported {
    space: String,
    arch: String,
}

/// Runs the command.
///
/// # Errors
/// If the architecture cannot be read or the file not be written.
pub fn run(args: &ExportArgs) -> Result<End> {
    let space = load_space(&args.space, false)?;
    let arch = read(&*space, &args.arch)?;
    let from = match &args.from {
        Some(_) if args.to == Format::Json => {
            return Err(Error::input("a difference can only be drawn")
                .mend("use `--to svg`, `dot` or `text`, or leave out `--from`")
                .into());
        }
        Some(text) => Some(read(&*space, text)?),
        None => None,
    };
    let drawing = || match from {
        Some(from) => Drawing::between(&*space, &from, &arch),
        None => Drawing::of(&*space, &arch),
    };
    let text = match args.to {
        Format::Svg => drawing()?.svg(),
        Format::Dot => drawing()?.dot(),
        Format::Text => drawing()?.text(),
        Format::Json => serde_json::to_string_pretty(&exported(&*space, &arch))? + "\n",
    };
    match &args.out {
        Some(file) => {
            prepare(file)?;
            write_whole(file, |mut f| f.write_all(text.as_bytes()))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        None => io::stdout().write_all(text.as_bytes())?,
    }
    Ok(End::Done)
}

/// The architecture of a notation, a name or a file.
fn read(space: &dyn SearchSpace, text: &str) -> Result<Arch> {
    let refused = |what: String| Error::input(what);
    let file = Path::new(text);
    if !text.ends_with(".json") {
        return space.parse(text).map_err(|why| {
            refused(format!("`{text}`: {why}"))
                .mend("write it as `ganas space sample` does")
                .into()
        });
    }
    let read = fs::read_to_string(file).map_err(|e| {
        refused(format!("cannot be read ({})", e.kind()))
            .mend("name a file that `ganas export --to json` wrote")
            .in_file(file)
    })?;
    let imported: Imported = serde_json::from_str(&read).map_err(|e| {
        refused(format!("this is no exported architecture ({e})"))
            .mend("name a file that `ganas export --to json` wrote")
            .in_file(file)
    })?;
    if imported.space != space.name() {
        return Err(refused(format!(
            "the architecture is of the space `{}`, not of `{}`",
            imported.space,
            space.name()
        ))
        .mend("name its own space with `--space`")
        .in_file(file)
        .into());
    }
    (space.parse(&imported.arch)).map_err(|why| {
        refused(why)
            .mend("export the architecture again")
            .in_file(file)
            .into()
    })
}

fn exported<'a>(space: &'a dyn SearchSpace, arch: &Arch) -> Exported<'a> {
    Exported {
        space: space.name(),
        arch: space.format(arch),
        graph: NamedGraph::of(space, arch),
        costs: (space.costs().iter().enumerate())
            .map(|(i, name)| (name.as_str(), space.cost(arch, i)))
            .collect(),
    }
}
