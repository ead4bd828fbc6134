//! `ganas supernet train`.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use ganas_core::error::Error;
use ganas_core::space::SearchSpace;
use ganas_train::device::Opened;
use ganas_train::supernet::{self, Course, Identity, Paths, SupernetRecipe};
use ganas_train::{ImageTask, Score, Supernet};
use rayon::ThreadPool;

use crate::end::End;
use crate::interrupt;
use crate::names;
use crate::registry::registry;
use crate::reporter::progress;
use crate::spec_args::SpecArgs;
use ganas_study::files::prepare;
use ganas_study::progress::{Bar, Progress};
use ganas_study::source::SUPERNET;
use ganas_study::source::recipe::usable;
use ganas_study::spec::DeviceSpec;
use ganas_study::spec::{ImagesSpec, TrainingSpec};

const EXAMPLES: &str = "\
Examples:
  ganas supernet train --space nasbench201 --data cifar-10-batches-bin --out runs/supernet
  ganas supernet train --space nasbench101 --data digits --epochs 20 --width 16 --out runs/shared
  ganas supernet train --space efficientnet-b0 --data digits --width 8 --out runs/mobile

The same command continues a training that was interrupted.";

/// Arguments of `ganas supernet train`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TrainArgs {
    /// Search space of cells (nasbench101, nasbench201), mobile networks (efficientnet-b0,
    /// proxylessnas) or chains, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: String,

    /// Dataset: digits (built in), or a folder with CIFAR-10, CIFAR-100, files of the MNIST family,
    /// or a sub-folder of images for each class
    #[arg(long, value_name = "DATASET")]
    data: String,

    /// Folder for the supernet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Draw the architectures of a step one by one, as many as there are ops, instead of each op once
    /// at each position of an edge cell or chain, or one mobile network
    #[arg(long)]
    random_paths: bool,

    /// Seed of all random streams
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Architectures that are trained at once; results do not depend on their number
    /// [default: one a core, at most 4 on a graphics card]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    #[command(flatten)]
    device: SpecArgs<DeviceSpec>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,

    #[command(flatten)]
    recipe: SpecArgs<TrainingSpec>,

    #[command(flatten)]
    images: SpecArgs<ImagesSpec>,
}

/// A supernet whose training begins or continues.
struct Trainee<'a> {
    args: &'a TrainArgs,
    space: Box<dyn SearchSpace>,
    task: ImageTask,
    training: SupernetRecipe,
    identity: Identity,
    file: PathBuf,
    progress: Progress,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the supernet cannot be written.
pub fn run(args: &TrainArgs) -> Result<End> {
    let trainee = Trainee::open(args)?;
    let pool = args.device.0.pool(args.workers)?;
    let opened = args.device.0.choice()?.open()?;
    let mut course = trainee.course(&opened)?;
    trainee.record_device(&mut course, opened.name);
    let stop = interrupt::listen()?;
    let begun = Instant::now();
    let epochs = trainee.training.recipe.epochs;
    let bar = trainee.progress.epochs(epochs, course.history.len());
    while course.history.len() < epochs {
        if !trainee.epoch(&mut course, &pool, &bar, stop)? {
            drop(bar);
            if !args.quiet {
                let epoch = course.history.len();
                println!(
                    "interrupted in epoch {}; the same command continues from epoch {epoch}",
                    epoch + 1
                );
            }
            return Ok(End::Interrupted);
        }
    }
    drop(bar);
    if let (false, Some(last)) = (args.quiet, course.history.last()) {
        println!(
            "{} shared weights, {epochs} epochs, loss {:.3}, accuracy {:.2} %, {:.0} s: {}",
            course.supernet.params(),
            last.train.loss,
            100.0 * last.train.accuracy,
            begun.elapsed().as_secs_f64(),
            trainee.file.display()
        );
    }
    Ok(End::Done)
}

impl<'a> Trainee<'a> {
    /// Opens the space and the dataset, and checks the settings.
    fn open(args: &'a TrainArgs) -> Result<Self> {
        let space = registry().notations(&args.space)?;
        let progress = progress(args.quiet);
        let waiting = progress.waiting(format!("reading {}", args.data));
        let (task, split) = args.images.0.open(&args.data, args.seed)?;
        drop(waiting);
        let ours = SupernetRecipe::for_space(&*space);
        let training = SupernetRecipe {
            recipe: args.recipe.0.over(ours.recipe)?,
            paths: if args.random_paths {
                Paths::Random
            } else {
                ours.paths
            },
        };
        training.check().map_err(usable)?;
        if let Some(augment) = &training.recipe.augment {
            task.check(augment).map_err(usable)?;
        }
        let identity = Identity::new(&*space, &task, &args.data, split, &training, args.seed);
        Ok(Trainee {
            args,
            space,
            task,
            training,
            identity,
            file: args.out.join(SUPERNET),
            progress,
        })
    }

    /// Loads the supernet from the folder, or begins a new one.
    fn course(&self, opened: &Opened) -> Result<Course> {
        let space = &*self.space;
        if !self.file.exists() {
            let fresh = Supernet::new(space, self.identity.frame, self.args.seed, &opened.device);
            let course = Course::new(fresh.map_err(usable)?);
            prepare(&self.file)?;
            return Ok(course);
        }
        let (known, course) = supernet::load(&self.file, space, &opened.device).map_err(usable)?;
        if let Some(difference) = self.identity.difference(&known) {
            return Err(Error::input(format!(
                "the folder holds a supernet of other settings ({difference})"
            ))
            .mend("give the same settings to continue its training, or name another `--out`")
            .in_file(&self.args.out)
            .into());
        }
        Ok(course)
    }

    /// Records the device of the next epochs, and notes a change of it.
    fn record_device(&self, course: &mut Course, device: String) {
        let is_over = course.history.len() >= self.training.recipe.epochs;
        if is_over || course.devices.last() == Some(&device) {
            return;
        }
        if let Some(last) = course.devices.last() {
            self.progress.say(&format!(
                "note: it was trained on {last} so far, and continues on {device}, where the same training \
                 gives other numbers"
            ));
        }
        course.devices.push(device);
    }

    /// Trains one epoch and saves it. Returns false if it was stopped.
    fn epoch(
        &self,
        course: &mut Course,
        pool: &ThreadPool,
        bar: &Bar,
        stop: &AtomicBool,
    ) -> Result<bool> {
        let (epoch, epochs) = (course.history.len(), self.training.recipe.epochs);
        let begun = Instant::now();
        let mut observe = |step: usize, steps: usize, score: Score| {
            bar.at(epoch, step, steps);
            bar.say(format!(
                "epoch {} of {epochs}, loss {:.3}, accuracy {:.1} %",
                epoch + 1,
                score.loss,
                100.0 * score.accuracy
            ));
        };
        let feed = (self.task.train()).augmented(self.training.recipe.augment.clone());
        let (space, training, seed) = (&*self.space, &self.training, self.args.seed);
        let done = pool
            .install(|| course.epoch(space, training, &feed, seed, stop, &mut observe))
            .map_err(usable)?;
        let Some(done) = done else {
            return Ok(false);
        };
        supernet::save(&self.file, &self.identity, course).map_err(usable)?;
        self.progress.log(&format!(
            "epoch {} of {epochs}: loss {:.3}, accuracy {:.1} %, {:.1} s",
            done.epoch,
            done.train.loss,
            100.0 * done.train.accuracy,
            begun.elapsed().as_secs_f64()
        ));
        Ok(true)
    }
}
