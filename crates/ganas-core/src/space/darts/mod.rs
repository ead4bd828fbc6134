//! The spaces of DARTS (Liu et al. 2019, arXiv 1806.09055) and NAS-Bench-301 (Zela et al. 2022,
//! arXiv 2008.09777).

mod cell;
mod genotype;
mod growth;
mod network;

use super::{Duplicates, Kind, Sampler, SearchSpace, named_or, too_large, vocabulary};
use crate::arch::{Arch, Graph};
use crate::error::Result;
use crate::rng::Rng;
use cell::{Cell, EDGES};

pub use network::{DartsCell, DartsNet};

/// Ops in the order of NAS-Bench-301's index notation, then `none`, which only DARTS has.
const OPS: [&str; 8] = [
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
    "none",
];

/// Number of edge bits of an architecture for the source of an edge.
const SOURCE_BITS: usize = 3;

/// DARTS' first-order cells.
const V1: &str = "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), \
    ('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), \
    ('skip_connect', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), \
    ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), \
    ('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])";

/// DARTS' second-order cells.
const V2: &str = "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), \
    ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), \
    ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), \
    ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), \
    ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])";

/// Space of pairs of DARTS cells, a normal and a reduction cell.
///
/// A cell has two inputs and four nodes. Each node sums two edges from distinct earlier nodes or
/// inputs, each edge with an op. The cell's output joins all nodes. The order of a node's two edges
/// and the numbering of the nodes make no difference to the network, so cells that differ in
/// nothing else are one architecture. Edges with the op `none` count like any other: two cells in
/// which they differ are two architectures.
///
/// The notation is `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6),
/// reduce=[...], reduce_concat=range(2, 6))` as in DARTS' code. The parser also accepts groups of
/// edges, weights, dictionaries, configurations of NAS-Bench-301, and pairs `[[(0, 3), ...],
/// [...]]` of an input node and the index of an op. Two orders of the indices are in use:
/// NAS-Bench-301's, in which `max_pool_3x3` is 0, and that of DARTS' code, in which `none` is 0. In
/// the space `nasbench301` the first is read. In `darts` the second is read if an index 7 shows it;
/// other indices are refused.
///
/// The named points are `darts-v1` and `darts-v2`, the cells of Liu et al. 2019.
///
/// The costs are those of the CIFAR-10 networks of 20 cells and 36 channels. `macs` counts, besides
/// the multiply-adds, four operations an element of batch norm and one an element of average
/// pooling, as published tables of DARTS cells do.
///
/// In the [`Graph`], every edge is an op node with one feeder, and every node of a cell is a node
/// `sum` that is fed by its two ops. The reduction cell comes after the normal one.
pub struct Darts {
    name: String,
    ops: Vec<String>,
    vocabulary: Vec<String>,
    costs: [String; 2],
    named: Vec<(&'static str, Arch)>,
}

/// Returns the space `darts`: 8 ops, `none` among them.
pub fn darts() -> Darts {
    Darts::new("darts", OPS.len())
}

/// Returns the space `nasbench301`: DARTS' cells without the op `none`.
pub fn nasbench301() -> Darts {
    Darts::new("nasbench301", OPS.len() - 1)
}

impl Darts {
    fn new(name: &str, ops: usize) -> Self {
        let ops: Vec<String> = OPS[..ops].iter().map(|&op| op.to_owned()).collect();
        let mut vocabulary = vocabulary(&ops);
        vocabulary.extend(growth::LABELS.map(str::to_owned));
        let mut space = Darts {
            name: name.into(),
            ops,
            vocabulary,
            costs: ["params", "macs"].map(str::to_owned),
            named: Vec::new(),
        };
        let points = [("darts-v1", V1), ("darts-v2", V2)];
        let named =
            (points.iter()).filter_map(|(name, text)| Some((*name, space.parse(text).ok()?)));
        space.named = named.collect();
        space
    }

    /// Returns the network of a valid architecture. `channels` is the width of the first cell, a
    /// third of the stem's; `cells` is the number of cells. The defaults are 36 and 20, as Liu et
    /// al. 2019 have on CIFAR-10.
    ///
    /// The cells at one and at two thirds are reduction cells, so a network of fewer than 3 cells
    /// has no normal cell.
    pub fn network(&self, arch: &Arch, channels: Option<usize>, cells: Option<usize>) -> DartsNet {
        DartsNet::new(
            &Self::split(arch),
            channels.unwrap_or(network::CHANNELS),
            cells.unwrap_or(network::CELLS),
        )
    }

