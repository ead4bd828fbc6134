//! `synflow`: the flow through a network of absolute weights (Tanaka et al. 2020; Abdelfattah et al. 2021).
//!
//! Without batch norm, numbers grow beyond `f32` within a few dozen layers. So each layer's output is kept as a
//! tensor of moderate numbers times a power of two, which changes no digit.

use ganas_core::space::Activation;
use ganas_tensor::Tensor;

use super::{Subject, kernels};
use crate::cpu;
use crate::error::Result;
use crate::layer::{
    activate, avg_pool, conv2d, depthwise_conv2d, gate, global_avg_pool, max_pool, relu,
};
use crate::network::{Op, Plan, Step};

/// Exponent from which on activations are saturated or straight lines.
const SATURATED: i32 = 60;

/// Exponent of zeros, below all others, so that they never decide the common exponent of a sum.
const OF_ZERO: i32 = -1_000_000;

/// Numbers times a power of two.
#[derive(Clone)]
struct Scaled {
    values: Tensor<4>,
    exponent: i32,
}

impl Scaled {
    /// Numbers whose largest is from 1 to 2 in magnitude.
    fn new(values: Tensor<4>, exponent: i32) -> Result<Scaled> {
        let numbers = values.clone().detach().into_vec()?;
        let largest = numbers.iter().fold(0.0f32, |most, x| most.max(x.abs()));
        if largest == 0.0 {
            let exponent = OF_ZERO;
            return Ok(Scaled { values, exponent });
        }
        if !largest.is_finite() {
            return Ok(Scaled { values, exponent });
        }
        let shift = largest.log2().floor() as i32;
        Ok(Scaled {
            values: values.mul_scalar(2f64.powi(-shift)),
            exponent: exponent + shift,
        })
    }

    /// Numbers with a larger exponent.
    fn at(self, exponent: i32) -> Tensor<4> {
        match self.exponent - exponent {
            0 => self.values,
            less => self.values.mul_scalar(2f64.powi(less)),
        }
    }

    /// A function of the numbers that keeps factors.
    fn map(self, function: impl FnOnce(Tensor<4>) -> Tensor<4>) -> Scaled {
        Scaled {
            values: function(self.values),
            exponent: self.exponent,
        }
    }
}

/// Σ |weight times gradient| of the summed logits over all kernels, for one image of ones.
pub(super) fn synflow(subject: &Subject) -> Result<f64> {
    let plan = subject.plan;
    let kernels = kernels(plan);
    let mut weights = Vec::with_capacity(plan.weights.len());
    for weight in &subject.weights {
        let values = weight.clone().detach().into_vec()?;
        let values = values.into_iter().map(f32::abs).collect();
        weights.push(Tensor::new(values, weight.dims(), &cpu()));
    }
    for &kernel in &kernels {
        weights[kernel] = weights[kernel].clone().require_grad();
    }
    let logits = logits(plan, &weights)?;
    let gradients = logits.values.sum().backward();
    let mut sum = 0.0;
    for kernel in kernels {
        if let Some(gradient) = weights[kernel].grad(&gradients) {
            let values = weights[kernel].clone().detach().into_vec()?;
            let pairs = values.into_iter().zip(gradient.into_vec()?);
            sum += pairs
                .map(|(w, g)| f64::from(w) * f64::from(g).abs())
                .sum::<f64>();
        }
    }
    Ok(sum * 2f64.powi(logits.exponent))
}

fn logits(plan: &Plan, weights: &[Tensor<4>]) -> Result<Scaled> {
    let mut outputs: Vec<Option<Scaled>> = Vec::with_capacity(plan.steps.len());
    for (step, is_live) in plan.steps.iter().zip(plan.live()) {
        let inputs = || {
            let places = step.inputs.iter();
            places
                .map(|input| outputs[*input].clone().expect("inputs are live"))
                .collect()
        };
        let output = is_live.then(|| layer(step, inputs(), weights));
        outputs.push(output.transpose()?);
    }
    Ok(outputs
        .pop()
        .flatten()
        .expect("the last layer reaches the output"))
}

/// The output of a layer. Batch norm is left out.
fn layer(step: &Step, mut inputs: Vec<Scaled>, weights: &[Tensor<4>]) -> Result<Scaled> {
    let [height, width, channels] = step.shape;
    let constant = |value: f32| {
        let values = Tensor::full([1, height, width, channels], value, &cpu());
        Scaled::new(values, 0)
    };
    let weight = |index: usize| weights[index].clone();
    match &step.op {
        Op::Image => return constant(1.0),
        Op::Zero => return constant(0.0),
        Op::Add | Op::Concat => return joined(&step.op, inputs),
        _ => {}
    }
    let second = (inputs.len() > 1).then(|| inputs.remove(1));
    let input = inputs.remove(0);
    let exponent = input.exponent;
    Ok(match &step.op {
        Op::Conv { weight: w, shape } => {
            Scaled::new(conv2d(input.values, weight(*w), *shape), exponent)?
        }
        Op::Depthwise { weight: w, shape } => {
            let values = depthwise_conv2d(input.values, weight(*w), *shape);
            Scaled::new(values, exponent)?
        }
        Op::Norm { relu: true, .. } | Op::Relu => input.map(relu),
        Op::Norm { relu: false, .. } => input,
        Op::Activate { function } => activated(input, *function)?,
        Op::MaxPool { kernel, shape } => input.map(|x| max_pool(x, *kernel, *shape)),
        Op::AvgPool { kernel, shape } => input.map(|x| avg_pool(x, *kernel, *shape)),
        Op::GlobalAvgPool => input.map(global_avg_pool),
        Op::Gate => {
            let factors = second.expect("a gate has two inputs");
            let exponent = exponent + factors.exponent;
            Scaled::new(gate(input.values, factors.values), exponent)?
        }
        Op::Truncate => input.map(|x| x.narrow(3, 0, channels)),
        Op::Crop => input.map(|x| x.narrow(1, 1, height).narrow(2, 1, width)),
        Op::Scale { weight: w } => Scaled::new(input.values * weight(*w), exponent)?,
        Op::Bias { weight: w } => {
            let bias = Scaled::new(weight(*w), 0)?;
            let most = exponent.max(bias.exponent);
            Scaled::new(input.at(most) + bias.at(most), most)?
        }
        Op::Image | Op::Zero | Op::Add | Op::Concat => unreachable!("handled above"),
    })
}

/// The sum or the concatenation of outputs.
fn joined(op: &Op, inputs: Vec<Scaled>) -> Result<Scaled> {
    let most = inputs.iter().map(|input| input.exponent).max();
    let most = most.expect("a layer that joins has inputs");
    let mut values: Vec<Tensor<4>> = inputs.into_iter().map(|input| input.at(most)).collect();
    let joined = match op {
        Op::Concat => Tensor::cat(values, 3),
        _ => {
            let last = values.pop().expect("a sum has inputs");
            values.into_iter().fold(last, |sum, value| value + sum)
        }
    };
    Scaled::new(joined, most)
}

/// A function of every number at its true scale, as far as `f32` has it.
fn activated(input: Scaled, function: Activation) -> Result<Scaled> {
    let is_straight = matches!(function, Activation::Swish | Activation::HardSwish);
    if function == Activation::Relu || is_straight && input.exponent > SATURATED {
        return Ok(input.map(relu));
    }
    let exponent = input.exponent.min(SATURATED);
    let values = input.values.mul_scalar(2f64.powi(exponent));
    Scaled::new(activate(values, function), 0)
}
