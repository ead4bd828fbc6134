//! Checks of layers: random tensors, one way to compute against another, finite differences.
//!
//! For tests of layers that bring their own backward pass.

use crate::{Device, Tensor, tensor};

/// Numbers of mean 0 and variance 1, on the CPU, without a tape. Sums of twelve uniform numbers are
/// close to normal.
pub fn random<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    let mut state = seed.wrapping_mul(0xd134_2543_de82_ef95);
    let mut uniform = || {
        // SplitMix64 (Steele et al. 2014, doi 10.1145/2660193.2660195).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 24) as f32
    };
    let mut normal = || (0..12).map(|_| uniform()).sum::<f32>() - 6.0;
    let count = shape.iter().product::<usize>();
    tensor((0..count).map(|_| normal()).collect(), shape)
}

/// The numbers of a tensor.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_vec().expect("numbers of the device")
}

/// The output of a function and the gradients of its inputs, for a loss that weighs the output
/// with fixed random numbers.
pub fn differentiate<const D: usize, const N: usize>(
    inputs: &[Tensor<D>; N],
    function: impl Fn([Tensor<D>; N]) -> Tensor<D>,
) -> (Vec<f32>, [Vec<f32>; N]) {
    let leaves = inputs.clone().map(|t| t.require_grad());
    let output = function(leaves.clone());
    let weights = random(output.dims(), 99);
    let gradients = (output.clone() * weights).sum().backward();
    let by = leaves.map(|leaf| leaf.grad(&gradients).map(numbers).unwrap_or_default());
    (numbers(output.detach()), by)
}

/// Asserts that two functions agree in output and gradients.
pub fn against<const D: usize, const N: usize>(
    inputs: [Tensor<D>; N],
    ours: impl Fn([Tensor<D>; N]) -> Tensor<D>,
    theirs: impl Fn([Tensor<D>; N]) -> Tensor<D>,
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
pub fn finite_differences<const D: usize, const N: usize>(
    inputs: [Tensor<D>; N],
    function: impl Fn([Tensor<D>; N]) -> Tensor<D>,
) {
    let (_, by) = differentiate(&inputs, &function);
    let loss = |inputs: [Tensor<D>; N]| {
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
                inputs[n] = Tensor::new(values, shape, &Device::Cpu);
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

/// Asserts that numbers agree, up to a tolerance relative to the largest of the second ones.
pub fn close(a: &[f32], b: &[f32], tolerance: f32) {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(1.0f32, |m, b| m.max(b.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * size, "at {i}: {a} against {b}");
    }
}
