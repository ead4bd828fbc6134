"""Keyword arguments as the specification of a search or a benchmark."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ganas import _ganas
from ganas._ganas import Arch, Space


def path(file: str | os.PathLike[str] | None) -> str | None:
    """A file, wherever the process is when the run goes on."""
    return None if file is None else os.path.abspath(file)


def table(file: str | os.PathLike[str] | None) -> str | None:
    """A table's file, or the name of a table that is built in."""
    if file is not None and os.fspath(file) in _ganas.embedded_tables():
        return os.fspath(file)
    return path(file)


def priors(files: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    """Other tasks, each as ``FILE`` or ``FILE:COLUMN``, wherever the process is when the run goes on."""
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    texts = [os.fspath(file) for file in files]
    embedded = _ganas.embedded_tables()
    return [text if text.split(":")[0] in embedded else os.path.abspath(text) for text in texts]


def known(metrics: Any) -> list[str]:
    """Free metrics by name, or as ``FILE:COLUMN``, wherever the process is when the run goes on."""
    files = [text.rsplit(":", 1)[0] for text in names(metrics)]
    pairs = zip(files, names(metrics))
    return [os.path.abspath(text) if os.path.isfile(file) else text for file, text in pairs]


def aims(
    objective: str | Iterable[str] | None,
    maximize: bool | str | Iterable[str] | None,
    minimize: str | Iterable[str] | None,
) -> list[str]:
    """The objectives as the command line has them, each with its direction if one is given."""
    if minimize is not None or not (maximize is None or isinstance(maximize, bool)):
        if objective is not None or isinstance(maximize, bool):
            raise ValueError(
                "`maximize` and `minimize` name the objectives; leave out `objective`, and give lists of names"
            )
        named = [(name, "max") for name in names(maximize)] + [(name, "min") for name in names(minimize)]
        return [directed(name, way) for name, way in named]
    every = names("accuracy" if objective is None else objective)
    if maximize is None:
        return every
    if len(every) > 1:
        raise ValueError(
            f"`maximize={maximize}` says nothing about each of several objectives; "
            "give `maximize` and `minimize` lists of names"
        )
    way = "max" if maximize else "min"
    for name in every:
        if name.endswith((":min", ":max")) and not name.endswith(way):
            raise ValueError(f"`{name}` and `maximize={maximize}` contradict each other")
    return [directed(name, way) for name in every]


def names(value: Any) -> list[str]:
    """One or several names as a list."""
    return [] if value is None else [value] if isinstance(value, str) else [str(v) for v in value]


def directed(name: str, way: str) -> str:
    """An objective with a direction, before its scale."""
    plain, log = (name[:-4], ":log") if name.endswith(":log") else (name, "")
    return name if plain.endswith((":min", ":max")) else f"{plain}:{way}{log}"


def undirected(name: str) -> str:
    """An objective without direction and scale."""
    for ending in (":log", ":min", ":max"):
        name = name.removesuffix(ending)
    return name


def texts(values: Iterable[Any]) -> list[str]:
    """A field that is a list of texts."""
    return [str(value) for value in values]


def settings(values: Mapping[str, Any]) -> list[str]:
    """Settings of a strategy."""
    texts = {key: v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}
    return [f"{key}={text}" for key, text in texts.items()]


def space(
    argument: Space | str | os.PathLike[str], snap: bool = False
) -> tuple[Space, dict[str, Any]]:
    """A space and the fields that name it."""
    found = Space(argument, snap=snap)
    fields = {"merge_isomorphic": found.merge_isomorphic, "snap": found.snap}
    return found, {"space": found.argument, **fields}


def reading(
    where: Mapping[str, Any] | None, duplicates: str | None, arch_column: str | None
) -> dict[str, Any]:
    """Fields about the reading of a table."""
    return {
        "where": [f"{column}={value}" for column, value in (where or {}).items()],
        "duplicates": duplicates,
        "arch_column": arch_column,
    }


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value. Paths hold wherever the process is when the run goes on."""
    return {
        name: os.path.abspath(value) if isinstance(value, os.PathLike) else value
        for name, value in fields.items()
        if value is not None and value is not False and value != []
    }


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Fields in which a search that goes on is another one. Its queries, its folder and its direction,
    which is checked where it is given, may differ; a field without effect here counts as left out."""
    usual = json.loads(_ganas.usual_search())
    free = {"queries", "out", "minimize", "keep_apart"}

    def settled(fields: Mapping[str, Any]) -> dict[str, Any]:
        kept = {**usual, **given(fields)}
        objective = [undirected(name) for name in names(kept.get("objective") or "accuracy")]
        return {**{k: v for k, v in kept.items() if k not in free}, "objective": objective}

    there, here = settled(there), settled(here)
    differ = sorted(k for k in {*there, *here} if there.get(k) != here.get(k))
    return [f"{k}={fields[k]}" for k in differ for fields in (there, here) if k in fields]


def functions(constraints: Iterable[Any]) -> list[tuple[str, Any]]:
    """The functions among constraints, by their names."""
    named = (c for c in constraints if callable(c))
    return [(getattr(c, "__name__", type(c).__name__), c) for c in named]


def history(known: Any, objective: str) -> tuple[str, bytes] | None:
    """Earlier evaluations as a CSV file: its name and its content."""
    if known is None:
        return None
    if isinstance(known, (str, os.PathLike)):
        with open(known, "rb") as file:
            return os.path.abspath(known), file.read()
    if hasattr(known, "to_csv"):
        return "history.csv", known.to_csv(index=False).encode()
    rows = [_row(entry, objective) for entry in known]
    columns = list(dict.fromkeys(["arch", objective, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return "history.csv", text.getvalue().encode()


def _row(entry: Any, objective: str) -> dict[str, str]:
    """A line of history: a dict with `arch`, or a pair of an architecture and its result."""
    if not isinstance(entry, Mapping):
        arch, metrics = entry
        metrics = metrics if isinstance(metrics, Mapping) else {objective: metrics}
        entry = {"arch": arch, **metrics}
    return {name: _cell(value) for name, value in entry.items()}


def _cell(value: Any) -> str:
    if value is None or isinstance(value, (str, Arch)):
        return str(value or "")
    number = float(value)
    return "" if math.isnan(number) else repr(number)
