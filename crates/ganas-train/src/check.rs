//! Helpers of the tests: random tensors, one way to compute against another, finite differences.

use burn::tensor::{Device, Tensor, TensorData};
use ganas_core::rng::Rng;

/// Normal numbers on the CPU, without a tape.
pub(crate) fn random(shape: [usize; 4], seed: u64) -> Tensor<4> {
    let mut rng = Rng::stream(seed, "check");
    let values: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|_| rng.normal() as f32)
        .collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as::<f32>().unwrap()
}

/// The output of a function and the gradients of its inputs, for a loss that weighs the output
/// with fixed random numbers.
pub(crate) fn differentiate<const N: usize>(
    inputs: &[Tensor<4>; N],
    function: impl Fn([Tensor<4>; N]) -> Tensor<4>,
) -> (Vec<f32>, [Vec<f32>; N]) {
    let leaves = inputs.clone().map(|t| t.autodiff().require_grad());
    let output = function(leaves.clone());
    let weights = random(output.dims(), 99).autodiff();
    let grads = (output.clone() * weights).sum().backward();
    let by = leaves.map(|leaf| leaf.grad(&grads).map(numbers).unwrap_or_default());
    (numbers(output.inner()), by)
}

/// Asserts that two functions agree in output and gradients.
pub(crate) fn against<const N: usize>(
    inputs: [Tensor<4>; N],
    ours: impl Fn([Tensor<4>; N]) -> Tensor<4>,
    theirs: impl Fn([Tensor<4>; N]) -> Tensor<4>,
) {
    let (a, by_a) = differentiate(&inputs, &ours);
    let (b, by_b) = differentiate(&inputs, theirs);
    close(&a, &b, 1e-4);
    for (a, b) in by_a.iter().zip(&by_b) {
        close(a, b, 1e-4);
    }
    // The same numbers without a tape.
    let plain = numbers(ours(inputs));
    assert_eq!(plain, a);
}

/// Asserts that the gradients of a function are those of finite differences.
pub(crate) fn finite_differences<const N: usize>(
    inputs: [Tensor<4>; N],
    function: impl Fn([Tensor<4>; N]) -> Tensor<4>,
) {
    let (_, by) = differentiate(&inputs, &function);
    let loss = |inputs: [Tensor<4>; N]| {
        let output = function(inputs);
        let weights = numbers(random(output.dims(), 99));
        let terms = numbers(output).into_iter().zip(weights);
        terms.map(|(o, w)| o as f64 * w as f64).sum::<f64>()
    };
    let step = 1e-2;
    for (n, by) in by.iter().enumerate() {
        for i in (0..by.len()).step_by(1 + by.len() / 40) {
            let moved = |step: f32| {
                let mut inputs = inputs.clone();
                let (shape, mut values) = (inputs[n].dims(), numbers(inputs[n].clone()));
                values[i] += step;
                inputs[n] = Tensor::from_data(TensorData::new(values, shape), &Device::flex());
                loss(inputs)
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * step as f64);
            let error = (slope - by[i] as f64).abs();
            assert!(
                error < 2e-2 * (1.0 + slope.abs()),
                "input {n}, number {i}: {slope} against {}",
                by[i]
            );
        }
    }
}

pub(crate) fn close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(1.0f32, |m, b| m.max(b.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * size, "at {i}: {a} against {b}");
    }
}
