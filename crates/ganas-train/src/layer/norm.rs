//! Batch normalisation (Ioffe and Szegedy 2015, arXiv 1502.03167), with the rectifier that often
//! follows it in the same pass.

use ganas_tensor::Tensor;
use pulp::Arch;

use super::activation::relu as rectify;
use ganas_tensor::{node, on_cpu, tensor};

/// The constant added to a variance: 1e-5, as in NAS-Bench-101 and NAS-Bench-201.
pub const EPSILON: f64 = 1e-5;

/// Mean and variance of each channel.
///
/// # Shapes
/// - both: `[1, 1, 1, channels]`
#[derive(Clone, Debug)]
pub struct Moments {
    /// The means.
    pub mean: Tensor<4>,
    /// The variances, estimated without bias: divided by one less than the number of pixels.
    pub variance: Tensor<4>,
}

impl Moments {
    /// These moments moved by a share of the way towards others.
    pub fn towards(&self, other: &Moments, share: f64) -> Moments {
        let mix = |a: &Tensor<4>, b: &Tensor<4>| {
            a.clone().mul_scalar(1.0 - share) + b.clone().mul_scalar(share)
        };
        Moments {
            mean: mix(&self.mean, &other.mean),
            variance: mix(&self.variance, &other.variance),
        }
    }
}

/// Normalises each channel by its own moments in the batch, then scales and shifts it, then
/// rectifies it if asked to. The moments are returned, off the tape.
///
/// # Shapes
/// - x and output: `[batch, height, width, channels]`
/// - scale and shift: `[1, 1, 1, channels]`
pub fn batch_norm(
    x: Tensor<4>,
    scale: Tensor<4>,
    shift: Tensor<4>,
    relu: bool,
) -> (Tensor<4>, Moments) {
    #[cfg(feature = "card")]
    if !on_cpu(&x) {
        return composed(x, scale, shift, relu);
    }
    direct(x, scale, shift, relu)
}

/// Normalises each channel by moments that are given; otherwise as [`batch_norm`].
///
/// # Shapes
/// - x and output: `[batch, height, width, channels]`
/// - scale and shift: `[1, 1, 1, channels]`
pub fn normalize(
    x: Tensor<4>,
    scale: Tensor<4>,
    shift: Tensor<4>,
    moments: &Moments,
    relu: bool,
) -> Tensor<4> {
    let deviation = moments.variance.clone().add_scalar(EPSILON).sqrt();
    let slope = scale / deviation;
    let offset = shift - moments.mean.clone() * slope.clone();
    if on_cpu(&x) && !x.is_tracked() && !slope.is_tracked() {
        return node([x.clone(), slope, offset], |[values, slope, offset]| {
            let out = affine(&values, &slope, &offset, relu);
            // Off the tape nothing is pulled back.
            (out, x.dims(), |_: &[f32], _: [bool; 3]| {
                [const { Vec::new() }; 3]
            })
        });
    }
    let out = x * slope + offset;
    if relu { rectify(out) } else { out }
}

/// The same function, composed of tensor operations: for graphics cards and to test against.
#[cfg(any(test, feature = "card"))]
fn composed(x: Tensor<4>, scale: Tensor<4>, shift: Tensor<4>, relu: bool) -> (Tensor<4>, Moments) {
    let [batch, height, width, channels] = x.dims();
    let pixels = batch * height * width;
    let rows = x.reshape([pixels, 1, 1, channels]);
    let mean = rows.clone().mean_dim(0);
    let centred = rows - mean.clone();
    let variance = centred.clone().square().mean_dim(0);
    let slope = scale / variance.clone().add_scalar(EPSILON).sqrt();
    let out = (centred * slope + shift).reshape([batch, height, width, channels]);
    let moments = Moments {
        mean: mean.detach(),
        variance: variance.detach().mul_scalar(unbias(pixels)),
    };
    (if relu { rectify(out) } else { out }, moments)
}

