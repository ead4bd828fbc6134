//! Search spaces: what their architectures are, how they are written, sampled, edited and grown.

mod activation;
mod chain;
mod chain_forms;
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
mod node_forms;
mod op_name;
mod roles;
mod sequence;
mod tally;

use std::str::FromStr;

use crate::arch::{Arch, Graph};
use crate::error::{Advice, Error, Result, hint, nearest};
use crate::rng::Rng;

use op_name::{exact_op_index, op_index};

pub use activation::Activation;
pub use chain::Chain;
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
pub use named_graph::NamedGraph;
pub use nasbench101::{module_hash, nasbench101, vertex_channels};
pub use nasbench201::nasbench201;
pub use node_cell::NodeCell;
pub use roles::Roles;

/// The spaces that are known by name.
pub const NAMES: [&str; 10] = [
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
];

/// How random architectures are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampler {
    /// Each distinct architecture with the same probability.
    #[default]
    Uniform,
    /// Node cells only: each bit of a full-sized adjacency matrix with probability one half and
    /// each op uniformly, drawn again until the pruned cell is valid. The usual sampler of
    /// NAS-Bench-101 studies; nearly all of its cells are small.
    Adjacency,
}

impl Sampler {
    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Sampler::Uniform => "uniform",
            Sampler::Adjacency => "adjacency",
        }
    }

    /// The sampler of a space: the one that was asked for, or the space's first.
    ///
    /// # Errors
    /// If it is not feasible in the space.
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

/// A part of an architecture's notation that tables may keep in a column of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What stands before the field in the notation.
    pub before: String,
    /// The column's name.
    pub column: String,
}

