//! The spaces of ProxylessNAS (Cai et al. 2019, arXiv 1812.00332).

use super::block::{Backbone, Block, Stage};
use super::{Mobile, MobileHead, Notation};
use crate::error::counted;
use crate::space::{Activation, op_index};

/// Stride and layers of the searchable stages.
const STAGES: [(usize, usize); 6] = [(2, 4), (2, 4), (2, 4), (1, 4), (2, 4), (1, 1)];

/// Candidates by their names in the authors' code, and the one that removes a layer.
const LAYERS: [&str; 7] = [
    "3x3_MBConv3",
    "5x5_MBConv3",
    "7x7_MBConv3",
    "3x3_MBConv6",
    "5x5_MBConv6",
    "7x7_MBConv6",
    "Zero",
];
const EXPANSIONS: [usize; 2] = [3, 6];
const KERNELS: [usize; 3] = [3, 5, 7];

const MOBILE: &str = "5x5_MBConv3;3x3_MBConv3;Zero;Zero;\
    7x7_MBConv3;3x3_MBConv3;5x5_MBConv3;5x5_MBConv3;\
    7x7_MBConv6;5x5_MBConv3;5x5_MBConv3;5x5_MBConv3;\
    5x5_MBConv6;5x5_MBConv3;5x5_MBConv3;5x5_MBConv3;\
    7x7_MBConv6;7x7_MBConv6;7x7_MBConv3;7x7_MBConv3;7x7_MBConv6";
const GPU: &str = "5x5_MBConv3;Zero;Zero;Zero;\
    7x7_MBConv3;Zero;Zero;3x3_MBConv3;\
    7x7_MBConv6;Zero;Zero;5x5_MBConv3;\
    5x5_MBConv6;3x3_MBConv3;Zero;5x5_MBConv3;\
    7x7_MBConv6;7x7_MBConv6;7x7_MBConv6;5x5_MBConv6;7x7_MBConv6";
const CPU: &str = "3x3_MBConv6;3x3_MBConv3;3x3_MBConv3;3x3_MBConv3;\
    3x3_MBConv6;3x3_MBConv3;3x3_MBConv3;5x5_MBConv3;\
    3x3_MBConv6;Zero;Zero;3x3_MBConv3;\
    5x5_MBConv6;3x3_MBConv3;3x3_MBConv3;3x3_MBConv3;\
    5x5_MBConv6;5x5_MBConv3;5x5_MBConv3;3x3_MBConv3;5x5_MBConv6";

/// Returns the space `proxylessnas`: 21 layers of kernel 3, 5 or 7 and expansion 3 or 6, all but
/// the first of a stage removable, with the channels of the published mobile net.
///
/// The notation is the layers' names in the authors' code, joined by `;`, as
/// `5x5_MBConv3;3x3_MBConv3;Zero;Zero;...`. The places of `Zero` within a stage do not matter.
///
/// Named points: `proxylessnas-mobile` is the published net of 4,080,512 weights, and
/// `proxylessnas-gpu-layers` has the layers of the published GPU net on these channels (4,363,024
/// weights; that net itself has other channels: [`proxylessnas_gpu`]).
pub fn proxylessnas() -> Mobile {
    space("proxylessnas", 32, 16, [32, 40, 80, 96, 192, 320], 1280)
        .naming("proxylessnas-mobile", MOBILE)
        .naming("proxylessnas-gpu-layers", GPU)
}

/// Returns the space `proxylessnas-gpu`: [`proxylessnas`] with the channels of the published GPU
/// net. That net is the named point `proxylessnas-gpu` of 7,119,848 weights.
pub fn proxylessnas_gpu() -> Mobile {
    space(
        "proxylessnas-gpu",
        40,
        24,
        [32, 56, 112, 128, 256, 432],
        1728,
    )
    .naming("proxylessnas-gpu", GPU)
}

/// Returns the space `proxylessnas-cpu`: [`proxylessnas`] with the channels of the published CPU
/// net. That net is the named point `proxylessnas-cpu` of 4,361,648 weights.
pub fn proxylessnas_cpu() -> Mobile {
    space(
        "proxylessnas-cpu",
        40,
        24,
        [32, 48, 88, 104, 216, 360],
        1432,
    )
    .naming("proxylessnas-cpu", CPU)
}

fn space(name: &str, stem: usize, first: usize, widths: [usize; 6], head: usize) -> Mobile {
    let backbone = Backbone {
        stem,
        activation: Activation::Relu6,
        first: Some(first),
        stages: (widths.into_iter().zip(STAGES))
            .map(|(width, (stride, layers))| Stage {
                width,
                stride,
                activation: Activation::Relu6,
                squeeze: false,
                depths: (1, layers),
            })
            .collect(),
        head: MobileHead::Conv(head),
        squeeze: None,
        elementwise: false,
    };
    let blocks = Block::all(&EXPANSIONS, &KERNELS, &[false]);
    Mobile::new(name, backbone, blocks, LayerNames)
}

/// Notation with a name for each of the 21 layers.
struct LayerNames;

impl Notation for LayerNames {
    fn read(&self, text: &str) -> Result<Vec<Vec<Block>>, String> {
        let names: Vec<&str> = text.split(';').map(str::trim).collect();
        let slots: usize = STAGES.iter().map(|s| s.1).sum();
        if names.len() != slots {
            return Err(format!(
                "{} where there are {slots}; write `Zero` for those that are removed",
                counted(names.len(), "layer")
            ));
        }
        let known = LAYERS.map(str::to_owned);
        let blocks = Block::all(&EXPANSIONS, &KERNELS, &[false]);
        let mut layers = names.iter().enumerate();
        let mut stages = Vec::with_capacity(STAGES.len());
        for (_, depth) in STAGES {
            let mut stage = Vec::new();
            for (i, name) in layers.by_ref().take(depth) {
                let op =
                    (op_index(&known, name)).map_err(|what| format!("layer {}: {what}", i + 1))?;
                // The last candidate, `Zero`, is no block.
                stage.extend(blocks.get(op as usize));
            }
            stages.push(stage);
        }
        Ok(stages)
    }

    fn write(&self, stages: &[Vec<Block>]) -> String {
        let mut names = Vec::new();
        for (stage, (_, depth)) in stages.iter().zip(STAGES) {
            names.extend(
                (stage.iter()).map(|b| format!("{0}x{0}_MBConv{1}", b.kernel, b.expansion)),
            );
            names.extend((stage.len()..depth).map(|_| "Zero".to_owned()));
        }
        names.join(";")
    }
}
