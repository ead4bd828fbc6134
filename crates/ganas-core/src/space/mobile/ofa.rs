//! The space of once-for-all MobileNetV3 (Cai et al. 2020, arXiv 1908.09791).

use super::super::literal::{Literal, unquoted, whole};
use super::block::{Backbone, Block, SqueezeRule, Stage};
use super::{Mobile, MobileHead, Notation};
use crate::space::{Activation, Part};

/// Width, stride, activation and squeeze-and-excitation of the stages, at width multiplier 1.0.
const STAGES: [(usize, usize, Activation, bool); 5] = [
    (24, 2, Activation::Relu, false),
    (40, 2, Activation::Relu, true),
    (80, 2, Activation::HardSwish, false),
    (112, 1, Activation::HardSwish, true),
    (160, 2, Activation::HardSwish, true),
];
const LEAST: usize = 2;
const MOST: usize = 4;
const KERNELS: [usize; 3] = [3, 5, 7];
const EXPANSIONS: [usize; 3] = [3, 4, 6];

/// MobileNetV3-Large (Howard et al. 2019, arXiv 1905.02244, table 1). Three of its layers have
/// expansions of 2.5 and 2.3, replaced by 3, the smallest on offer.
const LARGE: &str = "ks=33335553333333335553;e=43333333633366336663;d=23423";

/// Sub-network with the most of everything.
const LARGEST: &str = "ks=77777777777777777777;e=66666666666666666666;d=44444";
const SMALLEST: &str = "ks=33333333333333333333;e=33333333333333333333;d=22222";

/// Returns the space `ofa-mobilenetv3`: five stages of 2 to 4 layers of kernel 3, 5 or 7 and
/// expansion 3, 4 or 6, at width multiplier 1.0.
///
/// The notation is `ks=..;e=..;d=..` with the kernel and the expansion of each of the 20 layer
/// slots and the depth of each of the 5 stages, a digit each, in the order of the once-for-all
/// code. Digits of slots beyond a stage's depth do not count: they are written as 3, and any digit
/// is read. The parser also accepts lists, as `ks=[3, 5, ..]`, and the dictionary `{'ks': [3, 5,
/// ..], 'e': [..], 'd': [..]}` of that code. Tables may have the three in columns `ks`, `e` and
/// `d`.
///
/// Named points: `mobilenetv3-large` has the layers of MobileNetV3-Large, in 5,508,048 weights;
/// `largest` and `smallest` are the sub-networks with the most and the least of everything.
pub fn ofa_mobilenetv3() -> Mobile {
    let backbone = Backbone {
        stem: 16,
        activation: Activation::HardSwish,
        first: Some(16),
        stages: (STAGES.iter())
            .map(|&(width, stride, activation, squeeze)| Stage {
                width,
                stride,
                activation,
                squeeze,
                depths: (LEAST, MOST),
            })
            .collect(),
        head: MobileHead::Pooled(960, 1280),
        squeeze: Some(SqueezeRule::MOBILENETV3),
        elementwise: false,
    };
    let blocks = Block::all(&EXPANSIONS, &KERNELS, &[false]);
    let spelling = Part::list([("ks=", "ks"), (";e=", "e"), (";d=", "d")]);
    Mobile::new("ofa-mobilenetv3", backbone, blocks, Digits { spelling })
        .naming("mobilenetv3-large", LARGE)
        .naming("largest", LARGEST)
        .naming("smallest", SMALLEST)
}

/// Notation with a digit for each slot and stage.
struct Digits {
    spelling: Vec<Part>,
}

/// Reads the numbers of one part: a digit each, a list, or numbers between commas or blanks.
fn digits(name: &str, text: &str, count: usize) -> Result<Vec<usize>, String> {
    let text = unquoted(text);
    let digits = if Literal::begins(text) {
        let list = Literal::read(text).map_err(|what| format!("`{name}`: {what}"))?;
        list.numbers()
            .ok_or_else(|| format!("`{name}` is not a list of numbers"))?
    } else if text.contains([',', ' ']) {
        (text.split([',', ' ']).filter(|part| !part.is_empty()))
            .map(|part| whole(part).ok_or_else(|| format!("`{part}` in `{name}` is no number")))
            .collect::<Result<Vec<usize>, _>>()?
    } else {
        // A spreadsheet may have made a decimal number of the digits.
        let text = text.strip_suffix(".0").unwrap_or(text);
        (text.chars().enumerate())
            .map(|(i, c)| {
                let digit = c.to_digit(10).map(|d| d as usize);
                digit.ok_or_else(|| format!("`{c}` at place {} of `{name}` is no digit", i + 1))
            })
            .collect::<Result<Vec<usize>, _>>()?
    };
    if digits.len() == count {
        Ok(digits)
    } else {
        Err(format!(
            "`{name}` has {} digits where there are {count}; give it one a {}",
            digits.len(),
            if count == STAGES.len() {
                "stage"
            } else {
                "layer slot"
            }
        ))
    }
}