fn unbias(pixels: usize) -> f64 {
    pixels as f64 / pixels.saturating_sub(1).max(1) as f64
}

fn direct(x: Tensor<4>, scale: Tensor<4>, shift: Tensor<4>, relu: bool) -> (Tensor<4>, Moments) {
    let shape = x.dims();
    let c = shape[3];
    let mut seen = (Vec::new(), Vec::new());
    let output = node([x, scale, shift], |[x, scale, shift]| {
        let pixels = x.len() / c;
        let (mean, variance) = moments(&x, c);
        let per = |f: &dyn Fn(usize) -> f32| (0..c).map(f).collect::<Vec<f32>>();
        let inverse = per(&|i| 1.0 / (variance[i] + EPSILON as f32).sqrt());
        let slope = per(&|i| scale[i] * inverse[i]);
        let offset = per(&|i| shift[i] - mean[i] * slope[i]);
        let values = affine(&x, &slope, &offset, relu);
        let unbiased = variance.iter().map(|v| v * unbias(pixels) as f32);
        seen = (mean.clone(), unbiased.collect());
        let pull = move |gradient: &[f32], _: [bool; 3]| {
            let mut sums = Sums {
                x: &x,
                gradient,
                c,
                slope: &slope,
                offset: &offset,
                mean: &mean,
                relu,
                plain: vec![0.0; c],
                weighted: vec![0.0; c],
            };
            in_blocks(x.len(), c, &mut sums);
            let Sums {
                plain, weighted, ..
            } = sums;
            let per = |f: &dyn Fn(usize) -> f64| (0..c).map(|i| f(i) as f32).collect::<Vec<f32>>();
            let (n, inv) = (pixels as f64, |i: usize| inverse[i] as f64);
            let by_scale = per(&|i| weighted[i] * inv(i));
            let by_shift = per(&|i| plain[i]);
            let bend = per(&|i| -(slope[i] as f64) * weighted[i] * inv(i) * inv(i) / n);
            let lift =
                per(&|i| -(slope[i] as f64) * plain[i] / n - bend[i] as f64 * mean[i] as f64);
            let mut by_x = vec![0.0; x.len()];
            in_blocks(
                x.len(),
                c,
                &mut Slopes {
                    x: &x,
                    gradient,
                    c,
                    slope: &slope,
                    offset: &offset,
                    bend: &bend,
                    lift: &lift,
                    relu,
                    out: &mut by_x,
                },
            );
            [by_x, by_scale, by_shift]
        };
        (values, shape, pull)
    });
    let (mean, variance) = seen;
    let moments = Moments {
        mean: tensor(mean, [1, 1, 1, c]),
        variance: tensor(variance, [1, 1, 1, c]),
    };
    (output, moments)
}

/// A loop over rows of channels, for `W` channels from `first` on and a range of numbers.
///
/// Fixed widths let the compiler keep a strip of channels in registers while it walks down the
/// rows, and a block of rows stays in the cache while its strips are walked.
trait Strip {
    fn walk<const W: usize>(&mut self, rows: std::ops::Range<usize>, first: usize);
}

/// The rows of a block: short sums are added in `f32`, and these in `f64`.
const ROWS: usize = 128;

fn in_blocks<T: Strip>(len: usize, channels: usize, strip: &mut T) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for start in (0..len).step_by(ROWS * channels) {
                let rows = start..len.min(start + ROWS * channels);
                let mut first = 0;
                while first < channels {
                    match channels - first {
                        16.. => {
                            strip.walk::<16>(rows.clone(), first);
                            first += 16;
                        }
                        4.. => {
                            strip.walk::<4>(rows.clone(), first);
                            first += 4;
                        }
                        _ => {
                            strip.walk::<1>(rows.clone(), first);
                            first += 1;
                        }
                    }
                }
            }
        },
    );
}

