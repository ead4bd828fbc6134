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
        self._best: object = None
        if self._on:
            ways = (f"{way}imize {name}" for name, way in search.objectives.items())
            print(
                f"{', '.join(ways)} in {search.space.name}: {search.queries} queries",
                file=sys.stderr,
            )

    def show(self) -> None:
        """Shows the progress."""
        if not self._on:
            return
        state, so_far = self._standing()
        improved = state != self._best
        if not (improved or self._one_line):
            return
        self._best = state
        text = f"{self._search._core.count()}/{self._search.queries}  {so_far}"
        if self._one_line:
            print(f"\r{text:<100.100}", end="", file=sys.stderr, flush=True)
        else:
            print(text, file=sys.stderr, flush=True)

    def _standing(self) -> tuple[object, str]:
        """Values that change with an improvement, and the state of the search in words."""
        if len(self._search.objectives) > 1:
            front = [str(member.arch) for member in self._search.front]
            return front or None, f"front of {len(front)}" if front else "none complies yet"
        best = self._search.best
        if best is None:
            return None, "none complies yet"
        return best.value, f"best {best.value:.6g} by {best.arch}"

    def end(self) -> None:
        """Ends the changing line."""
        if self._on and self._one_line:
            print(file=sys.stderr)
