//! `zen`: the expressivity of a network by the response of its features to noise (Lin et al. 2021).
//!
//! Weights, images and noise are normal, as in the published code. Residual links stay.

use ganas_tensor::Tensor;

use super::Subject;
use crate::error::Result;
use crate::network::{Mode, Op, Output, Plan, run_observed};

/// Share of the noise in the second images, as in the published code.
const NOISE: f32 = 0.01;

/// Logarithm of the mean change of the features before the last pooling, plus the logarithms of the deviations that
/// batch norms divide by.
pub(super) fn zen(subject: &Subject) -> Result<f64> {
    let [images, noise] = &subject.noise;
    let moved: Vec<f32> = (images.iter().zip(noise))
        .map(|(image, noise)| image + NOISE * noise)
        .collect();
    let (first, output) = features(subject, images)?;
    let (second, _) = features(subject, &moved)?;
    let pairs = first.iter().zip(&second);
    let change: f64 = pairs.map(|(a, b)| f64::from((a - b).abs())).sum();
    let mut score = (change / subject.batch.labels.len() as f64).ln();
    for (_, moments) in output.moments {
        let variances = moments.variance.into_vec()?;
        let sum: f64 = variances.iter().map(|v| f64::from(*v)).sum();
        // What is zero everywhere, as behind `none`, is not scaled.
        if sum > 0.0 {
            score += 0.5 * (sum / variances.len() as f64).ln();
        }
    }
    Ok(score)
}

/// Numbers before the last pooling, and the output.
fn features(subject: &Subject, images: &[f32]) -> Result<(Vec<f32>, Output)> {
    let plan = subject.plan;
    let last = last(plan);
    let mut kept: Option<Tensor<4>> = None;
    let mut observe = |step: usize, output: &Tensor<4>| {
        if step == last {
            kept = Some(output.clone());
        }
    };
    let images = subject.images(images);
    let output = run_observed(plan, &subject.gaussian, images, Mode::Batch, &mut observe);
    let kept = kept.expect("the features reach the output");
    Ok((kept.into_vec()?, output))
}

/// The step whose output the classifier pools.
fn last(plan: &Plan) -> usize {
    let mut steps = plan.steps.iter().rev();
    let pool = steps.find(|step| step.op == Op::GlobalAvgPool);
    pool.expect("networks end with a global average pool")
        .inputs[0]
}
