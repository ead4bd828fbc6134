//! Mobile networks: stages of inverted bottlenecks with free blocks and free depths.

mod accel;
mod block;
mod efficientnet;
mod layout;
mod network;
mod ofa;
mod proxylessnas;

use super::chain::{chain_graph, chain_link};
use super::literal::{Literal, unquoted};
use super::{
    Duplicates, Growth, Kind, LabelSet, Link, Part, Rules, Sampler, SearchSpace, named_or,
    too_large, vocabulary,
};
use crate::arch::{Arch, Graph, INPUT, OUTPUT};
use crate::error::{Result, counted};
use crate::rng::Rng;
use block::{Backbone, Block};
use layout::Layout;

pub use accel::accel_nasbench;
pub use efficientnet::efficientnet_b0;
pub use network::{Bottleneck, MobileHead, MobileNet, Squeeze};
pub use ofa::ofa_mobilenetv3;
pub use proxylessnas::{proxylessnas, proxylessnas_cpu, proxylessnas_gpu};

/// Notation of a space's architectures: the blocks of each stage, without skipped layers.
trait Notation: Send + Sync {
    /// Reads a text.
    ///
    /// The number of stages is right. The blocks need not be on offer, nor the stages be of an
    /// allowed depth.
    fn read(&self, text: &str) -> std::result::Result<Vec<Vec<Block>>, String>;

    /// Writes an architecture.
    fn write(&self, stages: &[Vec<Block>]) -> String;

    /// Returns the columns of the notation: see [`SearchSpace::spelling`].
    fn spelling(&self) -> &[Part] {
        &[]
    }
}

/// Space of mobile networks.
///
/// In the [`Graph`], each layer slot is a node that feeds the next. Missing layers of a stage are
/// nodes `skip` at its end. Two architectures are the same if their stages have the same sequences
/// of blocks, so every architecture has one form only.
pub struct Mobile {
    name: String,
    ops: Vec<String>,
    vocabulary: Vec<String>,
    blocks: Vec<Block>,
    layout: Layout,
    backbone: Backbone,
    notation: Box<dyn Notation>,
    costs: [String; 2],
    /// Unit of the costs.
    unit: f64,
    named: Vec<(&'static str, Arch)>,
}

impl Mobile {
    /// Creates a space of networks on a backbone whose layers have one of these blocks.
    fn new(
        name: &str,
        backbone: Backbone,
        blocks: Vec<Block>,
        notation: impl Notation + 'static,
    ) -> Self {
        let ops: Vec<String> = (blocks.iter().map(|b| b.name()))
            .chain(["skip".into()])
            .collect();
        Mobile {
            name: name.into(),
            vocabulary: vocabulary(&ops),
            ops,
            layout: Layout {
                depths: backbone.stages.iter().map(|s| s.depths).collect(),
                blocks: blocks.len(),
                uniform: false,
            },
            blocks,
            backbone,
            notation: Box::new(notation),
            costs: ["params", "macs"].map(str::to_owned),
            unit: 1.0,
            named: Vec::new(),
        }
    }

    /// Makes all layers of a stage have the same block.
    fn uniform(mut self) -> Self {
        self.layout.uniform = true;
        self
    }

    /// Counts weights and multiply-adds in millions.
    fn in_millions(mut self) -> Self {
        self.unit = 1e6;
        self
    }

    /// Names an architecture of the space.
    fn naming(mut self, name: &'static str, text: &str) -> Self {
        let arch = self.parse(text);
        debug_assert!(arch.is_ok(), "{name}: {arch:?}");
        self.named.extend(arch.map(|arch| (name, arch)));
        self
    }

    /// Parses an architecture in the notation.
    fn read(&self, text: &str) -> std::result::Result<Arch, String> {
        let read = self.notation.read(text)?;
        let mut stages = Vec::with_capacity(read.len());
        for (i, (blocks, &(least, most))) in read.iter().zip(&self.layout.depths).enumerate() {
            let place = |what: String| format!("stage {}: {what}", i + 1);
            if !(least..=most).contains(&blocks.len()) {
                let allowed = if least == most {
                    least.to_string()
                } else {
                    format!("{least} to {most}")
                };
                return Err(place(format!("{} layers; give it {allowed}", blocks.len())));
            }
            let ops = (blocks.iter().map(|&block| self.op(block)))
                .collect::<std::result::Result<Vec<u8>, _>>()
                .map_err(place)?;
            stages.push(ops);
        }
        let arch = self.layout.arch(&stages);
        self.check(&arch)?;
        Ok(arch)
    }

    fn blocks(&self, arch: &Arch) -> Vec<Vec<Block>> {
        (self.layout.stages(arch.ops()))
            .map(|stage| stage.iter().map(|&op| self.blocks[op as usize]).collect())
            .collect()
    }

    /// Returns the network of a valid architecture, with the published widths. If the channels of
    /// the stem are given, all other widths change in proportion, in multiples of 8 (`ours`; the
    /// rounding is that of EfficientNet's width coefficient).
    pub fn network(&self, arch: &Arch, stem: Option<usize>) -> MobileNet {
        let stages = (self.layout.stages(arch.ops()))
            .map(|stage| stage.iter().map(|&op| &self.blocks[op as usize]));
        self.backbone.network(stages, stem)
    }

