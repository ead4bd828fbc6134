use pulp::{Simd, WithSimd};

use super::convolve::Convolve;
use super::correlate::Correlate;
use super::*;
use crate::check::{against, close, finite_differences, numbers, random};

#[test]
fn is_that_of_burn() {
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
        against(
            [random(x, 1), random(w, 2)],
            |[x, w]| direct(x, w, shape),
            |[x, w]| composed(x, w, shape),
        );
    }
}

#[test]
fn depthwise_is_that_of_burn() {
    for (x, kernel, stride, dilation) in [
        ([2, 6, 7, 5], 3, 1, 1),
        ([2, 8, 8, 16], 5, 2, 1),
        ([1, 9, 9, 4], 3, 1, 2),
    ] {
        let shape = ConvShape::dilated(kernel, stride, dilation);
        against(
            [random(x, 1), random([kernel, kernel, x[3], 1], 2)],
            |[x, w]| depthwise_conv2d(x, w, shape),
            |[x, w]| depthwise::composed(x, w, shape),
        );
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for stride in [1, 2] {
        let shape = ConvShape::same(3, stride);
        finite_differences(
            [random([2, 6, 6, 3], 1), random([3, 3, 3, 5], 2)],
            |[x, w]| conv2d(x, w, shape),
        );
        finite_differences(
            [random([2, 6, 6, 3], 1), random([3, 3, 3, 1], 2)],
            |[x, w]| depthwise_conv2d(x, w, shape),
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
