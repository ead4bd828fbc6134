use super::*;
use crate::check::{against, finite_differences, random};

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
