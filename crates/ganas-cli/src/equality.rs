//! Which notations are one architecture: it depends on what evaluates them.

use ganas_core::error::{Error, Result};
use ganas_core::space::{Roles, SearchSpace};
use ganas_train::network::roles;

use crate::args::TaskArgs;
use crate::task::load_space;

/// The space of a search.
///
/// Where networks are trained, architectures with the same network are one: by the space file's
/// `absent` and `identity` where a program trains them, and by the ops' own layers where ganas does.
/// Rows of a table, and notations that share the weights of a supernet, are apart.
///
/// # Errors
/// If the space cannot be loaded, or the arguments contradict each other.
pub fn searched_space(name: &str, args: &TaskArgs) -> Result<Box<dyn SearchSpace>> {
    if args.keep_apart && args.merge_isomorphic {
        return Err(
            Error::input("`--keep-apart` and `--merge-isomorphic` exclude each other")
                .mend("leave one of them out"),
        );
    }
    if args.merge_isomorphic {
        return load_space(name, true);
    }
    let others = args.caller.is_some() || args.workers_of.command.is_some();
    let looked_up = args.table.is_some() && args.train.is_none() && !others;
    if args.keep_apart || looked_up || args.supernet.is_some() || args.surrogate.is_some() {
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
