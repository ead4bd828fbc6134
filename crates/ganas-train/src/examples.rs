//! Labelled images, as the trainer takes them.

use ganas_core::rng::Rng;

use crate::error::{Result, TrainError};

/// Some labelled images.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The pixels, `[batch, height, width, channels]`.
    pub images: Vec<f32>,
    /// The class of each.
    pub labels: Vec<u32>,
}

/// A source of batches.
pub trait Feed {
    /// Height, width and channels of the images.
    fn image(&self) -> [usize; 3];

    /// The number of examples.
    fn len(&self) -> usize;

    /// Returns true if there are no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The batches of a training epoch: all examples once, in an order that depends on the epoch
    /// and the seed alone.
    fn epoch(&self, epoch: usize, seed: u64, batch: usize) -> Box<dyn Iterator<Item = Batch> + '_>;

    /// All examples in order, as they are.
    fn in_order(&self, batch: usize) -> Box<dyn Iterator<Item = Batch> + '_>;
}

/// Examples in memory.
#[derive(Clone, Debug)]
pub struct Examples {
    image: [usize; 3],
    images: Vec<f32>,
    labels: Vec<u32>,
}

impl Examples {
    /// Images `[examples, height, width, channels]` and their classes.
    ///
    /// # Errors
    /// If there are not as many of the one as of the other.
    pub fn new(image: [usize; 3], images: Vec<f32>, labels: Vec<u32>) -> Result<Self> {
        if images.len() != labels.len() * image.iter().product::<usize>() {
            return Err(TrainError::Examples(format!(
                "{} numbers are not {} images of {image:?}",
                images.len(),
                labels.len()
            )));
        }
        Ok(Examples {
            image,
            images,
            labels,
        })
    }

    fn gather(&self, indices: &[usize]) -> Batch {
        let size: usize = self.image.iter().product();
        let images = indices
            .iter()
            .flat_map(|&i| &self.images[i * size..][..size]);
        Batch {
            images: images.copied().collect(),
            labels: indices.iter().map(|&i| self.labels[i]).collect(),
        }
    }
}

impl Feed for Examples {
    fn image(&self) -> [usize; 3] {
        self.image
    }

    fn len(&self) -> usize {
        self.labels.len()
    }

    fn epoch(&self, epoch: usize, seed: u64, batch: usize) -> Box<dyn Iterator<Item = Batch> + '_> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        Rng::stream(seed, &format!("order {epoch}")).shuffle(&mut order);
        let batch = batch.max(1);
        let starts = (0..order.len()).step_by(batch);
        Box::new(starts.map(move |start| {
            let end = order.len().min(start + batch);
            self.gather(&order[start..end])
        }))
    }

    fn in_order(&self, batch: usize) -> Box<dyn Iterator<Item = Batch> + '_> {
        let batch = batch.max(1);
        let starts = (0..self.len()).step_by(batch);
        Box::new(starts.map(move |start| {
            let indices: Vec<usize> = (start..self.len().min(start + batch)).collect();
            self.gather(&indices)
        }))
    }
}
