"""Benchmarks of strategies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganas import _ganas, _spec
from ganas._ganas import Arch, Space

if TYPE_CHECKING:
    import pandas


def bench(
    space: Space | str | os.PathLike[str],
    table: str | os.PathLike[str],
    objective: str | Sequence[str] | None = None,
    strategies: Sequence[str] = (),
    queries: int | None = None,
    seeds: int | None = None,
    *,
    maximize: bool | str | Sequence[str] | None = None,
    minimize: str | Sequence[str] | None = None,
    start: Iterable[Arch | str] = (),
    constraints: Sequence[str] = (),
    sampler: str | None = None,
    report: str | None = None,
    reevaluate: int | None = None,
    noise: float | None = None,
    prior: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
    known: Sequence[str] = (),
    where: Mapping[str, Any] | None = None,
    duplicates: str | None = None,
    arch_column: str | None = None,
    snap: bool = False,
    first_seed: int = 0,
    threads: int | None = None,
    **options: Any,
) -> pandas.DataFrame:
    """Compares strategies over many seeds on a table: the command ``ganas bench``.

    >>> runs = ganas.bench(
    ...     space="nasbench201", table="nasbench201", objective="cifar10_test",
    ...     strategies=["ga-nas", "random"], queries=300, seeds=20,
    ... )  # doctest: +SKIP
    >>> runs.groupby("strategy").best_rank.mean()  # doctest: +SKIP

    Args:
        space: The search space.
        table: The table of evaluated architectures: a file, or ``"nasbench201"``, which is built in.
        objective: The column of the table to optimise, or a list of several, each as ``"NAME"``,
            ``"NAME:min"`` or ``"NAME:min:log"``.
        strategies: Strategies, with presets and settings as in ``"ga-nas:paper-setup1+growth=0"``.
        queries: The number of distinct architectures that each run evaluates.
        seeds: The number of runs of each strategy.
        maximize: True if larger is better; or the names of the objectives of which more is better, in
            place of ``objective``.
        minimize: The names of the objectives of which less is better, in place of ``objective``.
        start: Architectures that each run evaluates first, in the space's notation or by name.
        constraints: Bounds on metrics, such as ``"params <= 1e6"`` or ``"params <= @start"``.
        sampler: The sampler of random architectures.
        report: A further column, in which the value and the rank of the best architecture are reported.
        reevaluate: The number of final queries of each run, in which it evaluates its best architectures
            in the column of ``report`` and chooses among them.
        noise: The standard deviation of Gaussian noise on the objective, drawn anew for each evaluation.
            Reported values are without noise.
        prior: Results of other tasks on the space, from which the search starts: tables or run folders, each as
            ``"FILE"``, ``"FILE:COLUMN"`` or ``"FILE:COLUMN:min"``, with several objectives ``"FILE:COLUMN=OBJECTIVE"``.
        known: Metrics that cost nothing, and that the strategy may look at before an evaluation: columns of the table,
            ``"FILE:COLUMN"``, or with ``train`` the names of zero-cost proxies.
        where: A filter on the rows of the table: the required value of each column, as ``{"r": 224}``.
        duplicates: The meaning of several rows of one architecture with different values:
            ``"mean"``, ``"first"`` or ``"error"``.
        arch_column: The column with the architecture, if it has no usual name.
        snap: Take numbers between the values of the space as the nearest value.
        first_seed: The first seed.
        threads: The number of threads, by default one for each core. Results do not depend on it.
        options: Further options of ``ganas bench``, with underscores in their names.

    Returns:
        A row for each run, with the fields of ``ganas bench --json``. ``attrs`` has the ``summary`` of
        the strategies, the ``optimum`` of the table and the ``provenance``; with several objectives,
        the ``reference`` point, too.

    Raises:
        ImportError: If pandas is not installed.
        ValueError: If an argument is unusable.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("pandas is not installed; `pip install pandas` adds it") from None
    if objective is None and minimize is None and (maximize is None or isinstance(maximize, bool)):
        raise ValueError("no objective is named; give `objective`, or `maximize` and `minimize`")
    spec = {
        **_spec.space(space, snap)[1],
        "table": _spec.table(table),
        "objective": _spec.aims(objective, maximize, minimize),
        "strategies": list(strategies),
        "queries": queries,
        "seeds": seeds,
        "start": _spec.texts(start),
        "constraints": list(constraints),
        "sampler": sampler,
        "report": report,
        "reevaluate": reevaluate,
        "noise": noise,
        "prior": _spec.priors(prior),
        "known": _spec.known(known),
        **_spec.reading(where, duplicates, arch_column),
        "first_seed": first_seed,
        "threads": threads,
        **options,
    }
    found = json.loads(_ganas.bench(json.dumps(_spec.given(spec))))
    frame = pandas.DataFrame(found["runs"])
    keys = ("summary", "optimum", "provenance", "reference", "table_front")
    frame.attrs.update({key: found[key] for key in keys if key in found})
    return frame
