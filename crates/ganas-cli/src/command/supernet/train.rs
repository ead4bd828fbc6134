//! `ganas supernet train`.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use ganas_core::error::Error;
use ganas_train::supernet::{self, Course, Identity, Paths, SupernetRecipe};
use ganas_train::{Score, Supernet};

use crate::end::End;
use crate::interrupt;
use crate::names;
use crate::registry::registry;
use crate::reporter::progress;
use crate::typed::Typed;
use ganas_study::files::prepare;
use ganas_study::source::SUPERNET;
use ganas_study::source::recipe::usable;
use ganas_study::spec::DeviceSpec;
use ganas_study::spec::{ImagesSpec, TrainingSpec};

const EXAMPLES: &str = "\
Examples:
  ganas supernet train --space nasbench201 --data cifar-10-batches-bin --out runs/supernet
  ganas supernet train --space nasbench101 --data digits --epochs 20 --width 16 --out runs/shared

The same command goes on with a training that was interrupted.";

/// Arguments of `ganas supernet train`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TrainArgs {
    /// Search space of cells: nasbench101, nasbench201, or a TOML file
    #[arg(long, value_name = "NAME|FILE", value_parser = names::spaces(), hide_possible_values = true)]
    space: String,

    /// Dataset: digits (built in), or a folder with CIFAR-10, CIFAR-100, files of the MNIST family,
    /// or a sub-folder of images for each class
    #[arg(long, value_name = "DATASET")]
    data: String,

    /// Folder for the supernet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Draw the cells of a step one by one, instead of each op once at each position of an edge cell
    #[arg(long)]
    random_paths: bool,

    /// Seed of all random streams
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Cells that are trained at once; results do not depend on their number
    /// [default: one a core, at most 4 on a graphics card]
    #[arg(long, value_name = "N")]
    workers: Option<usize>,

    #[command(flatten)]
    device: Typed<DeviceSpec>,

    /// Show no progress, and print nothing
    #[arg(long)]
    quiet: bool,

    #[command(flatten)]
    recipe: Typed<TrainingSpec>,

    #[command(flatten)]
    images: Typed<ImagesSpec>,
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the supernet cannot be written.
pub fn run(args: &TrainArgs) -> Result<End> {
    let space = registry().notations(&args.space)?;
    let progress = progress(args.quiet);
    let waiting = progress.waiting(format!("reading {}", args.data));
    let (task, split) = args.images.0.open(&args.data, args.seed)?;
    drop(waiting);
    let training = SupernetRecipe {
        recipe: args.recipe.0.over(SupernetRecipe::default().recipe)?,
        paths: if args.random_paths {
            Paths::Random
        } else {
            Paths::Fair
        },
    };
    training.check().map_err(usable)?;
    if let Some(augment) = &training.recipe.augment {
        task.check(augment).map_err(usable)?;
    }
    let identity = Identity::new(&*space, &task, &args.data, split, &training, args.seed);
    let pool = args.device.0.pool(args.workers)?;
    let file = args.out.join(SUPERNET);
    let device = args.device.0.choice()?.open()?;
    let mut course = if file.exists() {
        let (known, course) = supernet::load(&file, &*space, &device.device).map_err(usable)?;
        if let Some(difference) = identity.difference(&known) {
            return Err(Error::input(format!(
                "the folder holds a supernet of other settings ({difference})"
            ))
            .mend("give the same settings to go on with it, or name another `--out`")
            .in_file(&args.out)
            .into());
        }
        course
    } else {
        let fresh = Supernet::new(&*space, identity.frame, args.seed, &device.device);
        let course = Course::new(fresh.map_err(usable)?);
        prepare(&file)?;
        course
    };
    let epochs = training.recipe.epochs;
    if course.history.len() < epochs && course.devices.last() != Some(&device.name) {
        if let Some(last) = course.devices.last() {
            progress.say(&format!(
                "note: it was trained on {last} so far, and goes on on {}, where the same training \
                 gives other numbers",
                device.name
            ));
        }
        course.devices.push(device.name);
    }
    let stop = interrupt::listen()?;
    let begun = Instant::now();
    let bar = progress.epochs(epochs, course.history.len());
    while course.history.len() < epochs {
        let epoch = course.history.len();
        let epoch_begun = Instant::now();
        let mut observe = |step: usize, steps: usize, score: Score| {
            bar.at(epoch, step, steps);
            bar.say(format!(
                "epoch {} of {epochs}, loss {:.3}, accuracy {:.1} %",
                epoch + 1,
                score.loss,
                100.0 * score.accuracy
            ));
        };
        let feed = task.train().augmented(training.recipe.augment.clone());
        let done = pool
            .install(|| course.epoch(&*space, &training, &feed, args.seed, stop, &mut observe))
            .map_err(usable)?;
        let Some(done) = done else {
            drop(bar);
            if !args.quiet {
                println!(
                    "interrupted in epoch {}; the same command goes on from epoch {epoch}",
                    epoch + 1
                );
            }
            return Ok(End::Interrupted);
        };
        supernet::save(&file, &identity, &course).map_err(usable)?;
        progress.log(&format!(
            "epoch {} of {epochs}: loss {:.3}, accuracy {:.1} %, {:.1} s",
            done.epoch,
            done.train.loss,
            100.0 * done.train.accuracy,
            epoch_begun.elapsed().as_secs_f64()
        ));
    }
    drop(bar);
    if let (false, Some(last)) = (args.quiet, course.history.last()) {
        println!(
            "{} shared weights, {epochs} epochs, loss {:.3}, accuracy {:.2} %, {:.0} s: {}",
            course.supernet.params(),
            last.train.loss,
            100.0 * last.train.accuracy,
            begun.elapsed().as_secs_f64(),
            file.display()
        );
    }
    Ok(End::Done)
}
