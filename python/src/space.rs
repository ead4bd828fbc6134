//! Search spaces.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use ganas_cli::registry;
use ganas_core::arch;
use ganas_core::rng::Rng;
use ganas_core::space::{self, Sampler, SearchSpace};
use ganas_tables::EMBEDDED;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::arch::Arch;
use crate::fault::{Fault, refuse};

/// A space, and how it is found again in another process.
pub struct Origin {
    /// The space's name on the command line: its own name, or the path of its file.
    pub argument: String,
    /// The content of its file.
    pub text: Option<String>,
    /// True if isomorphic strings are one architecture.
    pub merge_isomorphic: bool,
    /// True if numbers between the values are taken as the nearest value.
    pub snap: bool,
    pub space: Arc<dyn SearchSpace>,
}

/// Argument, text of the file, and the two switches of a space.
type Key = (String, Option<String>, bool, bool);

/// The spaces that were used so far: to make one takes longer than to find it.
static KNOWN: Mutex<Option<HashMap<Key, Arc<Origin>>>> = Mutex::new(None);

impl Origin {
    /// A space by its name or its file.
    pub fn open(argument: &str, merge_isomorphic: bool, snap: bool) -> Result<Arc<Origin>, Fault> {
        let file = Path::new(argument);
        if !space::NAMES.contains(&argument) && file.is_file() {
            let space = registry().space(argument, merge_isomorphic)?;
            let space = snapping(space, snap)?;
            let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            return Ok(Arc::new(Origin {
                argument: whole.to_string_lossy().into_owned(),
                text: fs::read_to_string(file).ok(),
                merge_isomorphic,
                snap,
                space: space.into(),
            }));
        }
        Origin::known((argument.to_owned(), None, merge_isomorphic, snap))
    }

    fn known(key: Key) -> Result<Arc<Origin>, Fault> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        if let Some(origin) = known.get(&key) {
            return Ok(origin.clone());
        }
        let (argument, text, merge_isomorphic, snap) = key.clone();
        let space = match &text {
            Some(text) => space::from_toml(text).map_err(|e| e.in_file(&argument))?,
            None => registry().space(&argument, merge_isomorphic)?,
        };
        let origin = Arc::new(Origin {
            argument,
            text,
            merge_isomorphic,
            snap,
            space: snapping(space, snap)?.into(),
        });
        known.insert(key, origin.clone());
        Ok(origin)
    }

    fn key(&self) -> (&str, Option<&str>, bool) {
        (
            self.space.name(),
            self.text.as_deref(),
            self.merge_isomorphic,
        )
    }

    /// The key by which the space is found again.
    pub fn parts(&self) -> Key {
        (
            self.argument.clone(),
            self.text.clone(),
            self.merge_isomorphic,
            self.snap,
        )
    }
}

