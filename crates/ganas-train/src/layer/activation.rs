//! Functions of single numbers.

use ganas_core::space::Activation;
use pulp::Arch;

use ganas_tensor::{Tensor, node};

/// The positive part of every number, its gradient zero where the number is not positive.
///
/// # Shapes
/// - x and output: `[batch, height, width, channels]`
pub fn relu(x: Tensor<4>) -> Tensor<4> {
    activate(x, Activation::Relu)
}

/// A function of every number. At a kink between a flat and a rising side the gradient is that of
/// the flat side.
///
/// # Shapes
/// - x and output: `[batch, height, width, channels]`
pub fn activate(x: Tensor<4>, function: Activation) -> Tensor<4> {
    #[cfg(feature = "card")]
    if !ganas_tensor::on_cpu(&x) {
        return super::card::activate(x, function);
    }
    // Comparisons are written so that NaN goes on.
    match function {
        Activation::Relu => direct(
            x,
            |x| if x <= 0.0 { 0.0 } else { x },
            |x, g| if x <= 0.0 { 0.0 } else { g },
        ),
        Activation::Relu6 => direct(
            x,
            |x| x.clamp(0.0, 6.0),
            |x, g| if x <= 0.0 || x >= 6.0 { 0.0 } else { g },
        ),
        Activation::Swish => direct(
            x,
            |x| x * sigmoid(x),
            |x, g| {
                let share = sigmoid(x);
                g * share * (1.0 + x * (1.0 - share))
            },
        ),
        Activation::HardSwish => direct(
            x,
            |x| x * ramp(x),
            |x, g| {
                if x <= -3.0 {
                    0.0
                } else if x >= 3.0 {
                    g
                } else {
                    g * (x / 3.0 + 0.5)
                }
            },
        ),
        Activation::Sigmoid => direct(x, sigmoid, |x, g| {
            let share = sigmoid(x);
            g * share * (1.0 - share)
        }),
        Activation::HardSigmoid => {
            direct(
                x,
                ramp,
                |x, g| {
                    if x <= -3.0 || x >= 3.0 { 0.0 } else { g / 6.0 }
                },
            )
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The sigmoid of straight lines.
fn ramp(x: f32) -> f32 {
    (x / 6.0 + 0.5).clamp(0.0, 1.0)
}

/// A function by its value at `x`, and the gradient of `x` by `x` and the gradient of the value.
fn direct(
    x: Tensor<4>,
    value: impl Fn(f32) -> f32,
    back: impl Fn(f32, f32) -> f32 + Send + Sync + 'static,
) -> Tensor<4> {
    let shape = x.dims();
    node([x], move |[x]| {
        let mut values = vec![0.0f32; x.len()];
        Arch::new().dispatch(|| {
            for (out, &x) in values.iter_mut().zip(x.iter()) {
                *out = value(x);
            }
        });
        let pull = move |gradient: &[f32], _: [bool; 1]| {
            let mut by_x = vec![0.0; x.len()];
            Arch::new().dispatch(|| {
                for ((by_x, &g), &x) in by_x.iter_mut().zip(gradient).zip(x.iter()) {
                    *by_x = back(x, g);
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
    use ganas_tensor::check::{close, finite_differences, numbers, random};

    const ALL: [Activation; 6] = [
        Activation::Relu,
        Activation::Relu6,
        Activation::Swish,
        Activation::HardSwish,
        Activation::Sigmoid,
        Activation::HardSigmoid,
    ];

    #[test]
    fn agree_with_their_definition() {
        let x = random([2, 3, 5, 7], 1).mul_scalar(4.0);
        for function in ALL {
            let wanted: Vec<f32> = numbers(x.clone())
                .into_iter()
                .map(|x| {
                    let x = f64::from(x);
                    let ramp = ((x + 3.0) / 6.0).clamp(0.0, 1.0);
                    let share = x.exp() / (1.0 + x.exp());
                    let value = match function {
                        Activation::Relu => x.max(0.0),
                        Activation::Relu6 => x.clamp(0.0, 6.0),
                        Activation::Swish => x * share,
                        Activation::HardSwish => x * ramp,
                        Activation::Sigmoid => share,
                        Activation::HardSigmoid => ramp,
                    };
                    value as f32
                })
                .collect();
            close(&numbers(activate(x.clone(), function)), &wanted, 1e-6);
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        // All kinks are at whole numbers, and the inputs half-way between them.
        let numbers = numbers(random([2, 3, 5, 7], 1).mul_scalar(4.0));
        let between = numbers.iter().map(|x| x.floor() + 0.5).collect();
        let x = ganas_tensor::tensor(between, [2, 3, 5, 7]);
        for function in ALL {
            finite_differences([x.clone()], |[x]| activate(x, function));
        }
    }

    #[test]
    fn nan_goes_on_and_large_numbers_stay_finite() {
        let x = random([1, 2, 2, 3], 1);
        for function in ALL {
            let nan = activate(x.clone().mul_scalar(f64::NAN), function);
            assert!(numbers(nan).iter().all(|y| y.is_nan()), "{function:?}");
            let large = activate(x.clone().mul_scalar(1e30), function);
            assert!(numbers(large).iter().all(|y| y.is_finite()), "{function:?}");
        }
    }
}
