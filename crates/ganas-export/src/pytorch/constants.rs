//! The parts of a file that depend on the architecture.

use std::collections::BTreeSet;
use std::fmt::Write;

use ganas_core::arch::{Arch, Cell};
use ganas_core::space::{Activation, Bottleneck, Darts, Mobile, MobileHead, SearchSpace};
use ganas_train::network::Block;
use ganas_train::{Frame, TrainError};

use super::part::Part;

/// The architecture as constants, and the parts that go with it.
pub(super) struct Constants {
    /// The constants.
    pub text: String,
    /// The table of ops, in terms of their classes; empty if there is none.
    pub ops: String,
    /// The classes of the ops.
    pub parts: BTreeSet<Part>,
    /// The network around them.
    pub network: Part,
    /// Width and depth; the benchmark's if the frame has none.
    pub size: [usize; 2],
}

type Result<T> = std::result::Result<T, TrainError>;

impl Constants {
    /// An architecture with ops that a table makes.
    fn with_ops(
        text: String,
        used: impl IntoIterator<Item = u8>,
        names: &[String],
        strided: bool,
        network: Part,
        size: [usize; 2],
    ) -> Result<Self> {
        let used: BTreeSet<u8> = used.into_iter().collect();
        let mut parts = BTreeSet::new();
        let arguments = if strided {
            "channels, stride"
        } else {
            "channels"
        };
        let mut ops = String::from("OPS = {\n");
        for op in used {
            // A valid architecture has the op indices of its space.
            let name = &names[op as usize];
            let (made, part) = Part::of(Block::of(name)?, strided);
            parts.extend(part);
            line(
                &mut ops,
                format_args!("    \"{name}\": lambda {arguments}: {made},"),
            );
        }
        ops.push_str("}\n");
        Ok(Constants {
            text,
            ops,
            parts,
            network,
            size,
        })
    }

    /// The constants of an edge cell, in the form of NAS-Bench-201.
    pub fn edge_cell(space: &dyn SearchSpace, arch: &Arch, frame: &Frame) -> Result<Self> {
        let names = space.ops();
        let mut text = String::from(
            "# The ops on the edges into each node, from node 0 on; node 0 is the input.\nCELL = [\n",
        );
        let mut rest = arch.ops();
        let mut target = 1;
        while !rest.is_empty() {
            let (edges, others) = rest.split_at(target.min(rest.len()));
            line(&mut text, format_args!("    [{}],", list(edges, names)));
            rest = others;
            target += 1;
        }
        text.push_str("]\n");
        let size = [frame.width.unwrap_or(16), frame.depth.unwrap_or(5)];
        let used = arch.ops().iter().copied();
        Self::with_ops(text, used, names, false, Part::EdgeCell, size)
    }

    /// The constants of a node cell, in the form of NAS-Bench-101.
    pub fn node_cell(space: &dyn SearchSpace, arch: &Arch, frame: &Frame) -> Result<Self> {
        let (cell, names) = (Cell::from_arch(arch), space.ops());
        let last = cell.vertices() - 1;
        let ops: Vec<u8> = (1..last).map(|v| cell.op(v)).collect();
        let edges: Vec<String> = (1..=last)
            .flat_map(|v| (0..v).map(move |u| (u, v)))
            .filter(|&(u, v)| cell.has_edge(u, v))
            .map(|(u, v)| format!("({u}, {v})"))
            .collect();
        let text = format!(
            "# The ops of the vertices from 1 on; vertex 0 is the input, vertex {last} the output.\n\
             VERTICES = {}EDGES = [{}]\n",
            lines(&ops, names),
            edges.join(", ")
        );
        let size = [frame.width.unwrap_or(128), frame.depth.unwrap_or(3)];
        Self::with_ops(text, ops, names, false, Part::NodeCell, size)
    }

    /// Blocks one after another. A block `none` is left out, which is to pass its input on.
    pub fn chain(space: &dyn SearchSpace, arch: &Arch, frame: &Frame) -> Result<Self> {
        let text = format!("BLOCKS = {}", lines(arch.ops(), space.ops()));
        let size = [frame.width.unwrap_or(16), frame.depth.unwrap_or(1)];
        let used = arch.ops().iter().copied();
        let mut made = Self::with_ops(text, used, space.ops(), false, Part::Chain, size)?;
        let (zero, _) = Part::of(Block::None, false);
        let (identity, _) = Part::of(Block::Skip, false);
        made.ops = made.ops.replace(&zero, &identity);
        made.parts.remove(&Part::Zero);
        made.parts.extend([Part::ReluConvBn]);
        Ok(made)
    }

