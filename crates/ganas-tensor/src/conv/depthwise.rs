//! Depthwise convolution: one kernel for each channel.

use pulp::Arch;

use crate::cpu::{Tensor, node};
use crate::windows::{ConvShape, Windows};

/// A convolution of each channel by itself, without bias.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`
/// - weight: `[kernel height, kernel width, channels, 1]`
/// - output: `[batch, height, width, channels]`
pub fn depthwise_conv2d(x: Tensor<4>, weight: Tensor<4>, shape: ConvShape) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let [kernel_height, kernel_width, ..] = weight.dims();
    let windows = Windows::new(
        [height, width, channels],
        [kernel_height, kernel_width],
        shape,
    );
    let output = windows.output;
    node([x, weight], move |[x, weight]| {
        let (from, to) = (height * width * channels, output[0] * output[1] * channels);
        let mut values = vec![0.0; batch * to];
        Arch::new().dispatch(|| {
            for (x, out) in x.chunks_exact(from).zip(values.chunks_exact_mut(to)) {
                windows.for_each(|i, k, o| {
                    add_product(&mut out[o..][..channels], &x[i..], &weight[k..]);
                });
            }
        });
        let pull = move |gradient: &[f32], needed: [bool; 2]| {
            let mut by_x = vec![0.0; if needed[0] { x.len() } else { 0 }];
            let mut by_weight = vec![0.0; if needed[1] { weight.len() } else { 0 }];
            Arch::new().dispatch(|| {
                for (by_x, g) in by_x.chunks_exact_mut(from).zip(gradient.chunks_exact(to)) {
                    windows.for_each(|i, k, o| {
                        add_product(&mut by_x[i..][..channels], &g[o..], &weight[k..]);
                    });
                }
                if needed[1] {
                    for (x, g) in x.chunks_exact(from).zip(gradient.chunks_exact(to)) {
                        windows.for_each(|i, k, o| {
                            add_product(&mut by_weight[k..][..channels], &x[i..], &g[o..]);
                        });
                    }
                }
            });
            [by_x, by_weight]
        };
        (values, [batch, output[0], output[1], channels], pull)
    })
}

#[inline(always)]
fn add_product(sum: &mut [f32], a: &[f32], b: &[f32]) {
    for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
        *sum += a * b;
    }
}
