//! The product of channels with a factor each: the end of a squeeze-and-excitation.

use ganas_tensor::Tensor;
use pulp::Arch;

use ganas_tensor::{node, on_cpu};

/// Every channel of an image times a number.
///
/// # Shapes
/// - x and output: `[batch, height, width, channels]`
/// - factors: `[batch, 1, 1, channels]`
pub fn gate(x: Tensor<4>, factors: Tensor<4>) -> Tensor<4> {
    if on_cpu(&x) {
        direct(x, factors)
    } else {
        x * factors
    }
}

fn direct(x: Tensor<4>, factors: Tensor<4>) -> Tensor<4> {
    let shape = x.dims();
    let [_, height, width, c] = shape;
    let size = height * width * c;
    node([x, factors], move |[x, factors]| {
        let mut values = Vec::with_capacity(x.len());
        Arch::new().dispatch(|| {
            for (image, factors) in x.chunks_exact(size).zip(factors.chunks_exact(c)) {
                for pixel in image.chunks_exact(c) {
                    values.extend(pixel.iter().zip(factors).map(|(x, f)| x * f));
                }
            }
        });
        let pull = move |gradient: &[f32], _: [bool; 2]| {
            let mut by_x = Vec::with_capacity(x.len());
            let mut by_factors = vec![0.0; factors.len()];
            Arch::new().dispatch(|| {
                let images = x.chunks_exact(size).zip(gradient.chunks_exact(size));
                let rows = factors.chunks_exact(c).zip(by_factors.chunks_exact_mut(c));
                for ((image, gradient), (factors, sums)) in images.zip(rows) {
                    for (pixel, gradient) in image.chunks_exact(c).zip(gradient.chunks_exact(c)) {
                        by_x.extend(gradient.iter().zip(factors).map(|(g, f)| g * f));
                        for ((sum, x), g) in sums.iter_mut().zip(pixel).zip(gradient) {
                            *sum += x * g;
                        }
                    }
                }
            });
            [by_x, by_factors]
        };
        (values, shape, pull)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_tensor::check::{against, finite_differences, random};

    #[test]
    fn agrees_with_a_product_and_with_finite_differences() {
        let case = || [random([3, 4, 5, 7], 1), random([3, 1, 1, 7], 2)];
        against(case(), |[x, f]| direct(x, f), |[x, f]| x * f);
        finite_differences(case(), |[x, f]| gate(x, f));
    }
}
