//! The image data of trainings: a dataset, split and normalised.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ganas_core::error::Error;
use ganas_core::rng::Rng;
use ganas_data::{Augment, BatchConfig, Batches, Dataset, Normalisation, Split, SplitConfig};

use crate::error::Result;
use crate::examples::{Batch, Feed};
use crate::network::Frame;
use crate::preprocessing::Preprocessing;

/// A dataset divided into training, validation and test images: those to fit weights on, those to
/// compare networks by, and those to report on.
#[derive(Clone, Debug)]
pub struct ImageTask {
    dataset: Dataset,
    split: Split,
    normalisation: Normalisation,
    /// Images that trainings have taken, an image of each epoch.
    trained: Arc<AtomicU64>,
}

impl ImageTask {
    /// Splits a dataset by a seed. Pixels are normalised by the images to train on.
    ///
    /// # Errors
    /// If the split leaves a class without a training image, or a part without any.
    pub fn new(dataset: Dataset, config: &SplitConfig, seed: u64) -> Result<Self> {
        let split = Split::new(&dataset, config, seed)?;
        let parts = [("validation", &split.validation), ("test", &split.test)];
        if let Some((part, _)) = parts.iter().find(|(_, images)| images.is_empty()) {
            return Err(Error::input(format!("the {part} part has no image"))
                .mend("give a larger share to it, or more images")
                .into());
        }
        let normalisation = Normalisation::measure(&dataset, &split.train)?;
        // Every later batch is made of the same parts, so that none can fail.
        let config = BatchConfig::default();
        Batches::train(&dataset, &split.train, &normalisation, &config, 0, 0)?;
        Ok(ImageTask {
            dataset,
            split,
            normalisation,
            trained: Arc::default(),
        })
    }

    /// The number of images processed by all trainings so far; each image counts once an epoch.
    /// Clones count together.
    pub fn trained(&self) -> u64 {
        self.trained.load(Ordering::Relaxed)
    }

    /// The dataset.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The division into training, validation and test images.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The frame of networks for it.
    pub fn frame(&self, width: Option<usize>, depth: Option<usize>) -> Frame {
        let shape = self.dataset.shape();
        Frame {
            image: [shape.height, shape.width, shape.channels],
            classes: self.dataset.classes().len(),
            width,
            depth,
        }
    }

    /// The preparation of its images for networks.
    pub fn preprocessing(&self) -> Preprocessing {
        Preprocessing {
            image: self.frame(None, None).image,
            pixel_max: self.dataset.pixel_max(),
            mean: self.normalisation.mean.clone(),
            std: self.normalisation.std.clone(),
            classes: self.dataset.classes().to_vec(),
        }
    }

    /// Checks that its images can be changed in this way.
    ///
    /// # Errors
    /// If a length is beyond their shorter side.
    pub fn check(&self, augment: &Augment) -> Result<()> {
        Ok(augment.check(self.dataset.shape())?)
    }

    /// The images to fit weights on, changed at random as the dataset proposes.
    pub fn train(&self) -> ImageFeed<'_> {
        self.feed(&self.split.train)
    }

    /// The images to compare networks by.
    pub fn validation(&self) -> ImageFeed<'_> {
        self.feed(&self.split.validation)
    }

    /// The images to report on.
    pub fn test(&self) -> ImageFeed<'_> {
        self.feed(&self.split.test)
    }

    /// The images that are not for reporting: to fit the weights of a chosen network on.
    pub fn development(&self) -> ImageFeed<'_> {
        let mut images = [&self.split.train[..], &self.split.validation].concat();
        images.sort_unstable();
        ImageFeed {
            task: self,
            images: Cow::Owned(images),
            augment: None,
        }
    }

    fn feed<'a>(&'a self, images: &'a [u32]) -> ImageFeed<'a> {
        ImageFeed {
            task: self,
            images: Cow::Borrowed(images),
            augment: None,
        }
    }
}

/// Some images of a task.
#[derive(Clone, Debug)]
pub struct ImageFeed<'a> {
    task: &'a ImageTask,
    images: Cow<'a, [u32]>,
    /// Augmentation of the training images; `None` for the dataset's proposal.
    augment: Option<Augment>,
}

impl<'a> ImageFeed<'a> {
    /// At most `count` of these images, drawn by the seed.
    pub fn some(&self, count: usize, seed: u64) -> Self {
        let mut images = self.images.to_vec();
        if count < images.len() {
            Rng::stream(seed, "data/some").shuffle(&mut images);
            images.truncate(count);
            images.sort_unstable();
        }
        ImageFeed {
            task: self.task,
            images: Cow::Owned(images),
            augment: self.augment.clone(),
        }
    }

    /// The same images, changed so to train on; without, as the dataset proposes. The changes have to
    /// [fit](ImageTask::check).
    pub fn augmented(mut self, augment: Option<Augment>) -> Self {
        self.augment = augment;
        self
    }

    fn batches(
        &self,
        made: ganas_core::error::Result<Batches<'a>>,
    ) -> Box<dyn Iterator<Item = Batch> + 'a> {
        // The same were made when the task was; batches are not empty.
        let batches = made.expect("the images of a task make batches");
        Box::new(batches.map(|batch| Batch {
            images: batch.images,
            labels: batch.labels.into_iter().map(u32::from).collect(),
        }))
    }
}

impl Feed for ImageFeed<'_> {
    fn image(&self) -> [usize; 3] {
        self.task.frame(None, None).image
    }

    fn len(&self) -> usize {
        self.images.len()
    }

    fn epoch(&self, epoch: usize, seed: u64, batch: usize) -> Box<dyn Iterator<Item = Batch> + '_> {
        let config = BatchConfig {
            size: batch.max(1),
            drop_rest: false,
            augment: self.augment.clone(),
        };
        let ImageTask {
            dataset,
            normalisation,
            trained,
            ..
        } = self.task;
        let batches = self.batches(Batches::train(
            dataset,
            &self.images,
            normalisation,
            &config,
            seed,
            epoch as u64,
        ));
        Box::new(batches.inspect(|batch| {
            trained.fetch_add(batch.labels.len() as u64, Ordering::Relaxed);
        }))
    }

    fn in_order(&self, batch: usize) -> Box<dyn Iterator<Item = Batch> + '_> {
        let ImageTask {
            dataset,
            normalisation,
            ..
        } = self.task;
        self.batches(Batches::evaluate(
            dataset,
            &self.images,
            normalisation,
            batch.max(1),
        ))
    }
}
