//! Where the performance of architectures comes from: a table, trainings, a supernet, or a
//! surrogate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Cached, Evaluator, Known};
use ganas_core::space::SearchSpace;
use ganas_data::{Resize, load_with};
use ganas_search::predictor::{Surrogate, SurrogateEvaluator};
use ganas_tables::{Table, TableEvaluator};
use ganas_train::supernet::{self, Identity, Scoring, SupernetEvaluator};
use ganas_train::{ImageTask, METRICS, Supernet, Training, TrainingEvaluator};
use rayon::ThreadPool;

use crate::args::TaskArgs;
use crate::caller::{Absent, Caller};
use crate::device::DeviceArgs;
use crate::log::Reporter;
use crate::progress::Progress;
use crate::recipe::{remarks, usable};
use crate::task::unreadable;
use crate::workers::Workers;

/// The dataset that is trained on when nothing else is named.
const DATASET: &str = "digits";

/// The file of a supernet in its folder.
pub const SUPERNET: &str = "supernet.safetensors";

/// What evaluates architectures.
pub enum Source {
    /// A table has their metrics.
    Table(Arc<Table>),
    /// They are trained.
    Training(Box<Trained>),
    /// They are scored by shared weights.
    Supernet(Box<Shared>),
    /// Workers of the user's own measure them.
    Workers(Box<Workers>),
    /// They are predicted.
    Surrogate(Arc<dyn SearchSpace>, Arc<Surrogate>),
    /// The program that the search is embedded in.
    Caller(Caller),
}

/// Trainings.
pub struct Trained {
    /// The dataset as it was named.
    pub data: String,
    /// The seed of the split.
    pub seed: u64,
    /// How architectures are trained.
    pub training: Training,
    /// What the device is called that they are trained on.
    pub device: String,
    /// The threads that trainings run on.
    pub pool: Arc<ThreadPool>,
}

/// A supernet.
pub struct Shared {
    /// Its folder.
    pub folder: PathBuf,
    /// The space.
    pub space: Arc<dyn SearchSpace>,
    /// What it is of.
    pub identity: Identity,
    /// Its weights.
    pub supernet: Arc<Supernet>,
    /// Its images.
    pub task: Arc<ImageTask>,
    /// How it scores.
    pub scoring: Scoring,
    /// What the device is called that it is on.
    pub device: String,
    /// The threads that it scores on.
    pub pool: Arc<ThreadPool>,
    known: Known,
}

impl Source {
    /// The names of what it measures.
    pub fn metrics(&self) -> Vec<String> {
        match self {
            Source::Table(table) => table.columns().to_vec(),
            Source::Workers(workers) => workers.wanted.metrics.clone(),
            Source::Surrogate(_, surrogate) => surrogate.metrics().to_vec(),
            Source::Caller(caller) => caller.metrics.clone(),
            _ => METRICS.map(String::from).to_vec(),
        }
    }

    /// What the device is called that networks are computed on, where any are.
    pub fn device(&self) -> Option<&str> {
        match self {
            Source::Training(trained) => Some(&trained.device),
            Source::Supernet(shared) => Some(&shared.device),
            _ => None,
        }
    }

    /// Whether an evaluation takes no time to speak of.
    pub fn looks_up(&self) -> bool {
        matches!(self, Source::Table(_) | Source::Surrogate(..))
    }

