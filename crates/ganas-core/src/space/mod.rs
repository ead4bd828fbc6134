//! Search spaces: the structure of their architectures, notations, sampling, edits and growth.

mod activation;
mod chain;
mod chain_forms;
mod config;
mod costed;
mod costs;
mod darts;
mod duplicates;
mod edge_cell;
mod edge_forms;
mod edge_network;
mod file;
mod growth;
mod literal;
mod mobile;
mod named_graph;
mod nasbench101;
mod nasbench201;
mod node_cell;
mod op_name;
mod roles;
mod sequence;
mod tally;

use std::str::FromStr;

use crate::arch::{Arch, Graph};
use crate::error::{Advice, Error, Result, hint, nearest};
use crate::rng::Rng;

pub use op_name::is_none;
use op_name::{exact_op_index, op_index};

pub use activation::Activation;
pub use chain::Chain;
pub use config::{Choice, Config, Imported, Scale, Value, import_space};
pub use costed::{CostTable, Costed};
pub use costs::{Costs, OpCosts};
pub use darts::{Darts, DartsCell, DartsNet, darts, nasbench301};
pub use duplicates::Duplicates;
pub use edge_cell::EdgeCell;
pub use file::{from_file, from_toml};
pub use growth::{Growth, LabelSet, Link, Rules};
pub use mobile::{
    Bottleneck, Mobile, MobileHead, MobileNet, Squeeze, accel_nasbench, efficientnet_b0,
    ofa_mobilenetv3, proxylessnas, proxylessnas_cpu, proxylessnas_gpu,
};
pub use named_graph::{NamedGraph, named_values};
pub use nasbench101::{module_hash, nasbench101, vertex_channels};
pub use nasbench201::nasbench201;
pub use node_cell::NodeCell;
pub use roles::Roles;

/// Names of the built-in spaces.
pub const NAMES: [&str; 16] = [
    "nasbench101",
    "nasbench201",
    "nasbench301",
    "darts",
    "efficientnet-b0",
    "proxylessnas",
    "proxylessnas-gpu",
    "proxylessnas-cpu",
    "ofa-mobilenetv3",
    "accel-nasbench",
    "hwgpt-s",
    "hwgpt-m",
    "hwgpt-l",
    "jahs",
    "fcnet",
    "autoformer-tiny",
];

/// Distribution of random architectures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampler {
    /// Uniform over the distinct architectures.
    #[default]
    Uniform,
    /// Node cells only: uniform bits of a full-sized adjacency matrix and uniform ops, drawn again
    /// until the pruned cell is valid. This is the usual sampler of NAS-Bench-101 studies; nearly
    /// all of its cells are small.
    Adjacency,
}

impl Sampler {
    /// Returns the name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Sampler::Uniform => "uniform",
            Sampler::Adjacency => "adjacency",
        }
    }

    /// Returns the requested sampler, or the space's first.
    ///
    /// # Errors
    /// If the sampler is not feasible in the space.
    pub fn feasible(space: &dyn SearchSpace, asked: Option<Sampler>) -> Result<Sampler> {
        let sampler = asked.unwrap_or(space.samplers()[0]);
        if space.samplers().contains(&sampler) {
            return Ok(sampler);
        }
        let other = space.samplers()[0].name().to_owned();
        Err(Error::input(format!(
            "the space `{}` has no sampler `{}`",
            space.name(),
            sampler.name()
        ))
        .mend(Advice::text("use ").setting("sampler", Some(other))))
    }
}

impl FromStr for Sampler {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        match s {
            "uniform" => Ok(Sampler::Uniform),
            "adjacency" => Ok(Sampler::Adjacency),
            _ => {
                Err(Error::input(format!("unknown sampler `{s}`"))
                    .mend("use `uniform` or `adjacency`"))
            }
        }
    }
}

/// Part of an architecture's notation that tables may keep in a column of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Text before the field in the notation.
    pub before: String,
    /// Name of the column.
    pub column: String,
    /// Other names of the column.
    pub aliases: Vec<String>,
    /// True if a table without the column leaves the field empty.
    pub optional: bool,
}

impl Part {
    /// Creates parts from pairs of the text before each and its column.
    pub fn list<const N: usize>(parts: [(&str, &str); N]) -> Vec<Part> {
        (parts.into_iter())
            .map(|(before, column)| Part {
                before: before.into(),
                column: column.into(),
                aliases: Vec::new(),
                optional: false,
            })
            .collect()
    }
}

static NO_ROLES: Roles = Roles {
    absent: Vec::new(),
    identity: Vec::new(),
    stages: Vec::new(),
    projected: false,
};

