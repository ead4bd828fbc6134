//! The stages of EfficientNet-B0 with free blocks (Tan & Le 2019, arXiv 1905.11946).

use std::fmt::Write;

use super::block::{Backbone, Block, SqueezeRule, Stage};
use super::{Mobile, MobileHead, Notation};
use crate::space::Activation;

/// Width, stride and layers of EfficientNet-B0's stages.
const STAGES: [(usize, usize, usize); 7] = [
    (16, 1, 1),
    (24, 2, 2),
    (40, 2, 2),
    (80, 2, 3),
    (112, 1, 3),
    (192, 2, 4),
    (320, 1, 1),
];
const STEM: usize = 32;

/// EfficientNet-B0 in its own notation.
const B0: &str = "r1_k3_s11_e1_i32_o16_se0.25;r2_k3_s22_e6_i16_o24_se0.25;\
    r2_k5_s22_e6_i24_o40_se0.25;r3_k3_s22_e6_i40_o80_se0.25;r3_k5_s11_e6_i80_o112_se0.25;\
    r4_k5_s22_e6_i112_o192_se0.25;r1_k3_s11_e6_i192_o320_se0.25";

/// Returns the space `efficientnet-b0`. Each of up to 16 layers has expansion 1, 3 or 6 and kernel
/// 3 or 5. A stage may have fewer layers than EfficientNet-B0, but at least one. EfficientNet-B0
/// itself has expansions 1 and 6 only; 3 is ours. Every block has a squeeze-and-excitation of a
/// quarter of its input channels.
///
/// The notation is the block strings of EfficientNet's code, joined by `;`, as
/// `r2_k3_s22_e6_i16_o24_se0.25` for two layers of kernel 3 and expansion 6. A stage with unlike
/// layers takes a string for each run of equal ones. `i`, `s` and `se` follow from the rest and may
/// be left out. The named point `efficientnet-b0` is EfficientNet-B0 itself.
pub fn efficientnet_b0() -> Mobile {
    let backbone = Backbone {
        stem: STEM,
        activation: Activation::Swish,
        first: None,
        stages: (STAGES.iter())
            .map(|&(width, stride, layers)| Stage {
                width,
                stride,
                activation: Activation::Swish,
                squeeze: true,
                depths: (1, layers),
            })
            .collect(),
        head: MobileHead::Conv(1280),
        squeeze: Some(SqueezeRule::EFFICIENTNET),
        elementwise: false,
    };
    let blocks = Block::all(&[1, 3, 6], &[3, 5], &[false]);
    Mobile::new("efficientnet-b0", backbone, blocks, BlockStrings).naming("efficientnet-b0", B0)
}

/// Notation by EfficientNet's block strings.
struct BlockStrings;

/// Fields of a block string; 0 for a field that is left out.
#[derive(Default)]
struct Fields {
    repeats: usize,
    kernel: usize,
    stride: usize,
    expansion: usize,
    input: usize,
    output: usize,
    squeeze: Option<String>,
}

impl Fields {
    fn read(text: &str) -> Result<Self, String> {
        let mut fields = Fields::default();
        for field in text.split('_') {
            let at = field.find(|c: char| !c.is_ascii_lowercase());
            let (key, value) = field.split_at(at.unwrap_or(field.len()));
            if key == "se" {
                fields.squeeze = Some(value.into());
                continue;
            }
            let number = value
                .parse()
                .map_err(|_| format!("`{field}` is not a letter and a number"))?;
            *match key {
                "r" => &mut fields.repeats,
                "k" => &mut fields.kernel,
                "s" => &mut fields.stride,
                "e" => &mut fields.expansion,
                "i" => &mut fields.input,
                "o" => &mut fields.output,
                _ => {
                    return Err(format!(
                        "unknown field `{field}`; use r, k, s, e, i, o and se"
                    ));
                }
            } = number;
        }
        for (key, value) in [
            ("r", fields.repeats),
            ("k", fields.kernel),
            ("e", fields.expansion),
            ("o", fields.output),
        ] {
            if value == 0 {
                return Err(format!("`{key}` is missing; write it like {}", example()));
            }
        }
        Ok(fields)
    }
}

fn example() -> &'static str {
    "`r2_k3_s22_e6_i16_o24_se0.25`"
}

/// Returns the input channels and the stride of a run, given whether it starts its stage.
fn entry(stage: usize, starts: bool) -> (usize, usize) {
    let (width, stride, _) = STAGES[stage];
    if !starts {
        (width, 1)
    } else if stage == 0 {
        (STEM, stride)
    } else {
        (STAGES[stage - 1].0, stride)
    }
}

impl Notation for BlockStrings {
    fn read(&self, text: &str) -> Result<Vec<Vec<Block>>, String> {
        let mut stages = vec![Vec::new(); STAGES.len()];
        let mut current = 0;
        for (i, text) in text.split(';').map(str::trim).enumerate() {
            let place = |what: String| format!("block string {} (`{text}`): {what}", i + 1);
            let fields = Fields::read(text).map_err(place)?;
            let stage = (STAGES.iter().position(|s| s.0 == fields.output)).ok_or_else(|| {
                let widths = STAGES.map(|s| s.0.to_string());
                place(format!(
                    "no stage has {} output channels; use {}",
                    fields.output,
                    widths.join(", ")
                ))
            })?;
            if stage < current {
                return Err(place(
                    "the stages are out of order; sort them by `o`".into(),
                ));
            }
            current = stage;
            let (input, stride) = entry(stage, stages[stage].is_empty());
            // Strides are written once an axis.
            if fields.stride != 0 && fields.stride != stride && fields.stride != 11 * stride {
                return Err(place(format!(
                    "its stride is {stride}; write `s{stride}{stride}`"
                )));
            }
            if fields.input != 0 && fields.input != input {
                return Err(place(format!(
                    "it has {input} input channels; write `i{input}`"
                )));
            }
            if fields.squeeze.is_some_and(|s| s != "0.25") {
                return Err(place("the squeeze ratio is 0.25; write `se0.25`".into()));
            }
            let most = STAGES[stage].2;
            if fields.repeats > most - stages[stage].len() {
                return Err(place(format!(
                    "its stage has {most} layers at most; repeat less"
                )));
            }
            stages[stage].extend((0..fields.repeats).map(|_| Block {
                expansion: fields.expansion,
                kernel: fields.kernel,
                squeeze: false,
            }));
        }
        Ok(stages)
    }

    fn write(&self, stages: &[Vec<Block>]) -> String {
        let mut text = String::new();
        for (i, stage) in stages.iter().enumerate() {
            for (j, run) in stage.chunk_by(|a, b| a == b).enumerate() {
                let (input, stride) = entry(i, j == 0);
                let separator = if text.is_empty() { "" } else { ";" };
                // Writing to a string cannot fail.
                let _ = write!(
                    text,
                    "{separator}r{}_k{}_s{stride}{stride}_e{}_i{input}_o{}_se0.25",
                    run.len(),
                    run[0].kernel,
                    run[0].expansion,
                    STAGES[i].0
                );
            }
        }
        text
    }
}
