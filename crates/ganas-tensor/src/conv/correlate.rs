//! The gradient of the weights of a convolution: a tile of weights stays in registers over all
//! pixels of an image.

use pulp::{Arch, Simd, WithSimd};

use super::PAIR;
use super::frame::{Frame, Frames, Steps, Window};
use super::lanes::store;

/// The gradient of the weights of [`convolve`](super::convolve::convolve).
///
/// # Shapes
/// - images: `[batch, height, width, channels]` as the frame says
/// - gradient: `[batch, height, width, outputs]` as the window says
/// - output: `[kernel height, kernel width, channels, outputs]`
pub(super) fn correlate(
    frame: Frame,
    window: Window,
    images: &[f32],
    gradient: &[f32],
) -> Vec<f32> {
    let [kernel_height, kernel_width] = window.kernel;
    let len = kernel_height * kernel_width * frame.image[2] * window.output[2];
    let mut out = vec![0.0; len];
    Arch::new().dispatch(Correlate {
        frame,
        window,
        images,
        gradient,
        out: &mut out,
    });
    out
}

pub(super) struct Correlate<'a> {
    pub frame: Frame,
    pub window: Window,
    pub images: &'a [f32],
    pub gradient: &'a [f32],
    pub out: &'a mut [f32],
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let steps = Steps::new(&self.frame, &self.window);
        let [height, width, outputs] = self.window.output;
        let vectors = outputs.div_ceil(S::F32_LANES);
        let rows = self.window.kernel[0] * steps.segment;
        let zero = simd.splat_f32s(0.0);
        let mut sums = vec![zero; rows * vectors];
        let mut padded = Vec::new();
        let mut frames = Frames::new(self.frame, self.images);
        for gradient in self.gradient.chunks_exact(height * width * outputs) {
            let Some(image) = frames.next() else { return };
            let (whole, rest) = S::as_simd_f32s(gradient);
            let gradient = if outputs.is_multiple_of(S::F32_LANES) && rest.is_empty() {
                whole
            } else {
                padded.clear();
                for pixel in gradient.chunks_exact(outputs) {
                    for v in 0..vectors {
                        padded.push(simd.partial_load_f32s(&pixel[v * S::F32_LANES..]));
                    }
                }
                &padded
            };
            for ky in 0..self.window.kernel[0] {
                let image = &image[ky * steps.pitch..];
                let sums = &mut sums[ky * steps.segment * vectors..][..steps.segment * vectors];
                gather(simd, image, &steps, gradient, vectors, sums);
            }
        }
        for (row, sums) in (self.out.chunks_exact_mut(outputs)).zip(sums.chunks_exact(vectors)) {
            for (lanes, sum) in row.chunks_mut(S::F32_LANES).zip(sums) {
                store(simd, lanes, *sum);
            }
        }
    }
}

/// Adds the gradient of one kernel row, from one image.
#[inline(always)]
fn gather<S: Simd>(
    simd: S,
    image: &[f32],
    steps: &Steps,
    gradient: &[S::f32s],
    vectors: usize,
    sums: &mut [S::f32s],
) {
    let many = S::REGISTER_COUNT >= 32;
    let mut k = 0;
    while k < steps.segment {
        let (image, sums) = (&image[k..], &mut sums[k * vectors..]);
        k += match steps.segment - k {
            12.. if many => strip::<S, 12>(simd, image, steps, gradient, vectors, sums),
            8.. if many => strip::<S, 8>(simd, image, steps, gradient, vectors, sums),
            4.. => strip::<S, 4>(simd, image, steps, gradient, vectors, sums),
            _ => strip::<S, 1>(simd, image, steps, gradient, vectors, sums),
        };
    }
}

/// `M` weights of all outputs; returns `M`.
#[inline(always)]
fn strip<S: Simd, const M: usize>(
    simd: S,
    image: &[f32],
    steps: &Steps,
    gradient: &[S::f32s],
    vectors: usize,
    sums: &mut [S::f32s],
) -> usize {
    let mut first = 0;
    while first < vectors {
        let (gradient, sums) = (&gradient[first..], &mut sums[first..]);
        first += match vectors - first {
            PAIR.. => block::<S, M, PAIR>(simd, image, steps, gradient, vectors, sums),
            _ => block::<S, M, 1>(simd, image, steps, gradient, vectors, sums),
        };
    }
    M
}

/// `M` weights of `N` vectors of outputs, in registers over all pixels; returns `N`.
#[inline(always)]
fn block<S: Simd, const M: usize, const N: usize>(
    simd: S,
    image: &[f32],
    steps: &Steps,
    gradient: &[S::f32s],
    vectors: usize,
    sums: &mut [S::f32s],
) -> usize {
    let mut parts = [[simd.splat_f32s(0.0); N]; M];
    for (pixel, start) in gradient.chunks(vectors).zip(&steps.starts) {
        let (Some(inputs), Some(outputs)) =
            (image[*start..].first_chunk::<M>(), pixel.first_chunk::<N>())
        else {
            break;
        };
        for i in 0..M {
            let x = simd.splat_f32s(inputs[i]);
            for v in 0..N {
                parts[i][v] = simd.mul_add_e_f32s(x, outputs[v], parts[i][v]);
            }
        }
    }
    for (i, parts) in parts.iter().enumerate() {
        for (v, part) in parts.iter().enumerate() {
            let sum = &mut sums[i * vectors + v];
            *sum = simd.add_f32s(*sum, *part);
        }
    }
    N
}
