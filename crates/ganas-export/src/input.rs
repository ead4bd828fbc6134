//! Input of an exported network: normalised images, or raw pixels.

use ganas_train::Preprocessing;

/// The preparation of a network's images, and whether the network itself normalises them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// The preparation of images in training, if it is known.
    pub preprocessing: Option<&'a Preprocessing>,
    /// The pixels that the network takes: its first layer normalises them. None: it takes images that
    /// are normalised already. Without `preprocessing` it has no effect.
    pub pixels: Option<Pixels>,
}

/// The scale of raw pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// From 0 to the largest value of the dataset: 255, or 16 in the digits.
    Whole,
    /// From 0 to 1.
    Unit,
}

impl Input<'_> {
    /// The mean and the deviation of each channel that a first layer normalises by, in units of the
    /// pixels that it takes.
    pub(crate) fn layer(&self) -> Option<[Vec<f32>; 2]> {
        let (known, pixels) = (self.preprocessing?, self.pixels?);
        let unit = match pixels {
            Pixels::Whole => 1.0,
            Pixels::Unit => f32::from(known.pixel_max),
        };
        Some([&known.mean, &known.std].map(|row| row.iter().map(|value| value / unit).collect()))
    }

    /// A description of the input.
    pub(crate) fn described(&self) -> String {
        match (self.preprocessing, self.pixels) {
            (Some(known), Some(Pixels::Whole)) => format!("pixels of 0 to {}", known.pixel_max),
            (Some(_), Some(Pixels::Unit)) => "pixels of 0 to 1".into(),
            (Some(known), None) => format!(
                "(pixels - mean) / std, of pixels of 0 to {}",
                known.pixel_max
            ),
            (None, _) => "normalised images".into(),
        }
    }
}
