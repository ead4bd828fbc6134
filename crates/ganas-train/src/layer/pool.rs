//! Pooling.

use pulp::Arch;

use ganas_tensor::{ConvShape, Tensor, Windows, node};

/// The largest number of each window; padding never wins. Of equal numbers the first counts.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`
/// - output: `[batch, height, width, channels]`, the size as the windows have it
pub fn max_pool(x: Tensor<4>, kernel: usize, shape: ConvShape) -> Tensor<4> {
    #[cfg(feature = "card")]
    if !ganas_tensor::on_cpu(&x) {
        return super::card::max_pool(x, kernel, shape);
    }
    direct_max(x, kernel, shape)
}

/// The mean of each window over the pixels that lie on the image.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`
/// - output: `[batch, height, width, channels]`, the size as the windows have it
pub fn avg_pool(x: Tensor<4>, kernel: usize, shape: ConvShape) -> Tensor<4> {
    #[cfg(feature = "card")]
    if !ganas_tensor::on_cpu(&x) {
        return super::card::avg_pool(x, kernel, shape);
    }
    direct_avg(x, kernel, shape)
}

/// The mean of each channel over an image.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`
/// - output: `[batch, 1, 1, channels]`
pub fn global_avg_pool(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    x.reshape([batch, height * width, 1, channels]).mean_dim(1)
}

fn direct_max(x: Tensor<4>, kernel: usize, shape: ConvShape) -> Tensor<4> {
    let [batch, height, width, c] = x.dims();
    let windows = Windows::new([height, width, c], [kernel; 2], shape);
    let [rows, columns] = windows.output;
    let (from, to) = (height * width * c, rows * columns * c);
    node([x], move |[x]| {
        let mut values = vec![f32::NEG_INFINITY; batch * to];
        // The tap that won; a kernel has fewer than 256.
        let mut winners = vec![0u8; batch * to];
        Arch::new().dispatch(|| {
            let outputs = values
                .chunks_exact_mut(to)
                .zip(winners.chunks_exact_mut(to));
            for (x, (values, winners)) in x.chunks_exact(from).zip(outputs) {
                windows.for_each(|i, k, o| {
                    let tap = (k / c) as u8;
                    let out = values[o..][..c].iter_mut().zip(&mut winners[o..][..c]);
                    for ((value, winner), &x) in out.zip(&x[i..][..c]) {
                        // NaN wins and goes on.
                        let wins = x > *value || x.is_nan();
                        *value = if wins { x } else { *value };
                        *winner = if wins { tap } else { *winner };
                    }
                });
            }
        });
        let pull = move |gradient: &[f32], _: [bool; 1]| {
            let mut by_x = vec![0.0; batch * from];
            Arch::new().dispatch(|| {
                let outputs = gradient.chunks_exact(to).zip(winners.chunks_exact(to));
                for (by_x, (gradient, winners)) in by_x.chunks_exact_mut(from).zip(outputs) {
                    windows.for_each(|i, k, o| {
                        let tap = (k / c) as u8;
                        let out = gradient[o..][..c].iter().zip(&winners[o..][..c]);
                        for (by_x, (g, winner)) in by_x[i..][..c].iter_mut().zip(out) {
                            *by_x += if *winner == tap { *g } else { 0.0 };
                        }
                    });
                }
            });
            [by_x]
        };
        (values, [batch, rows, columns, c], pull)
    })
}

