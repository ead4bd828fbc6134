"""Trials at a fidelity, as functions that evaluate see them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ganas._ganas import Arch

if TYPE_CHECKING:
    from ganas._search import Search


class Trial:
    """An architecture that is being evaluated at a fidelity.

    It can report values on the way, which lets a search with ``stop_early`` end it.

    Attributes:
        arch: The architecture.
        fidelity: The fidelity to reach, such as ``{"epochs": 12}``; empty if the search has one fidelity.
        should_stop: True once the search has no use for the rest. Return any value then.
    """

    def __init__(self, search: Search, arch: Arch) -> None:
        self.arch = arch
        self.fidelity: dict[str, int] = dict(arch.fidelity or {})
        self.should_stop = False
        self._search = search

    def report(self, metrics: float | Mapping[str, Any], level: int) -> bool:
        """Reports metrics at a level of the fidelity, and returns :attr:`should_stop`.

        Levels increase. A report at the fidelity itself is optional: the returned value counts.

        Args:
            metrics: The objective value, or metrics by name.
            level: The level that was reached, such as a number of epochs.
        """
        if self.fidelity and not self.should_stop:
            told = dict(metrics) if isinstance(metrics, Mapping) else float(metrics)
            self.should_stop = self._search._core.report(self.arch, level, told)
        return self.should_stop


def with_fidelity(search: Search, evaluate: Callable[..., Any]) -> Callable[[Arch], Any]:
    """Makes a function of an architecture of one that takes ``fidelity`` or ``trial`` as well."""
    try:
        parameters = list(inspect.signature(evaluate).parameters.values())
    except (TypeError, ValueError):
        return evaluate
    required = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(required) < 2 or required[1] not in ("fidelity", "trial"):
        return evaluate
    if required[1] == "trial":
        return partial(_with_trial, evaluate, search)
    return partial(_with_level, evaluate)


def with_level(evaluate: Callable[..., Any]) -> Callable[[Arch], Any]:
    """The same for a function that runs elsewhere, and cannot report: it can take ``fidelity``."""
    parameters = list(inspect.signature(evaluate).parameters)
    return partial(_with_level, evaluate) if parameters[1:2] == ["fidelity"] else evaluate


def _with_level(evaluate: Callable[..., Any], arch: Arch) -> Any:
    return evaluate(arch, arch.fidelity)


def _with_trial(evaluate: Callable[..., Any], search: Search, arch: Arch) -> Any:
    trial = Trial(search, arch)
    result = evaluate(arch, trial)
    # Its outcome is known to the search, whatever comes back.
    return math.nan if trial.should_stop else result
