//! Networks of DARTS cells as data, and their costs.

use super::super::tally::Tally;
use super::cell::{Cell, INPUTS, NODES};

/// Channels of the first cell in the networks of Liu et al. 2019 on CIFAR-10, which have 20 cells.
pub(super) const CHANNELS: usize = 36;
pub(super) const CELLS: usize = 20;
const STEM: usize = 3;
const IMAGE: usize = 32;
const CLASSES: usize = 10;

/// Network of DARTS cells (Liu et al. 2019, arXiv 1806.09055): a 3x3 convolution with batch norm,
/// the cells, global average pooling and the classifier. The auxiliary head, which only serves
/// training, is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DartsNet {
    /// Output channels of the stem. It is both inputs of the first cell and the first input of the
    /// second.
    pub stem: usize,
    /// The cells in order.
    pub cells: Vec<DartsCell>,
}

/// Cell in its place in a network. Its inputs, the outputs of the last but one and of the last
/// cell, are first brought to its channels. Its output is the channels of all nodes, one after
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DartsCell {
    /// Channels of each node.
    pub channels: usize,
    /// Set if the cell halves the image: ops on its inputs have stride 2.
    pub reduces: bool,
    /// Set if the last cell halves the image, so that the output of the last but one has to be
    /// halved as well.
    pub after_reduction: bool,
    /// Two edges that each node sums: the source (0 and 1 are the inputs, 2 the first node) and the
    /// index of the op.
    pub nodes: [[(u8, u8); 2]; NODES],
}

impl DartsNet {
    /// Creates the network of a normal and a reduction cell with `cells` cells and `channels`
    /// channels in the first.
    pub(super) fn new(designs: &[Cell; 2], channels: usize, cells: usize) -> Self {
        let [normal, reduction] = designs;
        let stem = STEM * channels;
        let reduces = |cell: usize| cell == cells / 3 || cell == 2 * cells / 3;
        let mut channels = channels;
        let cells = (0..cells).map(|cell| {
            channels *= if reduces(cell) { 2 } else { 1 };
            DartsCell {
                channels,
                reduces: reduces(cell),
                after_reduction: cell > 0 && reduces(cell - 1),
                nodes: if reduces(cell) { reduction.0 } else { normal.0 },
            }
        });
        DartsNet {
            stem,
            cells: cells.collect(),
        }
    }

    /// Returns the weights and multiply-adds with CIFAR-10's images and classes, as the table of
    /// the 545 trained cells counts them.
    pub(super) fn count(&self, ops: &[String]) -> (usize, usize) {
        let mut tally = Tally {
            elementwise: true,
            ..Tally::default()
        };
        let mut image = IMAGE;
        tally.conv_norm(3, 3, self.stem, 1, image);
        // The channels of the last but one and of the last cell.
        let mut inputs = [self.stem; INPUTS];
        for cell in &self.cells {
            // Where the last but one is on the larger image, two strided halves make this one.
            for input in inputs {
                tally.conv_norm(1, input, cell.channels, 1, image);
            }
            let strides = if cell.reduces { 2 } else { 1 };
            image /= strides;
            for &(source, op) in cell.nodes.as_flattened() {
                let from_input = usize::from(source) < INPUTS;
                let stride = if from_input { strides } else { 1 };
                edge(&mut tally, &ops[op as usize], cell.channels, image, stride);
            }
            inputs = [inputs[1], NODES * cell.channels];
        }
        tally.pool(inputs[1], image).linear(inputs[1], CLASSES);
        (tally.params, tally.macs)
    }
}

/// Adds an op.
fn edge(tally: &mut Tally, op: &str, channels: usize, image: usize, stride: usize) {
    let kernel = if op.ends_with("5x5") { 5 } else { 3 };
    let mut separable = || {
        tally
            .conv(kernel, channels, channels, channels, image)
            .conv_norm(1, channels, channels, 1, image);
    };
    match op {
        "sep_conv_3x3" | "sep_conv_5x5" => {
            separable();
            separable();
        }
        "dil_conv_3x3" | "dil_conv_5x5" => separable(),
        "avg_pool_3x3" => {
            tally.average(channels, image);
        }
        "skip_connect" if stride > 1 => {
            tally.conv_norm(1, channels, channels, 1, image);
        }
        _ => {}
    }
}
