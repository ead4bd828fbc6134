//! The builder of a search.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use ganas_core::arch::Arch;
use ganas_core::driver::Observer;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Evaluator;
use ganas_core::space::SearchSpace;
use ganas_study::event::Reporter;
use ganas_study::host;
use ganas_study::progress::Progress;
use ganas_study::record::SearchReport;
use ganas_study::registry::Registry;
use ganas_study::run::Embedding;
use ganas_study::rundir::SETTINGS;
use ganas_study::session::Session;
use ganas_study::spec::{SearchSpec, TaskSpec, read_map};
use serde_json::{Map, Value};

use crate::function::{Function, Measure};

/// Name of the program on record if a function of it evaluates.
const CALLER: &str = "rust";

/// A search that is put together step by step, and then [run](Search::run).
///
/// Its evaluations come from a function ([`maximize`](Search::maximize), [`minimize`](Search::minimize)), a
/// table ([`table`](Search::table)), an [`evaluator`](Search::evaluator) of your own, or from what
/// [`set`](Search::set) names. Without any, networks are trained on handwritten digits.
///
/// The same settings and the same seed lead to the same architectures in the same order.
pub struct Search {
    fields: Map<String, Value>,
    registry: Registry,
    progress: Progress,
    measure: Option<Measure>,
    evaluator: Option<Box<dyn Evaluator>>,
    resumes: bool,
}

impl Search {
    /// A search of a space: its name, or a TOML file.
    pub fn new(space: impl Into<String>) -> Search {
        let mut fields = Map::new();
        fields.insert("space".into(), space.into().into());
        Search {
            fields,
            registry: Registry::builtin(),
            progress: Progress::silent(),
            measure: None,
            evaluator: None,
            resumes: false,
        }
    }

    /// Sets a field of the [`SearchSpec`] by its name: every option of `ganas search` with underscores.
    pub fn set(mut self, field: impl Into<String>, value: impl Into<Value>) -> Search {
        self.fields.insert(field.into(), value.into());
        self
    }

    /// Adds a text to a field that is a list.
    fn add(mut self, field: &str, text: String) -> Search {
        let list = self
            .fields
            .entry(field)
            .or_insert_with(|| Value::Array(Vec::new()));
        match list {
            Value::Array(texts) => texts.push(text.into()),
            single => *single = vec![single.take(), text.into()].into(),
        }
        self
    }

    /// Names the strategy, optionally with a preset: `ga-nas:paper-setup1`.
    pub fn strategy(self, strategy: impl Into<String>) -> Search {
        self.set("strategy", strategy.into())
    }

    /// Sets the number of distinct architectures to evaluate.
    pub fn queries(self, queries: usize) -> Search {
        self.set("queries", queries)
    }

    /// Sets the seed of all random streams.
    pub fn seed(self, seed: u64) -> Search {
        self.set("seed", seed)
    }

    /// Adds a bound on a metric, as `params <= 1e6` or `params <= @start`.
    pub fn constraint(self, bound: impl Into<String>) -> Search {
        self.add("constraints", bound.into())
    }

    /// Adds an architecture to evaluate first, in the space's notation or by its name.
    pub fn start(self, arch: impl Into<String>) -> Search {
        self.add("start", arch.into())
    }

    /// Evaluates by a column of a table: a file, or the name of an embedded one. `NAME:min` minimises it.
    pub fn table(self, file: impl AsRef<Path>, objective: impl Into<String>) -> Search {
        let file = file.as_ref().display().to_string();
        self.set("table", file).set("objective", objective.into())
    }

    /// Maximises what a function measures.
    pub fn maximize<F>(self, metric: &str, measure: F) -> Search
    where
        F: FnMut(&dyn SearchSpace, &Arch) -> std::result::Result<f64, String> + Send + 'static,
    {
        self.function(format!("{metric}:max"), Box::new(measure))
    }

    /// Minimises what a function measures.
    pub fn minimize<F>(self, metric: &str, measure: F) -> Search
    where
        F: FnMut(&dyn SearchSpace, &Arch) -> std::result::Result<f64, String> + Send + 'static,
    {
        self.function(format!("{metric}:min"), Box::new(measure))
    }

    fn function(mut self, objective: String, measure: Measure) -> Search {
        self.measure = Some(measure);
        self.set("objective", objective).set("caller", CALLER)
    }

