//! Runs a plan on weights.

use ganas_tensor::Tensor;

use super::plan::{Op, Plan};
use crate::layer::{
    Moments, activate, avg_pool, batch_norm, conv2d, depthwise_conv2d, gate, global_avg_pool,
    max_pool, normalize, relu,
};

/// The moments of batch normalisation.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'a> {
    /// Normalises by the moments of the batch, and returns those.
    Batch,
    /// Normalises by these moments, in the order of the plan.
    Running(&'a [Moments]),
}

/// The result of running a plan.
pub struct Output {
    /// The logits `[batch, 1, 1, classes]`.
    pub logits: Tensor<4>,
    /// The moments of the batch, with their place in the plan; none in evaluation.
    pub moments: Vec<(usize, Moments)>,
}

/// Runs a plan on weights in the order of the plan. Layers that do not reach the output are left
/// out.
///
/// # Shapes
/// - images: `[batch, height, width, channels]` as the plan has it
pub fn run(plan: &Plan, weights: &[Tensor<4>], images: Tensor<4>, mode: Mode) -> Output {
    run_observed(plan, weights, images, mode, &mut |_, _| ())
}

/// Runs a plan as [`run`] does, and calls `observe` with each layer's place in the plan and its output.
pub(crate) fn run_observed(
    plan: &Plan,
    weights: &[Tensor<4>],
    images: Tensor<4>,
    mode: Mode,
    observe: &mut dyn FnMut(usize, &Tensor<4>),
) -> Output {
    let batch = images.dims()[0];
    let live = plan.live();
    // How many layers still take each output: the last one takes it away, and its memory with it.
    let mut takers = vec![0usize; plan.steps.len()];
    for (step, _) in plan.steps.iter().zip(&live).filter(|(_, live)| **live) {
        step.inputs.iter().for_each(|&input| takers[input] += 1);
    }
    let mut seen = Vec::new();
    let mut values: Vec<Option<Tensor<4>>> = vec![None; plan.steps.len()];
    for (i, step) in plan.steps.iter().enumerate() {
        if !live[i] {
            continue;
        }
        let mut inputs = step.inputs.iter().filter_map(|&input| {
            takers[input] -= 1;
            match takers[input] {
                0 => values[input].take(),
                _ => values[input].clone(),
            }
        });
        // Inputs are live and earlier, so they are there.
        let mut input = || inputs.next().unwrap_or_else(|| images.clone());
        let weight = |index: usize| weights[index].clone();
        let [height, width, channels] = step.shape;
        let value = match &step.op {
            Op::Image => images.clone(),
            Op::Zero => Tensor::zeros([batch, height, width, channels], &images.device()),
            Op::Conv { weight: w, shape } => conv2d(input(), weight(*w), *shape),
            Op::Depthwise { weight: w, shape } => depthwise_conv2d(input(), weight(*w), *shape),
            Op::Norm {
                scale,
                shift,
                moments,
                relu,
            } => {
                let (scale, shift) = (weight(*scale), weight(*shift));
                match mode {
                    Mode::Batch => {
                        let (value, own) = batch_norm(input(), scale, shift, *relu);
                        seen.push((*moments, own));
                        value
                    }
                    Mode::Running(all) => normalize(input(), scale, shift, &all[*moments], *relu),
                }
            }
            Op::Relu => relu(input()),
            Op::Activate { function } => activate(input(), *function),
            Op::MaxPool { kernel, shape } => max_pool(input(), *kernel, *shape),
            Op::AvgPool { kernel, shape } => avg_pool(input(), *kernel, *shape),
            Op::GlobalAvgPool => global_avg_pool(input()),
            Op::Add => input() + input(),
            Op::Gate => {
                let x = input();
                gate(x, input())
            }
            Op::Concat => Tensor::cat(inputs.collect(), 3),
            Op::Truncate => input().narrow(3, 0, channels),
            Op::Crop => input().narrow(1, 1, height).narrow(2, 1, width),
            Op::Scale { weight: w } => input() * weight(*w),
            Op::Bias { weight: w } => input() + weight(*w),
        };
        observe(i, &value);
        values[i] = Some(value);
    }
    // The last layer is live and nothing takes it.
    let logits = values.pop().flatten().unwrap_or(images);
    Output {
        logits,
        moments: seen,
    }
}
