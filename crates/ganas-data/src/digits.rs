//! Handwritten digits that are built in.

use std::io::Read;

use flate2::read::ZlibDecoder;
use ganas_core::error::{Error, Result};

use crate::augment::Augment;
use crate::images::{Dataset, Images, Shape, numbered};

/// 1,797 labels, then as many images of 64 bytes, compressed with zlib; see `data/NOTICE`.
const PACKED: &[u8] = include_bytes!("../data/digits.bin");

const IMAGES: usize = 1797;
const SHAPE: Shape = Shape {
    height: 8,
    width: 8,
    channels: 1,
};

/// The 1,797 digits of the test part of "Optical Recognition of Handwritten Digits" (E. Alpaydin
/// and C. Kaynak 1998, doi 10.24432/C50P49, CC BY 4.0): 8 x 8 grey images, values 0..=16, ten
/// classes of 174 to 183 images. The dataset has no test part.
///
/// # Errors
/// If the program itself is damaged.
pub fn digits() -> Result<Dataset> {
    let mut bytes = Vec::with_capacity(IMAGES * 65);
    ZlibDecoder::new(PACKED)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::input(format!("the built-in digits are damaged ({e})")))?;
    let pixels = bytes.split_off(IMAGES.min(bytes.len()));
    let labels = bytes.into_iter().map(u16::from).collect();
    let images = Images::new(SHAPE, pixels, labels)?;
    let digits = Dataset::new("digits", numbered(10), images, None)?;
    Ok(digits.with_augment(Augment::digits()).with_pixel_max(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_digits_are_whole() {
        let digits = digits().unwrap();
        let images = digits.images();
        let mut counts = [0; 10];
        for &label in images.labels() {
            counts[usize::from(label)] += 1;
        }
        let pixels = || (0..images.len()).flat_map(|i| images.image(i));
        // scikit-learn's `load_digits()`: `bincount(target)`, `data.sum()`, `data.max()`.
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(pixels().map(|&v| u64::from(v)).sum::<u64>(), 561_718);
        assert_eq!(pixels().max(), Some(&16));
        assert_eq!(digits.pixel_max(), 16);
        assert_eq!(images.image(0)[..8], [0, 0, 5, 13, 9, 1, 0, 0]);
        assert_eq!(images.labels()[..3], [0, 1, 2]);
    }
}
