//! Networks that are trained on several tasks before a search.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::error::{Error, Result};
use ganas_core::problem::{Objective, Objectives};
use ganas_core::space::SearchSpace;
use ganas_core::{Prior, read_regular_text, write_whole};
use ganas_search::ga_nas::{self, PretrainConfig, Pretrained};
use xxhash_rust::xxh3::xxh3_64;

use crate::files::{prepare, unreadable};
use crate::prior::{Searched, tasks};
use crate::record::PretrainedRecord;
use crate::session::Session;
use crate::spec::PretrainSpec;

/// Metric that stands for the objective of a search that is not known yet.
const OBJECTIVE: &str = "objective";

/// Trains networks on the tasks of a specification, and writes them into its file. Returns false after an
/// interrupt, and then writes nothing.
///
/// # Errors
/// If the specification or a task cannot be used, or the file cannot be written.
pub fn pretrain(spec: &PretrainSpec, session: &Session, stop: &AtomicBool) -> Result<bool> {
    let Some(out) = &spec.out else {
        return Err(Error::input("no file is named for the networks").mend("add `--out FILE`"));
    };
    if spec.prior.is_empty() {
        return Err(Error::input("there are no tasks to train networks on")
            .mend("add `--prior FILE:COLUMN`, best of all several"));
    }
    if spec.rounds == 0 {
        return Err(Error::input("nothing is trained").mend("give `--rounds` at least 1"));
    }
    let space = session.registry.table_space(&spec.space, false)?;
    prepare(out)?;
    let priors = priors(spec, &*space, session)?;
    let config = PretrainConfig {
        rounds: spec.rounds,
        seed: spec.seed,
        written_by: format!("ganas {}", crate::VERSION),
    };
    let bar = session.progress.steps(spec.rounds);
    let trained = ga_nas::pretrain(&*space, &priors, &config, &mut |rounds| {
        bar.set(rounds);
        !stop.load(Ordering::SeqCst)
    })?;
    drop(bar);
    let Some(networks) = trained else {
        return Ok(false);
    };
    let text = networks.text()?;
    write_whole(out, |mut file| file.write_all(text.as_bytes()))?;
    Ok(true)
}

/// The tasks.
fn priors(spec: &PretrainSpec, space: &dyn SearchSpace, session: &Session) -> Result<Vec<Prior>> {
    let searched = Searched {
        space,
        space_argument: &spec.space,
        reading: &spec.reading,
        table: None,
        trained: None,
        axis: None,
        objectives: &Objectives::new(vec![Objective::maximize(OBJECTIVE)])?,
    };
    let mut notes = Vec::new();
    let priors = tasks(&spec.prior, &searched, session, &mut notes)?;
    notes.iter().for_each(|note| session.progress.say(note));
    Ok(priors)
}

/// Networks from before a search, and their record.
pub(crate) struct Opened {
    pub text: Arc<str>,
    pub record: PretrainedRecord,
}

/// Opens the file of networks for a space.
///
/// # Errors
/// If it cannot be read, or has networks of another space or version.
pub(crate) fn open(file: &Path, space: &dyn SearchSpace) -> Result<Opened> {
    let text = read_regular_text(file).map_err(|e| unreadable(Error::io(file, e)))?;
    Pretrained::read(&text, space).map_err(|e| e.in_file(file))?;
    Ok(Opened {
        record: PretrainedRecord {
            file: file.display().to_string(),
            digest: format!("{:016x}", xxh3_64(text.as_bytes())),
        },
        text: text.into(),
    })
}
