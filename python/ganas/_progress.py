"""Progress of a search on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganas._search import Search

def watched() -> bool:
    """Returns true if standard error is visible: in a terminal or a notebook."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class Progress:
    """Shows the direction of a search, and then its progress: in one changing line in a terminal or
    notebook, otherwise in a line for each improvement."""

    def __init__(self, search: Search, wanted: bool | None) -> None:
        self._search = search
        self._on = watched() if wanted is None else wanted
        self._one_line = watched()
        self._best: float | None = None
        if self._on:
            way = "minimize" if search._core.minimize else "maximize"
            print(
                f"{way} {search.objective} in {search.space.name}: {search.queries} queries",
                file=sys.stderr,
            )

    def show(self) -> None:
        """Shows the progress."""
        if not self._on:
            return
        best = self._search.best
        value = None if best is None else best.value
        improved = value != self._best
        if not (improved or self._one_line):
            return
        self._best = value
        so_far = "none complies yet" if best is None else f"best {best.value:.6g} by {best.arch}"
        text = f"{self._search._core.count()}/{self._search.queries}  {so_far}"
        if self._one_line:
            print(f"\r{text:<100.100}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Ends the changing line."""
        if self._on and self._one_line:
            print(file=sys.stderr)
