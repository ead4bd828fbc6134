//! Windows of a convolution or a pooling on an image.

use serde::{Deserialize, Serialize};

/// The stride, padding and dilation of a convolution or pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvShape {
    /// The distance of neighbouring windows, in pixels.
    pub stride: usize,
    /// Rows and columns around the image, fewer than a window has.
    pub padding: usize,
    /// The distance of neighbouring taps; only depthwise convolutions take more than 1.
    pub dilation: usize,
}

impl ConvShape {
    /// The padding that keeps the size of an image at stride 1, for an odd kernel.
    pub fn same(kernel: usize, stride: usize) -> Self {
        Self::dilated(kernel, stride, 1)
    }

    /// Like [`same`](Self::same), with a dilation.
    pub fn dilated(kernel: usize, stride: usize, dilation: usize) -> Self {
        ConvShape {
            stride,
            padding: dilation * (kernel - 1) / 2,
            dilation,
        }
    }

    /// Windows side by side, without padding.
    pub fn tiles(size: usize) -> Self {
        ConvShape {
            stride: size,
            padding: 0,
            dilation: 1,
        }
    }

    /// The height or width of the output; 0 if no window fits.
    pub fn output(&self, size: usize, kernel: usize) -> usize {
        let reach = self.dilation * (kernel - 1) + 1;
        match (size + 2 * self.padding).checked_sub(reach) {
            Some(room) => room / self.stride + 1,
            None => 0,
        }
    }
}

/// The windows on one image.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    image: [usize; 2],
    kernel: [usize; 2],
    channels: usize,
    shape: ConvShape,
    /// Height and width of the output.
    pub output: [usize; 2],
}

impl Windows {
    /// The windows of a kernel on an image `[height, width, channels]`.
    pub fn new(image: [usize; 3], kernel: [usize; 2], shape: ConvShape) -> Self {
        let [height, width, channels] = image;
        Windows {
            image: [height, width],
            kernel,
            channels,
            shape,
            output: [
                shape.output(height, kernel[0]),
                shape.output(width, kernel[1]),
            ],
        }
    }

    /// Calls `visit` for each tap of each window that lies on the image, with the places of its
    /// input pixel, tap and output pixel: the index of the first channel of each. Outputs come in
    /// order, each with its taps in order.
    #[inline(always)]
    pub fn for_each(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let c = self.channels;
        for y in 0..self.output[0] {
            for x in 0..self.output[1] {
                for ky in 0..self.kernel[0] {
                    let row = y * self.shape.stride + ky * self.shape.dilation;
                    let Some(row) = self.inside(row, 0) else {
                        continue;
                    };
                    for kx in 0..self.kernel[1] {
                        let column = x * self.shape.stride + kx * self.shape.dilation;
                        if let Some(column) = self.inside(column, 1) {
                            visit(
                                (row * self.image[1] + column) * c,
                                (ky * self.kernel[1] + kx) * c,
                                (y * self.output[1] + x) * c,
                            );
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn inside(&self, padded: usize, axis: usize) -> Option<usize> {
        (padded.checked_sub(self.shape.padding)).filter(|at| *at < self.image[axis])
    }
}
