//! Search spaces as tasks name them, and which notations are one architecture: it depends on what
//! evaluates them.

use std::path::PathBuf;

use ganas_core::error::{Access, Error, Result};
use ganas_core::space::{self, Roles, SearchSpace};
use ganas_train::network::roles;

use crate::spec::TaskSpec;

/// Loads a space by name or from a file.
///
/// # Errors
/// If it cannot be used.
pub fn load_space(name: &str, merge_isomorphic: bool) -> Result<Box<dyn SearchSpace>> {
    let space = space::load(name).map_err(unreadable)?;
    if merge_isomorphic {
        space.merged()
    } else {
        Ok(space)
    }
}

/// A file that the operating system would not let us read as the bad input that it is.
pub fn unreadable(error: Error) -> Error {
    match error {
        Error::Io {
            path,
            access: Access::Read,
            source,
        } => unreadable_file(path, &source),
        other => other,
    }
}

fn unreadable_file(path: PathBuf, cause: &std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input("there is no such file").mend("check the path")
        }
        _ => Error::input(format!("cannot be read ({cause})")).mend("name a readable file"),
    }
    .in_file(path)
}

/// The space of a search.
///
/// Where networks are trained, architectures with the same network are one: by the space file's
/// `absent` and `identity` where a program trains them, and by the ops' own layers where ganas does.
/// Rows of a table, and notations that share the weights of a supernet, are apart.
///
/// # Errors
/// If the space cannot be loaded, or the fields contradict each other.
pub fn searched_space(name: &str, task: &TaskSpec) -> Result<Box<dyn SearchSpace>> {
    if task.keep_apart && task.merge_isomorphic {
        return Err(
            Error::input("`--keep-apart` and `--merge-isomorphic` exclude each other")
                .mend("leave one of them out"),
        );
    }
    if task.merge_isomorphic {
        return load_space(name, true);
    }
    let others = task.caller.is_some() || task.worker.command.is_some();
    let looked_up = task.table.is_some() && task.train.is_none() && !others;
    if task.keep_apart || looked_up || task.supernet.is_some() || task.surrogate.is_some() {
        return notations(name);
    }
    let mut space = load_space(name, false)?;
    if !others {
        let roles = roles(&*space);
        space.unify(&roles)?;
    }
    Ok(space)
}

/// The space of a table: each row is an architecture, unless isomorphic ones are merged.
///
/// # Errors
/// If it cannot be loaded.
pub fn table_space(name: &str, merge_isomorphic: bool) -> Result<Box<dyn SearchSpace>> {
    if merge_isomorphic {
        load_space(name, true)
    } else {
        notations(name)
    }
}

/// A space in which each notation is an architecture of its own.
///
/// # Errors
/// If it cannot be loaded.
pub fn notations(name: &str) -> Result<Box<dyn SearchSpace>> {
    let mut space = load_space(name, false)?;
    space.unify(&Roles::default())?;
    Ok(space)
}