/// `W` numbers of a row. Missing ones are zero, and no caller reads them.
#[inline(always)]
fn lanes<const W: usize>(row: &[f32], first: usize) -> [f32; W] {
    row[first..].first_chunk().copied().unwrap_or([0.0; W])
}

fn moments(x: &[f32], c: usize) -> (Vec<f32>, Vec<f32>) {
    struct Spread<'a> {
        x: &'a [f32],
        c: usize,
        sums: Vec<f64>,
        squares: Vec<f64>,
    }
    impl Strip for Spread<'_> {
        #[inline(always)]
        fn walk<const W: usize>(&mut self, rows: std::ops::Range<usize>, first: usize) {
            // Around a number of the channel itself, so that squares do not cancel.
            let pivot = lanes::<W>(self.x, first);
            let (mut sums, mut squares) = ([0.0f32; W], [0.0f32; W]);
            for row in self.x[rows].chunks_exact(self.c) {
                let x = lanes::<W>(row, first);
                for i in 0..W {
                    let distance = x[i] - pivot[i];
                    sums[i] += distance;
                    squares[i] += distance * distance;
                }
            }
            for i in 0..W {
                self.sums[first + i] += sums[i] as f64;
                self.squares[first + i] += squares[i] as f64;
            }
        }
    }
    let mut spread = Spread {
        x,
        c,
        sums: vec![0.0; c],
        squares: vec![0.0; c],
    };
    in_blocks(x.len(), c, &mut spread);
    let n = (x.len() / c) as f64;
    (0..c)
        .map(|i| {
            let mean = spread.sums[i] / n;
            // A maximum would turn NaN into zero.
            let variance = spread.squares[i] / n - mean * mean;
            let variance = if variance < 0.0 { 0.0 } else { variance };
            ((x[i] as f64 + mean) as f32, variance as f32)
        })
        .unzip()
}

fn affine(x: &[f32], slope: &[f32], offset: &[f32], relu: bool) -> Vec<f32> {
    struct Affine<'a> {
        x: &'a [f32],
        slope: &'a [f32],
        offset: &'a [f32],
        relu: bool,
        out: Vec<f32>,
    }
    impl Strip for Affine<'_> {
        #[inline(always)]
        fn walk<const W: usize>(&mut self, rows: std::ops::Range<usize>, first: usize) {
            let c = self.slope.len();
            let slope = lanes::<W>(self.slope, first);
            let offset = lanes::<W>(self.offset, first);
            let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
            let out = self.out[rows.clone()].chunks_exact_mut(c);
            for (row, out) in self.x[rows].chunks_exact(c).zip(out) {
                let x = lanes::<W>(row, first);
                let Some(out) = out[first..].first_chunk_mut::<W>() else {
                    return;
                };
                for i in 0..W {
                    let y = x[i] * slope[i] + offset[i];
                    out[i] = if y <= floor { floor } else { y };
                }
            }
        }
    }
    let mut affine = Affine {
        x,
        slope,
        offset,
        relu,
        out: vec![0.0; x.len()],
    };
    in_blocks(x.len(), slope.len(), &mut affine);
    affine.out
}

/// The sums over pixels of the gradient behind the rectifier, plain and weighted with the distance
/// from the mean.
struct Sums<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    c: usize,
    slope: &'a [f32],
    offset: &'a [f32],
    mean: &'a [f32],
    relu: bool,
    plain: Vec<f64>,
    weighted: Vec<f64>,
}

