//! PyTorch: one readable file that needs nothing but `torch`.
//!
//! The file has the architecture as a constant, the classes of its ops, and a class `Network` with
//! the width, the depth and the classes as arguments. A function `load_weights` reads the
//! safetensors files of ganas. The source of the classes is in the folder `python` beside this
//! file.

mod constants;
mod part;

use std::collections::BTreeSet;

use ganas_core::arch::Arch;
use ganas_core::space::{Kind, SearchSpace};
use ganas_train::{Frame, Plan, Preprocessing, TrainError};

use crate::error::Result;
use crate::input::{Input, Pixels};
use constants::Constants;
use part::Part;

/// The first lines of every file after its documentation.
const IMPORTS: &str = "\
import json
import sys
from collections import OrderedDict

import torch
from torch import nn
";

/// The first layer of a network that takes raw pixels.
const WHOLE: &str = "        self.normalize = Normalize(MEAN, STD)\n";
/// The same of pixels from 0 to 1.
const UNIT: &str = "        scaled = [[value / PIXEL_MAX for value in row] for row in (MEAN, STD)]
        self.normalize = Normalize(*scaled)\n";

/// The network of an architecture as a Python file.
///
/// # Errors
/// Those of [`Plan::build`].
pub fn pytorch(
    space: &dyn SearchSpace,
    arch: &Arch,
    frame: &Frame,
    input: &Input,
) -> Result<String> {
    let plan = Plan::build(space, arch, frame)?;
    let constants = match space.kind() {
        Kind::NodeCell => Constants::node_cell(space, arch, frame),
        Kind::EdgeCell => Constants::edge_cell(space, arch, frame),
        Kind::Chain => Constants::chain(space, arch, frame),
        Kind::Mobile(space) => Ok(Constants::mobile(space, arch, frame)),
        Kind::Darts(space) => Constants::darts(space, arch, frame),
        _ => Err(TrainError::UnknownSpace(space.name().to_owned())),
    }?;
    let Constants {
        text,
        ops,
        parts,
        network,
        size: [stem, depth],
    } = constants;
    let mut needed: BTreeSet<Part> = [Part::Initialize].into();
    let mut waiting: Vec<Part> = parts.into_iter().chain(network.needs().to_vec()).collect();
    while let Some(part) = waiting.pop() {
        if needed.insert(part) {
            waiting.extend(part.needs());
        }
    }
    let heading = heading(space, arch, frame, &plan, input);
    let mut sections = vec![heading, IMPORTS.into(), text];
    sections.extend(input.preprocessing.map(prepared));
    if input.layer().is_some() {
        needed.insert(Part::Normalize);
    }
    sections.extend(needed.into_iter().map(|part| part.text().to_owned()));
    if !ops.is_empty() {
        sections.push(ops);
    }
    sections.extend([network, Part::LoadWeights, Part::Main].map(|part| part.text().to_owned()));
    let [height, width, channels] = frame.image;
    let [layer, images] = match (input.layer(), input.pixels) {
        (None, _) => ["", "images"],
        (Some(_), Some(Pixels::Unit)) => [UNIT, "self.normalize(images)"],
        (Some(_), _) => [WHOLE, "self.normalize(images)"],
    };
    let filled = joined(&sections)
        .replace("@NORMALIZE@\n", layer)
        .replace("@IMAGES@", images)
        .replace("@WIDTH@", &stem.to_string())
        .replace("@DEPTH@", &depth.to_string())
        .replace("@CLASSES@", &frame.classes.to_string())
        .replace("@CHANNELS@", &channels.to_string())
        .replace("@IMAGE@", &format!("{channels}, {height}, {width}"));
    Ok(filled)
}

/// The preparation of images for the network, as constants.
fn prepared(known: &Preprocessing) -> String {
    let row = |values: &[f32]| {
        let texts: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        format!("[{}]", texts.join(", "))
    };
    let classes = (known.classes.iter()).map(|class| format!("    {},\n", text(class)));
    format!(
        "# Training images had pixels of 0 to PIXEL_MAX, and were normalised as (pixels - MEAN) / STD, by a\n\
         # number a channel.\n\
         PIXEL_MAX = {}\nMEAN = {}\nSTD = {}\n\
         # The classes in the order of the logits.\nCLASSES = [\n{}]\n",
        known.pixel_max,
        row(&known.mean),
        row(&known.std),
        classes.collect::<String>()
    )
}

/// A text as Python writes it.
fn text(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        // What stands between at signs is for us to fill in.
        '@' => "\\x40".into(),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.into(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// The documentation of the file.
fn heading(
    space: &dyn SearchSpace,
    arch: &Arch,
    frame: &Frame,
    plan: &Plan,
    input: &Input,
) -> String {
    let [height, width, channels] = frame.image;
    format!(
        "\"\"\"A network of the space {}, written by `ganas export --to pytorch`.\n\n\
         {}\n\n\
         {} parameters with images of {channels} x {height} x {width} and {} classes. Images are\n\
         [batch, channels, height, width], as {}.\n\n\
         python FILE.py [WEIGHTS.safetensors]    runs it on random images\n\"\"\"\n",
        quoted(space.name()),
        quoted(&space.format(arch)),
        plan.params(),
        frame.classes,
        input.described(),
    )
}

/// A text without characters that would end or change the documentation around it.
fn quoted(text: &str) -> String {
    let plain = |c: char| match c {
        '"' | '\\' => '?',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// Sections with the blank lines between them that PEP 8 asks for: two around classes and
/// functions, one elsewhere.
fn joined(sections: &[String]) -> String {
    let defines = |text: &str| {
        ["class ", "def ", "if "]
            .iter()
            .any(|s| text.starts_with(s))
    };
    let mut file = String::new();
    let mut after = false;
    for section in sections {
        let blank = match (file.is_empty(), after || defines(section)) {
            (true, _) => "",
            (false, true) => "\n\n",
            (false, false) => "\n",
        };
        file.push_str(blank);
        file.push_str(section);
        after = defines(section);
    }
    file
}