/// Reads the parts of a dictionary as the once-for-all code prints it.
fn dictionary(text: &str) -> Result<[Vec<usize>; 3], String> {
    let value = Literal::read(text)?;
    let part = |name: &str, count: usize| {
        let found = value.get(&[name]).ok_or_else(|| {
            format!(
                "`{name}` is missing; write it like `{{'ks': [3, ..], 'e': [4, ..], 'd': [2, ..]}}`"
            )
        })?;
        match found {
            Literal::Atom(text) => digits(name, text, count),
            list => (list.numbers().filter(|numbers| numbers.len() == count))
                .ok_or_else(|| format!("`{name}` is not a list of {count} numbers")),
        }
    };
    let width = value.get(&["wid", "w"]).and_then(Literal::word);
    if width.is_some_and(|w| !["None", "null", "1", "1.0"].contains(&w)) {
        return Err("`wid` is not 1; leave it out, since the space has one width".into());
    }
    if value.get(&["r", "image_size"]).is_some() {
        return Err(
            "`r` is no part of the architecture; leave it out, or put it in a column of its own"
                .into(),
        );
    }
    let slots = MOST * STAGES.len();
    Ok([
        part("ks", slots)?,
        part("e", slots)?,
        part("d", STAGES.len())?,
    ])
}

/// Checks the digit of an active slot.
fn offered(name: &str, digit: usize, slot: usize, choices: &[usize]) -> Result<usize, String> {
    if choices.contains(&digit) {
        return Ok(digit);
    }
    let choices: Vec<String> = choices.iter().map(usize::to_string).collect();
    Err(format!(
        "`{name}` has {digit} at place {}; use {}",
        slot + 1,
        choices.join(", ")
    ))
}

impl Notation for Digits {
    fn read(&self, text: &str) -> Result<Vec<Vec<Block>>, String> {
        let mut parts = text.split(';').map(str::trim);
        let dictionary = if Literal::begins(text) {
            Some(dictionary(text)?)
        } else {
            None
        };
        let mut part = |name: &str, count| {
            let found = parts
                .next()
                .and_then(|p| p.strip_prefix(name)?.strip_prefix('='));
            let found = found.ok_or_else(|| {
                format!("`{name}=` is not in its place; write it like `ks=333..;e=346..;d=23432`")
            })?;
            digits(name, found.trim(), count)
        };
        let slots = MOST * STAGES.len();
        let [kernels, expansions, depths] = match dictionary {
            Some(parts) => parts,
            None => {
                let read = [
                    part("ks", slots)?,
                    part("e", slots)?,
                    part("d", STAGES.len())?,
                ];
                if parts.next().is_some() {
                    return Err("there is more after `d`; end the text there".into());
                }
                read
            }
        };
        let depth_choices: Vec<usize> = (LEAST..=MOST).collect();
        let mut stages = Vec::with_capacity(STAGES.len());
        for (i, &depth) in depths.iter().enumerate() {
            let depth = offered("d", depth, i, &depth_choices)?;
            let stage = (MOST * i..MOST * i + depth)
                .map(|slot| {
                    Ok(Block {
                        kernel: offered("ks", kernels[slot], slot, &KERNELS)?,
                        expansion: offered("e", expansions[slot], slot, &EXPANSIONS)?,
                        squeeze: false,
                    })
                })
                .collect::<Result<Vec<Block>, String>>()?;
            stages.push(stage);
        }
        Ok(stages)
    }

    fn write(&self, stages: &[Vec<Block>]) -> String {
        let slots = |digit: fn(&Block) -> usize| -> String {
            let stage = |stage: &Vec<Block>| -> String {
                (0..MOST)
                    .map(|i| stage.get(i).map_or(3, digit).to_string())
                    .collect()
            };
            stages.iter().map(stage).collect()
        };
        let depths: String = stages.iter().map(|s| s.len().to_string()).collect();
        format!(
            "ks={};e={};d={depths}",
            slots(|b| b.kernel),
            slots(|b| b.expansion)
        )
    }

    fn spelling(&self) -> &[Part] {
        &self.spelling
    }
}
