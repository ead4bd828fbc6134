from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, final

import networkx
import numpy
from numpy.typing import NDArray

__version__: str

@final
class Space:
    """A search space: a name, a TOML file, or another one."""

    def __new__(
        cls,
        name_or_file: Space | str | PathLike[str],
        *,
        merge_isomorphic: bool = False,
        snap: bool = False,
    ) -> Space: ...
    @staticmethod
    def names() -> list[str]:
        """The names of the built-in spaces."""
    @property
    def name(self) -> str:
        """The space's name in commands, files and tables."""
    @property
    def argument(self) -> str:
        """The space's name on the command line: its own name, or the path of its file."""
    @property
    def merge_isomorphic(self) -> bool:
        """True if isomorphic strings are one architecture."""
    @property
    def snap(self) -> bool:
        """True if numbers between the values are taken as the nearest value."""
    @property
    def ops(self) -> list[str]:
        """The ops that can be chosen."""
    @property
    def labels(self) -> list[str]:
        """The labels of nodes, by their numbers in `Arch.to_numpy`."""
    @property
    def costs(self) -> list[str]:
        """The names of the costs: exact properties of an architecture."""
    @property
    def samplers(self) -> list[str]:
        """The samplers of random architectures; the first is the default."""
    @property
    def named(self) -> dict[str, Arch]:
        """Named architectures, such as published networks."""
    @property
    def size(self) -> int | None:
        """The number of architectures, or `None` if they are too many to count."""
    def parse(self, arch: Arch | str | dict[str, Any]) -> Arch:
        """The architecture of a text: the space's notation, or a name."""
    def sample(self, n: int = 1, *, seed: int = 0, sampler: str | None = None) -> list[Arch]:
        """Random architectures, possibly with repeats, as `ganas space sample` draws them."""
    def neighbors(self, arch: Arch | str) -> list[Arch]:
        """All architectures one edit away."""
    def params(self, arch: Arch | str) -> float:
        """The number of weights of an architecture in the benchmark's own network."""
    def macs(self, arch: Arch | str) -> float:
        """The multiplications and additions of an architecture for one input."""
    def cost(self, arch: Arch | str, name: str) -> float:
        """A cost of an architecture by its name, one of `costs`."""
    def __contains__(self, arch: object, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Arch]: ...
    def __hash__(self) -> int: ...

@final
class Arch:
    """An architecture of a space, in canonical form."""

    @property
    def space(self) -> Space:
        """The architecture's space."""
    @property
    def fidelity(self) -> dict[str, int] | None:
        """The fidelity at which a search asked for it; None if the search has one fidelity."""
    @property
    def ops(self) -> list[str]:
        """The label of each node of the graph, in topological order."""
    @property
    def values(self) -> dict[str, int | float | bool | str]:
        """The values of the active choices by name, in spaces of the kind `config`."""
    def keys(self) -> list[str]:
        """The names of the active choices."""
    def __getitem__(self, name: str) -> int | float | bool | str: ...
    def __contains__(self, name: str) -> bool: ...
    @property
    def edges(self) -> list[tuple[int, int]]:
        """The edges of the graph, each from an earlier node to a later one."""
    @property
    def costs(self) -> dict[str, float]:
        """Exact costs of the architecture, by name."""
    def to_dict(self) -> dict[str, Any]:
        """The space, text, graph and costs as a dict, as `ganas export --to json` writes them."""
    def to_svg(self) -> str:
        """The drawing of the architecture, which notebooks show."""
    def _repr_svg_(self) -> str: ...
    def to_networkx(self) -> networkx.DiGraph[int]:
        """The graph, with a node attribute `op`."""
    def to_numpy(self) -> tuple[NDArray[numpy.uint8], NDArray[numpy.int64]]:
        """The adjacency matrix, and the nodes' labels as indices into `space.labels`."""
    def __hash__(self) -> int: ...

@final
class Search:
    def __new__(
        cls,
        spec: str,
        space: Space,
        functions: Sequence[tuple[str, Callable[[Arch], bool]]],
        history: bytes | None,
    ) -> Search: ...
    @staticmethod
    def resume(
        folder: str | PathLike[str],
        queries: int | None,
        functions: Sequence[tuple[str, Callable[[Arch], bool]]],
        retry_failed: bool,
    ) -> Search: ...
    @property
    def space(self) -> Space: ...
    @property
    def objective(self) -> str: ...
    @property
    def minimize(self) -> bool: ...
    @property
    def objectives(self) -> list[tuple[str, bool]]: ...
    @property
    def is_doubtful(self) -> bool: ...
    @property
    def queries(self) -> int: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def spec(self) -> str: ...
    @property
    def begun(self) -> bool: ...
    def ask(self, n: int) -> list[Arch]: ...
    def tell(self, arch: Arch | str, metrics: float | Mapping[str, float]) -> None: ...
    def report(self, arch: Arch | str, level: int, metrics: float | Mapping[str, Any]) -> bool: ...
    def tell_failure(self, arch: Arch | str, reason: str) -> None: ...
    def put_back(self, arch: Arch | str) -> None: ...
    def run(self) -> None: ...
    def is_done(self) -> bool: ...
    def best(self) -> tuple[Arch, float, dict[str, float]] | None: ...
    def front(self) -> list[tuple[Arch, dict[str, float]]]: ...
    def rows(self) -> list[dict[str, Any]]: ...
    def row(self, arch: Arch | str) -> dict[str, Any] | None: ...
    def count(self) -> int: ...
    def result(self) -> str | None: ...
    def close(self) -> None: ...

def strategies() -> dict[str, tuple[str, ...]]:
    """The strategies by name, each with its presets, the default one first."""

def embedded_tables() -> list[str]: ...
def main(words: Sequence[str]) -> int: ...
def command(words: Sequence[str]) -> None: ...
def bench(spec: str) -> str: ...
def proxies(spec: str, archs: Sequence[str]) -> str: ...
def pretrain(spec: str) -> None: ...
def usual_search() -> str: ...
def revive_space(
    argument: str, text: str | None, merge_isomorphic: bool, snap: bool = False
) -> Space: ...
def revive_arch(argument: str, text: str | None, merge_isomorphic: bool, arch: str) -> Arch: ...
