//! The loss of a classifier.

use ganas_tensor::{Device, Tensor};

/// The probabilities that a classifier should give.
#[derive(Clone, Debug)]
pub struct Targets(Tensor<4>);

impl Targets {
    /// Each example's class with probability `1 - smoothing`, and the rest spread evenly over all
    /// classes (Szegedy et al. 2016, arXiv 1512.00567). A label past the classes has no class.
    pub fn new(labels: &[u32], classes: usize, smoothing: f64, device: &Device) -> Self {
        let base = (smoothing / classes as f64) as f32;
        let mut values = vec![base; labels.len() * classes];
        for (row, &label) in values.chunks_exact_mut(classes).zip(labels) {
            if let Some(value) = row.get_mut(label as usize) {
                *value += (1.0 - smoothing) as f32;
            }
        }
        let shape = [labels.len(), 1, 1, classes];
        Targets(Tensor::new(values, shape, device))
    }
}

/// The mean over examples of the cross entropy of softmax probabilities.
///
/// # Shapes
/// - logits: `[batch, 1, 1, classes]`
/// - output: `[1]`
pub fn cross_entropy(logits: Tensor<4>, targets: &Targets) -> Tensor<1> {
    let batch = logits.dims()[0] as f64;
    let Targets(targets) = targets.clone();
    let sum = (logits.log_softmax() * targets).sum();
    -sum.div_scalar(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_tensor::check::{numbers, random};

    #[test]
    fn is_the_mean_negative_log_probability() {
        let logits = random([3, 1, 1, 4], 1);
        let values = numbers(logits.clone());
        let labels = [2, 0, 3];
        let expected: f64 = (values.chunks(4).zip(labels))
            .map(|(row, label)| {
                let total: f64 = row.iter().map(|v| (*v as f64).exp()).sum();
                total.ln() - row[label as usize] as f64
            })
            .sum::<f64>()
            / 3.0;
        let targets = Targets::new(&labels, 4, 0.0, &Device::Cpu);
        let loss = numbers(cross_entropy(logits, &targets))[0] as f64;
        assert!((loss - expected).abs() < 1e-5);
    }
}
