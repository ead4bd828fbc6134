//! Batches of images as numbers.

use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use serde::{Deserialize, Serialize};

use crate::augment::{Augment, Normalisation, check_numbers, write};
use crate::images::Dataset;

/// Settings of [`Batches::train`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// Images a batch. Default 64 (ours).
    pub size: usize,
    /// Leave out the images that do not fill a batch, other ones in each epoch; fewer images than
    /// a batch are one batch all the same. Default true (ours): every step sees a batch of the
    /// same size.
    pub drop_rest: bool,
    /// Augmentation of the images. Default: the [proposal of the dataset](Dataset::augment).
    pub augment: Option<Augment>,
}

impl Default for BatchConfig {
    fn default() -> Self {
        BatchConfig {
            size: 64,
            drop_rest: true,
            augment: None,
        }
    }
}

/// Some images and their labels.
///
/// # Shapes
/// - images: `[batch, height, width, channels]`, normalised
/// - labels: `[batch]`
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The values of the images.
    pub images: Vec<f32>,
    /// The numbers of their classes.
    pub labels: Vec<u16>,
    /// The shape of `images`.
    pub shape: [usize; 4],
}

/// An iterator over the images of a part, batch by batch.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    dataset: &'a Dataset,
    table: Vec<[f32; 256]>,
    order: Vec<u32>,
    at: usize,
    size: usize,
    augment: Option<(Augment, Rng)>,
}

impl<'a> Batches<'a> {
    /// An epoch of training: the images in random order, changed at random.
    ///
    /// The numbers come from a stream of the epoch alone, so training can continue at any epoch
    /// without the earlier ones.
    ///
    /// # Errors
    /// If the batches have no images, an augmentation or normalisation does not fit, or an index is
    /// not one of the dataset.
    pub fn train(
        dataset: &'a Dataset,
        images: &[u32],
        normalisation: &Normalisation,
        config: &BatchConfig,
        seed: u64,
        epoch: u64,
    ) -> Result<Self> {
        let augment = config.augment.as_ref().unwrap_or(dataset.augment()).clone();
        augment.check(dataset.shape())?;
        let mut batches = Self::evaluate(dataset, images, normalisation, config.size)?;
        Rng::stream(seed, &format!("data/order/{epoch}")).shuffle(&mut batches.order);
        if config.drop_rest && images.len() > config.size {
            batches
                .order
                .truncate(images.len() / config.size * config.size);
        }
        let rng = Rng::stream(seed, &format!("data/augment/{epoch}"));
        batches.augment = (augment != Augment::none()).then_some((augment, rng));
        Ok(batches)
    }

    /// All images in their order, unchanged; the last batch may be smaller.
    ///
    /// # Errors
    /// Those of [`train`](Self::train).
    pub fn evaluate(
        dataset: &'a Dataset,
        images: &[u32],
        normalisation: &Normalisation,
        size: usize,
    ) -> Result<Self> {
        if size == 0 {
            return Err(Error::input("batches of 0 images").mend("give at least 1"));
        }
        check_numbers(dataset, images)?;
        Ok(Batches {
            dataset,
            table: normalisation.table(dataset.shape().channels)?,
            order: images.to_vec(),
            at: 0,
            size,
            augment: None,
        })
    }
}

impl Iterator for Batches<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let left = &self.order[self.at..];
        let numbers = &left[..left.len().min(self.size)];
        if numbers.is_empty() {
            return None;
        }
        let (images, shape) = (self.dataset.images(), self.dataset.shape());
        let values = shape.height * shape.width * shape.channels;
        let mut out = vec![0.0; numbers.len() * values];
        for (&i, out) in numbers.iter().zip(out.chunks_exact_mut(values)) {
            let change = (self.augment.as_mut()).map(|(augment, rng)| augment.draw(shape, rng));
            let image = images.image(i as usize);
            write(image, shape, &self.table, change.as_ref(), out);
        }
        let labels = numbers.iter().map(|&i| images.labels()[i as usize]);
        let batch = Batch {
            images: out,
            labels: labels.collect(),
            shape: [numbers.len(), shape.height, shape.width, shape.channels],
        };
        self.at += numbers.len();
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.at).div_ceil(self.size);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches<'_> {}