/// Structure of a space's architectures, for programs that build something from them.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// Sequence of ops: [`Chain`].
    Chain,
    /// Complete DAG with one op an edge, the edges ordered by target and then by source:
    /// [`EdgeCell`].
    EdgeCell,
    /// [`Cell`](crate::arch::Cell) with one op a vertex: [`NodeCell`].
    NodeCell,
    /// Layers of a network, by [`Mobile::network`].
    Mobile(&'a Mobile),
    /// Two cells of a network, by [`Darts::network`].
    Darts(&'a Darts),
    /// Named choices, and optionally a cell: [`Config::choices`].
    Config(&'a Config),
    /// Structure that only the space itself knows.
    Other,
}

/// Search space.
///
/// All architectures that a space returns are valid and in canonical form. A space knows the
/// structure of its architectures and the exact consequences, such as their weights. It knows
/// nothing of their performance.
pub trait SearchSpace: Growth + Send + Sync {
    /// Returns the name in commands, files and the protocol.
    fn name(&self) -> &str;

    /// Returns the structure of the architectures.
    fn kind(&self) -> Kind<'_> {
        Kind::Other
    }

    /// Returns the names of the ops that an [`Arch`]'s op indices stand for.
    fn ops(&self) -> &[String];

    /// Returns true if op indices are in the range of the space. It is a quick part of
    /// [`check`](Self::check), for tables of many rows.
    fn knows_ops(&self, ops: &[u8]) -> bool {
        ops.iter().all(|&op| usize::from(op) < self.ops().len())
    }

    /// Checks that an architecture belongs to the space.
    ///
    /// # Errors
    /// If it does not; the error is a phrase that says why.
    fn check(&self, arch: &Arch) -> std::result::Result<(), String>;

    /// Returns the canonical form of a valid architecture: the representative of all that count as
    /// the same.
    fn canonical(&self, arch: &Arch) -> Arch;

    /// Returns the graph of a valid architecture.
    fn graph(&self, arch: &Arch) -> Graph;

    /// Returns the canonical architecture of a finished graph.
    ///
    /// # Errors
    /// If the graph breaks a rule of the space.
    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String>;

    /// Returns all graphs that grow into this architecture under the enforced rules, each once. A
    /// generator of graphs draws the architecture with the sum of their probabilities. Returns
    /// `None` if they are too many or not known.
    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        let _ = arch;
        None
    }

    /// Parses the canonical architecture of a text: the space's notation, or the name of one of the
    /// [`named`](Self::named) points.
    ///
    /// # Errors
    /// If the text is neither; the error says why.
    fn parse(&self, text: &str) -> std::result::Result<Arch, String>;

    /// Writes an architecture in the space's notation.
    fn format(&self, arch: &Arch) -> String;

    /// Returns the columns over which tables may spread an architecture. The notation is the text
    /// before each field and the field, one after another.
    ///
    /// Every table may have the one column `arch` instead. The list is empty if that is the only
    /// form.
    fn spelling(&self) -> &[Part] {
        &[]
    }

    /// Returns the same space with isomorphic notations merged into one architecture.
    ///
    /// # Errors
    /// If its notations differ by more than that, or are too many.
    fn merged(self: Box<Self>) -> Result<Box<dyn SearchSpace>> {
        Err(nothing_to_merge(self.name()))
    }

    /// Returns the ops without a layer of their own. Architectures whose networks differ only by
    /// such ops are one.
    fn roles(&self) -> &Roles {
        &NO_ROLES
    }

    /// Merges architectures whose networks differ only by ops of these roles. Empty roles make each
    /// notation an architecture again. Spaces whose networks never coincide ignore the call.
    ///
    /// # Errors
    /// If the roles do not suit the space.
    fn unify(&mut self, roles: &Roles) -> Result<()> {
        let _ = roles;
        Ok(())
    }

    /// Takes numbers between the values of the space as the nearest value, instead of refusing them.
    ///
    /// # Errors
    /// If the space has no numbers.
    fn snap(&mut self) -> Result<()> {
        Err(nothing_to_snap(self.name()))
    }

    /// Returns true if numbers between the values are taken as the nearest value.
    fn snaps(&self) -> bool {
        false
    }

    /// Returns the architectures with which a search starts unless it names others, as the file of the
    /// space has them.
    fn start(&self) -> &[String] {
        &[]
    }

    /// Returns the treatment of repeated rows of one architecture in tables of this space, unless
    /// the import has its own. The default is an error.
    fn repeats(&self) -> Duplicates {
        Duplicates::Error
    }

    /// Returns architectures that have a name, such as published networks.
    fn named(&self) -> &[(&'static str, Arch)] {
        &[]
    }

    /// Returns the samplers that are feasible here. The first is the default.
    fn samplers(&self) -> &[Sampler];

    /// Draws a random architecture. The sampler has to be one of [`samplers`](Self::samplers).
    fn sample(&self, sampler: Sampler, rng: &mut Rng) -> Arch;

    /// Returns true if the space says which architectures are more likely to be good.
    fn has_weights(&self) -> bool {
        false
    }

    /// Returns the logarithm of an architecture's weight: how likely it is to be good, before any evaluation, as
    /// a ratio to the most likely one. 0 for all architectures of a space without weights.
    fn log_weight(&self, _: &Arch) -> f64 {
        0.0
    }

    /// Draws a random architecture by its weight; `None` from a space without weights.
    fn sample_weighted(&self, _: &mut Rng) -> Option<Arch> {
        None
    }

    /// Returns all architectures one edit away, distinct, sorted, and without this one.
    fn neighbors(&self, arch: &Arch) -> Vec<Arch>;

    /// Draws one of the [`neighbors`](Self::neighbors) uniformly. Returns the architecture itself
    /// if it has none.
    fn mutate(&self, arch: &Arch, rng: &mut Rng) -> Arch {
        let neighbors = self.neighbors(arch);
        if neighbors.is_empty() {
            *arch
        } else {
            *rng.choose(&neighbors)
        }
    }

    /// Returns the distance of two architectures: 0 for equal ones, and small if few edits lead
    /// from one to the other. It finds the nearest members of a [`Pool`](crate::Pool).
    fn distance(&self, a: &Arch, b: &Arch) -> u32 {
        a.differences(b)
    }

    /// Returns the number of architectures, if it can be counted within seconds.
    fn size(&self) -> Option<u128>;

    /// Returns a lower bound on the number of architectures. It is exact if [`size`](Self::size) is
    /// known.
    fn at_least(&self) -> u128 {
        self.size().unwrap_or(1)
    }

    /// Visits every architecture once, in a fixed order.
    ///
    /// # Errors
    /// If the space is too large to enumerate. No architecture is visited then.
    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()>;

    /// Returns the names of the exact costs of an architecture, such as `params` and `macs`.
    fn costs(&self) -> &[String];

    /// Returns the cost of this index for an architecture.
    fn cost(&self, arch: &Arch, index: usize) -> f64;
}

/// Loads a space by name, or from a TOML file.
///
/// # Errors
/// If there is neither, or the file does not describe a space.
pub fn load(name_or_file: &str) -> Result<Box<dyn SearchSpace>> {
    match name_or_file {
        "nasbench101" => Ok(Box::new(nasbench101())),
        "nasbench201" => Ok(Box::new(nasbench201())),
        "nasbench301" => Ok(Box::new(nasbench301())),
        "darts" => Ok(Box::new(darts())),
        "efficientnet-b0" => Ok(Box::new(efficientnet_b0())),
        "proxylessnas" => Ok(Box::new(proxylessnas())),
        "proxylessnas-gpu" => Ok(Box::new(proxylessnas_gpu())),
        "proxylessnas-cpu" => Ok(Box::new(proxylessnas_cpu())),
        "ofa-mobilenetv3" => Ok(Box::new(ofa_mobilenetv3())),
        "accel-nasbench" => Ok(Box::new(accel_nasbench())),
        known if config::shipped(known).is_some() => config::load(known),
        file if file.ends_with(".toml") || std::path::Path::new(file).exists() => from_file(file),
        unknown => {
            let hint = match nearest(unknown, NAMES) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("use {} or a TOML file", NAMES.join(", ")),
            };
            Err(Error::input(format!("unknown space `{unknown}`")).mend(hint))
        }
    }
}

