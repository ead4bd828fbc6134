//! Trainings of every candidate.

use std::env;
use std::path::Path;
use std::process;
use std::sync::Arc;

use ganas_core::constraint::Condition;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Evaluator;
use ganas_core::space::SearchSpace;
use ganas_core::trial::Axis;
use ganas_train::{
    Checkpoints, LATENCY, METRICS, Recipe, TimedEvaluator, Training, TrainingEvaluator,
};
use rayon::ThreadPool;

use super::Source;
use crate::progress::{Progress, Remarks};
use crate::record::{TaskRecord, TrainingRecord};
use crate::source::recipe::{remarks, usable};
use crate::source::workers::CHECKPOINTS;
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
    /// Cost axis over the epochs of the recipe, if there are several fidelities.
    pub axis: Option<Axis>,
    /// True if the time of an inference is measured.
    timed: bool,
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
        axis: Option<&Axis>,
        seed: u64,
        recorded: Option<&Recipe>,
        progress: &Progress,
    ) -> Result<Trained> {
        let data = task.train.as_deref().unwrap_or(DATASET);
        let waiting = progress.waiting(format!("reading {data}"));
        let (images, _) = task.split.open(data, seed)?;
        drop(waiting);
        let recipe = task.training.suited(&**space, &images, recorded)?;
        if let Some(axis) = axis {
            check_axis(axis, &recipe)?;
        }
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
            axis: axis.cloned(),
            timed: names_latency(task)?,
        })
    }
}

/// Checks that an axis is one of the recipe's epochs.
fn check_axis(axis: &Axis, recipe: &Recipe) -> Result<()> {
    let highest = *axis.levels().end() as usize;
    if axis.name() != "epochs" {
        return Err(Error::input(format!(
            "trainings have the fidelity `epochs`, and not `{}`",
            axis.name()
        ))
        .mend(format!("give `--fidelity epochs=1..{}`", recipe.epochs)));
    }
    if highest != recipe.epochs {
        return Err(Error::input(format!(
            "the fidelity goes up to {highest} epochs, and a training has {}",
            recipe.epochs
        ))
        .mend(format!(
            "give `--epochs {highest}`, or `--fidelity epochs=1..{}`",
            recipe.epochs
        )));
    }
    if recipe.repeats > 1 {
        return Err(Error::input("a training that is repeated has one fidelity")
            .mend("give `--repeats 1`, or leave out `--fidelity`"));
    }
    Ok(())
}

/// Returns true if an objective, a constraint or a declared failure is about the time of an inference.
fn names_latency(task: &TaskSpec) -> Result<bool> {
    let mut objectives = task.objective_specs()?.into_iter();
    let mut named = objectives.any(|objective| objective.metric == LATENCY);
    for text in task.constraints.iter().chain(&task.failed) {
        let Condition { metric, .. } = text.parse()?;
        named |= metric == LATENCY;
    }
    Ok(named)
}

impl Source for Trained {
    fn metrics(&self) -> Vec<String> {
        let mut metrics = METRICS.map(String::from).to_vec();
        metrics.extend(self.timed.then(|| LATENCY.to_owned()));
        metrics
    }

    fn evaluator(&self, seed: u64, out: Option<&Path>, _: &Remarks) -> Result<Box<dyn Evaluator>> {
        let evaluator = TrainingEvaluator::new(self.training.clone(), seed, self.pool.clone());
        let timed = |evaluator: TrainingEvaluator| -> Box<dyn Evaluator> {
            if self.timed {
                Box::new(TimedEvaluator::new(evaluator, self.training.clone()))
            } else {
                Box::new(evaluator)
            }
        };
        let Some(axis) = &self.axis else {
            return Ok(timed(evaluator));
        };
        let folder = match out {
            Some(out) => out.join(CHECKPOINTS),
            None => env::temp_dir().join(format!("ganas-checkpoints-{}", process::id())),
        };
        let checkpoints = Checkpoints::new(folder);
        Ok(timed(evaluator.with_levels(axis.clone(), checkpoints)))
    }

    fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
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
