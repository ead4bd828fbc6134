//! The settings of trainings, as they are typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ganas_core::error::{Error, Result};
use ganas_core::read_regular_text;
use ganas_data::{Augment, Dataset, Portion, Resize, SplitConfig, load_with};
use ganas_train::recipe::Parts;
use ganas_train::{Feed, ImageTask, Optimizer, Recipe, Schedule, TrainError};
use serde::Deserialize;

/// How networks are trained. What is left out has the dataset's default.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct RecipeArgs {
    /// TOML file with settings of the training, as `epochs = 12`; the options below go before it
    #[arg(long, value_name = "FILE", help_heading = "Training")]
    recipe: Option<PathBuf>,

    /// Passes over the training images
    /// [default: 10 for the digits; else 12, or as many as 300 steps take]
    #[arg(long, value_name = "N", help_heading = "Training")]
    epochs: Option<usize>,

    /// Images a step [default: 16 for the digits; else up to 128, smaller where images are few]
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch: Option<usize>,

    /// Optimiser
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    optimizer: Option<OptimizerName>,

    /// Highest learning rate
    #[arg(long, value_name = "RATE", help_heading = "Training")]
    learning_rate: Option<f64>,

    /// How the learning rate goes after the warm-up
    #[arg(long, value_name = "NAME", help_heading = "Training")]
    schedule: Option<ScheduleName>,

    /// Weight decay
    #[arg(long, value_name = "RATE", help_heading = "Training")]
    weight_decay: Option<f64>,

    /// Random changes of training images: none, or some of flip, pad=N (black pixels around, out of
    /// which a part is cut) and cutout=N (the side of a square that is blanked), as in
    /// flip,pad=4,cutout=16 [default: as suits the dataset]
    #[arg(long, value_name = "CHANGES", help_heading = "Training")]
    augment: Option<Augment>,

    /// Channels of the stem
    #[arg(long, value_name = "N", help_heading = "Training")]
    width: Option<usize>,

    /// Cells a stage; in chains, how often each block is repeated
    #[arg(long, value_name = "N", help_heading = "Training")]
    depth: Option<usize>,

    /// Trainings of each architecture, whose metrics are averaged
    /// [default: 1; 3 with fewer than 100 validation images, but for the digits]
    #[arg(long, value_name = "N", help_heading = "Training")]
    repeats: Option<usize>,

    /// The recipe of a run that is resumed: what its command left out stays as it was.
    #[arg(skip)]
    recorded: Option<Box<Recipe>>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum OptimizerName {
    /// Stochastic gradient descent with Nesterov momentum
    Sgd,
    /// Adam with decoupled weight decay
    Adamw,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum ScheduleName {
    /// Down to zero along half a cosine
    Cosine,
    /// It stays
    Constant,
}

impl RecipeArgs {
    /// Whether any of them was given.
    pub fn any(&self) -> bool {
        self.recipe.is_some()
            || self.epochs.is_some()
            || self.batch.is_some()
            || self.optimizer.is_some()
            || self.learning_rate.is_some()
            || self.schedule.is_some()
            || self.weight_decay.is_some()
            || self.augment.is_some()
            || self.width.is_some()
            || self.depth.is_some()
            || self.repeats.is_some()
    }

    /// The same, where what is left out is as in the recipe of a run that is resumed.
    pub fn remember(&mut self, recorded: Option<Recipe>) {
        self.recorded = recorded.map(Box::new);
    }

    /// The recipe for a dataset: what was typed, then what the file says, then what the run that is
    /// resumed had, then what suits the images.
    ///
    /// # Errors
    /// As [`over`](Self::over).
    pub fn suited(&self, task: &ImageTask) -> Result<Recipe> {
        if let Some(recorded) = &self.recorded {
            return self.over(Recipe::clone(recorded));
        }
        let images = Parts {
            train: task.train().len(),
            validation: task.validation().len(),
        };
        let defaults = Recipe::suited(task.dataset().name(), &images);
        let recipe = self.over(defaults.clone())?;
        if recipe.batch == defaults.batch || task.dataset().name() == "digits" {
            return Ok(recipe);
        }
        // As many steps with the batch that was asked for.
        self.over(defaults.with_batch(recipe.batch, images.train))
    }

    /// The recipe: what was typed, then what the file says, then the defaults.
    ///
    /// # Errors
    /// If the file cannot be used, or a setting is out of its range.
    pub fn over(&self, defaults: Recipe) -> Result<Recipe> {
        let mut recipe = match &self.recipe {
            None => defaults,
            Some(file) => {
                let text = read_regular_text(file).map_err(|e| {
                    Error::input(format!("cannot be read ({e})"))
                        .mend("name a TOML file with settings such as `epochs = 12`")
                        .in_file(file)
                })?;
                over_toml(&defaults, &text).map_err(|e| e.in_file(file))?
            }
        };
        let numbers = [
            (&mut recipe.epochs, self.epochs),
            (&mut recipe.batch, self.batch),
            (&mut recipe.repeats, self.repeats),
        ];
        for (setting, typed) in numbers {
            *setting = typed.unwrap_or(*setting);
        }
        if let Some(name) = self.optimizer {
            recipe.optimizer = match name {
                OptimizerName::Sgd => Optimizer::default(),
                OptimizerName::Adamw => Optimizer::adamw(),
            };
        }
        if let Some(name) = self.schedule {
            recipe.schedule = match name {
                ScheduleName::Cosine => Schedule::Cosine,
                ScheduleName::Constant => Schedule::Constant,
            };
        }
        recipe.learning_rate = self.learning_rate.unwrap_or(recipe.learning_rate);
        recipe.weight_decay = self.weight_decay.unwrap_or(recipe.weight_decay);
        recipe.augment = self.augment.clone().or(recipe.augment);
        recipe.width = self.width.or(recipe.width);
        recipe.depth = self.depth.or(recipe.depth);
        recipe.check().map_err(usable)?;
        Ok(recipe)
    }
}

/// The defaults, with what a TOML text says in their place.
fn over_toml(defaults: &Recipe, text: &str) -> Result<Recipe> {
    let unusable = |e: toml::de::Error| {
        let line = e
            .span()
            .map(|span| 1 + text[..span.start].matches('\n').count() as u64);
        let error = Error::input(e.message().to_owned())
            .mend("give settings such as `epochs = 12` or `learning-rate = 0.1`");
        match line {
            Some(line) => error.on_line(line),
            None => error,
        }
    };
    // Read alone first, so that errors have the line they are on.
    toml::from_str::<Recipe>(text).map_err(unusable)?;
    let given: toml::Table = toml::from_str(text).map_err(unusable)?;
    let mut all = toml::Table::try_from(defaults)
        .map_err(|e| Error::input(format!("the defaults are no TOML: {e}")))?;
    all.extend(given);
    let recipe = Recipe::deserialize(all).map_err(unusable)?;
    recipe.check().map_err(|error| {
        let line = match &error {
            TrainError::Setting { name, .. } => line_of(text, name),
            _ => None,
        };
        match line {
            Some(line) => usable(error).on_line(line),
            None => usable(error),
        }
    })?;
    Ok(recipe)
}

/// The line of a TOML text that has a setting, counted from 1.
fn line_of(text: &str, setting: &str) -> Option<u64> {
    let has = |line: &str| {
        line.split('=')
            .next()
            .is_some_and(|key| key.trim() == setting)
    };
    let place = text.lines().position(has)?;
    Some(place as u64 + 1)
}

/// Which images networks are trained on.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct DataArgs {
    /// Validation images: a share of those that are not for test, or a number
    /// [default: 0.2; 0.5 of the digits; those of the dataset, if it has such a part]
    #[arg(long, value_name = "SHARE|N", help_heading = "Training")]
    validation: Option<String>,

    /// Side of the square that images of folders are scaled to [default: 32]
    #[arg(long, value_name = "PIXELS", help_heading = "Training")]
    image_size: Option<usize>,
}

