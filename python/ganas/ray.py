"""Searches whose evaluations are tasks of a Ray cluster.

The search itself stays in this process, with its journal. Tasks receive architectures and return
metrics. So a search survives the loss of nodes and, with a folder, the loss of this process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ganas._ganas import Arch
from ganas._search import Best, FrontMember, Metrics, Search, describe, summary
from ganas._trial import with_level


def run(
    search: Search,
    evaluate: Callable[[Arch], Metrics],
    resources: Mapping[str, Any] | None = None,
    max_in_flight: int | None = None,
    retries: int = 2,
) -> Best | list[FrontMember]:
    """Evaluates by a function in Ray tasks until the search ends, and returns the best architecture, or
    the front of several objectives.

    >>> import ganas, ganas.ray
    >>> search = ganas.Search("nasbench201", queries=100, in_flight=8, dir="runs/ray")  # doctest: +SKIP
    >>> ganas.ray.run(search, train, resources={"num_gpus": 1})  # doctest: +SKIP

    An exception of the function is a failed evaluation, as in :meth:`Search.maximize`. If the worker
    or node of an evaluation is lost, it is retried, up to ``retries`` times. After Ctrl-C a further
    call continues; after a crash :meth:`Search.load` does. In both cases results are kept, and
    evaluations that were under way are repeated.

    Args:
        search: The search, with its own direction. With ``in_flight`` no slot waits for the end of a
            round.
        evaluate: Takes an :class:`Arch`, and ``fidelity`` if it wants, and returns its objective value or its
            metrics by name. Ray
            pickles it, and imports its dependencies on each node.
        resources: The resources of a task, as in ``ray.remote``: ``{"num_cpus": 1}`` by default;
            ``num_gpus``, ``memory``, ``resources`` and others.
        max_in_flight: The number of tasks under way at once. By default as many as the cluster has
            resources for at the time of the call.
        retries: The number of retries of an evaluation whose worker or node was lost.

    Raises:
        ImportError: If Ray is not installed.
        NothingFound: If the search ended without a compliant evaluation.
        ValueError: If no task could run.
    """
    try:
        import ray
    except ImportError:
        raise ImportError("Ray is not installed; `pip install ray` adds it") from None
    if not ray.is_initialized():
        ray.init()
    evaluate = with_level(evaluate)
    options = {"num_cpus": 1, **(resources or {})}
    most = _room(ray, options) if max_in_flight is None else max_in_flight
    if most < 1:
        raise ValueError("nothing may be in flight; give `max_in_flight` at least 1")
    # Lost tasks are retried here, to count them.
    task: Any = ray.remote(**options, max_retries=0)(lambda arch: evaluate(arch))
    running: dict[Any, tuple[Arch, int]] = {}
    try:
        while True:
            for arch in search.ask(most - len(running)):
                running[task.remote(arch)] = (arch, 0)
            if not running:
                return search._ended()
            (ready,), _ = ray.wait(list(running), num_returns=1)
            arch, lost = running.pop(ready)
            try:
                metrics = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                search.tell_failure(arch, f"{summary(error.cause or error)}\n{error}")
            except ray.exceptions.RayError as error:
                if lost < retries:
                    running[task.remote(arch)] = (arch, lost + 1)
                else:
                    search.tell_failure(arch, f"lost {lost + 1} times: {summary(error)}\n{error}")
            else:
                _tell(search, arch, metrics)
    finally:
        for reference, (arch, _) in running.items():
            ray.cancel(reference, force=True)
            search.put_back(arch)


def _tell(search: Search, arch: Arch, metrics: Any) -> None:
    try:
        search._tell(arch, metrics)
    except TypeError as error:
        search.tell_failure(arch, describe(error))


def _room(ray: Any, options: Mapping[str, Any]) -> int:
    """The tasks that the cluster can hold at once."""
    total = ray.cluster_resources()
    takes = {
        "CPU": options.get("num_cpus", 0),
        "GPU": options.get("num_gpus", 0),
        "memory": options.get("memory", 0),
        **(options.get("resources") or {}),
    }
    shares = [int(total.get(name, 0) // share) for name, share in takes.items() if share]
    return max(1, min(shares, default=1))
