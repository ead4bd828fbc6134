//! Random changes to training images, and the scale of their values.

use std::ops::Range;
use std::str::FromStr;

use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use serde::{Deserialize, Serialize};

use crate::images::{Dataset, Shape};

/// Random changes of a training image at each use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Mirror left and right with probability 1/2.
    pub flip: bool,
    /// Black pixels added at each side, out of which a part of the old size is cut at random.
    pub pad: usize,
    /// The side in pixels of a square that is set to the mean, its centre anywhere in the image
    /// (DeVries and Taylor 2017, arXiv 1708.04552); 0 is none.
    pub cutout: usize,
}

impl Augment {
    /// No change.
    pub fn none() -> Self {
        Self::default()
    }

    /// A shift of one pixel, which suits an 8 x 8 digit (ours).
    pub fn digits() -> Self {
        Augment {
            pad: 1,
            ..Self::default()
        }
    }

    /// A shift of up to two pixels and no flip, since digits and letters have a direction (ours).
    pub fn mnist() -> Self {
        Augment {
            pad: 2,
            ..Self::default()
        }
    }

    /// Flips and a shift of up to four pixels (He et al. 2015, arXiv 1512.03385, section 4.2; as
    /// in NAS-Bench-101 and NAS-Bench-201). The cutout of DARTS would be 16.
    pub fn cifar() -> Self {
        Augment {
            flip: true,
            pad: 4,
            cutout: 0,
        }
    }

    /// Like [`cifar`](Self::cifar), with a shift of an eighth of the shorter side (ours).
    pub fn natural(shape: Shape) -> Self {
        Augment {
            flip: true,
            pad: shape.height.min(shape.width) / 8,
            cutout: 0,
        }
    }

    /// Checks that the lengths fit images of this shape.
    ///
    /// # Errors
    /// If a length is beyond the shorter side.
    pub fn check(&self, shape: Shape) -> Result<()> {
        let side = shape.height.min(shape.width);
        for (what, value) in [("pad", self.pad), ("cutout", self.cutout)] {
            if value > side {
                return Err(
                    Error::input(format!("{what} = {value} for images of {shape}"))
                        .mend(format!("give at most {side}")),
                );
            }
        }
        Ok(())
    }

    /// Draws a change. Every setting draws its numbers whether it is on or off, so enabling one
    /// does not change the draws of the others.
    pub(crate) fn draw(&self, shape: Shape, rng: &mut Rng) -> Change {
        let flip = rng.chance(0.5);
        let down = rng.below(2 * self.pad + 1);
        let right = rng.below(2 * self.pad + 1);
        let mut span = |side: usize| {
            let start = rng.below(side) as isize - (self.cutout / 2) as isize;
            let end = start + self.cutout as isize;
            start.max(0) as usize..(end.max(0) as usize).min(side)
        };
        Change {
            flip: self.flip && flip,
            down: down as isize - self.pad as isize,
            right: right as isize - self.pad as isize,
            hole: [span(shape.height), span(shape.width)],
        }
    }
}

impl FromStr for Augment {
    type Err = Error;

    /// `none`, or some of `flip`, `pad=N` and `cutout=N` between commas.
    fn from_str(text: &str) -> Result<Self> {
        let mut augment = Augment::none();
        for part in text.split(',').filter(|_| text != "none") {
            let unknown = || {
                Error::input(format!("`{part}` is not a change of images")).mend(
                    "give none, or some of flip, pad=N and cutout=N, as in flip,pad=4,cutout=16",
                )
            };
            let pixels = |number: &str| number.parse().map_err(|_| unknown());
            match part.split_once('=') {
                None if part == "flip" => augment.flip = true,
                Some(("pad", number)) => augment.pad = pixels(number)?,
                Some(("cutout", number)) => augment.cutout = pixels(number)?,
                _ => return Err(unknown()),
            }
        }
        Ok(augment)
    }
}

impl std::fmt::Display for Augment {
    /// Writes the form that `parse` reads.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            self.flip.then(|| "flip".to_owned()),
            (self.pad > 0).then(|| format!("pad={}", self.pad)),
            (self.cutout > 0).then(|| format!("cutout={}", self.cutout)),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            return f.write_str("none");
        }
        f.write_str(&parts.join(","))
    }
}

