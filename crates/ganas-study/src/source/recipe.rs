//! Recipes of trainings, and the images that they are for.

use ganas_core::error::{Error, Result};
use ganas_core::read_regular_text;
use ganas_core::space::{Kind, SearchSpace};
use ganas_data::{Dataset, Portion, Resize, SplitConfig, load_with};
use ganas_train::recipe::Parts;
use ganas_train::{Feed, ImageTask, Optimizer, Recipe, Schedule, TrainError};
use serde::Deserialize;

use crate::files::unreadable;
use crate::spec::{ImagesSpec, TrainingSpec};

impl TrainingSpec {
    /// Returns true if a field was given.
    pub fn any(&self) -> bool {
        *self != TrainingSpec::default()
    }

    /// The recipe for a dataset: the fields that are given, then the file, then the recipe of the run that
    /// is resumed, then what suits the images.
    ///
    /// # Errors
    /// As [`over`](Self::over).
    pub fn suited(
        &self,
        space: &dyn SearchSpace,
        task: &ImageTask,
        recorded: Option<&Recipe>,
    ) -> Result<Recipe> {
        if let Some(recorded) = recorded {
            return self.over(recorded.clone());
        }
        let images = Parts {
            train: task.train().len(),
            validation: task.validation().len(),
        };
        let mut defaults = Recipe::suited(task.dataset().name(), &images);
        if let Kind::Mobile(_) = space.kind() {
            // Mobile architectures say themselves how many layers a stage has.
            defaults.depth = None;
        }
        let recipe = self.over(defaults.clone())?;
        if recipe.batch == defaults.batch || task.dataset().name() == "digits" {
            return Ok(recipe);
        }
        // As many steps with the batch that was asked for.
        self.over(defaults.with_batch(recipe.batch, images.train))
    }

    /// The recipe: the fields that are given, then the file, then the defaults.
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
        for (setting, given) in numbers {
            *setting = given.unwrap_or(*setting);
        }
        match self.optimizer.as_deref() {
            Some("sgd") => recipe.optimizer = Optimizer::default(),
            Some("adamw") => recipe.optimizer = Optimizer::adamw(),
            _ => {}
        }
        match self.schedule.as_deref() {
            Some("cosine") => recipe.schedule = Schedule::Cosine,
            Some("constant") => recipe.schedule = Schedule::Constant,
            _ => {}
        }
        recipe.learning_rate = self.learning_rate.unwrap_or(recipe.learning_rate);
        recipe.weight_decay = self.weight_decay.unwrap_or(recipe.weight_decay);
        if let Some(augment) = &self.augment {
            recipe.augment = Some(augment.parse()?);
        }
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
    // Read alone first, so that errors have the right line.
    toml::from_str::<Recipe>(text).map_err(unusable)?;
    let given: toml::Table = toml::from_str(text).map_err(unusable)?;
    let mut all = toml::Table::try_from(defaults)
        .map_err(|e| Error::input(format!("the defaults are not TOML: {e}")))?;
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

impl ImagesSpec {
    /// The split of a dataset.
    ///
    /// # Errors
    /// If the share is not one, or the dataset has validation images of its own.
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

    /// Loads a dataset and splits it by a seed.
    ///
    /// # Errors
    /// If it is not there or damaged, or the split leaves a part without images.
    pub fn open(&self, data: &str, seed: u64) -> Result<(ImageTask, SplitConfig)> {
        let resize = match self.image_size {
            Some(side) => Resize::To {
                height: side,
                width: side,
            },
            None => Resize::default(),
        };
        let dataset = load_with(data, resize)?;
        let split = self.split(&dataset)?;
        let task = ImageTask::new(dataset, &split, seed).map_err(usable)?;
        Ok((task, split))
    }
}

/// Fewer validation images than these deserve a warning.
const FEW_VALIDATION: usize = 200;

/// Returns notes about trainings on few images: their recipe, and how roughly they are compared.
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
         are about as good are ranked by chance; more images or a larger `--validation` help",
        100.0 / validation as f64
    ));
    remarks
}

/// An error of training as one of the input: all that can be met before a training begins are.
pub fn usable(error: TrainError) -> Error {
    match error {
        TrainError::Data(error) => error,
        TrainError::Io { path, cause } => unreadable(Error::io(path, cause)),
        TrainError::File { path, what } => Error::input(what).in_file(path),
        other => Error::input(other.to_string()),
    }
}
