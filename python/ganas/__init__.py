"""Neural architecture search: the best architecture of a space with the fewest evaluations.

>>> import ganas
>>> space = ganas.Space("nasbench201")
>>> search = ganas.Search(space, queries=20, constraints=["params <= 1e6"])
>>> best = search.minimize(lambda arch: arch.costs["macs"])
>>> best.value < 1e8
True
"""

from ganas._bench import bench
from ganas._ganas import Arch, Space, strategies
from ganas._search import Best, Search

__all__ = ["Arch", "Best", "Search", "Space", "bench", "strategies"]