impl DataArgs {
    /// How a dataset is split.
    ///
    /// # Errors
    /// If the share is none, or the dataset has validation images of its own.
    fn split(&self, dataset: &Dataset) -> Result<SplitConfig> {
        let mut split = SplitConfig::default();
        match &self.validation {
            Some(_) if dataset.own_validation().is_some() => {
                let name = dataset.name();
                return Err(Error::input(format!(
                    "--validation: {name} has validation images of its own"
                ))
                .mend("leave it out, or move them into train"));
            }
            Some(text) => split.validation = text.parse()?,
            // There are few, and candidates are compared by a third of a percent if they are a
            // fifth of them.
            None if dataset.name() == "digits" => split.validation = Portion::Share(0.5),
            None => {}
        }
        Ok(split)
    }

    /// Loads a dataset.
    ///
    /// # Errors
    /// If it is not there or damaged.
    fn load(&self, data: &str) -> Result<Dataset> {
        let resize = match self.image_size {
            Some(side) => Resize::To {
                height: side,
                width: side,
            },
            None => Resize::default(),
        };
        load_with(data, resize)
    }

    /// Loads a dataset and splits it by a seed.
    ///
    /// # Errors
    /// If it is not there or damaged, or the split leaves a part without images.
    pub fn open(&self, data: &str, seed: u64) -> Result<(ImageTask, SplitConfig)> {
        let dataset = self.load(data)?;
        let split = self.split(&dataset)?;
        let task = ImageTask::new(dataset, &split, seed).map_err(usable)?;
        Ok((task, split))
    }
}

/// Fewer validation images than these deserve a warning.
const FEW_VALIDATION: usize = 200;

/// What there is to say of trainings on few images: how they are trained, and how roughly they are
/// compared.
pub fn remarks(task: &ImageTask, recipe: &Recipe) -> Vec<String> {
    let mut remarks = Vec::new();
    let (train, validation) = (task.train().len(), task.validation().len());
    if task.dataset().name() == "digits" || validation >= FEW_VALIDATION {
        return remarks;
    }
    let augment = recipe.augment.as_ref().unwrap_or(task.dataset().augment());
    remarks.push(format!(
        "note: few images: {train} to train on, batch {}, {} epochs ({} steps), trainings a network: {}, \
         augment {augment}; `--batch`, `--epochs`, `--repeats` and `--augment` change it",
        recipe.batch,
        recipe.epochs,
        recipe.epochs.saturating_mul(train.div_ceil(recipe.batch)),
        recipe.repeats,
    ));
    remarks.push(format!(
        "warning: {validation} validation images: one of them is {:.1} % of accuracy, so networks that \
         are about as good are told apart by chance; more images or a larger `--validation` help",
        100.0 / validation as f64
    ));
    remarks
}

/// An error of training as one of the input: all that can be met before a training begins are.
pub fn usable(error: TrainError) -> Error {
    match error {
        TrainError::Data(error) => error,
        TrainError::Io { path, cause } => crate::task::unreadable(Error::io(path, cause)),
        TrainError::File { path, what } => Error::input(what).in_file(path),
        other => Error::input(other.to_string()),
    }
}