/// Returns the error of merging notations that never stand for the same network.
fn nothing_to_merge(space: &str) -> Error {
    let what = format!("the space `{space}` has nothing to merge by isomorphism");
    Error::input(what).mend(
        "leave it out; it is for edge cells such as those of nasbench201, and for spaces whose file \
         names ops without a layer, as `absent = [\"none\"]`",
    )
}

/// Returns the error of snapping to the values of a space that are not numbers.
fn nothing_to_snap(space: &str) -> Error {
    Error::input(format!("the space `{space}` has no numbers to snap to"))
        .mend(Advice::text("leave out ").setting("snap", None))
}

/// Returns the point of this name, or the result of `notation` for a text in the space's notation.
///
/// Notations never look like names, so an unknown name is refused with a list of the known ones.
fn named_or(
    named: &[(&'static str, Arch)],
    text: &str,
    notation: impl FnOnce(&str) -> std::result::Result<Arch, String>,
) -> std::result::Result<Arch, String> {
    let text = text.trim();
    if let Some((_, arch)) = named.iter().find(|(name, _)| *name == text) {
        return Ok(*arch);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain);
    if named.is_empty() || !is_name {
        return notation(text);
    }
    let names: Vec<&str> = named.iter().map(|(name, _)| *name).collect();
    let hint = hint(text, &names, "the names are");
    Err(format!("no architecture has this name; {hint}"))
}

/// Returns the error of enumerating a space that is too large, with the reason `why` if it is not
/// empty.
fn too_large(space: &str, why: &str) -> Error {
    Error::input(format!(
        "the space `{space}` is too large to enumerate{why}"
    ))
    .mend("sample from it instead")
}

/// Returns the vocabulary of a space whose nodes are an input, an output and ops.
fn vocabulary(ops: &[String]) -> Vec<String> {
    ["input", "output"]
        .into_iter()
        .map(str::to_owned)
        .chain(ops.iter().cloned())
        .collect()
}