impl Strip for Sums<'_> {
    #[inline(always)]
    fn walk<const W: usize>(&mut self, rows: std::ops::Range<usize>, first: usize) {
        let slope = lanes::<W>(self.slope, first);
        let offset = lanes::<W>(self.offset, first);
        let mean = lanes::<W>(self.mean, first);
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        let (mut plain, mut weighted) = ([0.0f32; W], [0.0f32; W]);
        let gradients = self.gradient[rows.clone()].chunks_exact(self.c);
        for (row, gradient) in self.x[rows].chunks_exact(self.c).zip(gradients) {
            let (x, g) = (lanes::<W>(row, first), lanes::<W>(gradient, first));
            for i in 0..W {
                let y = x[i] * slope[i] + offset[i];
                let g = if y <= floor { 0.0 } else { g[i] };
                plain[i] += g;
                weighted[i] += g * (x[i] - mean[i]);
            }
        }
        for i in 0..W {
            self.plain[first + i] += plain[i] as f64;
            self.weighted[first + i] += weighted[i] as f64;
        }
    }
}

/// The gradient of the input: the one behind the rectifier scaled, plus a line in the input.
struct Slopes<'a> {
    x: &'a [f32],
    gradient: &'a [f32],
    c: usize,
    slope: &'a [f32],
    offset: &'a [f32],
    bend: &'a [f32],
    lift: &'a [f32],
    relu: bool,
    out: &'a mut [f32],
}

impl Strip for Slopes<'_> {
    #[inline(always)]
    fn walk<const W: usize>(&mut self, rows: std::ops::Range<usize>, first: usize) {
        let slope = lanes::<W>(self.slope, first);
        let offset = lanes::<W>(self.offset, first);
        let bend = lanes::<W>(self.bend, first);
        let lift = lanes::<W>(self.lift, first);
        let floor = if self.relu { 0.0 } else { f32::NEG_INFINITY };
        let gradients = self.gradient[rows.clone()].chunks_exact(self.c);
        let out = self.out[rows.clone()].chunks_exact_mut(self.c);
        for ((row, gradient), out) in self.x[rows].chunks_exact(self.c).zip(gradients).zip(out) {
            let (x, g) = (lanes::<W>(row, first), lanes::<W>(gradient, first));
            let Some(out) = out[first..].first_chunk_mut::<W>() else {
                return;
            };
            for i in 0..W {
                let y = x[i] * slope[i] + offset[i];
                let g = if y <= floor { 0.0 } else { g[i] };
                out[i] = slope[i] * g + bend[i] * x[i] + lift[i];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_tensor::check::{against, close, finite_differences, numbers, random};

    fn case(channels: usize) -> [Tensor<4>; 3] {
        [
            random([3, 9, 7, channels], 1)
                .mul_scalar(2.0)
                .add_scalar(5.0),
            random([1, 1, 1, channels], 2),
            random([1, 1, 1, channels], 3),
        ]
    }

    #[test]
    fn agrees_with_composed_operations() {
        for channels in [3, 16, 43] {
            for relu in [false, true] {
                against(
                    case(channels),
                    |[x, a, b]| direct(x, a, b, relu).0,
                    |[x, a, b]| composed(x, a, b, relu).0,
                );
                let [x, a, b] = case(channels);
                let ours = direct(x.clone(), a.clone(), b.clone(), relu).1;
                let (out, theirs) = composed(x.clone(), a.clone(), b.clone(), relu);
                close(&numbers(ours.mean), &numbers(theirs.mean.clone()), 1e-5);
                close(
                    &numbers(ours.variance),
                    &numbers(theirs.variance.clone()),
                    1e-5,
                );
                // By its own moments, but for the bias of the variance.
                let biased = Moments {
                    variance: theirs.variance.div_scalar(unbias(3 * 9 * 7)),
                    ..theirs
                };
                close(
                    &numbers(normalize(x, a, b, &biased, relu)),
                    &numbers(out),
                    1e-4,
                );
            }
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        finite_differences(case(5), |[x, a, b]| batch_norm(x, a, b, false).0);
    }

    #[test]
    fn nan_goes_on() {
        let [x, a, b] = case(4);
        let out = batch_norm(x.mul_scalar(f64::NAN), a, b, true).0;
        assert!(numbers(out).iter().all(|y| y.is_nan()));
    }
}
