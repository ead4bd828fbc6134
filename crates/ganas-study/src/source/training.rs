//! Trainings of every candidate.

use std::path::Path;
use std::sync::Arc;

use ganas_core::error::Result;
use ganas_core::evaluate::Evaluator;
use ganas_core::space::SearchSpace;
use ganas_train::{METRICS, Recipe, Training, TrainingEvaluator};
use rayon::ThreadPool;

use super::Source;
use crate::progress::{Progress, Remarks};
use crate::record::{TaskRecord, TrainingRecord};
use crate::source::recipe::{remarks, usable};
use crate::spec::TaskSpec;

/// The dataset that is trained on when nothing else is named.
const DATASET: &str = "digits";

/// Trainings.
pub struct Trained {
    /// The dataset as it was named.
    pub data: String,
    /// The seed of the split.
    pub seed: u64,
    /// Recipe, images and device of a training.
    pub training: Training,
    /// Name of the device.
    pub device: String,
    /// The threads that trainings run on.
    pub pool: Arc<ThreadPool>,
}

impl Trained {
    /// Trainings on the dataset that a task names, or on the digits. The recipe of a run that is resumed
    /// takes the place of the dataset's defaults.
    ///
    /// # Errors
    /// If the dataset or a setting cannot be used.
    pub fn open(
        task: &TaskSpec,
        space: &Arc<dyn SearchSpace>,
        seed: u64,
        recorded: Option<&Recipe>,
        progress: &Progress,
    ) -> Result<Trained> {
        let data = task.train.as_deref().unwrap_or(DATASET);
        let waiting = progress.waiting(format!("reading {data}"));
        let (images, _) = task.split.open(data, seed)?;
        drop(waiting);
        let recipe = task.training.suited(&images, recorded)?;
        for remark in remarks(&images, &recipe) {
            progress.say(&remark);
        }
        let opened = task.device.choice()?.open()?;
        let training = Training {
            space: space.clone(),
            recipe,
            task: Arc::new(images),
            device: opened.device,
        };
        training.check().map_err(usable)?;
        Ok(Trained {
            data: data.to_owned(),
            seed,
            training,
            device: opened.name,
            pool: task.device.pool(task.workers)?,
        })
    }
}

impl Source for Trained {
    fn metrics(&self) -> Vec<String> {
        METRICS.map(String::from).to_vec()
    }

    fn evaluator(&self, seed: u64, _: Option<&Path>, _: &Remarks) -> Result<Box<dyn Evaluator>> {
        let pool = self.pool.clone();
        Ok(Box::new(TrainingEvaluator::new(
            self.training.clone(),
            seed,
            pool,
        )))
    }

    fn record(&self, record: &mut TaskRecord) {
        let images = &self.training.task;
        let split = images.split();
        record.training = Some(TrainingRecord {
            data: self.data.clone(),
            dataset: images.dataset().name().to_owned(),
            images: [&split.train, &split.validation, &split.test].map(Vec::len),
            split_seed: self.seed,
            recipe: self.training.recipe.clone(),
        });
    }

    fn device(&self) -> Option<&str> {
        Some(&self.device)
    }

    fn trained(&self) -> Option<&Trained> {
        Some(self)
    }

    fn folder_stem(&self) -> Option<&str> {
        Some(self.training.task.dataset().name())
    }

    fn takes_time(&self) -> bool {
        true
    }
}