    /// Returns the architecture of two cells in any form.
    fn join(cells: &[Cell; 2]) -> Arch {
        // Cells whose nodes come after their sources have a canonical form.
        let cells = cells.map(|cell| cell.canonical().unwrap_or(cell));
        let edges = || cells.iter().flat_map(|cell| cell.0.as_flattened());
        let ops: Vec<u8> = edges().map(|edge| edge.1).collect();
        let sources = (edges().enumerate()).fold(0, |bits, (i, edge)| {
            bits | u128::from(edge.0) << (SOURCE_BITS * i)
        });
        Arch::with_edges(&ops, sources)
    }

    /// Returns the cells of an architecture of 16 ops.
    fn split(arch: &Arch) -> [Cell; 2] {
        let mut cells = [Cell([[(0, 0); 2]; cell::NODES]); 2];
        for (i, &op) in arch.ops().iter().take(2 * EDGES).enumerate() {
            let source = arch.edges() >> (SOURCE_BITS * i) & ((1 << SOURCE_BITS) - 1);
            cells[i / EDGES].0.as_flattened_mut()[i % EDGES] = (source as u8, op);
        }
        cells
    }
}

impl SearchSpace for Darts {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Darts(self)
    }

    fn ops(&self) -> &[String] {
        &self.ops
    }

    fn check(&self, arch: &Arch) -> std::result::Result<(), String> {
        if arch.ops().len() != 2 * EDGES || arch.edges() >> (SOURCE_BITS * 2 * EDGES) != 0 {
            return Err(format!("not a pair of cells of the space `{}`", self.name));
        }
        if let Some(op) = arch.ops().iter().find(|&&op| op as usize >= self.ops.len()) {
            return Err(format!("no op has index {op}"));
        }
        if !Self::split(arch).iter().all(Cell::is_sorted) {
            return Err("a node does not have two earlier sources in order".into());
        }
        Ok(())
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        Self::join(&Self::split(arch))
    }

    fn graph(&self, arch: &Arch) -> Graph {
        growth::graph(&Self::split(arch), self.ops.len())
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        let [normal, reduction] = Self::split(arch).map(|cell| cell.distinct_forms());
        let pairs = normal
            .iter()
            .flat_map(|a| reduction.iter().map(move |b| [*a, *b]));
        Some(
            pairs
                .map(|cells| growth::graph(&cells, self.ops.len()))
                .collect(),
        )
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        let cells = growth::cells(graph, self.ops.len()).ok_or("the graph is no pair of cells")?;
        Ok(Self::join(&cells))
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        named_or(&self.named, text, |text| {
            genotype::read(text, &self.ops).map(|cells| Self::join(&cells))
        })
    }

    fn format(&self, arch: &Arch) -> String {
        genotype::write(&Self::split(arch), &self.ops)
    }

    fn named(&self) -> &[(&'static str, Arch)] {
        &self.named
    }

    /// Averages, because isomorphic cells were trained separately.
    fn repeats(&self) -> Duplicates {
        Duplicates::Mean
    }

    fn samplers(&self) -> &[Sampler] {
        &[Sampler::Uniform]
    }

    fn sample(&self, _: Sampler, rng: &mut Rng) -> Arch {
        Self::join(&[(); 2].map(|()| Cell::sample(self.ops.len(), rng)))
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        let [normal, reduction] = Self::split(arch);
        let mut found: Vec<Arch> = (normal.edits(self.ops.len()).into_iter())
            .map(|cell| [cell, reduction])
            .chain((reduction.edits(self.ops.len()).into_iter()).map(|cell| [normal, cell]))
            .map(|cells| Self::join(&cells))
            .collect();
        found.sort_unstable();
        found
    }

    fn size(&self) -> Option<u128> {
        Cell::count(self.ops.len()).checked_pow(2)
    }

    fn at_least(&self) -> u128 {
        // Only an overflow is not counted.
        self.size().unwrap_or(u128::MAX)
    }

    fn enumerate(&self, _: &mut dyn FnMut(Arch)) -> Result<()> {
        Err(too_large(&self.name, ""))
    }

    fn costs(&self) -> &[String] {
        &self.costs
    }

    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        let (params, macs) = self.network(arch, None, None).count(&self.ops);
        [params, macs][index] as f64
    }
}
