//! Convolution, dense and depthwise, its images channels-last.

mod convolve;
mod correlate;
mod depthwise;
mod frame;
mod lanes;

use crate::cpu::{Tensor, node};
use crate::windows::ConvShape;
use convolve::convolve;
use correlate::correlate;
use frame::{Frame, Window};

pub use depthwise::depthwise_conv2d;

/// The number of vectors of outputs in a tile. The last tile may have fewer.
const PAIR: usize = 2;

/// A convolution without bias.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`
/// - weight: `[kernel height, kernel width, channels, outputs]`
/// - output: `[batch, height, width, outputs]`
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, shape: ConvShape) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let [kernel_height, kernel_width, _, outputs] = weight.dims();
    let (stride, padding) = (shape.stride, shape.padding);
    let output = [
        shape.output(height, kernel_height),
        shape.output(width, kernel_width),
    ];
    let kernel = [kernel_height, kernel_width];
    // A pointwise convolution sees one long row of pixels.
    let pointwise = kernel == [1, 1] && stride == 1 && padding == 0;
    let row = |[height, width]: [usize; 2]| {
        if pointwise {
            [1, height * width]
        } else {
            [height, width]
        }
    };
    let (image, target) = (row([height, width]), row(output));
    let frame = Frame {
        image: [image[0], image[1], channels],
        size: [image[0] + 2 * padding, image[1] + 2 * padding],
        offset: padding,
        spread: 1,
    };
    let window = Window {
        kernel,
        stride,
        output: [target[0], target[1], outputs],
    };
    node([x, weight], move |[x, weight]| {
        let values = convolve(frame, window, &x, &weight);
        let pull = move |gradient: &[f32], needed: [bool; 2]| {
            let by_x = if needed[0] {
                by_input(image, window, padding, gradient, &weight)
            } else {
                Vec::new()
            };
            let by_weight = if needed[1] {
                correlate(frame, window, &x, gradient)
            } else {
                Vec::new()
            };
            [by_x, by_weight]
        };
        (values, [batch, output[0], output[1], outputs], pull)
    })
}

/// The gradient of the input: the convolution of the output's gradient, its pixels spread by the
/// stride, with the turned kernel.
fn by_input(
    image: [usize; 2],
    window: Window,
    padding: usize,
    gradient: &[f32],
    weight: &[f32],
) -> Vec<f32> {
    let [kernel_height, kernel_width] = window.kernel;
    let outputs = window.output[2];
    let channels = weight.len() / (kernel_height * kernel_width * outputs);
    let frame = Frame {
        image: window.output,
        size: [image[0] + kernel_height - 1, image[1] + kernel_width - 1],
        offset: kernel_height - 1 - padding,
        spread: window.stride,
    };
    let window = Window {
        kernel: window.kernel,
        stride: 1,
        output: [image[0], image[1], channels],
    };
    convolve(frame, window, gradient, &turned(weight, channels, outputs))
}

/// The kernel turned by half a turn, inputs and outputs exchanged.
fn turned(weight: &[f32], channels: usize, outputs: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity(weight.len());
    for tap in weight.chunks_exact(channels * outputs).rev() {
        for o in 0..outputs {
            out.extend(tap.iter().skip(o).step_by(outputs));
        }
    }
    out
}

#[cfg(test)]
mod tests;
