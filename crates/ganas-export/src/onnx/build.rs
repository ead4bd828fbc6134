//! The nodes of a model, step by step of a plan.
//!
//! Plans are channels-last and models channels-first. [`Builder::convolution`] transposes every
//! weight that enters the model, and axes are renumbered.

use ganas_core::space::Activation;
use ganas_train::layer::{ConvShape, EPSILON};
use ganas_train::network::{Op, Step};
use ganas_train::{Plan, Weights};

use super::proto::{Attribute, FLOAT, INT64, Node, Tensor};
use super::{IMAGES, NORMALISED};
use crate::error::{ExportError, Result};

/// A model that is being written.
pub(super) struct Builder<'a> {
    weights: &'a Weights,
    /// The name of the input of the plan's first layer.
    images: &'static str,
    /// In the order in which they run.
    pub nodes: Vec<Node>,
    /// Weights and other constants.
    pub tensors: Vec<Tensor>,
}

impl<'a> Builder<'a> {
    /// A model without nodes that takes its numbers from these.
    pub fn new(weights: &'a Weights) -> Self {
        Builder {
            weights,
            images: IMAGES,
            nodes: Vec::new(),
            tensors: Vec::new(),
        }
    }

    /// Adds a first layer that takes raw pixels: minus the mean of their channel, over its deviation.
    pub fn normalise(&mut self, mean: Vec<f32>, std: Vec<f32>) {
        let centred = format!("{NORMALISED}/centred");
        let names = ["mean", "std"].map(|part| format!("{NORMALISED}/{part}"));
        for (name, values) in names.iter().zip([mean, std]) {
            self.floats(name, &[values.len(), 1, 1], values);
        }
        self.node("Sub", &[IMAGES, &names[0]], &centred, Vec::new());
        self.node("Div", &[&centred, &names[1]], NORMALISED, Vec::new());
        self.images = NORMALISED;
    }

    /// The name of the output of a step of a plan.
    pub fn output(&self, step: usize) -> String {
        match step {
            0 => self.images.to_owned(),
            _ => format!("step{step}"),
        }
    }

