//! `ganas export`: an architecture in a form that others read.

mod front;
mod imported;
mod network;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::space::{NamedGraph, SearchSpace};
use ganas_core::write_whole;
use ganas_draw::Drawing;
use serde::Serialize;

use crate::command::supernet::space_of;
use crate::end::End;
use crate::names;
use crate::registry::registry;
use front::Front;
use ganas_study::files::prepare;
use imported::{Imported, is_file};
use network::{NetworkArgs, Origin};

const EXAMPLES: &str = "\
Examples:
  ganas export resnet --space nasbench101 --to svg --out resnet.svg
  ganas export '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|' --space nasbench201 --to dot | dot -Tpdf > cell.pdf
  ganas export inception --space nasbench101 --from resnet --to text
  ganas export best.json --to json
  ganas export --front runs/front --to svg
  ganas export resnet --space nasbench101 --to pytorch --out resnet.py
  ganas export runs/digits-1/result.json --weights runs/digits-1/winner.safetensors \\
      --to onnx --out winner.onnx
  ganas export runs/digits-1/result.json --weights runs/digits-1/winner.safetensors \\
      --to onnx --normalize --out takes-raw-pixels.onnx
  ganas export '|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|' --supernet runs/supernet \\
      --to onnx --out cell.onnx";

/// Arguments of `ganas export`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    /// Architecture in the space's notation or by its name, or a file that `--to json` or `ganas
    /// search --json` wrote
    #[arg(value_name = "ARCH|FILE.json", required_unless_present = "front")]
    arch: Option<String>,

    /// Write every architecture of a front: DIR is the folder of a run with several objectives, and `--out`
    /// the folder of the files [default: `front` in DIR]. With FILE.json, its front is written into DIR
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    front: Option<PathBuf>,

    /// Search space: a name that `ganas space list` shows, or a TOML file [default: the one that
    /// FILE.json names]
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// Format to write
    #[arg(
        long,
        value_name = "FORMAT",
        required = false,
        required_unless_present = "front",
        default_value_if("front", clap::builder::ArgPredicate::IsPresent, "svg")
    )]
    to: Format,

    /// Draw what the architecture has other than this one
    #[arg(long, value_name = "ARCH|FILE.json")]
    from: Option<String>,

    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    network: NetworkArgs,
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
    /// A Python file with the network as a module of PyTorch
    Pytorch,
    /// An ONNX model of the network, with its weights
    Onnx,
    /// The weights alone that a supernet has for it
    Safetensors,
}

impl Format {
    /// Returns true if it is a drawing or a graph.
    fn draws(self) -> bool {
        matches!(self, Format::Svg | Format::Dot | Format::Text)
    }

    /// Ending of its files.
    fn extension(self) -> &'static str {
        match self {
            Format::Svg => "svg",
            Format::Dot => "dot",
            Format::Text => "txt",
            Format::Json => "json",
            Format::Pytorch => "py",
            Format::Onnx => "onnx",
            Format::Safetensors => "safetensors",
        }
    }

    /// Returns true if it is a network with layers.
    fn builds(self) -> bool {
        matches!(self, Format::Pytorch | Format::Onnx | Format::Safetensors)
    }
}

/// An architecture as JSON.
#[derive(Serialize)]
struct Exported<'a> {
    space: &'a str,
    /// In the space's notation.
    arch: String,
    graph: NamedGraph<'a>,
    /// Costs that the space computes from the architecture, such as its weights.
    costs: BTreeMap<&'a str, f64>,
}

/// Runs the command.
///
/// # Errors
/// If the architecture cannot be read or the file not be written.
pub fn run(args: &ExportArgs) -> Result<End> {
    if let Some(folder) = &args.front {
        return run_front(args, folder);
    }
    let text = args.arch.as_deref().unwrap_or_default();
    let imported = if is_file(text) {
        Some(imported::open(text)?)
    } else {
        None
    };
    let space = space(args, imported.as_ref())?;
    let arch = imported::read(&*space, text)?;
    check(args)?;
    let from = (args.from.as_deref())
        .map(|text| imported::read(&*space, text))
        .transpose()?;
    if let Some(file) = &args.out {
        prepare(file)?;
    }
    let origin = match imported {
        Some(imported) => imported.origin(text)?,
        None => Origin::default(),
    };
    if args.to == Format::Safetensors {
        let Some(file) = &args.out else {
            return Err(unreadable("weights are not readable text"));
        };
        args.network.save(&space, &arch, file)?;
        return Ok(End::Done);
    }
    let bytes = bytes(args, &space, &arch, from.as_ref(), origin)?;
    match &args.out {
        Some(file) => write_whole(file, |mut f| f.write_all(&bytes))?,
        None => io::stdout().write_all(&bytes)?,
    }
    Ok(End::Done)
}

