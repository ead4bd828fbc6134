"""Knowledge before a search: proxies, and networks from earlier tasks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ganas import _ganas, _spec
from ganas._ganas import Arch, Space


def proxies(
    archs: Iterable[Arch | str] = (),
    out: str | os.PathLike[str] = "proxies.csv",
    *,
    space: Space | str | os.PathLike[str] = "nasbench201",
    proxies: str | Iterable[str] = (),
    table: str | os.PathLike[str] | None = None,
    sample: int | None = None,
    data: str | os.PathLike[str] = "digits",
    **options: Any,
) -> Path:
    """Computes zero-cost proxies of architectures: the command ``ganas proxies``.

    >>> ganas.proxies(sample=100, proxies=["nwot", "synflow"], out="proxies.csv")  # doctest: +SKIP
    >>> search = ganas.Search("nasbench201", known=["proxies.csv:nwot"])  # doctest: +SKIP

    Args:
        archs: Architectures; without them, those of ``table``, a ``sample``, or all of a small space.
        out: CSV file with a row for each architecture. What it holds already is not computed again.
        space: The search space.
        proxies: ``"nwot"``, ``"synflow"``, ``"jacov"``, ``"snip"``, ``"grad-norm"``, ``"zen"``; all by default.
        table: A table whose architectures are taken.
        sample: The number of random architectures.
        data: The dataset of the images: ``"digits"`` or a folder.
        options: Further options of ``ganas proxies``, with underscores in their names.

    Returns:
        The file.

    Raises:
        ValueError: If an argument is unusable.
        OSError: If the file cannot be written.
    """
    spec = {
        "space": Space(space).argument,
        "proxies": _spec.names(proxies),
        "table": _spec.table(table),
        "sample": sample,
        "data": os.fspath(data),
        "out": _spec.path(out),
        **options,
    }
    return Path(_ganas.proxies(json.dumps(_spec.given(spec)), [str(arch) for arch in archs]))


def pretrain(
    prior: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    space: Space | str | os.PathLike[str] = "nasbench201",
    rounds: int | None = None,
    seed: int | None = None,
    **options: Any,
) -> Path:
    """Trains generator and discriminator on earlier tasks: the command ``ganas pretrain``.

    >>> ganas.pretrain(["runs/first", "other.csv:accuracy"], "networks.json")  # doctest: +SKIP
    >>> search = ganas.Search(
    ...     "nasbench201", "ga-nas:adversarial", pretrained="networks.json"
    ... )  # doctest: +SKIP

    Args:
        prior: Results of other tasks on the space: tables or run folders, each as ``"FILE"``, ``"FILE:COLUMN"`` or
            ``"FILE:COLUMN:min"``.
        out: The file for the networks.
        space: The search space.
        rounds: The number of rounds.
        seed: The seed of all random streams.
        options: Further options of ``ganas pretrain``, with underscores in their names.

    Returns:
        The file.

    Raises:
        ValueError: If an argument is unusable.
        OSError: If the file cannot be written.
    """
    spec = {
        "space": Space(space).argument,
        "prior": _spec.priors(prior),
        "rounds": rounds,
        "seed": seed,
        "out": _spec.path(out),
        **options,
    }
    _ganas.pretrain(json.dumps(_spec.given(spec)))
    return Path(out)
