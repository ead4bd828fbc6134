"""Arguments as the words of a command line, which run folders hold."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ganas._ganas import Arch, Space


def option(name: str, value: Any) -> list[str]:
    """An option, if it has a value. If the value is True, its name alone."""
    if value is None or value is False:
        return []
    if value is True:
        return [f"--{name}"]
    return [f"--{name}={value}"]


def path(name: str, file: str | os.PathLike[str] | None) -> list[str]:
    """A file by its absolute path, so that a run can be resumed in any directory."""
    return option(name, None if file is None else os.path.abspath(file))


def aim(objective: str, maximize: bool | None) -> tuple[str, bool | None]:
    """An objective without its direction, and the direction if it is given."""
    for ending, larger in ((":min", False), (":max", True)):
        if objective.endswith(ending):
            if maximize not in (None, larger):
                raise ValueError(f"`{objective}` and `maximize={maximize}` contradict each other")
            return objective[: -len(ending)], larger
    return objective, maximize


def each(name: str, values: Iterable[Any]) -> list[str]:
    """An option that can be given several times."""
    return [word for value in values for word in option(name, value)]


def settings(values: Mapping[str, Any]) -> list[str]:
    """Settings of a strategy."""
    texts = {key: v if isinstance(v, str) else json.dumps(v) for key, v in values.items()}
    return each("set", (f"{key}={text}" for key, text in texts.items()))


def space(argument: Space | str | os.PathLike[str]) -> tuple[Space, list[str]]:
    """A space and the words that name it."""
    found = Space(argument)
    words = option("space", found.argument)
    return found, words + option("merge-isomorphic", found.merge_isomorphic)


def reading(
    where: Mapping[str, Any] | None, duplicates: str | None, arch_column: str | None
) -> list[str]:
    """Options for reading a table."""
    words = each("where", (f"{column}={value}" for column, value in (where or {}).items()))
    return words + option("duplicates", duplicates) + option("arch-column", arch_column)


def settled(words: Iterable[str]) -> set[str]:
    """The words that must be equal in a resumed search: all except its queries, its folder and its
    direction, which is checked separately."""
    kept = (w for w in words if not w.startswith(("--queries=", "--out=", "--minimize")))
    return {
        word[:-4] if word.startswith("--objective=") and word.endswith((":min", ":max")) else word
        for word in kept
    }


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
    names = list(dict.fromkeys(["arch", objective, *(name for row in rows for name in row)]))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
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