    /// Returns the smallest and the largest number of layers of each stage.
    pub fn depths(&self) -> &[(usize, usize)] {
        &self.layout.depths
    }

    /// Returns the op of a block.
    ///
    /// # Errors
    /// If the space does not offer the block; the error lists the blocks.
    fn op(&self, block: Block) -> std::result::Result<u8, String> {
        match self.blocks.iter().position(|&b| b == block) {
            Some(op) => Ok(op as u8),
            None => Err(format!(
                "there is no block `{}`; the blocks are {}",
                block.name(),
                self.ops[..self.blocks.len()].join(", ")
            )),
        }
    }
}

impl Growth for Mobile {
    fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    fn max_nodes(&self) -> usize {
        self.layout.slots() + 2
    }

    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet {
        match partial.len() {
            0 => 1 << INPUT,
            t if t <= self.layout.slots() => {
                let before: Vec<u8> = partial.labels[1..].iter().map(|l| l - 2).collect();
                self.layout.choices(&before, rules) << 2
            }
            t if t == self.layout.slots() + 1 => 1 << OUTPUT,
            _ => 0,
        }
    }

    fn link(&self, partial: &Graph, _: u8, _: u64, from: usize, _: Rules) -> Link {
        chain_link(partial, from)
    }

    fn violations(&self, graph: &Graph) -> usize {
        let ops: Vec<u8> = (graph.labels.iter().skip(1))
            .map(|l| l.wrapping_sub(2))
            .take(self.layout.slots())
            .collect();
        self.layout.violations(&ops)
    }
}

impl SearchSpace for Mobile {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Mobile(self)
    }

    fn ops(&self) -> &[String] {
        &self.ops
    }

    fn check(&self, arch: &Arch) -> std::result::Result<(), String> {
        let (ops, slots) = (arch.ops(), self.layout.slots());
        if ops.len() != slots || arch.edges() != 0 {
            return Err(format!(
                "{} where the space `{}` has {slots}",
                counted(ops.len(), "layer"),
                self.name
            ));
        }
        for (slot, &op) in ops.iter().enumerate() {
            let choices = self.layout.choices(&ops[..slot], Rules::Enforced);
            if op > self.layout.skip() || choices >> op & 1 == 0 {
                let (stage, layer) = self.layout.place(slot);
                let name = self.ops.get(op as usize).map_or("?", String::as_str);
                return Err(format!(
                    "layer {} of stage {} cannot be `{name}`",
                    layer + 1,
                    stage + 1
                ));
            }
        }
        Ok(())
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        *arch
    }

    fn graph(&self, arch: &Arch) -> Graph {
        chain_graph(arch.ops())
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        Some(vec![self.graph(arch)])
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        if graph.len() != self.max_nodes() {
            return Err("the graph is not a chain of the space".into());
        }
        let ops: Vec<u8> = (graph.labels[1..graph.len() - 1].iter())
            .map(|l| l.wrapping_sub(2))
            .collect();
        let arch = Arch::new(&ops);
        self.check(&arch)?;
        Ok(arch)
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        named_or(&self.named, text, |text| {
            let text = unquoted(text);
            // A list of the parts that are joined by `;`.
            let parts = if text.starts_with(['[', '(']) {
                Literal::read(text)?
            } else {
                return self.read(text);
            };
            let parts = parts
                .words()
                .ok_or("the list does not hold a text a layer or stage")?;
            self.read(&parts.join(";"))
        })
    }

    fn format(&self, arch: &Arch) -> String {
        self.notation.write(&self.blocks(arch))
    }

    fn spelling(&self) -> &[Part] {
        self.notation.spelling()
    }

    /// Averages, because authors wrote missing layers in various ways and measured some networks
    /// again.
    fn repeats(&self) -> Duplicates {
        Duplicates::Mean
    }

    fn named(&self) -> &[(&'static str, Arch)] {
        &self.named
    }

    fn samplers(&self) -> &[Sampler] {
        &[Sampler::Uniform]
    }

    fn sample(&self, _: Sampler, rng: &mut Rng) -> Arch {
        self.layout.sample(rng)
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        self.layout.neighbors(arch)
    }

    /// Counts the choices of each layer that differ. A layer that only one of the two has differs
    /// in all choices.
    fn distance(&self, a: &Arch, b: &Arch) -> u32 {
        let block = |op: u8| self.blocks.get(op as usize);
        let differing = |(&x, &y): (&u8, &u8)| match (block(x), block(y)) {
            (Some(x), Some(y)) => {
                u32::from(x.expansion != y.expansion)
                    + u32::from(x.kernel != y.kernel)
                    + u32::from(x.squeeze != y.squeeze)
            }
            (None, None) => 0,
            _ => 3,
        };
        a.ops().iter().zip(b.ops()).map(differing).sum()
    }

    fn size(&self) -> Option<u128> {
        self.layout.size()
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
        let network = self.network(arch, None);
        let (params, macs) = network.count(self.backbone.elementwise);
        [params, macs][index] as f64 / self.unit
    }
}