/// A space that takes numbers as the nearest values, if it should.
fn snapping(mut space: Box<dyn SearchSpace>, snap: bool) -> Result<Box<dyn SearchSpace>, Fault> {
    if snap {
        space.snap()?;
    }
    Ok(space)
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// A search space: a name, a TOML file, or another one.
///
/// >>> space = ganas.Space("nasbench201")
/// >>> len(space), "|none~0|" in space
/// (15625, False)
/// >>> ganas.Space("nasbench102")
/// Traceback (most recent call last):
/// ValueError: unknown space `nasbench102`; did you mean `nasbench101`?
///
/// With `merge_isomorphic`, isomorphic strings of nasbench201 are one architecture. With `snap`, numbers
/// between the values of a space are taken as the nearest value.
#[pyclass(frozen, module = "ganas")]
#[derive(Clone)]
pub struct Space(pub Arc<Origin>);

impl Space {
    fn space(&self) -> &dyn SearchSpace {
        &*self.0.space
    }

    pub fn own(&self, arch: arch::Arch) -> Arch {
        Arch {
            origin: self.0.clone(),
            arch,
            level: None,
        }
    }

    /// The architecture that an object is or names.
    pub fn read(&self, arch: &Bound<'_, PyAny>) -> PyResult<arch::Arch> {
        if let Ok(arch) = arch.cast::<Arch>() {
            let arch = arch.get();
            if arch.origin != self.0 {
                return Err(refuse(format!(
                    "the architecture is of the space `{}`, not of `{}`",
                    arch.origin.space.name(),
                    self.space().name()
                )));
            }
            return Ok(arch.arch);
        }
        let text = match arch.extract::<String>() {
            Ok(text) => text,
            Err(_) if arch.is_instance_of::<PyDict>() => arch.repr()?.to_string(),
            Err(_) => {
                return Err(PyTypeError::new_err(
                    "an architecture is a `ganas.Arch`, a text in the space's notation, or a dict of \
                     its choices",
                ));
            }
        };
        (self.space().parse(&text)).map_err(|what| refuse(format!("`{text}`: {what}")))
    }

    fn cost_of(&self, arch: &Bound<'_, PyAny>, name: &str) -> PyResult<f64> {
        let arch = self.read(arch)?;
        let costs = self.space().costs();
        match costs.iter().position(|cost| cost == name) {
            Some(index) => Ok(self.space().cost(&arch, index)),
            None => Err(refuse(format!(
                "the space `{}` does not know `{name}`; it knows {}",
                self.space().name(),
                match costs {
                    [] => "no costs".to_owned(),
                    costs => costs.join(", "),
                }
            ))),
        }
    }
}

#[pymethods]
impl Space {
    #[new]
    #[pyo3(signature = (name_or_file, *, merge_isomorphic = false, snap = false))]
    fn new(name_or_file: &Bound<'_, PyAny>, merge_isomorphic: bool, snap: bool) -> PyResult<Self> {
        if let Ok(space) = name_or_file.cast::<Space>() {
            let space = space.get();
            if space.0.snap || !snap {
                return Ok(space.clone());
            }
            let (argument, text, merge_isomorphic, _) = space.0.parts();
            return Ok(Space(Origin::known((
                argument,
                text,
                merge_isomorphic,
                snap,
            ))?));
        }
        let path: std::path::PathBuf = name_or_file.extract()?;
        Ok(Space(Origin::open(
            &path.to_string_lossy(),
            merge_isomorphic,
            snap,
        )?))
    }

    /// The names of the built-in spaces.
    ///
    /// >>> "nasbench101" in ganas.Space.names()
    /// True
    #[staticmethod]
    fn names() -> Vec<&'static str> {
        space::NAMES.to_vec()
    }

    /// The space's name in commands, files and tables.
    #[getter]
    fn name(&self) -> &str {
        self.space().name()
    }

    /// The space's name on the command line: its own name, or the path of its file.
    #[getter]
    fn argument(&self) -> &str {
        &self.0.argument
    }

    /// True if isomorphic strings are one architecture.
    #[getter]
    fn merge_isomorphic(&self) -> bool {
        self.0.merge_isomorphic
    }

    /// True if numbers between the values are taken as the nearest value.
    #[getter]
    fn snap(&self) -> bool {
        self.0.space.snaps()
    }

    /// The ops that can be chosen.
    ///
    /// >>> ganas.Space("nasbench201").ops[:2]
    /// ['none', 'skip_connect']
    #[getter]
    fn ops(&self) -> Vec<String> {
        self.space().ops().to_vec()
    }

    /// The labels of nodes: `labels[i]` is the label of number `i` in `Arch.to_numpy`.
    ///
    /// >>> ganas.Space("nasbench201").labels[:3]
    /// ['input', 'output', 'none']
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.space().vocabulary().to_vec()
    }

    /// The names of the costs: exact properties of an architecture, which can be bounded before it
    /// is evaluated.
    ///
    /// >>> ganas.Space("nasbench101").costs
    /// ['params', 'macs']
    #[getter]
    fn costs(&self) -> Vec<String> {
        self.space().costs().to_vec()
    }

    /// The samplers of random architectures; the first is the default.
    ///
    /// >>> ganas.Space("nasbench101").samplers
    /// ['uniform', 'adjacency']
    #[getter]
    fn samplers(&self) -> Vec<&'static str> {
        self.space().samplers().iter().map(|s| s.name()).collect()
    }

    /// Named architectures, such as published networks.
    ///
    /// >>> "resnet" in ganas.Space("nasbench101").named
    /// True
    #[getter]
    fn named(&self) -> HashMap<&'static str, Arch> {
        (self.space().named().iter())
            .map(|(name, arch)| (*name, self.own(*arch)))
            .collect()
    }

    /// The number of architectures, or `None` if they are too many to count.
    ///
    /// >>> ganas.Space("nasbench101").size
    /// 423624
    #[getter]
    fn size(&self) -> Option<u128> {
        self.space().size()
    }

    /// The architecture of a text: the space's notation, or a name. In spaces of the kind `config`, a
    /// dict of the choices as well.
    ///
    /// >>> resnet = ganas.Space("nasbench101").parse("resnet")
    /// >>> str(resnet)
    /// 'input;conv3x3-bn-relu;conv3x3-bn-relu;output|101101'
    ///
    /// Raises `ValueError` with the fault in the notation.
    fn parse(&self, arch: &Bound<'_, PyAny>) -> PyResult<Arch> {
        Ok(self.own(self.read(arch)?))
    }

    /// Random architectures, possibly with repeats, as `ganas space sample` draws them.
    ///
    /// >>> space = ganas.Space("nasbench201")
    /// >>> space.sample(3, seed=1) == space.sample(3, seed=1)
    /// True
    #[pyo3(signature = (n = 1, *, seed = 0, sampler = None))]
    fn sample(&self, n: usize, seed: u64, sampler: Option<&str>) -> PyResult<Vec<Arch>> {
        let asked = sampler.map(str::parse).transpose().map_err(Fault::from)?;
        let sampler = Sampler::feasible(self.space(), asked).map_err(Fault::from)?;
        let mut rng = Rng::stream(seed, "space-sample");
        let mut sample = || self.own(self.space().sample(sampler, &mut rng));
        Ok((0..n).map(|_| sample()).collect())
    }

    /// All architectures one edit away.
    ///
    /// >>> space = ganas.Space("nasbench201")
    /// >>> len(space.neighbors(space.sample()[0]))
    /// 24
    fn neighbors(&self, arch: &Bound<'_, PyAny>) -> PyResult<Vec<Arch>> {
        let neighbors = self.space().neighbors(&self.read(arch)?);
        Ok(neighbors.into_iter().map(|a| self.own(a)).collect())
    }

    /// The number of weights of an architecture in the benchmark's own network.
    ///
    /// >>> ganas.Space("nasbench101").params("resnet")
    /// 20346506.0
    fn params(&self, arch: &Bound<'_, PyAny>) -> PyResult<f64> {
        self.cost_of(arch, "params")
    }

    /// The multiplications and additions of an architecture for one input.
    ///
    /// >>> ganas.Space("nasbench101").macs("resnet") > 1e9
    /// True
    fn macs(&self, arch: &Bound<'_, PyAny>) -> PyResult<f64> {
        self.cost_of(arch, "macs")
    }

    /// A cost of an architecture by its name, one of `costs`.
    ///
    /// >>> ganas.Space("nasbench101").cost("resnet", "params")
    /// 20346506.0
    fn cost(&self, arch: &Bound<'_, PyAny>, name: &str) -> PyResult<f64> {
        self.cost_of(arch, name)
    }

    fn __contains__(&self, arch: &Bound<'_, PyAny>) -> bool {
        self.read(arch).is_ok()
    }

    fn __len__(&self) -> PyResult<usize> {
        let size = self.space().size().ok_or_else(|| {
            refuse(format!(
                "the space `{}` is too large to count; sample from it instead",
                self.space().name()
            ))
        })?;
        usize::try_from(size)
            .ok()
            .filter(|n| isize::try_from(*n).is_ok())
            .ok_or_else(|| refuse("there are more than `len` can say; ask for `size`"))
    }

    // Without it, `if space:` would ask for the length.
    fn __bool__(&self) -> bool {
        true
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<Archs> {
        let mut all = Vec::new();
        let space = self.space();
        let visited = py.detach(|| space.enumerate(&mut |arch| all.push(arch)));
        visited.map_err(Fault::from)?;
        Ok(Archs {
            space: self.clone(),
            left: all.into_iter(),
        })
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        (other.cast::<Space>()).is_ok_and(|other| other.get().0 == self.0)
    }

    fn __hash__(&self) -> u64 {
        crate::arch::hash_of(&self.0.key())
    }

    fn __repr__(&self) -> String {
        format!("Space({:?})", self.0.argument)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Key)> {
        let revive = py.import("ganas._ganas")?.getattr("revive_space")?;
        Ok((revive, self.0.parts()))
    }
}