    /// Adds a node with one output.
    pub fn node(&mut self, op: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>) {
        self.nodes.push(Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: op.to_owned(),
            attribute: attributes,
        });
    }

    /// Adds the nodes of a step.
    ///
    /// # Errors
    /// If a weight is missing.
    pub fn step(&mut self, plan: &Plan, index: usize, step: &Step) -> Result<()> {
        let output = self.output(index);
        let inputs: Vec<String> = step.inputs.iter().map(|&i| self.output(i)).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let [height, width, channels] = step.shape;
        match &step.op {
            Op::Image => {}
            Op::Zero => self.zeros(&output, [channels, height, width]),
            Op::Conv { weight, shape } => {
                let weight = &plan.weights[*weight].name;
                self.convolution(inputs[0], weight, shape, None, &output)?;
            }
            Op::Depthwise { weight, shape } => {
                let weight = &plan.weights[*weight].name;
                self.depthwise(inputs[0], weight, shape, &output)?;
            }
            Op::Norm {
                scale,
                shift,
                moments,
                relu,
            } => {
                let names = [scale, shift].map(|&w| plan.weights[w].name.as_str());
                let norm = if *relu {
                    format!("{output}/norm")
                } else {
                    output.clone()
                };
                self.norm(inputs[0], names, &plan.moments[*moments].0, &norm)?;
                if *relu {
                    self.node("Relu", &[&norm], &output, Vec::new());
                }
            }
            Op::Relu => self.node("Relu", &inputs, &output, Vec::new()),
            Op::Activate { function } => self.activation(*function, inputs[0], &output),
            Op::MaxPool { kernel, shape } => {
                self.node("MaxPool", &inputs, &output, windows(*kernel, shape));
            }
            Op::AvgPool { kernel, shape } => {
                let mut attributes = windows(*kernel, shape);
                attributes.push(int("count_include_pad", 0));
                self.node("AveragePool", &inputs, &output, attributes);
            }
            Op::GlobalAvgPool => self.node("GlobalAveragePool", &inputs, &output, Vec::new()),
            Op::Add => self.node("Add", &inputs, &output, Vec::new()),
            Op::Gate => self.node("Mul", &inputs, &output, Vec::new()),
            Op::Concat => self.node("Concat", &inputs, &output, vec![int("axis", 1)]),
            Op::Truncate => self.slice(inputs[0], &[0], &[channels as i64], &[1], &output),
            Op::Crop => self.slice(inputs[0], &[1, 1], &[i64::MAX, i64::MAX], &[2, 3], &output),
            Op::Scale { weight } => {
                let weight = self.row(&plan.weights[*weight].name, &[1])?;
                self.node("Mul", &[inputs[0], &weight], &output, Vec::new());
            }
            Op::Bias { weight } => self.bias(plan, step, *weight, inputs[0], &output)?,
        }
        Ok(())
    }

    /// The input plus a number a channel; together with the convolution before it, if it is one.
    fn bias(
        &mut self,
        plan: &Plan,
        step: &Step,
        bias: usize,
        input: &str,
        output: &str,
    ) -> Result<()> {
        let before = &plan.steps[step.inputs[0]];
        let name = &plan.weights[bias].name;
        let channels = step.shape[2] as i64;
        match &before.op {
            Op::Conv { weight, shape } if super::fused(plan)[step.inputs[0]] => {
                let bias = self.row(name, &[channels])?;
                let input = self.output(before.inputs[0]);
                let weight = &plan.weights[*weight].name;
                self.convolution(&input, weight, shape, Some(&bias), output)
            }
            _ => {
                let bias = self.row(name, &[1, channels, 1, 1])?;
                self.node("Add", &[input, &bias], output, Vec::new());
                Ok(())
            }
        }
    }

    /// A convolution, its weight turned from `[height, width, inputs, outputs]` to
    /// `[outputs, inputs, height, width]`.
    fn convolution(
        &mut self,
        input: &str,
        weight: &str,
        shape: &ConvShape,
        bias: Option<&str>,
        output: &str,
    ) -> Result<()> {
        let (values, [kernel, _, from, to]) = self.numbers(weight)?;
        let taps = kernel * kernel;
        let filters = turned(&values, taps * from, to);
        let filters = filters.chunks_exact(taps * from);
        let turned = filters.flat_map(|filter| turned(filter, taps, from));
        self.floats(weight, &[to, from, kernel, kernel], turned.collect());
        let inputs: Vec<&str> = [input, weight].into_iter().chain(bias).collect();
        let mut attributes = windows(kernel, shape);
        attributes.push(ints("dilations", [shape.dilation; 2]));
        self.node("Conv", &inputs, output, attributes);
        Ok(())
    }

    /// A depthwise convolution, its weight turned from `[height, width, channels, 1]` to
    /// `[channels, 1, height, width]`.
    fn depthwise(
        &mut self,
        input: &str,
        weight: &str,
        shape: &ConvShape,
        output: &str,
    ) -> Result<()> {
        let (values, [kernel, _, channels, _]) = self.numbers(weight)?;
        let turned = turned(&values, kernel * kernel, channels);
        self.floats(weight, &[channels, 1, kernel, kernel], turned);
        let mut attributes = windows(kernel, shape);
        attributes.push(ints("dilations", [shape.dilation; 2]));
        attributes.push(int("group", channels as i64));
        self.node("Conv", &[input, weight], output, attributes);
        Ok(())
    }

    /// Batch normalisation by running moments.
    fn norm(&mut self, input: &str, weights: [&str; 2], moments: &str, output: &str) -> Result<()> {
        let (mean, variance) = (self.weights.moments(moments))
            .ok_or_else(|| ExportError::Missing(moments.to_owned()))?;
        let channels = mean.len();
        for name in weights {
            self.row(name, &[channels as i64])?;
        }
        let names = [format!("{moments}.mean"), format!("{moments}.variance")];
        for (name, values) in names.iter().zip([mean, variance]) {
            self.floats(name, &[channels], values);
        }
        let inputs = [input, weights[0], weights[1], &names[0], &names[1]];
        let attributes = vec![float("epsilon", EPSILON as f32)];
        self.node("BatchNormalization", &inputs, output, attributes);
        Ok(())
    }

    fn activation(&mut self, function: Activation, input: &str, output: &str) {
        match function {
            Activation::Relu => self.node("Relu", &[input], output, Vec::new()),
            Activation::Relu6 => {
                let bounds = [0.0, 6.0].map(|bound: f32| {
                    let name = format!("{output}/at{bound}");
                    self.floats(&name, &[], vec![bound]);
                    name
                });
                self.node("Clip", &[input, &bounds[0], &bounds[1]], output, Vec::new());
            }
            Activation::Swish => {
                let gate = format!("{output}/sigmoid");
                self.node("Sigmoid", &[input], &gate, Vec::new());
                self.node("Mul", &[input, &gate], output, Vec::new());
            }
            Activation::HardSwish => self.node("HardSwish", &[input], output, Vec::new()),
            Activation::Sigmoid => self.node("Sigmoid", &[input], output, Vec::new()),
            Activation::HardSigmoid => {
                let line = vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)];
                self.node("HardSigmoid", &[input], output, line);
            }
        }
    }

    /// Zeros for as many images as there are.
    fn zeros(&mut self, output: &str, shape: [usize; 3]) {
        let [batch, sizes, whole] =
            ["batch", "sizes", "shape"].map(|part| format!("{output}/{part}"));
        self.node(
            "Shape",
            &[IMAGES],
            &batch,
            vec![int("start", 0), int("end", 1)],
        );
        self.integers(&sizes, &shape.map(|size| size as i64));
        self.node("Concat", &[&batch, &sizes], &whole, vec![int("axis", 0)]);
        self.node("ConstantOfShape", &[&whole], output, Vec::new());
    }

    fn slice(&mut self, input: &str, from: &[i64], to: &[i64], axes: &[i64], output: &str) {
        let names = ["from", "to", "axes"].map(|part| format!("{output}/{part}"));
        for (name, values) in names.iter().zip([from, to, axes]) {
            self.integers(name, values);
        }
        let inputs = [input, &names[0], &names[1], &names[2]];
        self.node("Slice", &inputs, output, Vec::new());
    }

    /// Adds a weight as it lies, in another shape; its name.
    fn row(&mut self, name: &str, dims: &[i64]) -> Result<String> {
        let (values, _) = self.numbers(name)?;
        let dims: Vec<usize> = dims.iter().map(|&size| size as usize).collect();
        self.floats(name, &dims, values);
        Ok(name.to_owned())
    }

    fn numbers(&self, name: &str) -> Result<(Vec<f32>, [usize; 4])> {
        (self.weights.get(name)).ok_or_else(|| ExportError::Missing(name.to_owned()))
    }

    fn floats(&mut self, name: &str, dims: &[usize], values: Vec<f32>) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let dims = dims.iter().map(|&size| size as i64).collect();
        self.tensor(name, dims, FLOAT, bytes);
    }

    fn integers(&mut self, name: &str, values: &[i64]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.tensor(name, vec![values.len() as i64], INT64, bytes);
    }

    fn tensor(&mut self, name: &str, dims: Vec<i64>, data_type: i32, raw_data: Vec<u8>) {
        self.tensors.push(Tensor {
            dims,
            data_type,
            name: name.to_owned(),
            raw_data,
        });
    }
}

/// A matrix of these numbers of rows and columns with its axes exchanged.
fn turned(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..rows * columns)
        .map(|i| values[i % rows * columns + i / rows])
        .collect()
}

/// The attributes for the windows of a convolution or a pooling.
fn windows(kernel: usize, shape: &ConvShape) -> Vec<Attribute> {
    vec![
        ints("kernel_shape", [kernel; 2]),
        ints("strides", [shape.stride; 2]),
        ints("pads", [shape.padding; 4]),
    ]
}

fn ints<const N: usize>(name: &str, values: [usize; N]) -> Attribute {
    Attribute {
        name: name.to_owned(),
        ints: values.map(|value| value as i64).to_vec(),
        r#type: 7,
        ..Attribute::default()
    }
}

fn int(name: &str, value: i64) -> Attribute {
    Attribute {
        name: name.to_owned(),
        i: Some(value),
        r#type: 2,
        ..Attribute::default()
    }
}

fn float(name: &str, value: f32) -> Attribute {
    Attribute {
        name: name.to_owned(),
        f: Some(value),
        r#type: 1,
        ..Attribute::default()
    }
}
