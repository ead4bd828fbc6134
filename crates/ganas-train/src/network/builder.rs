//! Writes plans.

use ganas_core::space::Activation;

use super::plan::{Frame, Init, Op, Plan, Slot, Step};
use crate::layer::ConvShape;

/// A place in a plan; later layers can take its output.
pub(super) type Node = usize;

/// A plan that is being written.
pub(super) struct Builder {
    plan: Plan,
}

impl Builder {
    /// A plan with nothing but the images.
    pub fn new(frame: &Frame) -> Self {
        Builder {
            plan: Plan {
                steps: vec![Step {
                    op: Op::Image,
                    inputs: Vec::new(),
                    shape: frame.image,
                }],
                weights: Vec::new(),
                moments: Vec::new(),
            },
        }
    }

    /// The images.
    pub fn image(&self) -> Node {
        0
    }

    /// Height, width and channels of a node.
    pub fn shape(&self, node: Node) -> [usize; 3] {
        self.plan.steps[node].shape
    }

    /// Appends a layer. An equal layer without weights is reused.
    fn push(&mut self, op: Op, inputs: Vec<Node>, shape: [usize; 3]) -> Node {
        // The same layer comes after its inputs, so that deep networks take no longer to look through.
        let from = inputs.iter().max().map_or(0, |last| last + 1);
        let step = Step { op, inputs, shape };
        match self.plan.steps[from..].iter().position(|s| *s == step) {
            Some(node) => from + node,
            None => {
                self.plan.steps.push(step);
                self.plan.steps.len() - 1
            }
        }
    }

    fn weight(&mut self, name: String, shape: [usize; 4], init: Init) -> usize {
        self.plan.weights.push(Slot { name, shape, init });
        self.plan.weights.len() - 1
    }

    /// Height, width and channels of the output of windows on a node.
    pub fn window(
        &self,
        input: Node,
        kernel: usize,
        shape: ConvShape,
        channels: usize,
    ) -> [usize; 3] {
        let [height, width, _] = self.shape(input);
        [
            shape.output(height, kernel),
            shape.output(width, kernel),
            channels,
        ]
    }

    /// A convolution without bias that keeps the size of the image at stride 1. It starts with the
    /// variance of He et al. (2015, arXiv 1502.01852), as in NAS-Bench-101.
    pub fn conv(
        &mut self,
        input: Node,
        name: &str,
        kernel: usize,
        stride: usize,
        outputs: usize,
    ) -> Node {
        let channels = self.shape(input)[2];
        let weight = self.weight(
            format!("{name}.conv"),
            [kernel, kernel, channels, outputs],
            he(kernel * kernel * channels),
        );
        let shape = ConvShape::same(kernel, stride);
        let output = self.window(input, kernel, shape, outputs);
        self.push(Op::Conv { weight, shape }, vec![input], output)
    }

    /// A depthwise convolution without bias.
    pub fn depthwise(&mut self, input: Node, name: &str, kernel: usize, shape: ConvShape) -> Node {
        let channels = self.shape(input)[2];
        let weight = self.weight(
            format!("{name}.depthwise"),
            [kernel, kernel, channels, 1],
            he(kernel * kernel),
        );
        let output = self.window(input, kernel, shape, channels);
        self.push(Op::Depthwise { weight, shape }, vec![input], output)
    }

    /// Batch normalisation, and the rectifier if asked for.
    pub fn norm(&mut self, input: Node, name: &str, relu: bool) -> Node {
        let shape = self.shape(input);
        let row = [1, 1, 1, shape[2]];
        let scale = self.weight(format!("{name}.norm.scale"), row, Init::Constant(1.0));
        let shift = self.weight(format!("{name}.norm.shift"), row, Init::Constant(0.0));
        self.plan.moments.push((format!("{name}.norm"), shape[2]));
        let op = Op::Norm {
            scale,
            shift,
            moments: self.plan.moments.len() - 1,
            relu,
        };
        self.push(op, vec![input], shape)
    }

    /// Batch normalisation and a function of every number.
    pub fn norm_activate(&mut self, input: Node, name: &str, function: Activation) -> Node {
        let norm = self.norm(input, name, function == Activation::Relu);
        match function {
            Activation::Relu => norm,
            _ => self.activate(norm, function),
        }
    }

    /// Convolution, batch normalisation, rectifier.
    pub fn conv_norm_relu(&mut self, input: Node, name: &str, kernel: usize, to: usize) -> Node {
        let conv = self.conv(input, name, kernel, 1, to);
        self.norm(conv, name, true)
    }

    /// Rectifier, convolution, batch normalisation.
    pub fn relu_conv_norm(
        &mut self,
        input: Node,
        name: &str,
        kernel: usize,
        stride: usize,
        outputs: usize,
    ) -> Node {
        let input = self.relu(input);
        let conv = self.conv(input, name, kernel, stride, outputs);
        self.norm(conv, name, false)
    }

