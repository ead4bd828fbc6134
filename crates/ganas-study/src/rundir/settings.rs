//! The settings of a run, as its folder keeps them: what it takes to run it again just so.

use std::fs;
use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_core::problem::Objective;
use ganas_train::Recipe;
use ganas_train::device::CPU;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sealed;
use crate::direction::typed;
use crate::record::Provenance;
use crate::spec::{Change, StudySpec, read_map};

/// Advice for settings that were changed.
pub const CHANGED: &str =
    "restore it from a copy, or delete its line `crc32c` if the change is meant";

/// Advice for a result that cannot be used.
pub const CHANGED_RESULT: &str = "remove the file: the run is replayed from its journal";

/// Settings as they are written.
#[derive(Serialize)]
pub struct Settings<'a> {
    /// Record of how the run is made.
    #[serde(flatten)]
    pub provenance: &'a Provenance,
    /// The folder that paths on the command line start from.
    pub started_in: String,
    /// The folder of the run, as it was named there or chosen.
    pub out: String,
    /// True if it is a run of a benchmark.
    #[serde(skip_serializing_if = "is_false")]
    pub benchmark: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Settings read from a run folder.
pub struct Recorded {
    /// The folder of the run, spelled as it was.
    pub out: PathBuf,
    /// The version of the program.
    pub ganas: String,
    /// The command line, if it was begun by one.
    pub command: Vec<String>,
    /// The specification; none of versions before 0.2.
    pub spec: Option<StudySpec>,
    /// True if it is a run of a benchmark.
    pub is_of_benchmark: bool,
    /// The queries to spend.
    pub queries: usize,
    /// Evaluations that are under way at once, where rounds overlap, before any change.
    pub asynchronous: Option<usize>,
    /// Changes at each resumption, in order.
    pub changes: Vec<Change>,
    /// Folder in which the command was started.
    pub started_in: PathBuf,
    /// True if the run may continue on another device.
    pub moves: bool,
    /// True if failed evaluations are repeated.
    pub retries_failed: bool,
    all: Value,
}

impl Recorded {
    /// Reads the settings of a run.
    ///
    /// # Errors
    /// If they are not there, or are not those of a search.
    pub fn read(file: &Path) -> Result<Recorded> {
        let refuse = |what: &str, mend: &str| Error::input(what).mend(mend).in_file(file);
        if let Err(e) = fs::metadata(file) {
            return Err(refuse(
                &format!("cannot be read ({e})"),
                "name the folder of a run, as `ganas search --out DIR` makes it; a benchmark continues by \
                 its own command",
            ));
        }
        let broken = || {
            refuse(
                "these are not settings of a run",
                "restore them from a copy",
            )
        };
        let all = sealed::read(file, CHANGED)?.ok_or_else(broken)?;
        let text = |name: &str| all[name].as_str().map(str::to_owned);
        let command = all["command"].as_array().map(|words| {
            (words.iter().filter_map(Value::as_str).map(str::to_owned)).collect::<Vec<_>>()
        });
        let (Some(command), Some(ganas), Some(queries)) =
            (command, text("ganas"), all["queries"].as_u64())
        else {
            return Err(broken());
        };
        let (Some(out), Some(started_in)) = (text("out"), text("started_in")) else {
            return Err(refuse(
                "this run cannot be resumed, since it kept no journal",
                "remove its folder, and run it again",
            ));
        };
        let changes = match &all["changes"] {
            Value::Null => Vec::new(),
            Value::Array(changes) => (changes.iter().cloned())
                .map(|change| read_map(change).map_err(|_| broken()))
                .collect::<Result<_>>()?,
            _ => return Err(broken()),
        };
        let spec = match &all["spec"] {
            Value::Null => None,
            spec => Some(StudySpec::from_value(spec.clone()).map_err(|e| e.in_file(file))?),
        };
        // The number that somebody would change, if it is there.
        let specified = match &spec {
            Some(StudySpec::Search(search)) => search.queries,
            _ => None,
        };
        Ok(Recorded {
            changes,
            spec,
            is_of_benchmark: all["benchmark"] == true,
            out: out.into(),
            ganas,
            command,
            queries: specified.unwrap_or(queries as usize),
            asynchronous: all["asynchronous"].as_u64().map(|slots| slots as usize),
            started_in: started_in.into(),
            moves: false,
            retries_failed: false,
            all,
        })
    }

    /// The specification as it was, with that many queries; none of versions before 0.2.
    pub fn spec_of(&self, queries: usize) -> Option<StudySpec> {
        let mut spec = self.spec.clone()?;
        if let StudySpec::Search(search) = &mut spec
            && queries != self.queries
        {
            search.queries = Some(queries);
        }
        Some(spec)
    }