/// A drawn change of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    flip: bool,
    /// The row of the image that becomes the first one.
    down: isize,
    /// The column of the image that becomes the first one, before the flip.
    right: isize,
    /// Rows and columns that are set to the mean, after the flip.
    hole: [Range<usize>; 2],
}

/// The mean and the spread of each channel, which images are brought to 0 and 1 with.
///
/// # Shapes
/// - both: `[channels]`, in units of the pixel values
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// The means.
    pub mean: Vec<f32>,
    /// The standard deviations; 1 for a channel that is constant.
    pub std: Vec<f32>,
}

impl Normalisation {
    /// Statistics of some images of a dataset: the training images.
    ///
    /// # Errors
    /// If there is no image, or an index is not one of the dataset.
    pub fn measure(dataset: &Dataset, images: &[u32]) -> Result<Self> {
        if images.is_empty() {
            return Err(Error::input("no image to measure the mean of"));
        }
        check_numbers(dataset, images)?;
        let channels = dataset.shape().channels;
        // Counts are exact, so that the order of the images cannot matter.
        let mut counts = vec![[0u64; 256]; channels];
        for &i in images {
            for pixel in dataset.images().image(i as usize).chunks_exact(channels) {
                for (counts, &value) in counts.iter_mut().zip(pixel) {
                    counts[usize::from(value)] += 1;
                }
            }
        }
        let moments = counts.iter().map(|counts| {
            let weighted = |f: &dyn Fn(f64) -> f64| -> f64 {
                let values = counts.iter().enumerate();
                values.map(|(v, &count)| count as f64 * f(v as f64)).sum()
            };
            let n = weighted(&|_| 1.0);
            let mean = weighted(&|v| v) / n;
            let std = (weighted(&|v| (v - mean).powi(2)) / n).sqrt();
            (mean as f32, if std > 0.0 { std as f32 } else { 1.0 })
        });
        let (mean, std) = moments.unzip();
        Ok(Normalisation { mean, std })
    }

    /// The normalised value of each pixel value in each channel.
    ///
    /// # Errors
    /// Another number of channels, or a spread that is not positive and finite.
    pub(crate) fn table(&self, channels: usize) -> Result<Vec<[f32; 256]>> {
        if self.mean.len() != channels || self.std.len() != channels {
            return Err(Error::input(format!(
                "{} means and {} deviations for {channels} channels",
                self.mean.len(),
                self.std.len()
            ))
            .mend("measure them on this dataset"));
        }
        let usable = |(&mean, &std): (&f32, &f32)| mean.is_finite() && std.is_finite() && std > 0.0;
        if !self.mean.iter().zip(&self.std).all(usable) {
            return Err(
                Error::input("a mean or deviation that is no positive finite number")
                    .mend("measure them on this dataset"),
            );
        }
        let channels = self.mean.iter().zip(&self.std);
        Ok(channels
            .map(|(&mean, &std)| std::array::from_fn(|v| (v as f32 - mean) / std))
            .collect())
    }
}

/// # Errors
/// If an index is not one of the dataset.
pub(crate) fn check_numbers(dataset: &Dataset, images: &[u32]) -> Result<()> {
    let n = dataset.images().len();
    match images.iter().find(|&&i| i as usize >= n) {
        Some(i) => Err(
            Error::input(format!("image {i} of a dataset of {n} images"))
                .mend("use a split of this dataset"),
        ),
        None => Ok(()),
    }
}

