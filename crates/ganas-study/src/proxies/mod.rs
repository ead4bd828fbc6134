//! Zero-cost proxies of many architectures: which ones, in parallel, and into a file.

mod archs;
mod file;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result, counted};
use ganas_core::space::SearchSpace;
use ganas_train::{Probe, Proxy};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::progress::Bar;
use crate::session::Session;
use crate::source::recipe::usable;
use crate::spec::{DeviceSpec, ProxiesSpec};
pub(crate) use archs::sample;
use file::Written;

/// The file that is written if none is named.
const OUT: &str = "proxies.csv";

/// Networks for each thread between two looks at the flag that stops.
const AT_ONCE: usize = 4;

/// The result of `ganas proxies`.
pub struct Computed {
    /// The file.
    pub file: PathBuf,
    /// Architectures that were asked for.
    pub archs: usize,
    /// Those of them that the file held before.
    pub reused: usize,
    /// Values that are not numbers.
    pub missing: usize,
    /// True if all were computed; false after an interrupt.
    pub is_whole: bool,
}

impl Computed {
    /// The result in a line.
    pub fn summary(&self) -> String {
        let file = self.file.display();
        let mut line = format!("{} in {file}", counted(self.archs, "architecture"));
        if self.reused > 0 {
            line += &format!("; {} were there", self.reused);
        }
        if self.missing > 0 {
            line += &format!(
                "; {} have no number, and are empty",
                counted(self.missing, "value")
            );
        }
        line
    }
}

/// Computes the proxies of a specification for the architectures of these notations, or for those that the
/// specification names, into its file.
///
/// # Errors
/// If the specification cannot be used, the file is of another computation, or it cannot be written.
pub fn compute(
    spec: &ProxiesSpec,
    notations: &[String],
    session: &Session,
    stop: &AtomicBool,
) -> Result<Computed> {
    let name = &*spec.space;
    let space: Arc<dyn SearchSpace> = session.registry.table_space(name, false)?.into();
    let proxies = proxies(&spec.proxies)?;
    let probe = probe(spec, &space, session)?;
    let archs = archs::archs(spec, notations, &space, session)?;
    let pool = DeviceSpec::default().pool(spec.workers)?;
    let path = spec.out.as_deref().unwrap_or(Path::new(OUT));
    let mut written = Written::open(path, spec, name, &proxies)?;
    let mut left = archs.clone();
    left.retain(|arch| !written.has(&space.format(arch)));
    let reused = archs.len() - left.len();
    let bar = session.progress.steps(archs.len());
    bar.advance(reused);
    let work = Work {
        probe: &probe,
        proxies: &proxies,
        pool: &pool,
        bar: &bar,
    };
    let (mut missing, mut done) = (0, 0);
    for some in left.chunks(AT_ONCE * pool.current_num_threads()) {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        let values = work.values(some)?;
        missing += values.iter().flatten().filter(|v| v.is_nan()).count();
        let rows = some.iter().map(|arch| space.format(arch)).zip(values);
        written.add(rows)?;
        done += some.len();
    }
    Ok(Computed {
        file: path.to_owned(),
        archs: archs.len(),
        reused,
        missing,
        is_whole: done == left.len(),
    })
}

/// Networks of a space, and the threads and the proxies for them.
pub(crate) struct Work<'a> {
    pub probe: &'a Probe,
    pub proxies: &'a [Proxy],
    pub pool: &'a ThreadPool,
    pub bar: &'a Bar,
}

impl Work<'_> {
    /// Values for each architecture, in their order, on any number of threads.
    ///
    /// # Errors
    /// If a network cannot be built.
    pub fn values(&self, archs: &[Arch]) -> Result<Vec<Vec<f64>>> {
        let one = |arch: &Arch| {
            let values = self.probe.values(arch, self.proxies).map_err(usable);
            self.bar.advance(1);
            values
        };
        let values: Vec<Result<Vec<f64>>> =
            (self.pool).install(|| archs.par_iter().map(one).collect());
        values.into_iter().collect()
    }
}

/// The named proxies, or all.
fn proxies(names: &[String]) -> Result<Vec<Proxy>> {
    if names.is_empty() {
        return Ok(Proxy::ALL.to_vec());
    }
    let mut proxies: Vec<Proxy> = Vec::with_capacity(names.len());
    for name in names {
        let proxy: Proxy = name.parse()?;
        if proxies.contains(&proxy) {
            let twice = Error::input(format!("`--proxy {name}` is named twice"));
            return Err(twice.mend("name it once"));
        }
        proxies.push(proxy);
    }
    Ok(proxies)
}

/// The batch of images and the frame of the networks.
fn probe(spec: &ProxiesSpec, space: &Arc<dyn SearchSpace>, session: &Session) -> Result<Probe> {
    if spec.images < 2 {
        return Err(Error::input("proxies compare images with each other")
            .mend("give `--images` at least 2"));
    }
    let waiting = session.progress.waiting(format!("reading {}", spec.data));
    let (task, _) = spec.split.open(&spec.data, spec.seed)?;
    drop(waiting);
    let size = [spec.width, spec.depth];
    Probe::new(space.clone(), &task, size, spec.images, spec.seed).map_err(usable)
}