impl Part {
    /// Parts from what stands before each and its column.
    pub fn list<const N: usize>(parts: [(&str, &str); N]) -> Vec<Part> {
        (parts.into_iter())
            .map(|(before, column)| Part {
                before: before.into(),
                column: column.into(),
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

/// What the positions of a space's architectures are, for who builds something from them.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Kind<'a> {
    /// A sequence of ops: [`Chain`].
    Chain,
    /// A complete DAG with one op an edge, the edges ordered by target and then by source:
    /// [`EdgeCell`].
    EdgeCell,
    /// A [`Cell`](crate::arch::Cell) with one op a vertex: [`NodeCell`].
    NodeCell,
    /// The layers of a network, which [`Mobile::network`] gives.
    Mobile(&'a Mobile),
    /// Two cells of a network, which [`Darts::network`] gives.
    Darts(&'a Darts),
    /// A structure that only the space itself knows.
    Other,
}

/// A search space.
///
/// All architectures that a space hands out are in canonical form and valid. A space knows the
/// structure of its architectures and what follows from it exactly, such as their weights, but
/// never how well they perform.
pub trait SearchSpace: Growth + Send + Sync {
    /// The name in commands, files and the protocol.
    fn name(&self) -> &str;

    /// What the positions of an [`Arch`] are.
    fn kind(&self) -> Kind<'_> {
        Kind::Other
    }

    /// The names of the ops that an [`Arch`]'s op indices stand for.
    fn ops(&self) -> &[String];

    /// Whether an architecture belongs to the space; if not, in what way.
    fn check(&self, arch: &Arch) -> std::result::Result<(), String>;

    /// The representative of all architectures that count as the same one as this valid one.
    fn canonical(&self, arch: &Arch) -> Arch;

    /// The graph of a valid architecture.
    fn graph(&self, arch: &Arch) -> Graph;

    /// The canonical architecture of a finished graph, if it breaks no rule of the space.
    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String>;

    /// All graphs that the grammar of the space grows under its enforced rules and that
    /// [`arch`](Self::arch) makes this architecture of, each once: whatever grows graphs makes the
    /// architecture with the sum of their probabilities. `None` where they are too many to list or
    /// nobody has written down which they are.
    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        let _ = arch;
        None
    }

    /// The canonical architecture that a text stands for: one in the space's notation, or the name
    /// of one of the [`named`](Self::named) points.
    fn parse(&self, text: &str) -> std::result::Result<Arch, String>;

    /// An architecture in the space's notation.
    fn format(&self, arch: &Arch) -> String;

    /// How tables may spell an architecture over several columns: its notation is what stands
    /// before each field and the field, one after another. Empty if it is in one column only,
    /// `arch`, which every table may have instead.
    fn spelling(&self) -> &[Part] {
        &[]
    }

    /// The same space, in which isomorphic notations are one architecture.
    ///
    /// # Errors
    /// If its notations differ by more than that, or are too many.
    fn merged(self: Box<Self>) -> Result<Box<dyn SearchSpace>> {
        Err(nothing_to_merge(self.name()))
    }

    /// The ops without a layer of their own. Where there are any, architectures whose networks
    /// differ only by them are one.
    fn roles(&self) -> &Roles {
        &NO_ROLES
    }

    /// Makes architectures one if their networks differ only by ops of these roles; with none, each
    /// notation is an architecture again. Spaces whose networks never coincide ignore it.
    ///
    /// # Errors
    /// If the roles do not suit the space.
    fn unify(&mut self, roles: &Roles) -> Result<()> {
        let _ = roles;
        Ok(())
    }

    /// What several rows of one architecture mean in the tables of this space, where an import does
    /// not say otherwise. By default they contradict each other.
    fn repeats(&self) -> Duplicates {
        Duplicates::Error
    }

    /// Architectures that have a name, such as published networks.
    fn named(&self) -> &[(&'static str, Arch)] {
        &[]
    }

    /// The samplers that are feasible here; the first is the default.
    fn samplers(&self) -> &[Sampler];

    /// A random architecture. The sampler has to be one of [`samplers`](Self::samplers).
    fn sample(&self, sampler: Sampler, rng: &mut Rng) -> Arch;

    /// All architectures one edit away, distinct, sorted, and without this one.
    fn neighbors(&self, arch: &Arch) -> Vec<Arch>;

    /// One of the [`neighbors`](Self::neighbors), uniformly; the architecture itself if it has
    /// none.
    fn mutate(&self, arch: &Arch, rng: &mut Rng) -> Arch {
        let neighbors = self.neighbors(arch);
        if neighbors.is_empty() {
            *arch
        } else {
            *rng.choose(&neighbors)
        }
    }

    /// How unlike two architectures are: 0 for equals, and the smaller the fewer edits lead from one
    /// to the other. It finds what is nearest in a [`Pool`](crate::Pool) where no edit does.
    fn distance(&self, a: &Arch, b: &Arch) -> u32 {
        a.differences(b)
    }

    /// The number of architectures, where it can be counted within seconds.
    fn size(&self) -> Option<u128>;

    /// A number of architectures that there are for certain: the exact one where it can be counted,
    /// else a lower bound.
    fn at_least(&self) -> u128 {
        self.size().unwrap_or(1)
    }

    /// Visits every architecture once, in a fixed order.
    ///
    /// # Errors
    /// If the space is too large to enumerate; then none is visited.
    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()>;

    /// The names of what follows exactly from an architecture, such as `params` and `macs`.
    fn costs(&self) -> &[String];

    /// The cost of this index for an architecture.
    fn cost(&self, arch: &Arch, index: usize) -> f64;
}

/// The space of a name, or of a TOML file.
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

/// The error of merging notations that never stand for the same network.
fn nothing_to_merge(space: &str) -> Error {
    let what = format!("the space `{space}` has nothing to merge by isomorphism");
    Error::input(what).mend(
        "leave it out; it is for edge cells such as those of nasbench201, and for spaces whose file \
         names ops without a layer, as `absent = [\"none\"]`",
    )
}

/// The point of this name, or what the text says in the space's notation. What looks like a name is
/// none in any notation, so that an unknown one is refused with those that there are.
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

/// The error of enumerating a space that is too large for it, with more about why if there is.
fn too_large(space: &str, why: &str) -> Error {
    Error::input(format!(
        "the space `{space}` is too large to enumerate{why}"
    ))
    .mend("sample from it instead")
}

/// The vocabulary of a space whose nodes are an input, an output and ops.
fn vocabulary(ops: &[String]) -> Vec<String> {
    ["input", "output"]
        .into_iter()
        .map(str::to_owned)
        .chain(ops.iter().cloned())
        .collect()
}
