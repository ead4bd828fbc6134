//! Strategies, search spaces and evaluators by name.

use std::path::Path;
use std::sync::Arc;

use ganas_core::error::{Error, Result, hint};
use ganas_core::evaluate::Evaluator;
use ganas_core::read_regular_text;
use ganas_core::space::{self, Roles, SearchSpace};
use ganas_search::StrategyFactory;
use ganas_train::network::roles;

use crate::files::unreadable;
use crate::spec::TaskSpec;

/// Makes a search space of a kind from the table of its TOML file; the table is empty if the space is
/// named without a file.
pub type SpaceFactory = dyn Fn(&toml::Table) -> Result<Box<dyn SearchSpace>> + Send + Sync;

/// Makes an evaluator of architectures of a space for a search with a seed.
pub type EvaluatorFactory =
    dyn Fn(&Arc<dyn SearchSpace>, u64) -> Result<Box<dyn Evaluator>> + Send + Sync;

/// Strategies, search spaces and evaluators that specifications can name.
///
/// ```
/// use ganas_core::strategy::Strategy;
/// use ganas_search::strategies::RandomSearch;
/// use ganas_study::registry::Registry;
///
/// let mine = |seed: u64| -> Box<dyn Strategy> { Box::new(RandomSearch::new(seed)) };
/// let registry = Registry::builtin().with("mine", mine)?;
/// assert!(registry.strategies().names().any(|name| name == "mine"));
/// # Ok::<(), ganas_core::error::Error>(())
/// ```
#[derive(Clone)]
pub struct Registry {
    strategies: ganas_search::Registry,
    spaces: Vec<(String, Arc<SpaceFactory>)>,
    evaluators: Vec<(String, Arc<EvaluatorFactory>)>,
}

impl Registry {
    /// Returns the registry of all built-in strategies, spaces and evaluators.
    pub fn builtin() -> Registry {
        Registry {
            strategies: ganas_search::Registry::builtin(),
            spaces: Vec::new(),
            evaluators: Vec::new(),
        }
    }

    /// Adds a strategy under a name.
    ///
    /// # Errors
    /// If the name is taken or cannot be a name.
    pub fn with(
        mut self,
        name: &'static str,
        strategy: impl StrategyFactory + 'static,
    ) -> Result<Registry> {
        self.strategies = self.strategies.with(name, strategy)?;
        Ok(self)
    }

    /// Adds a search space under a name, which is the `kind` of TOML files that it reads, too.
    ///
    /// # Errors
    /// If the name is taken or cannot be a name.
    pub fn with_space(
        mut self,
        name: &str,
        space: impl Fn(&toml::Table) -> Result<Box<dyn SearchSpace>> + Send + Sync + 'static,
    ) -> Result<Registry> {
        let known = self.space_names();
        check_name("space", name, known.iter().map(String::as_str))?;
        self.spaces.push((name.to_owned(), Arc::new(space)));
        Ok(self)
    }

    /// Adds an evaluator under a name, which the field `evaluator` of a task names.
    ///
    /// # Errors
    /// If the name is taken or cannot be a name.
    pub fn with_evaluator(
        mut self,
        name: &str,
        evaluator: impl Fn(&Arc<dyn SearchSpace>, u64) -> Result<Box<dyn Evaluator>>
        + Send
        + Sync
        + 'static,
    ) -> Result<Registry> {
        let known = self.evaluators.iter().map(|(name, _)| name.as_str());
        check_name("evaluator", name, known)?;
        self.evaluators.push((name.to_owned(), Arc::new(evaluator)));
        Ok(self)
    }

    /// The strategies.
    pub fn strategies(&self) -> &ganas_search::Registry {
        &self.strategies
    }

    /// The names of all spaces, those that are built in first.
    pub fn space_names(&self) -> Vec<String> {
        let own = self.spaces.iter().map(|(name, _)| name.clone());
        space::NAMES
            .map(String::from)
            .into_iter()
            .chain(own)
            .collect()
    }

