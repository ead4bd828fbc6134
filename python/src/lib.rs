//! The native part of the Python package `ganas`; `ganas/_ganas.pyi` lists its contents.

mod arch;
mod background;
mod bench;
mod command;
mod fault;
mod keywords;
mod known;
mod predicate;
mod queue;
mod registry;
mod search;
mod space;

use pyo3::prelude::*;

#[pymodule]
mod _ganas {
    #[pymodule_export]
    use crate::arch::{Arch, revive_arch};
    #[pymodule_export]
    use crate::bench::bench;
    #[pymodule_export]
    use crate::command::{command, main};
    #[pymodule_export]
    use crate::known::{pretrain, proxies};
    #[pymodule_export]
    use crate::search::{Search, usual_search};
    #[pymodule_export]
    use crate::space::{Space, embedded_tables, revive_space, strategies};

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods;
        let registry = crate::registry::registry();
        ganas_cli::install(registry.map_err(crate::fault::Fault::from)?);
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