/// The architectures of a space, one after another.
#[pyclass]
struct Archs {
    space: Space,
    left: std::vec::IntoIter<arch::Arch>,
}

#[pymethods]
impl Archs {
    fn __iter__(this: Bound<'_, Self>) -> Bound<'_, Self> {
        this
    }

    fn __next__(&mut self) -> Option<Arch> {
        self.left.next().map(|arch| self.space.own(arch))
    }

    fn __length_hint__(&self) -> usize {
        self.left.len()
    }
}

/// A space as it was pickled.
#[pyfunction]
#[pyo3(signature = (argument, text, merge_isomorphic, snap = false))]
pub fn revive_space(
    argument: String,
    text: Option<String>,
    merge_isomorphic: bool,
    snap: bool,
) -> PyResult<Space> {
    let key = (argument, text, merge_isomorphic, snap);
    Ok(Space(Origin::known(key)?))
}

/// The strategies by name, each with its presets, the default one first.
///
/// >>> ganas.strategies()["ga-nas"]
/// ('default', 'paper-setup1', 'paper-setup2', 'paper-learned', 'adversarial')
#[pyfunction]
pub fn strategies(py: Python<'_>) -> PyResult<HashMap<String, Bound<'_, PyTuple>>> {
    let strategies = registry().strategies();
    (strategies.strategies())
        .map(|(name, presets)| Ok((name.to_owned(), PyTuple::new(py, presets)?)))
        .collect()
}

/// The names of the tables that are built in.
#[pyfunction]
pub fn embedded_tables() -> Vec<&'static str> {
    EMBEDDED.iter().map(|table| table.name).collect()
}