fn direct_avg(x: Tensor<4>, kernel: usize, shape: ConvShape) -> Tensor<4> {
    let [batch, height, width, c] = x.dims();
    let windows = Windows::new([height, width, c], [kernel; 2], shape);
    let [rows, columns] = windows.output;
    let (from, to) = (height * width * c, rows * columns * c);
    node([x], move |[x]| {
        let mut shares = vec![0.0f32; rows * columns];
        windows.for_each(|_, _, o| shares[o / c] += 1.0);
        shares.iter_mut().for_each(|share| *share = 1.0 / *share);
        let mut values = vec![0.0; batch * to];
        Arch::new().dispatch(|| {
            for (x, values) in x.chunks_exact(from).zip(values.chunks_exact_mut(to)) {
                windows.for_each(|i, _, o| {
                    for (value, x) in values[o..][..c].iter_mut().zip(&x[i..][..c]) {
                        *value += x;
                    }
                });
                for (pixel, share) in values.chunks_exact_mut(c).zip(&shares) {
                    pixel.iter_mut().for_each(|value| *value *= share);
                }
            }
        });
        let pull = move |gradient: &[f32], _: [bool; 1]| {
            let mut by_x = vec![0.0; batch * from];
            Arch::new().dispatch(|| {
                let images = by_x.chunks_exact_mut(from).zip(gradient.chunks_exact(to));
                for (by_x, gradient) in images {
                    windows.for_each(|i, _, o| {
                        let share = shares[o / c];
                        for (by_x, g) in by_x[i..][..c].iter_mut().zip(&gradient[o..][..c]) {
                            *by_x += share * g;
                        }
                    });
                }
            });
            [by_x]
        };
        (values, [batch, rows, columns, c], pull)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ganas_tensor::check::{close, differentiate, numbers, random};

    /// The positions of x in each window, output by output.
    fn windows(size: [usize; 4], kernel: usize, shape: ConvShape) -> Vec<Vec<usize>> {
        let [batch, height, width, c] = size;
        let (rows, columns) = (shape.output(height, kernel), shape.output(width, kernel));
        let window = |o: usize| {
            let [b, y, x, channel] = [
                o / (rows * columns * c),
                o / (columns * c) % rows,
                o / c % columns,
                o % c,
            ];
            let taps = (0..kernel * kernel).filter_map(|tap| {
                let row = (y * shape.stride + tap / kernel).checked_sub(shape.padding)?;
                let column = (x * shape.stride + tap % kernel).checked_sub(shape.padding)?;
                let inside = row < height && column < width;
                inside.then_some(((b * height + row) * width + column) * c + channel)
            });
            taps.collect()
        };
        (0..batch * rows * columns * c).map(window).collect()
    }

    #[test]
    fn agree_with_their_definition() {
        for (kernel, shape) in [
            (3, ConvShape::same(3, 1)),
            (3, ConvShape::same(3, 2)),
            (2, ConvShape::tiles(2)),
        ] {
            let x = random([2, 8, 6, 5], 1);
            let numbers_of_x = numbers(x.clone());
            let windows = windows([2, 8, 6, 5], kernel, shape);
            let largest = |window: &Vec<usize>| {
                let better = |a: usize, b: usize| {
                    if numbers_of_x[b] > numbers_of_x[a] {
                        b
                    } else {
                        a
                    }
                };
                window.iter().copied().reduce(better).unwrap()
            };
            let size = max_pool(x.clone(), kernel, shape).dims();
            let weights = numbers(random(size, 99));

            let (ours, [by_x]) =
                differentiate(std::array::from_ref(&x), |[x]| max_pool(x, kernel, shape));
            let winners: Vec<usize> = windows.iter().map(largest).collect();
            let maxima: Vec<f32> = winners.iter().map(|&i| numbers_of_x[i]).collect();
            let mut slopes = vec![0.0; numbers_of_x.len()];
            winners
                .iter()
                .zip(&weights)
                .for_each(|(&i, w)| slopes[i] += w);
            assert_eq!(ours, maxima);
            close(&by_x, &slopes, 1e-5);

            let (ours, [by_x]) =
                differentiate(std::array::from_ref(&x), |[x]| avg_pool(x, kernel, shape));
            let mean = |window: &Vec<usize>| {
                window.iter().map(|&i| numbers_of_x[i]).sum::<f32>() / window.len() as f32
            };
            let means: Vec<f32> = windows.iter().map(mean).collect();
            let mut slopes = vec![0.0; numbers_of_x.len()];
            for (window, w) in windows.iter().zip(&weights) {
                window
                    .iter()
                    .for_each(|&i| slopes[i] += w / window.len() as f32);
            }
            close(&ours, &means, 1e-5);
            close(&by_x, &slopes, 1e-5);
        }
    }
}
