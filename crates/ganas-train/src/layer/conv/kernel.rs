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

/// How an image is laid out in a padded frame of zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Height, width and channels of the image.
    pub image: [usize; 3],
    /// Height and width of the frame.
    pub size: [usize; 2],
    /// The row and column of the image's first pixel.
    pub offset: usize,
    /// The distance of neighbouring pixels of the image in the frame.
    pub spread: usize,
}

impl Frame {
    fn len(&self) -> usize {
        self.size[0] * self.size[1] * self.image[2]
    }

    fn is_image(&self) -> bool {
        self.size == [self.image[0], self.image[1]] && self.spread == 1
    }

    /// Writes an image into a frame; the zeros around its pixels are not touched.
    fn fill(&self, image: &[f32], frame: &mut [f32]) {
        let [_, width, channels] = self.image;
        let pitch = self.size[1] * channels;
        for (y, row) in image.chunks_exact(width * channels).enumerate() {
            let at = (self.offset + y * self.spread) * pitch + self.offset * channels;
            if self.spread == 1 {
                frame[at..][..row.len()].copy_from_slice(row);
                continue;
            }
            for (x, pixel) in row.chunks_exact(channels).enumerate() {
                frame[at + x * self.spread * channels..][..channels].copy_from_slice(pixel);
            }
        }
    }
}

/// The images of a batch in frames, one after another.
struct Frames<'a> {
    frame: Frame,
    images: std::slice::ChunksExact<'a, f32>,
    scratch: Vec<f32>,
}

impl<'a> Frames<'a> {
    fn new(frame: Frame, images: &'a [f32]) -> Self {
        let scratch = if frame.is_image() { 0 } else { frame.len() };
        Frames {
            frame,
            images: images.chunks_exact(frame.image.iter().product()),
            scratch: vec![0.0; scratch],
        }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<&[f32]> {
        let image = self.images.next()?;
        if self.frame.is_image() {
            return Some(image);
        }
        self.frame.fill(image, &mut self.scratch);
        Some(&self.scratch)
    }
}

/// The window of a convolution on framed images.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// The distance of neighbouring windows.
    pub stride: usize,
    /// Height, width and channels of the output.
    pub output: [usize; 3],
}

/// Where windows lie in a frame, in numbers.
struct Steps {
    /// From one row of the frame to the next.
    pitch: usize,
    /// The length of a window's row.
    segment: usize,
    /// The first number of each window.
    starts: Vec<usize>,
}

impl Steps {
    fn new(frame: &Frame, window: &Window) -> Self {
        let channels = frame.image[2];
        let pitch = frame.size[1] * channels;
        let [height, width, _] = window.output;
        let start = |y, x| window.stride * (y * pitch + x * channels);
        Steps {
            pitch,
            segment: window.kernel[1] * channels,
            starts: (0..height)
                .flat_map(|y| (0..width).map(move |x| start(y, x)))
                .collect(),
        }
    }
}

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

struct Convolve<'a> {
    frame: Frame,
    window: Window,
    images: &'a [f32],
    weights: &'a [f32],
    out: &'a mut [f32],
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

/// The number of vectors of outputs in a tile, as far as there are so many.
const PAIR: usize = 2;

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
    let mut pixel = 0;
    while pixel < steps.starts.len() {
        pixel += match steps.starts.len() - pixel {
            12.. if many && N == 1 => tile::<S, 12, N>(simd, image, steps, pixel, panel, vectors),
            8.. if many || N == 1 => tile::<S, 8, N>(simd, image, steps, pixel, panel, vectors),
            4.. => tile::<S, 4, N>(simd, image, steps, pixel, panel, vectors),
            _ => tile::<S, 1, N>(simd, image, steps, pixel, panel, vectors),
        };
    }
}

/// `M` pixels from one on by `N` vectors of outputs, in registers over all kernel rows; returns
/// `M`. There are no more pixels than general registers to point at their windows.
#[inline(always)]
fn tile<S: Simd, const M: usize, const N: usize>(
    simd: S,
    image: &[f32],
    steps: &Steps,
    pixel: usize,
    panel: &[S::f32s],
    vectors: &mut Vectors,
) -> usize {
    let segment = steps.segment;
    let mut sums = [[simd.splat_f32s(0.0); N]; M];
    for (ky, part) in panel.chunks_exact(segment * N).enumerate() {
        let mut runs = [image; M];
        for (run, start) in runs.iter_mut().zip(&steps.starts[pixel..]) {
            *run = &image[ky * steps.pitch + start..];
        }
        for run in &mut runs {
            *run = &run[..segment];
        }
        let (weights, _) = part.as_chunks::<N>();
        let weights = &weights[..segment];
        for k in 0..segment {
            for i in 0..M {
                let x = simd.splat_f32s(runs[i][k]);
                for v in 0..N {
                    sums[i][v] = simd.mul_add_e_f32s(x, weights[k][v], sums[i][v]);
                }
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let start = (pixel + i) * vectors.outputs;
        for (v, sum) in sums.iter().enumerate() {
            let first = vectors.first + v * S::F32_LANES;
            let lanes = (vectors.outputs - first).min(S::F32_LANES);
            store(simd, &mut vectors.out[start + first..][..lanes], *sum);
        }
    }
    M
}

/// Writes as many lanes as there is room for. A full vector takes the short way: the other one is
/// a call, around which all registers are saved.
#[inline(always)]
fn store<S: Simd>(simd: S, to: &mut [f32], lanes: S::f32s) {
    if let ([to], _) = S::as_mut_simd_f32s(to) {
        *to = lanes;
    } else {
        simd.partial_store_f32s(to, lanes);
    }
}

/// The gradient of the weights of [`convolve`].
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

struct Correlate<'a> {
    frame: Frame,
    window: Window,
    images: &'a [f32],
    gradient: &'a [f32],
    out: &'a mut [f32],
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
