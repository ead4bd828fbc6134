//! ONNX: a network with its weights, for any runtime.
//!
//! Models have operator set 17 and format version 8 (ONNX 1.12). Their input `images` is
//! `[batch, channels, height, width]`, their output `logits` `[batch, classes]`, the batch of any
//! size. Their weights have the names that they have here, and the architecture is in the model's
//! metadata.

mod build;
mod proto;
#[cfg(test)]
mod tests;

use ganas_core::arch::Arch;
use ganas_core::space::SearchSpace;
use ganas_train::network::Op;
use ganas_train::{Network, Plan, Preprocessing};
use prost::Message;

use crate::error::Result;
use crate::input::Input;
use build::Builder;
use proto::{Dimension, Entry, FLOAT, Graph, Model, OperatorSet, Shape, TensorType, Type, Value};

/// The operator set of models.
pub const OPERATOR_SET: i64 = 17;
/// The version of their format.
pub const IR_VERSION: i64 = 8;

/// The name of the input.
const IMAGES: &str = "images";
/// The name of the images when a first layer has normalised them.
const NORMALISED: &str = "normalised";
/// The name of the output.
const LOGITS: &str = "logits";

/// The network of an architecture of a space as an ONNX model. Batch normalisation works by the
/// running moments, as in evaluation; layers that do not reach the output are left out. How images are
/// prepared for it is in the metadata `image`, `pixel_max`, `mean`, `std`, `classes` and `input`.
///
/// # Errors
/// If the network has no numbers for one of its weights.
pub fn onnx(
    space: &dyn SearchSpace,
    arch: &Arch,
    network: &Network,
    input: &Input,
) -> Result<Vec<u8>> {
    let plan = network.plan();
    let [height, width, channels] = plan.steps.first().map_or([0; 3], |step| step.shape);
    let classes = plan.steps.last().map_or(0, |step| step.shape[2]);
    let mut builder = Builder::new(network.weights());
    if let Some([mean, std]) = input.layer() {
        builder.normalise(mean, std);
    }
    let fused = fused(plan);
    for (i, (step, live)) in plan.steps.iter().zip(plan.live()).enumerate() {
        if live && !fused[i] {
            builder.step(plan, i, step)?;
        }
    }
    let output = builder.output(plan.steps.len() - 1);
    builder.node("Flatten", &[&output], LOGITS, Vec::new());
    let entry = |key: &str, value: String| Entry {
        key: key.to_owned(),
        value,
    };
    let mut metadata = vec![
        entry("space", space.name().to_owned()),
        entry("arch", space.format(arch)),
        entry("input", input.described()),
    ];
    let known = input.preprocessing.map(Preprocessing::metadata);
    metadata.extend(
        known
            .into_iter()
            .flatten()
            .map(|(key, value)| entry(&key, value)),
    );
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "ganas".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(Graph {
            node: builder.nodes,
            name: space.name().to_owned(),
            initializer: builder.tensors,
            input: vec![value(IMAGES, &[channels, height, width])],
            output: vec![value(LOGITS, &[classes])],
        }),
        opset_import: vec![OperatorSet {
            domain: String::new(),
            version: OPERATOR_SET,
        }],
        metadata_props: metadata,
    };
    Ok(model.encode_to_vec())
}

/// For each step whether it is a convolution that only a bias takes, which ONNX has in one.
fn fused(plan: &Plan) -> Vec<bool> {
    let mut takers = vec![0; plan.steps.len()];
    let mut biased = vec![false; plan.steps.len()];
    for step in &plan.steps {
        for &input in &step.inputs {
            takers[input] += 1;
            biased[input] |= matches!(step.op, Op::Bias { .. });
        }
    }
    let convolves = |i: usize| matches!(plan.steps[i].op, Op::Conv { .. });
    (0..plan.steps.len())
        .map(|i| convolves(i) && biased[i] && takers[i] == 1)
        .collect()
}

/// An input or an output: a batch of tensors of this shape.
fn value(name: &str, shape: &[usize]) -> Value {
    let batch = Dimension {
        dim_value: None,
        dim_param: Some("batch".into()),
    };
    let sizes = shape.iter().map(|&size| Dimension {
        dim_value: Some(size as i64),
        dim_param: None,
    });
    Value {
        name: name.to_owned(),
        r#type: Some(Type {
            tensor_type: Some(TensorType {
                elem_type: FLOAT,
                shape: Some(Shape {
                    dim: std::iter::once(batch).chain(sizes).collect(),
                }),
            }),
        }),
    }
}
