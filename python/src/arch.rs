//! Architectures.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use ganas_core::arch;
use ganas_core::space::{NamedGraph, named_values};
use ganas_draw::Drawing;
use pyo3::exceptions::{PyImportError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict};
use serde_json::Value;

use crate::fault::Fault;
use crate::space::{Origin, Space, revive_space};

/// An architecture of a space, in canonical form: a small value that can be compared, hashed and
/// pickled. Its text is the benchmark's own string, if there is one.
///
/// >>> arch = ganas.Space("nasbench101").parse("resnet")
/// >>> str(arch)
/// 'input;conv3x3-bn-relu;conv3x3-bn-relu;output|101101'
/// >>> {arch: 1}[ganas.Space("nasbench101").parse(str(arch))]
/// 1
#[pyclass(frozen, module = "ganas")]
#[derive(Clone)]
pub struct Arch {
    pub origin: Arc<Origin>,
    pub arch: arch::Arch,
    /// The fidelity at which a search asked for it.
    pub level: Option<Level>,
}

/// Level of a fidelity by name, such as `epochs` and 12.
pub type Level = (String, u32);

/// The reduced form of a pickled architecture: the function, and the space, the notation and the
/// fidelity.
type Reduced<'py> = (
    Bound<'py, PyAny>,
    (String, Option<String>, bool, String, Option<Level>),
);

impl Arch {
    fn text(&self) -> String {
        self.origin.space.format(&self.arch)
    }

    fn graph(&self) -> NamedGraph<'_> {
        NamedGraph::new(&*self.origin.space, &self.arch)
    }
}

#[pymethods]
impl Arch {
    /// The architecture's space.
    #[getter]
    fn space(&self) -> Space {
        Space(self.origin.clone())
    }

    /// The fidelity at which a search asked for the architecture, such as ``{"epochs": 12}``; None
    /// if the search has one fidelity.
    #[getter]
    fn fidelity(&self) -> Option<BTreeMap<String, u32>> {
        let level = self.level.clone();
        level.map(|level| BTreeMap::from([level]))
    }

    /// The label of each node of the graph, in topological order.
    ///
    /// >>> ganas.Space("nasbench101").parse("resnet").ops
    /// ['input', 'conv3x3-bn-relu', 'conv3x3-bn-relu', 'output']
    #[getter]
    fn ops(&self) -> Vec<String> {
        self.graph().ops.into_iter().map(Into::into).collect()
    }

