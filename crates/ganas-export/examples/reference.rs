//! Reference for other libraries: random architectures of all spaces with weights, images and
//! logits.
//!
//! `cargo run --release --example reference -- FOLDER` writes for each case `N.safetensors` (the
//! weights) and `N.io.safetensors` (`images` `[batch, height, width, channels]` and `logits`
//! `[batch, classes]`), and for all of them `cases.json`.

use std::error::Error;
use std::fs;
use std::path::Path;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{self, Kind, SearchSpace};
use ganas_train::{Batch, Examples, Frame, Network, Plan, Weights, cpu};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

/// Space files with the ops that built-in spaces lack.
const FILES: [(&str, &str); 3] = [
    (
        "own-edges",
        "name = \"own-edges\"\nkind = \"edge-cell\"\nnodes = 4\nops = [\"none\", \"skip_connect\", \
         \"sep_conv_3x3\", \"dil_conv_5x5\", \"dw_conv_3x3\", \"max_pool_3x3\", \"mb3_k5\"]\n",
    ),
    (
        "own-nodes",
        "name = \"own-nodes\"\nkind = \"node-cell\"\nmax_vertices = 6\nmax_edges = 8\n\
         ops = [\"conv5x5-bn-relu\", \"dw_conv_3x3\", \"avgpool3x3\", \"none\", \"mb1_k3\"]\n",
    ),
    (
        "own-blocks",
        "name = \"own-blocks\"\nkind = \"chain\"\nlength = 7\n\
         ops = [\"identity\", \"mb3_k3\", \"mb6_k5\", \"sep_conv_5x5\", \"nor_conv_3x3\"]\n",
    ),
];

/// Random architectures of each space.
const ARCHS: usize = 3;
/// Images of each case.
const BATCH: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to write")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let mut spaces: Vec<String> = space::NAMES.map(str::to_owned).to_vec();
    for (name, text) in FILES {
        let file = folder.join(format!("{name}.toml"));
        fs::write(&file, text)?;
        spaces.push(file.display().to_string());
    }
    let mut cases = Vec::new();
    for name in &spaces {
        let space = space::load(name)?;
        // Configurations are the user's own networks.
        if matches!(space.kind(), space::Kind::Config(_)) {
            continue;
        }
        let mut rng = Rng::stream(1, name.rsplit('/').next().unwrap_or(name));
        for i in 0..ARCHS {
            let arch = space.sample(space.samplers()[0], &mut rng);
            let case = Case {
                space: &*space,
                name,
                arch,
                frame: frame(&*space, i),
                number: cases.len(),
            };
            cases.push(case.write(folder)?);
        }
    }
    fs::write(folder.join("cases.json"), serde_json::to_vec(&cases)?)?;
    println!("{} cases", cases.len());
    Ok(())
}

/// The benchmark's own network for the first architecture, smaller ones of other sizes for the
/// others.
fn frame(space: &dyn SearchSpace, index: usize) -> Frame {
    let (own, width, depth, pixels) = match space.kind() {
        Kind::Mobile(_) => (Frame::imagenet(), 8, None, 64),
        Kind::Darts(_) => (Frame::cifar10(), 5, Some(5), 16),
        _ => (Frame::cifar10(), 6, Some(2), 12),
    };
    match index {
        0 => own,
        _ => Frame {
            image: [pixels, pixels, index],
            classes: 5 + index,
            width: Some(width),
            depth,
        },
    }
}

struct Case<'a> {
    space: &'a dyn SearchSpace,
    name: &'a str,
    arch: Arch,
    frame: Frame,
    number: usize,
}

impl Case<'_> {
    fn write(&self, folder: &Path) -> Result<Value, Box<dyn Error>> {
        let device = cpu();
        let plan = Plan::build(self.space, &self.arch, &self.frame)?;
        let file = folder.join(format!("{}.safetensors", self.number));
        Weights::new(&plan, self.number as u64, &device).save(&file)?;
        scatter(&file)?;
        let weights = Weights::load(&file, &plan, &device)?;
        let mut network = Network::with_weights(plan, weights, 0, &device);
        let [height, width, channels] = self.frame.image;
        let mut rng = Rng::stream(self.number as u64, "reference/images");
        let images: Vec<f32> = (0..BATCH * height * width * channels)
            .map(|_| rng.normal() as f32)
            .collect();
        let labels = vec![0; BATCH];
        // With moments of other images a deep random network has logits of any size.
        let seen = Examples::new(self.frame.image, images.clone(), labels.clone())?;
        network.recompute_moments(&seen, BATCH)?;
        network.weights().save(&file)?;
        let logits = network.logits(&Batch {
            images: images.clone(),
            labels,
        })?;
        let shapes = [
            ("images", vec![BATCH, height, width, channels], images),
            ("logits", vec![BATCH, self.frame.classes], logits),
        ];
        save(
            &folder.join(format!("{}.io.safetensors", self.number)),
            &shapes,
        )?;
        let cost = self.space.costs().iter().position(|cost| cost == "params");
        Ok(json!({
            "space": self.name,
            "arch": self.space.format(&self.arch),
            "width": self.frame.width,
            "depth": self.frame.depth,
            "classes": self.frame.classes,
            "channels": channels,
            "pixels": height,
            "params": network.plan().params(),
            // In the unit of the space, which accel-nasbench counts in millions.
            "cost": cost.map(|i| self.space.cost(&self.arch, i)),
        }))
    }
}

/// Moves scales, shifts and biases away from their initial values, which would hide mistakes.
fn scatter(file: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = fs::read(file)?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let mut moved = Vec::new();
    for (name, view) in tensors.tensors() {
        let mut rng = Rng::stream(0, &format!("reference/{name}"));
        let (quads, _) = view.data().as_chunks::<4>();
        let values = (quads.iter()).map(|quad| {
            let value = f32::from_le_bytes(*quad);
            let noise = rng.normal() as f32;
            match name.rsplit('.').next() {
                Some("scale") => value * (0.2 * noise).exp(),
                Some("shift" | "bias") => value + 0.2 * noise,
                _ => value,
            }
        });
        let values: Vec<f32> = values.collect();
        moved.push((name, view.shape().to_vec(), values));
    }
    moved.sort_by(|a, b| a.0.cmp(&b.0));
    save(file, &moved)
}

fn save<N: AsRef<str>>(
    file: &Path,
    tensors: &[(N, Vec<usize>, Vec<f32>)],
) -> Result<(), Box<dyn Error>> {
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let blocks: Vec<Vec<u8>> = tensors.iter().map(|t| bytes(&t.2)).collect();
    let views: Result<Vec<(&str, TensorView)>, _> = (tensors.iter().zip(&blocks))
        .map(|((name, shape, _), block)| {
            TensorView::new(Dtype::F32, shape.clone(), block).map(|view| (name.as_ref(), view))
        })
        .collect();
    fs::write(file, safetensors::serialize(views?, None)?)?;
    Ok(())
}
