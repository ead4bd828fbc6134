//! Images with labels, and a dataset of them.

use std::ops::Range;

use ganas_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::augment::Augment;

/// The size of every image of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values a pixel: 1 is grey, 3 is red, green and blue.
    pub channels: usize,
}

impl Shape {
    /// The number of values of an image.
    ///
    /// # Errors
    /// If a side is 0, or the number is too large for this machine.
    pub fn values(&self) -> Result<usize> {
        (self.height.checked_mul(self.width))
            .and_then(|n| n.checked_mul(self.channels))
            .filter(|&n| n > 0)
            .ok_or_else(|| Error::input(format!("{self} is not a size of an image")))
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} x {} x {}", self.height, self.width, self.channels)
    }
}

/// Images of one shape and their labels, in one block of memory.
///
/// # Shapes
/// - pixels: `[n, height, width, channels]`, values 0..=255
/// - labels: `[n]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    shape: Shape,
    /// Values an image, at least 1.
    values: usize,
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

impl Images {
    /// Images out of their pixels (`[n, height, width, channels]`) and labels (`[n]`).
    ///
    /// # Errors
    /// If the pixels and labels do not fit each other and the shape.
    pub fn new(shape: Shape, pixels: Vec<u8>, labels: Vec<u16>) -> Result<Self> {
        let values = shape.values()?;
        if labels.len().checked_mul(values) != Some(pixels.len()) {
            return Err(Error::input(format!(
                "{} values are not {} images of {shape}",
                pixels.len(),
                labels.len()
            )));
        }
        if u32::try_from(labels.len()).is_err() {
            return Err(
                Error::input(format!("{} images are too many", labels.len()))
                    .mend("keep fewer than 2^32"),
            );
        }
        Ok(Images {
            shape,
            values,
            pixels,
            labels,
        })
    }

    /// The shape of every image.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The values of image `i < len`: `[height, width, channels]`.
    pub fn image(&self, i: usize) -> &[u8] {
        &self.pixels[i * self.values..][..self.values]
    }

    /// The labels: `[n]`.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// Puts other images of the same shape behind these.
    ///
    /// # Errors
    /// If the shapes differ.
    pub fn append(&mut self, mut other: Images) -> Result<()> {
        if self.shape != other.shape {
            return Err(Error::input(format!(
                "images of {} beside images of {}",
                other.shape, self.shape
            ))
            .mend("give all of them one size"));
        }
        self.pixels.append(&mut other.pixels);
        self.labels.append(&mut other.labels);
        Ok(())
    }
}

/// A classification task: images, the names of their classes, and the test part if it has one.
///
/// The images of all parts lie in one block: training images first, then a validation part, the
/// test part last. A [`Split`](crate::Split) decides which images are for training; it holds
/// indices and copies no image.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    name: String,
    classes: Vec<String>,
    images: Images,
    validation_from: usize,
    test_from: usize,
    augment: Augment,
    pixel_max: u8,
}

impl Dataset {
    /// A dataset of images, with or without a test part.
    ///
    /// # Errors
    /// If there are fewer than two classes, no image, a label outside the classes, or parts of
    /// different shapes.
    pub fn new(
        name: impl Into<String>,
        classes: Vec<String>,
        train: Images,
        test: Option<Images>,
    ) -> Result<Self> {
        let (mut images, test_from) = (train, usize::MAX);
        let test_from = match test {
            Some(test) => {
                let from = images.len();
                images.append(test)?;
                from
            }
            None => test_from,
        };
        Self::joined(name, classes, images, test_from)
    }

    /// Like [`new`](Self::new), with the test part from index `test_from` on.
    pub(crate) fn joined(
        name: impl Into<String>,
        classes: Vec<String>,
        images: Images,
        test_from: usize,
    ) -> Result<Self> {
        let test_from = test_from.min(images.len());
        if classes.len() < 2 {
            return Err(
                Error::input(format!("{} class to tell apart", classes.len()))
                    .mend("give images of at least two classes"),
            );
        }
        if test_from == 0 {
            return Err(Error::input("no image to train on").mend("add images"));
        }
        let beyond = (images.labels.iter()).position(|&l| usize::from(l) >= classes.len());
        if let Some(i) = beyond {
            return Err(Error::input(format!(
                "image {i} has the label {}, and the {} classes are 0 to {}",
                images.labels[i],
                classes.len(),
                classes.len() - 1
            ))
            .mend("correct the label, or name more classes"));
        }
        Ok(Dataset {
            name: name.into(),
            classes,
            images,
            validation_from: test_from,
            test_from,
            augment: Augment::none(),
            pixel_max: u8::MAX,
        })
    }

    /// The same dataset with a validation part: the images from this index to the test part.
    pub(crate) fn with_validation(self, from: usize) -> Self {
        Dataset {
            validation_from: from.min(self.test_from),
            ..self
        }
    }

    /// The same dataset with another proposal for its augmentation.
    pub fn with_augment(self, augment: Augment) -> Self {
        Dataset { augment, ..self }
    }

    /// The same dataset with pixel values from 0 to this maximum instead of 255.
    pub fn with_pixel_max(self, pixel_max: u8) -> Self {
        Dataset { pixel_max, ..self }
    }

    /// The largest value that a pixel can have: 255, or 16 in the digits.
    pub fn pixel_max(&self) -> u8 {
        self.pixel_max
    }

    /// The name of the dataset.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the classes; label `l` is class `classes()[l]`.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// All images: for training, of the validation part, of the test part.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// The shape of every image.
    pub fn shape(&self) -> Shape {
        self.images.shape
    }

    /// The indices of the images outside the dataset's validation and test parts.
    pub fn own_train(&self) -> Range<usize> {
        0..self.validation_from
    }

    /// The indices of the dataset's validation part, if it has one.
    pub fn own_validation(&self) -> Option<Range<usize>> {
        (self.validation_from < self.test_from).then_some(self.validation_from..self.test_from)
    }

    /// The indices of the dataset's test part, if it has one.
    pub fn own_test(&self) -> Option<Range<usize>> {
        (self.test_from < self.images.len()).then(|| self.test_from..self.images.len())
    }

    /// The augmentation that suits it, as its loader proposes.
    pub fn augment(&self) -> &Augment {
        &self.augment
    }
}

/// Names for `n` classes without any: their numbers.
pub(crate) fn numbered(n: usize) -> Vec<String> {
    (0..n).map(|i| i.to_string()).collect()
}
