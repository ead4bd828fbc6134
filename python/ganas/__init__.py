"""Neural architecture search: the best architecture of a space with the fewest evaluations.

>>> import ganas
>>> space = ganas.Space("nasbench201")
>>> search = ganas.Search(space, queries=20, constraints=["params <= 1e6"])
>>> best = search.minimize(lambda arch: arch.costs["macs"])
>>> best.value < 1e8
True

The command ``ganas`` comes with the package; ``python -m ganas`` is the same.
"""

from ganas._bench import bench
from ganas._command import export, report
from ganas._ganas import Arch, Space, __version__, strategies
from ganas._known import pretrain, proxies
from ganas._search import Best, Evaluation, FrontMember, NothingFound, Search
from ganas._trial import Trial

__all__ = [
    "Arch",
    "Best",
    "Evaluation",
    "FrontMember",
    "NothingFound",
    "Search",
    "Space",
    "Trial",
    "__version__",
    "bench",
    "export",
    "pretrain",
    "proxies",
    "report",
    "strategies",
]
