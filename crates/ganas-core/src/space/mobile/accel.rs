//! Accel-NASBench (Ahmad et al. 2024, `afzalxo/Accel-NASBench`): the space of MnasNet on
//! EfficientNet-B0's channels.

use super::super::literal::whole;
use super::block::{Backbone, Block, SqueezeRule, Stage};
use super::{Mobile, MobileHead, Notation};
use crate::error::counted;
use crate::space::{Activation, Part};

/// Width, stride and largest number of layers of the seven blocks.
const STAGES: [(usize, usize, usize); 7] = [
    (16, 1, 3),
    (24, 2, 3),
    (40, 2, 3),
    (80, 2, 3),
    (112, 1, 3),
    (192, 2, 4),
    (320, 1, 3),
];

/// EfficientNet-B0 (Tan & Le 2019, arXiv 1905.11946, table 1).
const B0: &str = "e1_k3_l1_se1;e6_k3_l2_se1;e6_k5_l2_se1;e6_k3_l3_se1;e6_k5_l3_se1;e6_k5_l4_se1;\
    e6_k3_l1_se1";

/// Returns the space `accel-nasbench`: seven stages of up to 3 layers (4 in the sixth). The
/// benchmark calls the stages blocks. The layers of a stage share expansion (1, 4 or 6), kernel (3
/// or 5) and squeeze-and-excitation. The named point `efficientnet-b0` is EfficientNet-B0.
///
/// The notation is `e6_k3_l1_se0` for each stage, joined by `;`. Tables may have the parts in
/// columns `block0_e`, `block0_k`, `block0_l`, `block0_se`, .. `block6_se`, as the benchmark's own
/// do.
///
/// The networks are those for GPUs in the benchmark's code, with swish. Those for FPGAs have the
/// rectifier instead.
///
/// The costs are those of the benchmark's tables, in millions. `macs` counts, besides the
/// multiply-adds, four operations an element of batch norm and one an element of pooling.
pub fn accel_nasbench() -> Mobile {
    let backbone = Backbone {
        stem: 32,
        activation: Activation::Swish,
        first: None,
        stages: (STAGES.iter())
            .map(|&(width, stride, most)| Stage {
                width,
                stride,
                activation: Activation::Swish,
                squeeze: false,
                depths: (1, most),
            })
            .collect(),
        head: MobileHead::Conv(1280),
        squeeze: Some(SqueezeRule::EFFICIENTNET),
        elementwise: true,
    };
    let blocks = Block::all(&[1, 4, 6], &[3, 5], &[false, true]);
    let mut spelling = Vec::new();
    for stage in 0..STAGES.len() {
        let separator = if stage == 0 { "" } else { ";" };
        spelling.extend(["e", "k", "l", "se"].map(|key| Part {
            before: format!("{}{key}", if key == "e" { separator } else { "_" }),
            column: format!("block{stage}_{key}"),
            aliases: Vec::new(),
            optional: false,
        }));
    }
    Mobile::new("accel-nasbench", backbone, blocks, StageFields { spelling })
        .uniform()
        .in_millions()
        .naming("efficientnet-b0", B0)
}

/// Notation with four fields a stage.
struct StageFields {
    spelling: Vec<Part>,
}

/// Reads the fields of one stage.
fn stage(text: &str, most: usize) -> Result<Vec<Block>, String> {
    let fields: Vec<&str> = text.split('_').collect();
    let [e, k, l, se] = fields[..] else {
        return Err("write it like `e6_k3_l1_se0`".into());
    };
    let number = |field: &str, key: &str| {
        let value = field.strip_prefix(key).and_then(whole);
        value
            .ok_or_else(|| format!("`{field}` is not `{key}` and a number; write it like `{key}3`"))
    };
    let squeeze = match se.strip_prefix("se").map(str::trim) {
        Some("0" | "0.0" | "False" | "false" | "FALSE") => false,
        Some("1" | "1.0" | "True" | "true" | "TRUE") => true,
        _ => return Err(format!("`{se}` is neither `se0` nor `se1`")),
    };
    let layers: usize = number(l, "l")?;
    if !(1..=most).contains(&layers) {
        return Err(format!("{layers} layers; give it 1 to {most}"));
    }
    let block = Block {
        expansion: number(e, "e")?,
        kernel: number(k, "k")?,
        squeeze,
    };
    Ok(vec![block; layers])
}

impl Notation for StageFields {
    fn read(&self, text: &str) -> Result<Vec<Vec<Block>>, String> {
        let texts: Vec<&str> = text.split(';').map(str::trim).collect();
        if texts.len() != STAGES.len() {
            return Err(format!(
                "{} where there are {}; write them like `e6_k3_l1_se0;e4_k5_l2_se1;..`",
                counted(texts.len(), "stage"),
                STAGES.len()
            ));
        }
        (texts.iter().zip(STAGES).enumerate())
            .map(|(i, (text, (_, _, most)))| {
                stage(text, most).map_err(|what| format!("stage {} (`{text}`): {what}", i + 1))
            })
            .collect()
    }

    fn write(&self, stages: &[Vec<Block>]) -> String {
        let stages: Vec<String> = (stages.iter())
            .filter_map(|stage| {
                let Block {
                    expansion,
                    kernel,
                    squeeze,
                } = stage.first()?;
                let (layers, squeeze) = (stage.len(), u8::from(*squeeze));
                Some(format!("e{expansion}_k{kernel}_l{layers}_se{squeeze}"))
            })
            .collect();
        stages.join(";")
    }

    fn spelling(&self) -> &[Part] {
        &self.spelling
    }
}
