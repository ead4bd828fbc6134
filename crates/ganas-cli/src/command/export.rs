//! `ganas export`: an architecture in a form that others read.

mod network;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, ValueEnum};
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::space::{NamedGraph, SearchSpace};
use ganas_core::{read_regular_text, write_whole};
use ganas_draw::Drawing;
use ganas_train::Preprocessing;
use serde::{Deserialize, Serialize};

use crate::command::supernet::space_of;
use crate::end::End;
use crate::names;
use crate::registry::registry;
use ganas_study::files::prepare;
use network::{NetworkArgs, Origin};

const EXAMPLES: &str = "\
Examples:
  ganas export resnet --space nasbench101 --to svg --out resnet.svg
  ganas export '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|' --space nasbench201 --to dot | dot -Tpdf > cell.pdf
  ganas export inception --space nasbench101 --from resnet --to text
  ganas export best.json --to json
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
    #[arg(value_name = "ARCH|FILE.json")]
    arch: String,

    /// Search space: a name that `ganas space list` shows, or a TOML file [default: the one that
    /// FILE.json names]
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: Option<String>,

    /// What to write
    #[arg(long, value_name = "FORMAT")]
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
    /// Whether it is a drawing or a graph.
    fn draws(self) -> bool {
        matches!(self, Format::Svg | Format::Dot | Format::Text)
    }

    /// Whether it is a network with layers.
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
    /// What follows exactly from the architecture, such as its weights.
    costs: BTreeMap<&'a str, f64>,
}

/// What is read back of [`Exported`], or of a search: the rest follows from it.
#[derive(Deserialize)]
struct Imported {
    space: String,
    arch: Option<String>,
    /// The architecture that a search trained in the end.
    winner: Option<Winner>,
    /// The one that it found.
    best_arch: Option<String>,
}

#[derive(Deserialize)]
struct Winner {
    arch: String,
    /// Height, width and channels of the images that it was trained on.
    image: Option<[usize; 3]>,
    // Older versions did not write these.
    pixel_max: Option<u8>,
    mean: Option<Vec<f32>>,
    std: Option<Vec<f32>>,
    classes: Option<Vec<String>>,
}

impl Winner {
    /// How images were prepared for it, if all of that is there.
    fn preprocessing(self) -> Option<Preprocessing> {
        Some(Preprocessing {
            image: self.image?,
            pixel_max: self.pixel_max?,
            mean: self.mean?,
            std: self.std?,
            classes: self.classes?,
        })
    }
}

impl Imported {
    /// The architecture: what a search trained in the end goes before what it found.
    fn arch(&self) -> Option<&str> {
        let winner = self.winner.as_ref().map(|winner| &winner.arch);
        let found = self.arch.as_ref().or(winner).or(self.best_arch.as_ref());
        found.map(String::as_str)
    }
}

/// Runs the command.
///
/// # Errors
/// If the architecture cannot be read or the file not be written.
pub fn run(args: &ExportArgs) -> Result<End> {
    let imported = match is_file(&args.arch) {
        true => Some(open(&args.arch)?),
        false => None,
    };
    let named = args.space.as_deref();
    let space = match (
        named.or(imported.as_ref().map(|i| &*i.space)),
        &args.network.supernet,
    ) {
        (Some(space), _) => registry().notations(space)?.into(),
        (None, Some(folder)) => space_of(folder, None)?,
        (None, None) => {
            return Err(Error::input("the space of the architecture is missing")
                .mend("name it with `--space`")
                .into());
        }
    };
    let arch = read(&*space, &args.arch)?;
    let from = match &args.from {
        Some(_) if !args.to.draws() => {
            return Err(Error::input("a difference can only be drawn")
                .mend("use `--to svg`, `dot` or `text`, or leave out `--from`")
                .into());
        }
        Some(text) => Some(read(&*space, text)?),
        None => None,
    };
    if args.network.any() && !args.to.builds() {
        return Err(Error::input("only networks have weights and a size")
            .mend(
                "use `--to pytorch`, `onnx` or `safetensors`, or leave out the options of networks",
            )
            .into());
    }
    if args.to == Format::Onnx && args.out.is_none() && io::stdout().is_terminal() {
        return Err(Error::input("an ONNX model is nothing to read")
            .mend("name a file with `--out`")
            .into());
    }
    if let Some(file) = &args.out {
        prepare(file)?;
    }
    let trained = imported.and_then(|imported| imported.winner);
    let origin = Origin {
        size: (trained.as_ref())
            .and_then(|winner| winner.image)
            .map(|[height, width, _]| [height, width]),
        preprocessing: trained.and_then(Winner::preprocessing),
    };
    if let Some(Err(what)) = origin.preprocessing.as_ref().map(Preprocessing::check) {
        return Err(Error::input(what)
            .mend(WRITTEN)
            .in_file(Path::new(&args.arch))
            .into());
    }
    let drawing = || match from {
        Some(from) => Drawing::between(&*space, &from, &arch),
        None => Drawing::of(&*space, &arch),
    };
    let bytes = match args.to {
        Format::Svg => drawing()?.svg().into_bytes(),
        Format::Dot => drawing()?.dot().into_bytes(),
        Format::Text => drawing()?.text().into_bytes(),
        Format::Json => (serde_json::to_string_pretty(&exported(&*space, &arch))? + "\n").into(),
        Format::Pytorch => args.network.pytorch(&space, &arch, origin)?.into_bytes(),
        Format::Onnx => args.network.onnx(&space, &arch, origin)?,
        Format::Safetensors => {
            let Some(file) = &args.out else {
                return Err(Error::input("weights are nothing to read")
                    .mend("name a file with `--out`")
                    .into());
            };
            args.network.save(&space, &arch, file)?;
            return Ok(End::Done);
        }
    };
    match &args.out {
        Some(file) => write_whole(file, |mut f| f.write_all(&bytes))?,
        None => io::stdout().write_all(&bytes)?,
    }
    Ok(End::Done)
}

/// Whether an architecture is given as a file.
fn is_file(text: &str) -> bool {
    text.ends_with(".json")
}

/// The architecture of a notation, a name or a file.
fn read(space: &dyn SearchSpace, text: &str) -> Result<Arch> {
    if !is_file(text) {
        return space.parse(text).map_err(|why| {
            Error::input(format!("`{text}`: {why}"))
                .mend("write it as `ganas space sample` does")
                .into()
        });
    }
    let file = Path::new(text);
    let imported = open(text)?;
    if imported.space != space.name() {
        return Err(Error::input(format!(
            "the architecture is of the space `{}`, not of `{}`",
            imported.space,
            space.name()
        ))
        .mend("name its own space with `--space`")
        .in_file(file)
        .into());
    }
    let Some(arch) = imported.arch() else {
        return Err(Error::input("there is no architecture in it")
            .mend(WRITTEN)
            .in_file(file)
            .into());
    };
    (space.parse(arch)).map_err(|why| {
        Error::input(why)
            .mend("export the architecture again")
            .in_file(file)
            .into()
    })
}

/// Which files hold an architecture.
const WRITTEN: &str = "name a file that `ganas export --to json` or `ganas search --json` wrote";

/// What a file holds.
fn open(text: &str) -> Result<Imported> {
    let file = Path::new(text);
    let refused = |what: String| Error::input(what).mend(WRITTEN).in_file(file);
    let read = read_regular_text(file).map_err(|e| refused(format!("cannot be read ({e})")))?;
    let imported = serde_json::from_str(&read)
        .map_err(|e| refused(format!("this is no exported architecture ({e})")))?;
    Ok(imported)
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