    /// A node times a weight of one number; the same weight wherever it has the same name.
    pub fn scale(&mut self, input: Node, name: &str) -> Node {
        let known = self.plan.weights.iter().position(|w| w.name == name);
        let weight = known
            .unwrap_or_else(|| self.weight(name.to_owned(), [1, 1, 1, 1], Init::Constant(1.0)));
        self.push(Op::Scale { weight }, vec![input], self.shape(input))
    }

    /// The positive part.
    pub fn relu(&mut self, input: Node) -> Node {
        self.push(Op::Relu, vec![input], self.shape(input))
    }

    /// A function of every number.
    pub fn activate(&mut self, input: Node, function: Activation) -> Node {
        match function {
            Activation::Relu => self.relu(input),
            _ => self.push(Op::Activate { function }, vec![input], self.shape(input)),
        }
    }

    /// A node's channels, each times its number in a node of one pixel.
    pub fn gate(&mut self, input: Node, factors: Node) -> Node {
        self.push(Op::Gate, vec![input, factors], self.shape(input))
    }

    /// The largest number of each window.
    pub fn max_pool(&mut self, input: Node, kernel: usize, shape: ConvShape) -> Node {
        let output = self.window(input, kernel, shape, self.shape(input)[2]);
        self.push(Op::MaxPool { kernel, shape }, vec![input], output)
    }

    /// The mean of each window.
    pub fn avg_pool(&mut self, input: Node, kernel: usize, shape: ConvShape) -> Node {
        let output = self.window(input, kernel, shape, self.shape(input)[2]);
        self.push(Op::AvgPool { kernel, shape }, vec![input], output)
    }

    /// Zeros.
    pub fn zero(&mut self, shape: [usize; 3]) -> Node {
        self.push(Op::Zero, Vec::new(), shape)
    }

    /// Returns true if a node is zeros.
    pub fn is_zero(&self, node: Node) -> bool {
        self.plan.steps[node].op == Op::Zero
    }

    /// The sum of nodes of one shape; zeros if there are none.
    pub fn sum(&mut self, nodes: &[Node], shape: [usize; 3]) -> Node {
        let terms = nodes
            .iter()
            .copied()
            .filter(|&n| !self.is_zero(n))
            .collect::<Vec<Node>>();
        match terms.split_first() {
            Some((&first, rest)) => rest.iter().fold(first, |sum, &term| {
                self.push(Op::Add, vec![sum, term], shape)
            }),
            None => self.zero(shape),
        }
    }

    /// The channels of nodes, one after another.
    pub fn concat(&mut self, nodes: Vec<Node>) -> Node {
        if let [one] = nodes[..] {
            return one;
        }
        let [height, width, _] = nodes.first().map_or([0; 3], |&node| self.shape(node));
        let channels = nodes.iter().map(|&node| self.shape(node)[2]).sum();
        self.push(Op::Concat, nodes, [height, width, channels])
    }

    /// The first channels of a node.
    pub fn truncate(&mut self, input: Node, channels: usize) -> Node {
        let [height, width, all] = self.shape(input);
        if all == channels {
            return input;
        }
        self.push(Op::Truncate, vec![input], [height, width, channels])
    }

    /// Drops the first row and the first column of a node.
    pub fn crop(&mut self, input: Node) -> Node {
        let [height, width, channels] = self.shape(input);
        let shape = [height.saturating_sub(1), width.saturating_sub(1), channels];
        self.push(Op::Crop, vec![input], shape)
    }

    /// The mean of each channel over the image.
    pub fn global_avg_pool(&mut self, input: Node) -> Node {
        let channels = self.shape(input)[2];
        self.push(Op::GlobalAvgPool, vec![input], [1, 1, channels])
    }

    /// A dense layer with bias, for a node of one pixel. It starts with the variance of a layer
    /// that no rectifier follows.
    pub fn dense(&mut self, input: Node, name: &str, outputs: usize) -> Node {
        let channels = self.shape(input)[2];
        let weight = self.weight(
            format!("{name}.weight"),
            [1, 1, channels, outputs],
            Init::Normal((1.0 / channels as f64).sqrt()),
        );
        let shape = ConvShape::same(1, 1);
        let dense = self.push(Op::Conv { weight, shape }, vec![input], [1, 1, outputs]);
        let row = [1, 1, 1, outputs];
        let bias = self.weight(format!("{name}.bias"), row, Init::Constant(0.0));
        self.push(Op::Bias { weight: bias }, vec![dense], [1, 1, outputs])
    }

    /// Ends the plan with global average pooling and a dense layer.
    pub fn classify(mut self, input: Node, classes: usize) -> Plan {
        let pooled = self.global_avg_pool(input);
        self.finish(pooled, classes)
    }

    /// Ends the plan with a dense layer, for a node of one pixel.
    pub fn finish(mut self, input: Node, classes: usize) -> Plan {
        self.dense(input, "classifier", classes);
        self.plan
    }
}

fn he(fan_in: usize) -> Init {
    Init::Normal((2.0 / fan_in as f64).sqrt())
}
