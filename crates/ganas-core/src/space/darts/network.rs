//! What the networks cost that are built from DARTS cells.

use super::super::tally::Tally;
use super::cell::{Cell, INPUTS, NODES};

/// The networks of Liu et al. 2019 on CIFAR-10: 20 cells of 36 channels at first, the reduction
/// cells at one and at two thirds, without the auxiliary head that is only there in training.
const CHANNELS: usize = 36;
const CELLS: usize = 20;
const STEM: usize = 3;
const IMAGE: usize = 32;
const CLASSES: usize = 10;

/// Weights and multiply-adds of the network, both as the table of the 545 trained cells has them.
pub(super) fn costs(normal: &Cell, reduction: &Cell, ops: &[String]) -> (usize, usize) {
    let mut tally = Tally {
        elementwise: true,
        ..Tally::default()
    };
    let (mut channels, mut image) = (CHANNELS, IMAGE);
    let stem = STEM * CHANNELS;
    tally.conv_norm(3, 3, stem, 1, image);
    // The channels of the last but one and of the last cell.
    let mut inputs = [stem, stem];
    for cell in 0..CELLS {
        let reduces = cell == CELLS / 3 || cell == 2 * CELLS / 3;
        let stride = if reduces { 2 } else { 1 };
        channels *= stride;
        // Where the last but one is on the larger image, two strided halves make this one.
        for input in inputs {
            tally.conv_norm(1, input, channels, 1, image);
        }
        image /= stride;
        let design = if reduces { reduction } else { normal };
        for &(source, op) in design.0.as_flattened() {
            let stride = if usize::from(source) < INPUTS {
                stride
            } else {
                1
            };
            edge(&mut tally, &ops[op as usize], channels, image, stride);
        }
        inputs = [inputs[1], NODES * channels];
    }
    tally.pool(inputs[1], image).linear(inputs[1], CLASSES);
    (tally.params, tally.macs)
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
