//! `nwot`: how differently the rectifiers of a network respond to images (Mellor et al. 2021).

use ganas_core::space::Activation;
use ganas_tensor::Tensor;
use nalgebra::DMatrix;

use super::Subject;
use crate::error::Result;
use crate::network::{Mode, Op, Plan, run_observed};

/// Logarithm of the determinant of the kernel K. K of two images is the number of rectifiers that are on for both
/// or off for both.
pub(super) fn nwot(subject: &Subject) -> Result<f64> {
    let plan = subject.plan;
    let uses = uses(plan);
    let images = subject.images(&subject.batch.images);
    let count = images.dims()[0];
    let mut kernel = vec![0u64; count * count];
    let mut failed = None;
    let mut observe = |step: usize, output: &Tensor<4>| {
        if uses[step] == 0 {
            return;
        }
        match output.clone().detach().into_vec() {
            Ok(values) => add(&mut kernel, &values, count, uses[step]),
            Err(error) => failed = Some(error),
        }
    };
    run_observed(plan, &subject.weights, images, Mode::Batch, &mut observe);
    if let Some(error) = failed {
        return Err(error.into());
    }
    let kernel = DMatrix::from_iterator(count, count, kernel.into_iter().map(|n| n as f64));
    let triangle = kernel.lu().u();
    Ok(triangle
        .diagonal()
        .iter()
        .map(|pivot| pivot.abs().ln())
        .sum())
}

/// Adds the equal places of the codes of all pairs of images.
fn add(kernel: &mut [u64], values: &[f32], count: usize, uses: u64) {
    let size = values.len() / count;
    let codes: Vec<Vec<u64>> = (values.chunks_exact(size))
        .map(|image| {
            let words = image.chunks(64);
            let bits = |word: &[f32]| {
                let on = word.iter().enumerate().filter(|(_, value)| **value > 0.0);
                on.fold(0u64, |code, (bit, _)| code | 1 << bit)
            };
            words.map(bits).collect()
        })
        .collect();
    for (i, a) in codes.iter().enumerate() {
        for (j, b) in codes.iter().enumerate() {
            let unlike: u32 = a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum();
            kernel[i * count + j] += uses * (size as u64 - u64::from(unlike));
        }
    }
}

/// For each step, how often its output counts as a code. A plan has one rectifier where several ops begin with one
/// of the same input; in the published networks each op has its own.
fn uses(plan: &Plan) -> Vec<u64> {
    let live = plan.live();
    let takers = |node: usize| {
        let steps = plan.steps.iter().zip(&live);
        let convs = steps.filter(|(step, is_live)| {
            let is_conv = matches!(step.op, Op::Conv { .. } | Op::Depthwise { .. });
            **is_live && is_conv && step.inputs.contains(&node)
        });
        convs.count().max(1) as u64
    };
    let uses = plan
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| match step.op {
            _ if !live[i] => 0,
            Op::Relu => takers(i),
            Op::Norm { relu: true, .. } => 1,
            Op::Activate {
                function: Activation::Sigmoid | Activation::HardSigmoid,
            } => 0,
            Op::Activate { .. } => 1,
            _ => 0,
        });
    uses.collect()
}