    /// An evaluator for a search with this seed.
    ///
    /// Workers write what they say on standard error into the folder `out`, and the reporter says
    /// how far they are and which were lost.
    pub fn evaluator(
        &self,
        seed: u64,
        out: Option<&Path>,
        reporter: &Reporter,
    ) -> Box<dyn Evaluator> {
        match self {
            Source::Table(table) => Box::new(TableEvaluator::new(table.clone())),
            Source::Surrogate(space, surrogate) => {
                Box::new(SurrogateEvaluator::new(space.clone(), surrogate.clone()))
            }
            Source::Training(trained) => {
                let pool = trained.pool.clone();
                Box::new(TrainingEvaluator::new(trained.training.clone(), seed, pool))
            }
            Source::Supernet(shared) => {
                let evaluator = shared.evaluator();
                Box::new(Cached::new(evaluator, shared.known.clone()))
            }
            Source::Workers(workers) => Box::new(workers.evaluator(seed, out, reporter)),
            Source::Caller(caller) => Box::new(Absent(caller.clone())),
        }
    }
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
        device: DeviceArgs,
    ) -> Result<Shared> {
        let file = folder.join(SUPERNET);
        let opened = device.choice().open()?;
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

/// Opens what the arguments name to evaluate architectures of a space by; trainings on the digits
/// if they name nothing.
///
/// # Errors
/// If it cannot be used, or more than one is named.
pub fn open(
    args: &TaskArgs,
    space: &Arc<dyn SearchSpace>,
    table: Option<&Arc<Table>>,
    seed: u64,
    progress: &Progress,
) -> Result<Source> {
    let both = |one: &str, other: &str| {
        Err(
            Error::input(format!("`{one}` and `{other}` exclude each other"))
                .mend("name one source of evaluations"),
        )
    };
    if let Some(name) = &args.caller {
        return Ok(Source::Caller(Caller::open(name, args, &**space)?));
    }
    if let Some(command) = &args.workers_of.command {
        if args.train.is_some()
            || args.supernet.is_some()
            || args.surrogate.is_some()
            || args.recipe.any()
        {
            return both("--command", "--train, --supernet, --surrogate");
        }
        return Ok(Source::Workers(Box::new(Workers::open(
            command, args, space,
        )?)));
    }
    let limit = args.workers_of.limit()?;
    if let Some(metric) = args.metric.first() {
        return Err(
            Error::input(format!("there are no workers to ask for `{metric}`"))
                .mend("add `--command`, or leave out `--metric`"),
        );
    }
    if let Some(file) = &args.surrogate {
        match (&args.train, &args.supernet) {
            (Some(_), _) => return both("--train", "--surrogate"),
            (_, Some(_)) => return both("--supernet", "--surrogate"),
            _ => {}
        }
        if args.recipe.any() {
            return Err(
                Error::input("a surrogate is searched, and nothing is trained")
                    .mend("leave out the settings of training, or `--surrogate`"),
            );
        }
        let surrogate = Surrogate::open(file, &**space).map_err(unreadable)?;
        return Ok(Source::Surrogate(space.clone(), Arc::new(surrogate)));
    }
    if let (None, None, Some(table)) = (&args.train, &args.supernet, table) {
        if args.recipe.any() {
            return Err(Error::input("a table is searched, and nothing is trained")
                .mend("leave out the settings of training, or the table"));
        }
        return Ok(Source::Table(table.clone()));
    }
    if limit.is_some() {
        return Err(
            Error::input("a network that is trained here has no time limit")
                .mend("leave out `--timeout`, or give fewer `--epochs`"),
        );
    }
    match (&args.train, &args.supernet) {
        (Some(_), Some(_)) => both("--train", "--supernet"),
        (_, Some(folder)) => {
            if args.recipe.any() {
                return Err(
                    Error::input("a supernet is searched, and nothing is trained")
                        .mend("leave out the settings of training, or `--supernet`"),
                );
            }
            let _waiting = progress.waiting(format!("reading {}", folder.display()));
            let scoring = Scoring {
                images: args.images,
                ..Scoring::default()
            };
            let data = args.data.as_deref();
            let shared = Shared::open(folder, space, data, scoring, args.workers, args.device)?;
            Ok(Source::Supernet(Box::new(shared)))
        }
        (train, None) => {
            let data = train.as_deref().unwrap_or(DATASET);
            let waiting = progress.waiting(format!("reading {data}"));
            let (task, _) = args.images_of.open(data, seed)?;
            drop(waiting);
            let recipe = args.recipe.suited(&task)?;
            for remark in remarks(&task, &recipe) {
                progress.say(&remark);
            }
            let opened = args.device.choice().open()?;
            let training = Training {
                space: space.clone(),
                recipe,
                task: Arc::new(task),
                device: opened.device,
            };
            training.check().map_err(usable)?;
            Ok(Source::Training(Box::new(Trained {
                data: data.to_owned(),
                seed,
                training,
                device: opened.name,
                pool: args.device.pool(args.workers)?,
            })))
        }
    }
}
