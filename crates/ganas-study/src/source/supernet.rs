//! Scores by shared weights.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Cached, Evaluator, Known};
use ganas_core::space::SearchSpace;
use ganas_data::{Resize, load_with};
use ganas_train::supernet::{self, Identity, Scoring, SupernetEvaluator};
use ganas_train::{ImageTask, METRICS, Supernet};
use rayon::ThreadPool;

use super::Source;
use crate::progress::Remarks;
use crate::record::{SupernetRecord, TaskRecord};
use crate::source::recipe::usable;
use crate::spec::DeviceSpec;

/// The file of a supernet in its folder.
pub const SUPERNET: &str = "supernet.safetensors";

/// A supernet.
pub struct Shared {
    /// Folder of the supernet.
    pub folder: PathBuf,
    /// The space.
    pub space: Arc<dyn SearchSpace>,
    /// Space, dataset and settings that it was trained with.
    pub identity: Identity,
    /// Shared weights.
    pub supernet: Arc<Supernet>,
    /// Images of its dataset.
    pub task: Arc<ImageTask>,
    /// Settings of its scores.
    pub scoring: Scoring,
    /// Name of the device.
    pub device: String,
    /// The threads that it scores on.
    pub pool: Arc<ThreadPool>,
    known: Known,
}

impl Shared {
    /// Opens a supernet of a space, and its dataset: the one that it was trained on, or the same
    /// in another place.
    ///
    /// # Errors
    /// If either cannot be used.
    pub fn open(
        folder: &Path,
        space: &Arc<dyn SearchSpace>,
        data: Option<&str>,
        scoring: Scoring,
        workers: Option<usize>,
        device: &DeviceSpec,
    ) -> Result<Shared> {
        let file = folder.join(SUPERNET);
        let opened = device.choice()?.open()?;
        let loaded = supernet::load(&file, &**space, &opened.device);
        let (identity, course) = loaded.map_err(usable)?;
        let data = data.unwrap_or(&identity.data);
        let [height, width, _] = identity.frame.image;
        let dataset = load_with(data, Resize::To { height, width })?;
        if (dataset.name(), dataset.images().len()) != (&*identity.dataset, identity.images) {
            return Err(Error::input(format!(
                "the supernet was trained on {} with {} images, not on {} with {}",
                identity.dataset,
                identity.images,
                dataset.name(),
                dataset.images().len()
            ))
            .mend("name its own dataset with `--data`")
            .in_file(folder));
        }
        let task = ImageTask::new(dataset, &identity.split, identity.seed).map_err(usable)?;
        Ok(Shared {
            folder: folder.to_owned(),
            space: space.clone(),
            identity,
            supernet: Arc::new(course.supernet),
            task: Arc::new(task),
            scoring,
            device: opened.name,
            pool: device.pool(workers)?,
            known: Known::default(),
        })
    }

    /// An evaluator that scores every time it is asked.
    pub fn evaluator(&self) -> SupernetEvaluator {
        SupernetEvaluator::new(
            self.space.clone(),
            self.supernet.clone(),
            self.task.clone(),
            self.scoring,
            self.pool.clone(),
        )
    }
}

impl Source for Shared {
    fn metrics(&self) -> Vec<String> {
        METRICS.map(String::from).to_vec()
    }

    fn evaluator(&self, _: u64, _: Option<&Path>, _: &Remarks) -> Result<Box<dyn Evaluator>> {
        Ok(Box::new(Cached::new(
            Shared::evaluator(self),
            self.known.clone(),
        )))
    }

    fn record(&self, record: &mut TaskRecord) {
        record.supernet = Some(SupernetRecord {
            folder: self.folder.display().to_string(),
            identity: self.identity.clone(),
            scoring: self.scoring,
        });
    }

    fn device(&self) -> Option<&str> {
        Some(&self.device)
    }

    fn is_supernet(&self) -> bool {
        true
    }
}
