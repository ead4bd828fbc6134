use pulp::{Simd, WithSimd};

use super::convolve::Convolve;
use super::correlate::Correlate;
use super::*;
use crate::check::close;
use crate::{check, cpu};

fn random(shape: [usize; 4], seed: u64) -> Tensor<4> {
    let count = shape.iter().product();
    let values = check::numbers(check::random([count], seed));
    Tensor::new(values, shape, &crate::Device::Cpu)
}

fn numbers(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_vec().unwrap()
}

/// A convolution as its definition has it, tap by tap. With `depthwise`, each channel has a kernel
/// of its own.
fn reference(x: Tensor<4>, weight: Tensor<4>, shape: ConvShape, depthwise: bool) -> Tensor<4> {
    let ([batch, height, width, channels], [rows, columns, _, last]) = (x.dims(), weight.dims());
    let outputs = if depthwise { channels } else { last };
    let size = [
        batch,
        shape.output(height, rows),
        shape.output(width, columns),
        outputs,
    ];
    // The positions of each product: in x, in the weight, in the output.
    let mut products = Vec::new();
    for (b, y, x, o) in positions(size) {
        for (ky, kx, c, _) in positions([rows, columns, channels, 1]) {
            let row = (y * shape.stride + ky * shape.dilation).wrapping_sub(shape.padding);
            let column = (x * shape.stride + kx * shape.dilation).wrapping_sub(shape.padding);
            if row < height && column < width && (!depthwise || c == o) {
                let tap = ky * columns + kx;
                products.push([
                    ((b * height + row) * width + column) * channels + c,
                    if depthwise {
                        tap * channels + c
                    } else {
                        (tap * channels + c) * last + o
                    },
                    ((b * size[1] + y) * size[2] + x) * outputs + o,
                ]);
            }
        }
    }
    cpu::node([x, weight], move |[x, weight]| {
        let mut values = vec![0.0; size.iter().product()];
        products
            .iter()
            .for_each(|&[i, k, o]| values[o] += x[i] * weight[k]);
        let pull = move |gradient: &[f32], _: [bool; 2]| {
            let (mut by_x, mut by_weight) = (vec![0.0; x.len()], vec![0.0; weight.len()]);
            for &[i, k, o] in &products {
                by_x[i] += gradient[o] * weight[k];
                by_weight[k] += gradient[o] * x[i];
            }
            [by_x, by_weight]
        };
        (values, size, pull)
    })
}

fn positions(size: [usize; 4]) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let [a, b, c, d] = size;
    (0..a * b * c * d).map(move |i| (i / (b * c * d), i / (c * d) % b, i / d % c, i % d))
}

/// Asserts that a function and its reference have the same output and gradients.
fn agree(
    inputs: [Tensor<4>; 2],
    function: impl Fn([Tensor<4>; 2]) -> Tensor<4>,
    reference: impl Fn([Tensor<4>; 2]) -> Tensor<4>,
) {
    let run = |function: &dyn Fn([Tensor<4>; 2]) -> Tensor<4>| {
        let leaves = inputs.clone().map(Tensor::require_grad);
        let output = function(leaves.clone());
        let gradients = (output.clone() * random(output.dims(), 99))
            .sum()
            .backward();
        let by = leaves.map(|leaf| numbers(leaf.grad(&gradients).unwrap()));
        (numbers(output), by)
    };
    let (a, b) = (run(&function), run(&reference));
    close(&a.0, &b.0, 1e-5);
    close(&a.1[0], &b.1[0], 1e-5);
    close(&a.1[1], &b.1[1], 1e-5);
    assert_eq!(numbers(function(inputs)), a.0, "without a tape");
}

#[test]
fn is_that_of_its_definition() {
    let cases = [
        ([2, 6, 7, 3], [3, 3, 3, 5], 1),
        ([2, 8, 8, 16], [3, 3, 16, 16], 1),
        ([1, 9, 9, 4], [3, 3, 4, 33], 2),
        ([2, 8, 8, 4], [3, 3, 4, 8], 2),
        ([3, 5, 4, 10], [1, 1, 10, 43], 1),
        ([1, 8, 6, 6], [1, 1, 6, 6], 2),
        ([1, 10, 10, 2], [5, 5, 2, 20], 1),
        ([1, 11, 9, 3], [7, 7, 3, 48], 2),
        // Windows of several parts, vectors with lanes to spare.
        ([1, 5, 6, 70], [3, 3, 70, 21], 1),
        ([1, 4, 4, 200], [1, 1, 200, 37], 1),
    ];
    for (x, w, stride) in cases {
        let shape = ConvShape::same(w[0], stride);
        agree(
            [random(x, 1), random(w, 2)],
            |[x, w]| conv2d(x, w, shape),
            |[x, w]| reference(x, w, shape, false),
        );
    }
}

#[test]
fn depthwise_is_that_of_its_definition() {
    for (x, kernel, stride, dilation) in [
        ([2, 6, 7, 5], 3, 1, 1),
        ([2, 8, 8, 16], 5, 2, 1),
        ([1, 9, 9, 4], 3, 1, 2),
    ] {
        let shape = ConvShape::dilated(kernel, stride, dilation);
        agree(
            [random(x, 1), random([kernel, kernel, x[3], 1], 2)],
            |[x, w]| depthwise_conv2d(x, w, shape),
            |[x, w]| reference(x, w, shape, true),
        );
    }
}

/// The loops with other widths of vectors than this machine would choose.
#[test]
fn every_instruction_set_gives_the_same_numbers() {
    let frame = Frame {
        image: [7, 6, 70],
        size: [9, 8],
        offset: 1,
        spread: 1,
    };
    let window = Window {
        kernel: [3, 3],
        stride: 1,
        output: [7, 6, 21],
    };
    let images = numbers(random([2, 7, 6, 70], 1));
    let weights = numbers(random([3, 3, 70, 21], 2));
    let gradient = numbers(random([2, 7, 6, 21], 3));
    let values = convolve(frame, window, &images, &weights);
    let slopes = correlate(frame, window, &images, &gradient);
    let both = |run: &dyn Fn(Convolve, Correlate)| {
        let (mut out, mut by_weight) = (vec![0.0; values.len()], vec![0.0; slopes.len()]);
        let forward = Convolve {
            frame,
            window,
            images: &images,
            weights: &weights,
            out: &mut out,
        };
        let backward = Correlate {
            frame,
            window,
            images: &images,
            gradient: &gradient,
            out: &mut by_weight,
        };
        run(forward, backward);
        close(&out, &values, 1e-5);
        close(&by_weight, &slopes, 1e-5);
    };
    both(&|forward, backward| {
        forward.with_simd(pulp::Scalar::new());
        backward.with_simd(pulp::Scalar::new());
    });
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        both(&|forward, backward| {
            Simd::vectorize(simd, forward);
            Simd::vectorize(simd, backward);
        });
    }
}
