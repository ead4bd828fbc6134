//! `ganas space`: what a search space holds.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use ganas_core::error::Error;
use ganas_core::rng::Rng;
use ganas_core::space::{self, Kind, Sampler, SearchSpace, import_space};
use ganas_core::{read_regular_text, write_whole};
use ganas_study::files::unreadable;
use serde::Serialize;

use crate::end::End;
use crate::names;
use crate::registry::registry;
use crate::terminal;

const EXAMPLES: &str = "\
Examples:
  ganas space list
  ganas space info nasbench201
  ganas space count nasbench101
  ganas space sample nasbench101 -n 5 --seed 1
  ganas space enumerate my-space.toml | head
  ganas space neighbors nasbench201 '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|'
  ganas space import configspace.json --out my-space.toml";

/// Arguments of `ganas space`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SpaceArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// List the spaces that are known by name
    List,
    /// Describe a space
    Info {
        #[command(flatten)]
        space: Named,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every architecture, one a line
    Enumerate {
        #[command(flatten)]
        space: Named,
    },
    /// Print random architectures, one a line
    Sample {
        #[command(flatten)]
        space: Named,
        /// Number of architectures
        #[arg(short, long, value_name = "N", default_value_t = 1)]
        number: usize,
        /// Seed of the random stream
        #[arg(long, value_name = "N", default_value_t = 0)]
        seed: u64,
        /// Distribution to draw from: uniform or adjacency [default: the space's first]
        #[arg(long)]
        sampler: Option<String>,
    },
    /// Count the architectures, or print `more than N` where that would take too long
    Count {
        #[command(flatten)]
        space: Named,
    },
    /// Print the architectures one edit away, one a line
    Neighbors {
        #[command(flatten)]
        space: Named,
        /// Architecture in the space's notation
        arch: String,
    },
    /// Write the space of another tool as a space file: JSON of ConfigSpace, distributions of Optuna,
    /// NePS' dictionary, or lists of options
    Import {
        /// JSON file
        file: PathBuf,
        /// Name of the space [default: that of the file]
        #[arg(long)]
        name: Option<String>,
        /// File to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Clone, Debug, Args)]
struct Named {
    /// Search space: a name that `ganas space list` shows, or a TOML file
    #[arg(value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: String,

    /// Count isomorphic strings of edge cells, as those of nasbench201, as one architecture
    #[arg(long)]
    merge_isomorphic: bool,
}

impl Named {
    fn load(&self) -> Result<Box<dyn SearchSpace>> {
        Ok(registry().space(&self.space, self.merge_isomorphic)?)
    }
}

/// Description of a space.
#[derive(Serialize)]
struct Info {
    name: String,
    /// The number of architectures, if it can be counted within seconds.
    size: Option<u128>,
    /// A lower bound of that number, where it is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_than: Option<u128>,
    /// Either of them in words.
    #[serde(skip)]
    count: String,
    ops: Vec<String>,
    /// Choices of a configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<ChoiceInfo>,
    /// Ops whose block, edge or vertex is not there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    absent: Vec<String>,
    /// Ops that pass their input on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identity: Vec<String>,
    metrics: Vec<String>,
    samplers: Vec<Sampler>,
    max_nodes: usize,
    example: String,
    /// Architectures with which a search starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    start: Vec<String>,
    /// Architectures that go by a name.
    named: Vec<Point>,
}

/// Choice of a configuration; the copies of a repeated choice are one.
#[derive(Serialize)]
struct ChoiceInfo {
    name: String,
    copies: usize,
    values: Vec<String>,
}

impl ChoiceInfo {
    fn all(space: &dyn SearchSpace) -> Vec<Self> {
        let Kind::Config(config) = space.kind() else {
            return Vec::new();
        };
        let mut all: Vec<ChoiceInfo> = Vec::new();
        for choice in config.choices() {
            match all.last_mut().filter(|last| last.name == choice.base()) {
                Some(last) => last.copies += 1,
                None => all.push(ChoiceInfo {
                    name: choice.base().to_owned(),
                    copies: 1,
                    values: choice.values.iter().map(|v| v.text.clone()).collect(),
                }),
            }
        }
        all
    }

    fn shown(&self) -> String {
        let times = match self.copies {
            1 => String::new(),
            copies => format!(" × {copies}"),
        };
        let values = &self.values;
        let shown = match values.len() {
            0..=12 => values.join(", "),
            n => format!(
                "{}, {}, .., {} ({n} values)",
                values[0],
                values[1],
                values[n - 1]
            ),
        };
        format!("{}{times}: {shown}", self.name)
    }
}

/// An architecture that has a name.
#[derive(Serialize)]
struct Point {
    name: String,
    arch: String,
    /// Costs that the space computes, by metric.
    costs: BTreeMap<String, f64>,
}

impl Info {
    fn of(space: &dyn SearchSpace) -> Self {
        let example = space.sample(space.samplers()[0], &mut Rng::stream(0, "example"));
        let roles = space.roles();
        let names = |ops: &[u8]| -> Vec<String> {
            ops.iter()
                .map(|&op| space.ops()[usize::from(op)].clone())
                .collect()
        };
        Info {
            choices: ChoiceInfo::all(space),
            absent: names(&roles.absent),
            identity: names(&roles.identity),
            name: space.name().into(),
            size: space.size(),
            count: size(space),
            more_than: space.size().is_none().then(|| space.at_least()),
            ops: space.ops().to_vec(),
            metrics: space.costs().to_vec(),
            samplers: space.samplers().to_vec(),
            max_nodes: space.max_nodes(),
            example: space.format(&example),
            start: space.start().to_vec(),
            named: (space.named().iter())
                .map(|(name, arch)| Point {
                    name: (*name).into(),
                    arch: space.format(arch),
                    costs: (space.costs().iter().enumerate())
                        .map(|(i, cost)| (cost.clone(), space.cost(arch, i)))
                        .collect(),
                })
                .collect(),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If the space cannot be used, or does not allow what was asked for.
pub fn run(args: &SpaceArgs) -> Result<End> {
    let mut out = BufWriter::new(terminal::stdout());
    match &args.action {
        Action::List => {
            for name in space::NAMES {
                writeln!(out, "{name}")?;
            }
        }
        Action::Info { space, json } => {
            let info = Info::of(&*space.load()?);
            if *json {
                serde_json::to_writer_pretty(&mut out, &info).map_err(io::Error::from)?;
                writeln!(out)?;
            } else {
                describe(&info, &mut out)?;
            }
        }
        Action::Enumerate { space } => {
            let space = space.load()?;
            let mut written = Ok(());
            space.enumerate(&mut |arch| {
                if written.is_ok() {
                    written = writeln!(out, "{}", space.format(&arch));
                }
            })?;
            written?;
        }
        Action::Sample {
            space,
            number,
            seed,
            sampler,
        } => {
            let sampler = sampler.as_deref().map(str::parse).transpose()?;
            let space = space.load()?;
            let sampler = Sampler::feasible(&*space, sampler)?;
            let mut rng = Rng::stream(*seed, "space-sample");
            for _ in 0..*number {
                writeln!(out, "{}", space.format(&space.sample(sampler, &mut rng)))?;
            }
        }
        Action::Count { space } => {
            let space = space.load()?;
            writeln!(out, "{}", size(&*space))?;
        }
        Action::Import {
            file,
            name,
            out: to,
        } => {
            import(file, name.as_deref(), to.as_deref(), &mut out)?;
        }
        Action::Neighbors { space, arch } => {
            let space = space.load()?;
            let arch =
                (space.parse(arch)).map_err(|what| Error::input(format!("`{arch}`: {what}")))?;
            for neighbor in space.neighbors(&arch) {
                writeln!(out, "{}", space.format(&neighbor))?;
            }
        }
    }
    out.flush()?;
    Ok(End::Done)
}

/// Writes the space of another tool as a space file. What has no counterpart is said on standard error.
fn import(file: &Path, name: Option<&str>, to: Option<&Path>, out: &mut impl Write) -> Result<()> {
    let text = read_regular_text(file).map_err(|e| unreadable(Error::io(file, e)))?;
    let stem = file
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let name = name.map(str::to_owned).or(stem).unwrap_or_default();
    let imported = import_space(&text, &name).map_err(|e| e.in_file(file))?;
    for note in &imported.notes {
        eprintln!("note: {note}");
    }
    // The file that is written can be read.
    space::from_toml(&imported.toml).map_err(|e| e.in_file(file))?;
    match to {
        Some(path) => {
            write_whole(path, |mut file| file.write_all(imported.toml.as_bytes()))?;
        }
        None => out.write_all(imported.toml.as_bytes())?,
    }
    Ok(())
}

/// The number of architectures, or what it exceeds where it cannot be counted within seconds.
pub fn size(space: &dyn SearchSpace) -> String {
    match space.size() {
        Some(size) => size.to_string(),
        None => format!("more than {}", space.at_least()),
    }
}

fn describe(info: &Info, out: &mut impl Write) -> io::Result<()> {
    let samplers: Vec<&str> = info.samplers.iter().map(|s| s.name()).collect();
    writeln!(out, "space          {}", info.name)?;
    writeln!(out, "architectures  {}", info.count)?;
    for (i, choice) in info.choices.iter().enumerate() {
        let head = if i == 0 { "choices" } else { "" };
        writeln!(out, "{head:13}  {}", choice.shown())?;
    }
    if info.choices.is_empty() {
        writeln!(out, "ops            {}", info.ops.join(", "))?;
    }
    if !info.absent.is_empty() {
        writeln!(out, "absent         {}", info.absent.join(", "))?;
    }
    if !info.identity.is_empty() {
        writeln!(out, "identity       {}", info.identity.join(", "))?;
    }
    writeln!(out, "metrics        {}", list(&info.metrics))?;
    writeln!(out, "samplers       {}", samplers.join(", "))?;
    writeln!(out, "max nodes      {}", info.max_nodes)?;
    writeln!(out, "example        {}", info.example)?;
    for start in &info.start {
        writeln!(out, "start          {start}")?;
    }
    let width = info.named.iter().map(|point| point.name.len()).max();
    for (i, point) in info.named.iter().enumerate() {
        let head = if i == 0 { "named" } else { "" };
        let costs = info.metrics.iter().filter_map(|metric| {
            let cost = point.costs.get(metric)?;
            Some(format!("{metric} {cost}"))
        });
        let costs: Vec<String> = costs.collect();
        writeln!(
            out,
            "{head:13}  {:width$}  {}",
            point.name,
            costs.join(", "),
            width = width.unwrap_or(0)
        )?;
    }
    Ok(())
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".into(),
        names => names.join(", "),
    }
}