    /// The architectures that the run started with.
    pub fn start(&self) -> Option<Vec<String>> {
        let start = self.all["start"].as_array()?.iter();
        Some(start.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// The space as it was named.
    pub fn space(&self) -> Option<&str> {
        self.all["task"]["space"].as_str()
    }

    /// The settings of the strategy.
    pub fn strategy(&self) -> &Value {
        &self.all["strategies"][0]["settings"]
    }

    /// The objectives with the directions that they had, as they may be typed.
    pub fn objectives(&self) -> Option<Vec<String>> {
        let task = &self.all["task"];
        if let Ok(objectives) = Vec::<Objective>::deserialize(&task["objectives"]) {
            return Some(objectives.iter().map(typed).collect());
        }
        let way = if task["minimize"].as_bool()? {
            "min"
        } else {
            "max"
        };
        Some(vec![format!("{}:{way}", task["objective"].as_str()?)])
    }

    /// The constraints, as numbers where they compare with an architecture.
    pub fn constraints(&self) -> Vec<String> {
        let all = self.all["task"]["constraints"].as_array();
        (all.into_iter().flatten())
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    }

    /// Returns true if each notation was an architecture of its own, as in all runs of earlier versions.
    pub fn keeps_apart(&self) -> bool {
        self.all["task"]["distinct_networks"] != true
    }

    /// Returns the cost to spend, if it is limited.
    pub fn cost(&self) -> Option<u64> {
        self.all["cost"].as_u64()
    }

    /// Returns the recipe of its trainings, if networks were trained.
    pub fn recipe(&self) -> Option<Recipe> {
        serde_json::from_value(self.all["task"]["training"]["recipe"].clone()).ok()
    }

    /// Checks that everything but the number of queries is as it was.
    ///
    /// # Errors
    /// If something is not, by its name.
    pub fn check(&self, now: &Provenance) -> Result<()> {
        // As text, since that is where a number is rounded to what it is in a file.
        let bug = |e: serde_json::Error| Error::bug(format!("the settings are not JSON: {e}"));
        let text = serde_json::to_string(now).map_err(bug)?;
        let mut now: Value = serde_json::from_str(&text).map_err(bug)?;
        // Its rows and its digest still have to be the same.
        if self.changes.iter().any(|change| change.table.is_some()) {
            now["task"]["table"] = self.all["task"]["table"].clone();
        }
        let parts = ["task", "strategies", "seeds", "start", "history"];
        let bounds = |all: &Value| all["task"]["constraints"].clone();
        // Before what follows from them.
        let difference = differ("task.constraints", &bounds(&self.all), &bounds(&now))
            .or_else(|| (parts.iter()).find_map(|part| differ(part, &self.all[part], &now[part])));
        match difference {
            None => Ok(()),
            Some((name, was, is)) => Err(Error::input(format!(
                "`{name}` was {was} when the run began, and is {is} now"
            ))
            .mend("put it back, or begin another run with `--history`")),
        }
    }

    /// Returns the devices of the run, with the one that it continues on.
    ///
    /// # Errors
    /// If the device changes without being asked for.
    pub fn devices(&self, now: Vec<String>) -> Result<Vec<String>> {
        let Some(device) = now.into_iter().next() else {
            return Ok(Vec::new());
        };
        let known = self.all["devices"].as_array();
        let mut devices: Vec<String> = (known.into_iter().flatten())
            .filter_map(|name| name.as_str().map(String::from))
            .collect();
        if devices.is_empty() {
            // Older versions know none but this one.
            devices.push(CPU.into());
        }
        match devices.last() {
            Some(last) if *last == device => {}
            Some(last) if !self.moves => {
                return Err(Error::input(format!(
                    "the run was on {last}, and would continue on {device}, where the same training \
                     gives other numbers"
                ))
                .mend("name the one to continue on by `ganas resume --device`"));
            }
            _ => devices.push(device),
        }
        Ok(devices)
    }
}

/// The first place where two values differ, and what is there.
fn differ(name: &str, was: &Value, is: &Value) -> Option<(String, String, String)> {
    match (was, is) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            keys.into_iter()
                .find_map(|key| differ(&format!("{name}.{key}"), &was[key], &is[key]))
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right).enumerate();
            { pairs }.find_map(|(i, (a, b))| differ(&format!("{name}[{i}]"), a, b))
        }
        _ if was == is => None,
        _ => Some((name.to_owned(), was.to_string(), is.to_string())),
    }
}
