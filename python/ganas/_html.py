"""HTML of searches and results in notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganas._search import Best, Search


def table(rows: Mapping[str, str]) -> str:
    """A table with a row for each name and value."""
    lines = (
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(value)}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table>{''.join(lines)}</table>"


def best(found: Best, objective: str = "objective") -> str:
    """The best architecture with its metrics and its drawing."""
    rows = {"best": str(found.arch), objective: f"{found.value:.6g}"}
    rows.update({k: f"{v:.6g}" for k, v in found.metrics.items() if k != objective})
    rows.update({k: f"{v:.6g}" for k, v in found.arch.costs.items() if k not in found.metrics})
    return f"<div>{table(rows)}<details open><summary>drawing</summary>{found.arch.to_svg()}</details></div>"


def search(of: Search) -> str:
    """The progress of a search: its direction, its incumbent, and a curve."""
    ways = ", ".join(f"{way}imize {name}" for name, way in of.objectives.items())
    values = [row[of.objective] for row in of._core.rows() if row["compliant"]]
    head = {
        "search": f"{ways} in {of.space.name}",
        "evaluated": f"{of._core.count()} of {of.queries}",
    }
    if len(of.objectives) > 1:
        return f"<div>{table(head)}{front(of)}</div>"
    found = of.best
    shown = "" if found is None else curve(values, of._core.minimize) + best(found, of.objective)
    return f"<div>{table(head)}{shown}</div>"


def front(of: Search) -> str:
    """The architectures of a front with their objectives."""
    names = list(of.objectives)
    head = "".join(f"<th>{escape(name)}</th>" for name in [*names, "architecture"])
    rows = (
        "<tr>"
        + "".join(f"<td>{member.metrics[name]:.6g}</td>" for name in names)
        + f"<td style='text-align:left'>{escape(str(member.arch))}</td></tr>"
        for member in of.front
    )
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def curve(values: Sequence[float], minimize: bool) -> str:
    """The best value so far over the evaluations, as a curve."""
    so_far: list[float] = []
    for value in values:
        if value == value:
            last = so_far[-1:]
            so_far.append(min([value, *last]) if minimize else max([value, *last]))
    if len(so_far) < 2:
        return ""
    low, high = min(so_far), max(so_far)
    width, height = 300, 60
    points = " ".join(
        f"{width * i / (len(so_far) - 1):.1f},{height * (1 - (v - low) / ((high - low) or 1)):.1f}"
        for i, v in enumerate(so_far)
    )
    return (
        f"<svg width='{width}' height='{height}' viewBox='-2 -2 {width + 4} {height + 4}' "
        f"role='img' aria-label='best value so far'>"
        f"<polyline points='{points}' fill='none' stroke='#1f77b4' stroke-width='2'/></svg>"
    )