/// Writes an image as normalised numbers, changed or as it is.
///
/// # Shapes
/// - `image`, `out`: `[height, width, channels]`
/// - `table`: `[channels][256]`
pub(crate) fn write(
    image: &[u8],
    shape: Shape,
    table: &[[f32; 256]],
    change: Option<&Change>,
    out: &mut [f32],
) {
    let Some(change) = change else {
        for (out, pixel) in
            (out.chunks_exact_mut(shape.channels)).zip(image.chunks_exact(shape.channels))
        {
            for ((out, &value), table) in out.iter_mut().zip(pixel).zip(table) {
                *out = table[usize::from(value)];
            }
        }
        return;
    };
    let within = |at: isize, side: usize| usize::try_from(at).ok().filter(|&at| at < side);
    let [rows, columns] = &change.hole;
    let mut pixels = out.chunks_exact_mut(shape.channels);
    for y in 0..shape.height {
        let source_row = within(y as isize + change.down, shape.height);
        for (x, out) in (0..shape.width).zip(&mut pixels) {
            if rows.contains(&y) && columns.contains(&x) {
                out.fill(0.0);
                continue;
            }
            let column = if change.flip { shape.width - 1 - x } else { x };
            let source = source_row.zip(within(column as isize + change.right, shape.width));
            match source {
                Some((row, column)) => {
                    let pixel = &image[(row * shape.width + column) * shape.channels..];
                    for ((out, &value), table) in out.iter_mut().zip(pixel).zip(table) {
                        *out = table[usize::from(value)];
                    }
                }
                None => out
                    .iter_mut()
                    .zip(table)
                    .for_each(|(out, table)| *out = table[0]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        height: 2,
        width: 3,
        channels: 1,
    };

    fn changed(change: Change) -> Vec<f32> {
        let table = [std::array::from_fn(|v| v as f32)];
        let mut out = vec![f32::NAN; 6];
        write(&[1, 2, 3, 4, 5, 6], SHAPE, &table, Some(&change), &mut out);
        out
    }

    fn still() -> Change {
        Change {
            flip: false,
            down: 0,
            right: 0,
            hole: [0..0, 0..0],
        }
    }

    #[test]
    fn changes_do_what_they_say() {
        assert_eq!(changed(still()), [1., 2., 3., 4., 5., 6.]);
        let flip = Change {
            flip: true,
            ..still()
        };
        assert_eq!(changed(flip), [3., 2., 1., 6., 5., 4.]);
        let shift = Change {
            down: 1,
            right: -1,
            ..still()
        };
        assert_eq!(changed(shift), [0., 4., 5., 0., 0., 0.]);
        let hole = Change {
            hole: [0..1, 1..3],
            ..still()
        };
        assert_eq!(changed(hole), [1., 0., 0., 4., 5., 6.]);
    }

    #[test]
    fn settings_are_read_as_they_are_typed() {
        let read = |text: &str| text.parse::<Augment>();
        assert_eq!(read("none").unwrap(), Augment::none());
        let all = Augment {
            cutout: 16,
            ..Augment::cifar()
        };
        assert_eq!(read("flip,pad=4,cutout=16").unwrap(), all);
        for wrong in ["", "turn", "pad", "pad=-1", "flip=1", "none,flip"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("cutout=N"), "{error}");
        }
    }

    #[test]
    fn draws_cover_their_range() {
        let augment = Augment {
            flip: true,
            pad: 1,
            cutout: 2,
        };
        let shape = Shape {
            height: 4,
            width: 4,
            channels: 1,
        };
        let mut rng = Rng::stream(0, "test");
        let draws: Vec<Change> = (0..2000).map(|_| augment.draw(shape, &mut rng)).collect();
        let share = |test: &dyn Fn(&Change) -> bool| {
            draws.iter().filter(|&c| test(c)).count() as f64 / draws.len() as f64
        };
        assert!((share(&|c| c.flip) - 0.5).abs() < 0.05);
        for shift in -1..=1 {
            assert!((share(&|c| c.down == shift) - 1.0 / 3.0).abs() < 0.05);
            assert!((share(&|c| c.right == shift) - 1.0 / 3.0).abs() < 0.05);
        }
        // Centre 0 leaves half of the square outside.
        for span in [0..1, 0..2, 1..3, 2..4] {
            assert!((share(&|c| c.hole[0] == span) - 0.25).abs() < 0.05);
        }
    }

    #[test]
    fn settings_do_not_shift_the_draws_of_others() {
        let draw = |augment: Augment| augment.draw(SHAPE, &mut Rng::stream(3, "test"));
        let all = draw(Augment {
            flip: true,
            pad: 1,
            cutout: 1,
        });
        assert_eq!(draw(Augment::digits()).down, all.down);
        assert_eq!(
            draw(Augment {
                cutout: 1,
                ..Augment::none()
            })
            .hole,
            all.hole
        );
    }
}
