//! The loops of a convolution: direct, channels-last, without a copy of patches.
//!
//! In a padded image `[height, width, channels]` the window of one kernel row is one contiguous
//! run of `kernel width * channels` numbers, and the windows of neighbouring pixels overlap. So a
//! kernel row is a matrix product whose left side is the image itself, its rows `stride *
//! channels` apart. A tile of pixels by outputs stays in registers over all kernel rows.
//!
//! The vector width is chosen at run time. Sums run in a fixed order, so that a result depends on
//! the machine's instruction set and on nothing else.

use pulp::{Arch, Simd, WithSimd};

use super::PAIR;
use super::frame::{Frame, Frames, Run, Steps, Window};
use super::lanes::{load, store};

/// The convolution of framed images.
///
/// # Shapes
/// - images: `[batch, height, width, channels]` as the frame says
/// - weights: `[kernel height, kernel width, channels, outputs]`
/// - output: `[batch, height, width, outputs]` as the window says
pub(super) fn convolve(frame: Frame, window: Window, images: &[f32], weights: &[f32]) -> Vec<f32> {
    let batch = images.len() / frame.image.iter().product::<usize>();
    let mut out = vec![0.0; batch * window.output.iter().product::<usize>()];
    Arch::new().dispatch(Convolve {
        frame,
        window,
        images,
        weights,
        out: &mut out,
    });
    out
}

pub(super) struct Convolve<'a> {
    pub frame: Frame,
    pub window: Window,
    pub images: &'a [f32],
    pub weights: &'a [f32],
    pub out: &'a mut [f32],
}

impl WithSimd for Convolve<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let steps = Steps::new(&self.frame, &self.window);
        let [height, width, outputs] = self.window.output;
        let depth = self.window.kernel[0] * steps.segment;
        let panels = pack(simd, self.weights, outputs);
        let mut frames = Frames::new(self.frame, self.images);
        for out in self.out.chunks_exact_mut(height * width * outputs) {
            let Some(image) = frames.next() else { return };
            let mut vectors = Vectors {
                outputs,
                first: 0,
                out,
            };
            for panel in panels.chunks(depth * PAIR) {
                if panel.len() == depth * PAIR {
                    fill::<S, PAIR>(simd, image, &steps, panel, &mut vectors);
                } else {
                    fill::<S, 1>(simd, image, &steps, panel, &mut vectors);
                }
                vectors.first += PAIR * S::F32_LANES;
            }
        }
    }
}

/// The weights `[depth, outputs]` in panels of [`PAIR`] vectors of outputs, so that a tile reads
/// them in order. The last panel is one vector wide if their number is odd; lanes past the outputs
/// are zero.
#[inline(always)]
fn pack<S: Simd>(simd: S, weights: &[f32], outputs: usize) -> Vec<S::f32s> {
    let vectors = outputs.div_ceil(S::F32_LANES);
    let mut panels = Vec::with_capacity(weights.len() / outputs * vectors);
    for first in (0..vectors).step_by(PAIR) {
        for row in weights.chunks_exact(outputs) {
            for v in first..vectors.min(first + PAIR) {
                panels.push(simd.partial_load_f32s(&row[v * S::F32_LANES..]));
            }
        }
    }
    panels
}

/// Some outputs of every pixel of an image.
struct Vectors<'a> {
    /// The number of outputs of a pixel.
    outputs: usize,
    /// The first of them.
    first: usize,
    out: &'a mut [f32],
}

/// `N` vectors of outputs of an image.
#[inline(always)]
fn fill<S: Simd, const N: usize>(
    simd: S,
    image: &[f32],
    steps: &Steps,
    panel: &[S::f32s],
    vectors: &mut Vectors,
) {
    let many = S::REGISTER_COUNT >= 32;
    let mut rest = panel;
    for (i, runs) in steps.parts.iter().enumerate() {
        let len = runs.iter().map(|run| run.len).sum::<usize>();
        let (weights, later) = rest.split_at(len * N);
        rest = later;
        let part = Part {
            runs,
            weights,
            fresh: i == 0,
        };
        let mut starts = steps.starts.as_slice();
        let mut at = vectors.first;
        while !starts.is_empty() {
            let out = &mut vectors.out[at..];
            let lanes = vectors.outputs - vectors.first;
            let to = Target {
                out,
                outputs: vectors.outputs,
                lanes,
            };
            let done = match starts.len() {
                12.. if many && N == 1 => tile::<S, 12, N>(simd, image, starts, &part, to),
                8.. if many || N == 1 => tile::<S, 8, N>(simd, image, starts, &part, to),
                4.. => tile::<S, 4, N>(simd, image, starts, &part, to),
                _ => tile::<S, 1, N>(simd, image, starts, &part, to),
            };
            starts = &starts[done..];
            at += done * vectors.outputs;
        }
    }
}

/// Some numbers of every window, and their weights for the vectors of a panel.
struct Part<'a, V> {
    runs: &'a [Run],
    weights: &'a [V],
    /// True if the sums start here.
    fresh: bool,
}

/// The position of a tile's sums: those of its first pixel come first.
struct Target<'a> {
    out: &'a mut [f32],
    /// The distance of pixels.
    outputs: usize,
    /// The outputs of a pixel from the first of the tile on.
    lanes: usize,
}

/// Adds a part of the sums of `M` pixels by `N` vectors of outputs, in registers; returns `M`. The
/// number of pixels is limited by the general registers, one of which points at each window.
#[inline(always)]
fn tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    image: &[f32],
    starts: &[usize],
    part: &Part<S::f32s>,
    to: Target,
) -> usize {
    let mut sums = [[simd.splat_f32s(0.0); N]; M];
    if !part.fresh {
        for (i, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                let row = &to.out[i * to.outputs + v * S::F32_LANES..];
                let lanes = (to.lanes - v * S::F32_LANES).min(S::F32_LANES);
                *sum = load(simd, &row[..lanes]);
            }
        }
    }
    let mut rest = part.weights;
    for run in part.runs {
        let mut windows = [image; M];
        for (window, start) in windows.iter_mut().zip(starts) {
            *window = &image[start + run.offset..];
        }
        for window in &mut windows {
            *window = &window[..run.len];
        }
        let (weights, later) = rest.split_at(run.len * N);
        rest = later;
        let (weights, _) = weights.as_chunks::<N>();
        let weights = &weights[..run.len];
        for k in 0..run.len {
            for i in 0..M {
                let x = simd.splat_f32s(windows[i][k]);
                for v in 0..N {
                    sums[i][v] = simd.mul_add_e_f32s(x, weights[k][v], sums[i][v]);
                }
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        for (v, sum) in sums.iter().enumerate() {
            let row = &mut to.out[i * to.outputs + v * S::F32_LANES..];
            let lanes = (to.lanes - v * S::F32_LANES).min(S::F32_LANES);
            store(simd, &mut row[..lanes], *sum);
        }
    }
    M
}