/// An architecture in the format that is asked for.
fn bytes(
    args: &ExportArgs,
    space: &Arc<dyn SearchSpace>,
    arch: &Arch,
    from: Option<&Arch>,
    origin: Origin,
) -> Result<Vec<u8>> {
    let drawing = || match from {
        Some(from) => Drawing::between(&**space, from, arch),
        None => Drawing::of(&**space, arch),
    };
    Ok(match args.to {
        Format::Svg => drawing()?.svg().into_bytes(),
        Format::Dot => drawing()?.dot().into_bytes(),
        Format::Text => drawing()?.text().into_bytes(),
        Format::Json => (serde_json::to_string_pretty(&exported(&**space, arch))? + "\n").into(),
        Format::Pytorch => args.network.pytorch(space, arch, origin)?.into_bytes(),
        Format::Onnx => args.network.onnx(space, arch, origin)?,
        Format::Safetensors => return Err(unreadable("weights are not readable text")),
    })
}

/// Writes every architecture of a front.
fn run_front(args: &ExportArgs, folder: &Path) -> Result<End> {
    check(args)?;
    let (source, out) = match (&args.arch, &args.out) {
        (Some(file), None) => (PathBuf::from(file), folder.to_owned()),
        (Some(_), Some(_)) => {
            return Err(Error::input(
                "`--front DIR` and `--out` both name the folder of the files",
            )
            .mend("leave `--out` out")
            .into());
        }
        (None, Some(out)) => (folder.to_owned(), out.clone()),
        (None, None) => (folder.to_owned(), folder.join("front")),
    };
    let front = Front::read(&source)?;
    let named = args.space.as_deref().unwrap_or(front.space());
    let space: Arc<dyn SearchSpace> = registry().notations(named)?.into();
    let extension = args.to.extension();
    let files = front.write(&*space, &out, extension, |text, file| {
        let arch = imported::read(&*space, text)?;
        if args.to == Format::Safetensors {
            return args.network.save(&space, &arch, file);
        }
        let bytes = bytes(args, &space, &arch, None, Origin::default())?;
        Ok(write_whole(file, |mut f| f.write_all(&bytes))?)
    })?;
    println!(
        "{}: {} architectures, listed in front.csv",
        out.display(),
        files.len()
    );
    Ok(End::Done)
}

/// Opens the space that is named, or that of the file or of the supernet.
fn space(args: &ExportArgs, imported: Option<&Imported>) -> Result<Arc<dyn SearchSpace>> {
    let named = args.space.as_deref().or(imported.map(|i| &*i.space));
    match (named, &args.network.supernet) {
        (Some(space), _) => Ok(registry().notations(space)?.into()),
        (None, Some(folder)) => space_of(folder, None),
        (None, None) => Err(Error::input("the space of the architecture is missing")
            .mend("name it with `--space`")
            .into()),
    }
}

/// Checks that each option suits the format.
fn check(args: &ExportArgs) -> Result<()> {
    if args.from.is_some() && !args.to.draws() {
        return Err(Error::input("a difference can only be drawn")
            .mend("use `--to svg`, `dot` or `text`, or leave out `--from`")
            .into());
    }
    if args.network.any() && !args.to.builds() {
        return Err(Error::input("only networks have weights and a size")
            .mend(
                "use `--to pytorch`, `onnx` or `safetensors`, or leave out the options of networks",
            )
            .into());
    }
    let is_alone = args.front.is_none();
    if is_alone && args.to == Format::Onnx && args.out.is_none() && io::stdout().is_terminal() {
        return Err(unreadable("an ONNX model is not readable text"));
    }
    Ok(())
}

/// An error for a format that a terminal cannot show.
fn unreadable(what: &str) -> anyhow::Error {
    (Error::input(what).mend("name a file with `--out`")).into()
}

fn exported<'a>(space: &'a dyn SearchSpace, arch: &Arch) -> Exported<'a> {
    Exported {
        space: space.name(),
        arch: space.format(arch),
        graph: NamedGraph::new(space, arch),
        costs: (space.costs().iter().enumerate())
            .map(|(i, name)| (name.as_str(), space.cost(arch, i)))
            .collect(),
    }
}