    /// The values of the active choices by name, in spaces of the kind `config`; empty in others. An
    /// architecture of such a space is a mapping of them, too: `arch["lr"]`, `dict(arch)`.
    ///
    /// >>> arch = ganas.Space("fcnet").sample(seed=1)[0]
    /// >>> arch["batch_size"] in (8, 16, 32, 64), len(dict(arch))
    /// (True, 9)
    #[getter]
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        for (name, value) in named_values(&*self.origin.space, &self.arch) {
            match value {
                Value::Bool(is) => values.set_item(name, is)?,
                Value::Number(number) => match number.as_i64() {
                    Some(whole) => values.set_item(name, whole)?,
                    None => values.set_item(name, number.as_f64())?,
                },
                Value::String(word) => values.set_item(name, word)?,
                other => values.set_item(name, other.to_string())?,
            }
        }
        Ok(values)
    }

    /// The names of the active choices.
    fn keys(&self) -> Vec<String> {
        let values = named_values(&*self.origin.space, &self.arch);
        values.into_iter().map(|(name, _)| name).collect()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let value = self.values(py)?.get_item(name)?;
        value.ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    fn __contains__(&self, name: &str) -> bool {
        named_values(&*self.origin.space, &self.arch).contains_key(name)
    }

    /// The edges of the graph, each from an earlier node to a later one.
    ///
    /// >>> ganas.Space("nasbench101").parse("resnet").edges
    /// [(0, 1), (1, 2), (0, 3), (2, 3)]
    #[getter]
    fn edges(&self) -> Vec<(usize, usize)> {
        self.graph().edges.into_iter().map(Into::into).collect()
    }

    /// Exact costs of the architecture, by name.
    ///
    /// >>> ganas.Space("nasbench101").parse("resnet").costs["params"]
    /// 20346506.0
    #[getter]
    fn costs(&self) -> BTreeMap<String, f64> {
        let space = &self.origin.space;
        (space.costs().iter().enumerate())
            .map(|(i, name)| (name.clone(), space.cost(&self.arch, i)))
            .collect()
    }

    /// The space, text, graph and costs as a dict, as `ganas export --to json` writes them.
    ///
    /// >>> ganas.Space("nasbench101").parse("resnet").to_dict()["graph"]["edges"]
    /// [(0, 1), (1, 2), (0, 3), (2, 3)]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let graph = PyDict::new(py);
        graph.set_item("ops", self.ops())?;
        graph.set_item("edges", self.edges())?;
        let all = PyDict::new(py);
        all.set_item("space", self.origin.space.name())?;
        all.set_item("arch", self.text())?;
        all.set_item("graph", graph)?;
        all.set_item("costs", self.costs())?;
        let values = self.values(py)?;
        if !values.is_empty() {
            all.set_item("values", values)?;
        }
        Ok(all)
    }

    /// The drawing of the architecture, which notebooks show.
    ///
    /// >>> ganas.Space("nasbench101").parse("resnet").to_svg()[:4]
    /// '<svg'
    fn to_svg(&self) -> PyResult<String> {
        let drawing = Drawing::of(&*self.origin.space, &self.arch).map_err(Fault::from)?;
        Ok(drawing.svg())
    }

    fn _repr_svg_(&self) -> PyResult<String> {
        self.to_svg()
    }

    /// The graph as a `networkx.DiGraph` with a node attribute `op`.
    ///
    /// Raises `ImportError` if networkx is not installed.
    fn to_networkx<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let graph = import(py, "networkx")?.call_method0("DiGraph")?;
        for (node, op) in self.ops().into_iter().enumerate() {
            let op = [("op", op)].into_py_dict(py)?;
            graph.call_method("add_node", (node,), Some(&op))?;
        }
        graph.call_method1("add_edges_from", (self.edges(),))?;
        Ok(graph)
    }

    /// The graph as two arrays: the adjacency matrix (uint8, [nodes, nodes], 1 at [u, v] for an
    /// edge from u to v), and the nodes' labels (int64, [nodes]) as indices into `space.labels`.
    ///
    /// Raises `ImportError` if numpy is not installed.
    fn to_numpy<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let numpy = import(py, "numpy")?;
        let graph = self.origin.space.graph(&self.arch);
        let labels: Vec<i64> = graph.labels.iter().map(|label| (*label).into()).collect();
        let row = |u: usize| -> Vec<u16> {
            let fed = |inputs: &u64| u16::from(arch::contains(*inputs, u));
            graph.inputs.iter().map(fed).collect()
        };
        let rows: Vec<Vec<u16>> = (0..graph.len()).map(row).collect();
        let array = |values: Bound<'py, PyAny>, kind: &str| {
            numpy.call_method1("array", (values, numpy.getattr(kind)?))
        };
        let adjacency = array(rows.into_pyobject(py)?.into_any(), "uint8")?;
        Ok((
            adjacency,
            array(labels.into_pyobject(py)?.into_any(), "int64")?,
        ))
    }

    fn __str__(&self) -> String {
        self.text()
    }

    fn __repr__(&self) -> String {
        format!("Arch({:?}, {:?})", self.origin.space.name(), self.text())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        (other.cast::<Arch>()).is_ok_and(|other| {
            let other = other.get();
            other.arch == self.arch && other.level == self.level && other.origin == self.origin
        })
    }

    fn __hash__(&self) -> u64 {
        hash_of(&(self.origin.space.name(), self.arch, &self.level))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let revive = py.import("ganas._ganas")?.getattr("revive_arch")?;
        let (argument, text, merge_isomorphic, _) = self.origin.parts();
        let level = self.level.clone();
        let reduced = (argument, text, merge_isomorphic, self.text(), level);
        Ok((revive, reduced))
    }
}

/// An architecture as it was pickled.
#[pyfunction]
#[pyo3(signature = (argument, text, merge_isomorphic, arch, level=None))]
pub fn revive_arch(
    argument: String,
    text: Option<String>,
    merge_isomorphic: bool,
    arch: &Bound<'_, PyAny>,
    level: Option<Level>,
) -> PyResult<Arch> {
    let space = revive_space(argument, text, merge_isomorphic, false)?;
    let arch = space.own(space.read(arch)?);
    Ok(Arch { level, ..arch })
}

pub fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn import<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(name).map_err(|e| {
        if !e.is_instance_of::<PyImportError>(py) {
            return e;
        }
        PyImportError::new_err(format!(
            "{name} is not installed; `pip install {name}` adds it"
        ))
    })
}