    /// The evaluator of a name.
    ///
    /// # Errors
    /// If there is none.
    pub(crate) fn evaluator(&self, name: &str) -> Result<Arc<EvaluatorFactory>> {
        let found = self.evaluators.iter().find(|(known, _)| known == name);
        found.map(|(_, factory)| factory.clone()).ok_or_else(|| {
            let names: Vec<&str> = self.evaluators.iter().map(|(n, _)| n.as_str()).collect();
            Error::input(format!("no evaluator `{name}` is registered")).mend(match &*names {
                [] => "register it in Rust by `Registry::with_evaluator`".to_owned(),
                names => hint(name, names, "there are"),
            })
        })
    }

    /// Loads a space by name or from a file.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn space(&self, name: &str, merge_isomorphic: bool) -> Result<Box<dyn SearchSpace>> {
        let space = match self.own_space(name)? {
            Some(space) => space,
            None => space::load(name).map_err(unreadable)?,
        };
        if merge_isomorphic {
            space.merged()
        } else {
            Ok(space)
        }
    }

    /// A space that was registered: by its name, or by the kind that a TOML file has.
    fn own_space(&self, name: &str) -> Result<Option<Box<dyn SearchSpace>>> {
        let find = |kind: &str| self.spaces.iter().find(|(known, _)| known == kind);
        if let Some((_, factory)) = find(name) {
            return factory(&toml::Table::new()).map(Some);
        }
        if self.spaces.is_empty() || !name.ends_with(".toml") {
            return Ok(None);
        }
        // What cannot be read is refused by the reader of the kinds that are built in.
        let file = Path::new(name);
        let table = read_regular_text(file).ok();
        let table = table.and_then(|text| toml::from_str::<toml::Table>(&text).ok());
        let Some(table) = table else {
            return Ok(None);
        };
        match table
            .get("kind")
            .and_then(toml::Value::as_str)
            .and_then(find)
        {
            Some((_, factory)) => factory(&table).map(Some).map_err(|e| e.in_file(file)),
            None => Ok(None),
        }
    }

    /// The space of a search.
    ///
    /// Where networks are trained, architectures with the same network are one: by the space file's
    /// `absent` and `identity` where a program trains them, and by the ops' own layers where ganas does.
    /// Rows of a table, and notations that share the weights of a supernet, are apart.
    ///
    /// # Errors
    /// If the space cannot be loaded, or the fields contradict each other.
    pub fn searched_space(&self, name: &str, task: &TaskSpec) -> Result<Box<dyn SearchSpace>> {
        if task.keep_apart && task.merge_isomorphic {
            return Err(
                Error::input("`--keep-apart` and `--merge-isomorphic` exclude each other")
                    .mend("leave one of them out"),
            );
        }
        if task.merge_isomorphic {
            return self.space(name, true);
        }
        let others =
            task.caller.is_some() || task.worker.command.is_some() || task.evaluator.is_some();
        let looked_up = task.table.is_some() && task.train.is_none() && !others;
        if task.keep_apart || looked_up || task.supernet.is_some() || task.surrogate.is_some() {
            return self.notations(name);
        }
        let mut space = self.space(name, false)?;
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
    pub fn table_space(&self, name: &str, merge_isomorphic: bool) -> Result<Box<dyn SearchSpace>> {
        if merge_isomorphic {
            self.space(name, true)
        } else {
            self.notations(name)
        }
    }

    /// A space in which each notation is an architecture of its own.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn notations(&self, name: &str) -> Result<Box<dyn SearchSpace>> {
        let mut space = self.space(name, false)?;
        space.unify(&Roles::default())?;
        Ok(space)
    }
}

impl Default for Registry {
    fn default() -> Self {
        Registry::builtin()
    }
}

/// Checks a name to register.
fn check_name<'n>(what: &str, name: &str, known: impl IntoIterator<Item = &'n str>) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(Error::input(format!("`{name}` cannot name a {what}"))
            .mend("use letters, digits, `-` and `_`"));
    }
    if known.into_iter().any(|known| known == name) {
        return Err(Error::input(format!("the {what} `{name}` exists already"))
            .mend("register yours under another name"));
    }
    Ok(())
}