    /// Evaluates by an evaluator of several metrics. The objective and metrics of constraints have to be
    /// among them.
    pub fn evaluator(mut self, evaluator: impl Evaluator + 'static) -> Search {
        self.evaluator = Some(Box::new(evaluator));
        self.set("caller", CALLER)
    }

    /// Keeps the run in a folder. A run that the folder holds already goes on.
    pub fn out(mut self, folder: impl AsRef<Path>) -> Search {
        self.resumes = true;
        self.set("out", folder.as_ref().display().to_string())
    }

    /// Lets the search name strategies, spaces and evaluators of your own.
    pub fn registry(mut self, registry: Registry) -> Search {
        self.registry = registry;
        self
    }

    /// Reports events to a reporter.
    pub fn reporter(mut self, reporter: impl Reporter + 'static) -> Search {
        self.progress = Progress::new(reporter);
        self
    }

    /// Returns the specification, which is also a file for `ganas run`.
    ///
    /// # Errors
    /// If a field is unknown, or its value is of another kind.
    pub fn spec(&self) -> Result<SearchSpec> {
        read_map(self.fields.clone().into())
    }

    /// Runs the search to its end.
    ///
    /// # Errors
    /// If a setting cannot be used, the run folder cannot be written, or the evaluator or the strategy
    /// fails as a whole.
    pub fn run(self) -> Result<SearchReport> {
        self.run_until(&AtomicBool::new(false))
    }

    /// Runs the search to its end, or until `stop` is set.
    ///
    /// # Errors
    /// As [`run`](Search::run).
    pub fn run_until(mut self, stop: &AtomicBool) -> Result<SearchReport> {
        let spec = self.spec()?;
        let session = Session {
            registry: self.registry,
            progress: self.progress,
        };
        let folder = spec
            .out
            .clone()
            .filter(|out| self.resumes && out.join(SETTINGS).exists());
        let search = match folder {
            Some(folder) => {
                let none = |_: &[String]| Err("it has no specification".to_owned());
                let embedding = |_: &str, _: &TaskSpec| Embedding::default();
                let search =
                    host::Search::resume(&folder, spec.queries, false, embedding, session, &none)?;
                check_same(search.spec(), &spec, &folder)?;
                search
            }
            None => host::Search::open(spec, Embedding::default(), session)?,
        };
        let evaluator = match (self.evaluator.take(), self.measure.take()) {
            (Some(evaluator), _) => Some(evaluator),
            (None, Some(measure)) => {
                let metric = search.problem()?.objective().metric.clone();
                let function = Function::new(search.space().clone(), &metric, measure);
                Some(Box::new(function) as Box<dyn Evaluator>)
            }
            (None, None) => None,
        };
        search.run(evaluator, &mut Quiet, stop)
    }
}

/// Checks that a folder holds the search that is asked for, except for its queries.
fn check_same(there: &SearchSpec, here: &SearchSpec, folder: &Path) -> Result<()> {
    let settled = |spec: &SearchSpec| SearchSpec {
        queries: None,
        out: None,
        ..spec.clone()
    };
    let values = [there, here].map(|spec| serde_json::to_value(settled(spec)).unwrap_or_default());
    let [Value::Object(there), Value::Object(here)] = values else {
        return Err(Error::bug("a specification is not a table"));
    };
    let free = ["keep_apart", "minimize"];
    let differs = |name: &&String| {
        let plain = |value: Option<&Value>| -> Vec<String> {
            let texts = value.and_then(Value::as_array).into_iter().flatten();
            let texts = texts.filter_map(Value::as_str).map(|text| {
                let text = text.trim_end_matches(":log").trim_end_matches(":max");
                text.trim_end_matches(":min").to_owned()
            });
            texts.collect()
        };
        let (a, b) = (there.get(*name), here.get(*name));
        let same = match name.as_str() {
            "objective" => plain(a) == plain(b),
            name if free.contains(&name) => true,
            _ => a == b,
        };
        !same
    };
    let names: Vec<&str> = (there.keys().chain(here.keys()))
        .filter(differs)
        .map(String::as_str)
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::input(format!(
        "the folder holds a search with another {}",
        names.join(", ")
    ))
    .mend("give the same settings, or another folder")
    .in_file(folder))
}

/// Observer that needs no calls.
struct Quiet;

impl Observer for Quiet {}
