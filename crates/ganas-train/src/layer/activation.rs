//! The rectifier.

use burn::tensor::Tensor;
use burn::tensor::activation::relu as burn_relu;
use pulp::Arch;

use ganas_tape::{node, on_cpu};

/// The positive part of every number, its gradient zero where the number is not positive.
///
/// # Shapes
/// - x and output: `[batch, height, width, channels]`
pub fn relu(x: Tensor<4>) -> Tensor<4> {
    if !on_cpu(&x) {
        return burn_relu(x);
    }
    let shape = x.dims();
    node([x], move |[x]| {
        let mut values = vec![0.0f32; x.len()];
        Arch::new().dispatch(|| {
            for (value, &x) in values.iter_mut().zip(x.iter()) {
                // Written so that NaN goes on.
                *value = if x <= 0.0 { 0.0 } else { x };
            }
        });
        let pull = move |gradient: &[f32], _: [bool; 1]| {
            let mut by_x = vec![0.0; x.len()];
            Arch::new().dispatch(|| {
                for ((by_x, &g), &x) in by_x.iter_mut().zip(gradient).zip(x.iter()) {
                    *by_x = if x <= 0.0 { 0.0 } else { g };
                }
            });
            [by_x]
        };
        (values, shape, pull)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{against, random};

    #[test]
    fn agrees_with_burn() {
        against([random([2, 3, 5, 7], 1)], |[x]| relu(x), |[x]| burn_relu(x));
    }
}
