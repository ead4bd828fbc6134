//! NAS-Bench-201 / NATS-Bench topology space (Dong & Yang 2020, arXiv 2001.00326).

use super::EdgeCell;
use super::costs::{NetworkCosts, conv_bn};

/// Ops in the order of the benchmark's code.
const OPS: [&str; 5] = [
    "none",
    "skip_connect",
    "nor_conv_1x1",
    "nor_conv_3x3",
    "avg_pool_3x3",
];

/// Channels of the first stage. The benchmark's networks are three stages of cells with residual
/// reductions between them.
const CHANNELS: usize = 16;
const CELLS: usize = 5;
const STAGES: usize = 3;
const IMAGE: usize = 32;
const CLASSES: usize = 10;

/// Returns the space of NAS-Bench-201: 4 nodes, 5 ops, 15,625 strings.
pub fn nasbench201() -> EdgeCell {
    let costs = NetworkCosts::new(|arch| network_costs(arch.ops()));
    EdgeCell::new(
        "nasbench201".into(),
        4,
        OPS.map(str::to_owned).to_vec(),
        Box::new(costs),
    )
}

/// Returns the params and macs of the CIFAR-10 network. The macs are counted as the benchmark does.
fn network_costs(ops: &[u8]) -> (usize, usize) {
    let mut total = conv_bn(3, 3, CHANNELS, IMAGE);
    let mut add = |(params, macs)| total = (total.0 + params, total.1 + macs);
    let (mut channels, mut image) = (CHANNELS, IMAGE);
    for stage in 0..STAGES {
        if stage > 0 {
            let wide = 2 * channels;
            image /= 2;
            add(conv_bn(3, channels, wide, image));
            add(conv_bn(3, wide, wide, image));
            // The shortcut: pooling and a bare 1x1 convolution.
            add((channels * wide, channels * wide * image * image));
            channels = wide;
        }
        for _ in 0..CELLS {
            for &op in ops {
                add(match OPS[op as usize] {
                    "nor_conv_1x1" => conv_bn(1, channels, channels, image),
                    "nor_conv_3x3" => conv_bn(3, channels, channels, image),
                    _ => (0, 0),
                });
            }
        }
    }
    add((2 * channels, 0));
    add((channels * CLASSES + CLASSES, channels * CLASSES));
    total
}
