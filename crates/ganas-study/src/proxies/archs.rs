//! The architectures that proxies are computed for.

use std::collections::HashSet;
use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};

use crate::session::Session;
use crate::spec::ProxiesSpec;

/// The most architectures of a space that are all taken unless others are asked for (ours).
const SMALL: u128 = 20_000;

/// Draws without a new architecture after which a space is taken to hold no more.
const STALE: usize = 1000;

/// The architectures of these notations, of the table, a random sample, or all of a small space.
pub(super) fn archs(
    spec: &ProxiesSpec,
    notations: &[String],
    space: &Arc<dyn SearchSpace>,
    session: &Session,
) -> Result<Vec<Arch>> {
    let sources = [
        !notations.is_empty(),
        spec.table.is_some(),
        spec.sample.is_some(),
    ];
    if sources.into_iter().filter(|given| *given).count() > 1 {
        return Err(
            Error::input("architectures, `--table` and `--sample` exclude each other")
                .mend("name one of them"),
        );
    }
    spec.reading.check_used(spec.table.is_some())?;
    if !notations.is_empty() {
        let read = |text: &String| {
            space.parse(text).map_err(|why| {
                Error::input(format!("`{text}`: {why}"))
                    .mend("write it as `ganas space sample` does")
            })
        };
        return distinct(notations.iter().map(read));
    }
    if let Some(file) = &spec.table {
        let table = spec.reading.open(file, &**space, &session.progress)?;
        return distinct((0..table.len()).map(|row| Ok(table.arch(row))));
    }
    match spec.sample {
        Some(0) => Err(Error::input("nothing is sampled").mend("give `--sample` at least 1")),
        Some(count) => sample(&**space, count, spec.seed),
        None => all(&**space),
    }
}

/// Architectures without those that came before.
fn distinct(archs: impl Iterator<Item = Result<Arch>>) -> Result<Vec<Arch>> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for arch in archs {
        let arch = arch?;
        if seen.insert(arch) {
            kept.push(arch);
        }
    }
    Ok(kept)
}

/// All architectures of a small space.
fn all(space: &dyn SearchSpace) -> Result<Vec<Arch>> {
    if space.at_least() > SMALL {
        return Err(Error::input(format!(
            "`{}` has more than {SMALL} architectures",
            space.name()
        ))
        .mend("give `--sample N`, `--table FILE` or architectures"));
    }
    let mut found = Vec::new();
    space.enumerate(&mut |arch| found.push(arch))?;
    distinct(found.into_iter().map(|arch| Ok(space.canonical(&arch))))
}

/// Different random architectures; fewer if the space has no more.
pub(crate) fn sample(space: &dyn SearchSpace, count: usize, seed: u64) -> Result<Vec<Arch>> {
    let sampler = Sampler::feasible(space, None)?;
    let mut rng = Rng::stream(seed, "proxies/sample");
    let (mut seen, mut kept, mut stale) = (HashSet::new(), Vec::new(), 0);
    while kept.len() < count && stale < STALE {
        let arch = space.canonical(&space.sample(sampler, &mut rng));
        stale += 1;
        if seen.insert(arch) {
            kept.push(arch);
            stale = 0;
        }
    }
    Ok(kept)
}
