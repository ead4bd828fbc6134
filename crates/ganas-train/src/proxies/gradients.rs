//! Proxies of gradients: `snip`, `grad-norm` and `jacov` (Abdelfattah et al. 2021).

use ganas_tensor::Tensor;
use nalgebra::DMatrix;

use super::{Subject, kernels};
use crate::cpu;
use crate::error::Result;
use crate::layer::{Targets, cross_entropy};
use crate::network::{Mode, run};

/// Added to the eigenvalues, as in the published code.
const RIDGE: f64 = 1e-5;

/// Numbers of a kernel, and its gradient.
struct Kernel {
    values: Vec<f32>,
    gradient: Vec<f32>,
}

/// Sum over all kernels of |weight times gradient of the loss|.
pub(super) fn snip(subject: &Subject) -> Result<f64> {
    let products = of_loss(subject)?.into_iter().map(|kernel| {
        let pairs = kernel.values.iter().zip(&kernel.gradient);
        pairs
            .map(|(w, g)| (f64::from(*w) * f64::from(*g)).abs())
            .sum::<f64>()
    });
    Ok(products.sum())
}

/// Sum over all kernels of the Euclidean norm of the gradient of the loss.
pub(super) fn grad_norm(subject: &Subject) -> Result<f64> {
    let norms = of_loss(subject)?.into_iter().map(|kernel| {
        let squares = kernel.gradient.iter().map(|g| f64::from(*g).powi(2));
        squares.sum::<f64>().sqrt()
    });
    Ok(norms.sum())
}

/// Gradients of the mean cross entropy, with batch norm by the moments of the batch.
fn of_loss(subject: &Subject) -> Result<Vec<Kernel>> {
    let kernels = kernels(subject.plan);
    let mut weights = subject.weights.clone();
    for &kernel in &kernels {
        weights[kernel] = weights[kernel].clone().require_grad();
    }
    let images = subject.images(&subject.batch.images);
    let output = run(subject.plan, &weights, images, Mode::Batch);
    let classes = output.logits.dims()[3];
    let targets = Targets::new(&subject.batch.labels, classes, 0.0, &cpu());
    let gradients = cross_entropy(output.logits, &targets).backward();
    let mut found = Vec::with_capacity(kernels.len());
    for kernel in kernels {
        if let Some(gradient) = weights[kernel].grad(&gradients) {
            found.push(Kernel {
                values: weights[kernel].clone().detach().into_vec()?,
                gradient: gradient.into_vec()?,
            });
        }
    }
    Ok(found)
}

/// -Σ (ln(v + k) + 1 / (v + k)) over the eigenvalues v of the correlations between the gradients of the summed
/// logits by each image.
pub(super) fn jacov(subject: &Subject) -> Result<f64> {
    let images: Tensor<4> = subject.images(&subject.batch.images).require_grad();
    let output = run(subject.plan, &subject.weights, images.clone(), Mode::Batch);
    let gradients = output.logits.backward();
    let Some(gradient) = images.grad(&gradients) else {
        return Ok(f64::NAN);
    };
    let gradient = gradient.into_vec()?;
    let correlations = correlations(&gradient, subject.batch.labels.len());
    if correlations.iter().any(|c| !c.is_finite()) {
        return Ok(f64::NAN);
    }
    let eigenvalues = correlations.symmetric_eigenvalues();
    let terms = eigenvalues.iter().map(|v| {
        let v = v + RIDGE;
        v.ln() + 1.0 / v
    });
    Ok(-terms.sum::<f64>())
}

/// Correlations between rows.
fn correlations(values: &[f32], rows: usize) -> DMatrix<f64> {
    let size = values.len() / rows;
    let centred: Vec<Vec<f64>> = (values.chunks_exact(size))
        .map(|row| {
            let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / size as f64;
            let row: Vec<f64> = row.iter().map(|x| f64::from(*x) - mean).collect();
            let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
            row.into_iter().map(|x| x / norm).collect()
        })
        .collect();
    let dot = |i: usize, j: usize| {
        let pairs = centred[i].iter().zip(&centred[j]);
        pairs.map(|(a, b)| a * b).sum::<f64>()
    };
    DMatrix::from_fn(rows, rows, |i, j| dot(i.min(j), i.max(j)))
}