    /// The constants of DARTS' cells.
    pub fn darts(space: &Darts, arch: &Arch, frame: &Frame) -> Result<Self> {
        // Every network of three cells has one of each kind.
        let network = space.network(arch, frame.width, Some(frame.depth.unwrap_or(20)));
        let mut text = String::from(
            "# Each node sums two edges (op, source): 0 and 1 are the outputs of the last but one and\n\
             # of the last cell, 2 the first node.\n",
        );
        let mut used = BTreeSet::new();
        for (name, reduces) in [("NORMAL", false), ("REDUCE", true)] {
            line(&mut text, format_args!("{name} = ["));
            let cell = network.cells.iter().find(|cell| cell.reduces == reduces);
            for edges in cell.iter().flat_map(|cell| &cell.nodes) {
                let edge = |&(source, op): &(u8, u8)| {
                    format!("(\"{}\", {source})", space.ops()[op as usize])
                };
                let [first, second] = [edge(&edges[0]), edge(&edges[1])];
                line(&mut text, format_args!("    [{first}, {second}],"));
                used.extend(edges.map(|(_, op)| op));
            }
            text.push_str("]\n");
        }
        let size = [frame.width.unwrap_or(36), frame.depth.unwrap_or(20)];
        Self::with_ops(text, used, space.ops(), true, Part::Darts, size)
    }

    /// A mobile network, its widths as they are.
    pub fn mobile(space: &Mobile, arch: &Arch, frame: &Frame) -> Self {
        let network = space.network(arch, frame.width);
        let mut text = format!(
            "STEM = {}\nACTIVATION = {}\n",
            network.stem,
            function(network.activation)
        );
        let rule = network.blocks.iter().find_map(|block| block.squeeze);
        let part = match rule {
            Some(_) => Part::MbConv,
            None => Part::MbConvPlain,
        };
        if let Some(rule) = rule {
            let [activation, gate] = [rule.activation, rule.gate].map(function);
            text.push_str("# The activation and the gate of a squeeze-and-excitation.\n");
            line(&mut text, format_args!("SQUEEZE = ({activation}, {gate})"));
        }
        text.push_str(
            "# Each layer: its op, kernel, stride, channels of input, depthwise convolution and\n\
             # output",
        );
        if rule.is_some() {
            text.push_str(", and those within its squeeze-and-excitation, 0 if it has none");
        }
        text.push_str(".\nSTAGES = [\n");
        for stage in network.blocks.chunk_by(|a, b| a.stage == b.stage) {
            // Chunks are not empty.
            let activation = function(stage[0].activation);
            line(
                &mut text,
                format_args!("    (\"stage{}\", {activation}, [", stage[0].stage),
            );
            for block in stage {
                line(
                    &mut text,
                    format_args!("        ({}),", layer(block, rule.is_some())),
                );
            }
            text.push_str("    ]),\n");
        }
        text.push_str("]\n# The channels of the head.\n");
        let head = match network.head {
            MobileHead::Conv(width) => format!("HEAD = ({width},)\n"),
            MobileHead::Pooled(wide, width) => format!("HEAD = ({wide}, {width})\n"),
        };
        text.push_str(&head);
        Constants {
            text,
            ops: String::new(),
            parts: [part].into(),
            network: Part::Mobile,
            size: [network.stem, 0],
        }
    }
}

/// The numbers of a layer of a mobile network, after the name that its weights have.
fn layer(block: &Bottleneck, squeezes: bool) -> String {
    let squeezed = block.squeeze.map_or(0, |rule| rule.channels);
    let mut sizes = vec![
        block.kernel,
        block.stride,
        block.input,
        block.wide,
        block.output,
    ];
    sizes.extend(squeezes.then_some(squeezed));
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    let (expansion, kernel) = (block.expansion, block.kernel);
    let suffix = if squeezed > 0 { "_se" } else { "" };
    format!("\"mb{expansion}_k{kernel}{suffix}\", {}", sizes.join(", "))
}

/// The class of an activation.
fn function(activation: Activation) -> &'static str {
    match activation {
        Activation::Relu => "nn.ReLU",
        Activation::Relu6 => "nn.ReLU6",
        Activation::Swish => "nn.SiLU",
        Activation::HardSwish => "nn.Hardswish",
        Activation::Sigmoid => "nn.Sigmoid",
        Activation::HardSigmoid => "nn.Hardsigmoid",
    }
}

/// Names of ops as the elements of a Python list.
fn list(ops: &[u8], names: &[String]) -> String {
    let quoted: Vec<String> = ops
        .iter()
        .map(|&op| format!("\"{}\"", names[op as usize]))
        .collect();
    quoted.join(", ")
}

/// Names of ops as a Python list, each on a line.
fn lines(ops: &[u8], names: &[String]) -> String {
    let named = ops
        .iter()
        .map(|&op| format!("    \"{}\",\n", names[op as usize]));
    match ops {
        [] => "[]\n".into(),
        _ => format!("[\n{}]\n", named.collect::<String>()),
    }
}

fn line(text: &mut String, content: std::fmt::Arguments) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{content}");
}
