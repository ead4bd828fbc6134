"""Searches."""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from ganas import _ganas, _html, _words
from ganas._ganas import Arch, Space
from ganas._progress import Progress
from ganas._workers import Workers

if TYPE_CHECKING:
    import pandas

Metrics = Union[float, Mapping[str, float]]
Constraint = Union[str, Callable[[Arch], bool]]


class Best(NamedTuple):
    """The best architecture of a search that keeps all constraints."""

    arch: Arch
    """The architecture."""
    value: float
    """Its objective."""
    metrics: dict[str, float]
    """All its metrics by name; NaN where one was not measured."""

    def _repr_html_(self) -> str:
        return _html.best(self)


class Evaluation(NamedTuple):
    """An evaluation, as callbacks are given it."""

    number: int
    """The evaluations so far, with this one."""
    arch: Arch
    """The architecture."""
    metrics: dict[str, Any]
    """What was told of it, by name; NaN where a metric is missing."""
    compliant: bool
    """Whether it keeps all constraints and did not fail."""
    failure: Union[str, None]
    """Why it failed, if it did."""


class NothingFound(RuntimeError):
    """A search is over, and no evaluation that worked keeps all constraints."""


Callback = Callable[["Search", Evaluation], object]


class Search:
    """A search for the best architecture of a space.

    It is the search of the command ``ganas search``: the same arguments and the same seed lead to
    the same architectures in the same order, whoever evaluates them. What evaluates is a function of
    yours, given to :meth:`maximize` or :meth:`minimize`, or whatever stands between :meth:`ask` and
    :meth:`tell`.

    >>> import ganas
    >>> search = ganas.Search("nasbench201", "evolution", queries=30)
    >>> while archs := search.ask(8):
    ...     for arch in archs:
    ...         search.tell(arch, {"accuracy": -arch.costs["params"]})
    >>> best = search.best
    >>> best is not None and best.arch.costs["params"] < 1e6
    True

    Args:
        space: The search space: a :class:`Space`, a name or a TOML file.
        strategy: A strategy, with a preset if it is written ``"ga-nas:paper-setup1"``;
            :func:`strategies` lists them.
        queries: Distinct architectures to evaluate, a failed evaluation included; 120 if it is left
            out, or 300 with a table or a surrogate.
        seed: The seed of all random streams.
        objective: The metric to search for, as ``"NAME"``, ``"NAME:min"`` or ``"NAME:max"``.
        maximize: Whether larger is better. If neither this nor ``objective`` says so, ``loss`` is
            minimised and every other metric is maximised, with a warning where its name is one such as
            ``error`` or ``latency``. :meth:`maximize` and :meth:`minimize` say it, too.
        constraints: Bounds such as ``"params <= 1e6"`` or ``"params <= @start"``, or functions that
            take an :class:`Arch` and say whether it is admitted. What the space or a function can
            tell is checked before a query is spent. A function is asked once for each architecture
            that the search looks at, and has to answer the same each time.
        start: Architectures that are evaluated first, in the space's notation or by name.
        history: Evaluations that are known and are no queries: a CSV file or a data frame with the
            objective and ``arch``, or the columns that tables of the space have in its place, as
            :attr:`history` is one; or an iterable of dicts with ``arch`` and the objective or of
            pairs ``(arch, metrics)``.
        settings: Settings of the strategy that replace its preset's, by their paths, as
            ``{"ppo.entropy_coef": 0.05}``.
        dir: A new folder for the journal, the checkpoints and the results. :meth:`load` goes on from
            there after an interruption, a crash or ``kill -9``; so does ``resume=True``.
        metrics: Further metrics to keep as numbers in the journal, beside the objective and what
            constraints are about. Whatever else is told by name is kept as it is.
        table: A table that evaluates, for :meth:`run`: CSV, CSV.gz or Parquet.
        where: Rows of the table, or of the history, to read: the value of each column that chooses, as
            ``{"r": 224}``.
        duplicates: What rows of one architecture with different values mean: ``"mean"``,
            ``"first"`` or ``"error"``.
        arch_column: The column with the architecture, if it has no usual name.
        surrogate: Models that evaluate, for :meth:`run`: a file of ``ganas surrogate fit``, or a TOML
            file that describes others. Where there is a ``table``, too, it says how good the best is.
        sampler: How random architectures are drawn: one of ``space.samplers``.
        max_failures: The search ends if the first so many evaluations all fail, or later four times as
            many in a row fail for the same reason; 0 never ends it.
        time_limit: The time that the search may take, in seconds or as ``"12h"`` or ``"1h30m"``.
        in_flight: Lets rounds overlap, so that so many evaluations are under way at any time. The
            order in which they finish then decides about the rest, and is kept in the journal.
        resume: Whether a search that the folder ``dir`` holds already goes on, if its settings are the
            same. So a script can be run again after whatever stopped it.

    Raises:
        ValueError: If something of it cannot be used, with how to mend it.
        OSError: If a file cannot be read, or the folder not be written.
    """

    def __init__(
        self,
        space: Space | str | os.PathLike[str],
        strategy: str = "ga-nas",
        queries: int | None = None,
        seed: int = 0,
        objective: str = "accuracy",
        maximize: bool | None = None,
        constraints: Sequence[Constraint] = (),
        start: Iterable[Arch | str] = (),
        history: Any = None,
        settings: Mapping[str, Any] | None = None,
        dir: str | os.PathLike[str] | None = None,
        *,
        metrics: Iterable[str] = (),
        table: str | os.PathLike[str] | None = None,
        where: Mapping[str, Any] | None = None,
        duplicates: str | None = None,
        arch_column: str | None = None,
        surrogate: str | os.PathLike[str] | None = None,
        sampler: str | None = None,
        in_flight: int | None = None,
        max_failures: int | None = None,
        time_limit: float | str | None = None,
        resume: bool = False,
    ) -> None:
        self._space, words = _words.space(space)
        words += _words.option("strategy", strategy) + _words.option("seed", seed)
        objective, maximize = _words.aim(objective, maximize)
        words += _words.option("max-failures", max_failures)
        words += _words.option("time-limit", time_limit)
        words += _words.each("constraint", (c for c in constraints if not callable(c)))
        words += _words.each("start", start)
        words += _words.settings(settings or {})
        words += _words.option("sampler", sampler) + _words.path("out", dir)
        if table is None and surrogate is None:
            words += ["--caller=python"] + _words.each("metric", metrics)
        words += _words.path("table", table) + _words.path("surrogate", surrogate)
        words += _words.reading(where, duplicates, arch_column)
        if in_flight is not None:
            words += ["--async"] + _words.option("workers", in_flight)
        known = _words.history(history, objective)
        if known:
            words += _words.option("history", known[0])
        self._words = words
        self._objective = objective
        self._functions = _words.functions(constraints)
        self._known = known and known[1]
        if dir is not None and os.path.exists(os.path.join(dir, "settings.json")):
            if not resume:
                raise ValueError(
                    f"{os.fspath(dir)} already holds a run; `resume=True` goes on with it, "
                    "`ganas.Search.load` opens it, and another `dir` begins a new one"
                )
            self._resume(dir, queries)
            return
        self._open(queries, None if maximize is None else not maximize)

    def _resume(self, dir: str | os.PathLike[str], queries: int | None) -> None:
        """Goes on with the run of a folder that is the one that was asked for."""
        core = _ganas.Search.resume(dir, queries, self._functions, False)
        there, here = _words.settled(core.words[1:]), _words.settled(
            [*self._words, *_words.option("objective", self._objective)]
        )
        if there != here:
            core.close()
            differ = sorted(word.removeprefix("--") for word in there ^ here)
            raise ValueError(
                f"{os.fspath(dir)} holds a run with other settings ({', '.join(differ)}); "
                "give the same ones, or another `dir`"
            )
        self._unsaid = False
        self._queries = queries
        self._core = core

    def _open(self, queries: int | None, minimize: bool | None) -> None:
        way = "" if minimize is None else ":min" if minimize else ":max"
        words = ["search", *self._words, *_words.option("queries", queries)]
        words += _words.option("objective", self._objective + way)
        self._queries = queries
        self._unsaid = minimize is None
        self._core = _ganas.Search(words, self._space, self._functions, self._known)
        for note in self._core.notes:
            warnings.warn(note.removeprefix("note: ").removeprefix("warning: "), stacklevel=3)

    @classmethod
    def load(
        cls,
        dir: str | os.PathLike[str],
        constraints: Sequence[Constraint] = (),
        queries: int | None = None,
        *,
        retry_failed: bool = False,
    ) -> Search:
        """Goes on with the search of a folder, to the very search that it would have been.

        What had been told is not asked for again; what had only been asked for is. A run that the
        command line began in this folder is loaded, too, and goes on by :meth:`run`.

        Args:
            dir: The folder.
            constraints: The functions among the constraints that it was begun with, which no file
                can keep.
            queries: Distinct architectures to evaluate in all, if there are to be more.
            retry_failed: Whether evaluations that failed are made again.

        Raises:
            ValueError: If the folder holds no run, or something is not as it was.
        """
        search = cls.__new__(cls)
        functions = _words.functions(constraints)
        search._core = _ganas.Search.resume(dir, queries, functions, retry_failed)
        search._unsaid = False
        return search

    @property
    def space(self) -> Space:
        """The search space."""
        return self._core.space

    @property
    def objective(self) -> str:
        """The metric that is searched for."""
        return self._core.objective

    @property
    def queries(self) -> int:
        """The distinct architectures that it may evaluate."""
        return self._core.queries

    def ask(self, n: int = 1) -> list[Arch]:
        """Up to ``n`` architectures to evaluate, which have to be told in whatever order.

        There are fewer, or none, where the search has to be told something first, and none once it
        is over. It waits as long as the strategy takes to propose them.

        Raises:
            RuntimeError, ValueError, OSError: What broke the search off.
        """
        if self._unsaid and self._core.is_doubtful:
            warnings.warn(
                f"`{self.objective}` is maximised, and by its name less of it is better; "
                "pass `maximize=False`, or `maximize=True` to say that it is meant",
                UserWarning,
                2,
            )
        self._unsaid = False
        return self._core.ask(n)

    def tell(self, arch: Arch | str, metrics: Metrics) -> None:
        """Tells what came of an architecture: its metrics by name, or the objective alone.

        Once this returns it is kept in the journal, if there is one. Where the objective is missing,
        NaN, infinite or no number, the evaluation counts as failed. A text or a list of one number is a
        number. Values that nobody asked for are kept, too, and are in :attr:`history`.

        Raises:
            ValueError: If the architecture was not asked for, or was told already, or the first
                metrics of all lack the objective or what a constraint is about, or have no number in
                its place.
            TypeError: If the metrics are neither a number nor a dict.
        """
        self._core.tell(arch, metrics)

    def tell_failure(self, arch: Arch | str, reason: str) -> None:
        """Tells that an evaluation failed, and why. It counts as a query, and the search goes on.

        Raises:
            ValueError: As :meth:`tell`.
        """
        self._core.tell_failure(arch, reason)

    def put_back(self, arch: Arch | str) -> None:
        """Gives an architecture back that was asked for; it is the next to be asked for again."""
        self._core.put_back(arch)

    @property
    def done(self) -> bool:
        """Whether the search is over: its queries are spent, or there is nothing left to propose."""
        return self._core.is_done()

    @property
    def best(self) -> Best | None:
        """The best architecture so far that keeps all constraints, what was known included."""
        best = self._core.best()
        return best and Best(*best)

    @property
    def history(self) -> pandas.DataFrame | list[dict[str, Any]]:
        """All evaluations, as a data frame where pandas is installed, else as a list of dicts.

        The columns are ``query``, ``round`` and ``arch``, the objective, the other metrics, what else
        was told by name, ``compliant`` and ``failure``: why it failed, with the traceback where a function raised.
        ``query`` and ``round`` are missing until the round is over.
        """
        rows = self._core.rows()
        try:
            import pandas
        except ImportError:
            return rows
        names = ["query", "round", "arch", self.objective, "compliant", "failure"]
        frame = pandas.DataFrame(rows, columns=list(rows[0]) if rows else names)
        return frame.astype({"query": "Int64", "round": "Int64", "failure": object})

    @property
    def result(self) -> dict[str, Any] | None:
        """What ``result.json`` holds, once the search is over."""
        result = self._core.result()
        return None if result is None else json.loads(result)

    def maximize(
        self,
        evaluate: Callable[[Arch], Metrics],
        queries: int | None = None,
        workers: int = 1,
        *,
        processes: bool = False,
        callbacks: Callback | Iterable[Callback] = (),
        progress: bool | None = None,
    ) -> Best:
        """Evaluates by a function until the search is over, and returns its best.

        What the function raises is a failed evaluation, whose traceback is kept in
        :attr:`history`; if the search ended since evaluations kept failing, there is a warning. Ctrl-C puts
        back what is being evaluated, and a further call goes on.

        >>> import ganas
        >>> search = ganas.Search("nasbench201", "random", queries=2)
        >>> best = search.maximize(
        ...     lambda arch: arch.costs["params"],
        ...     callbacks=lambda search, evaluation: print("evaluation", evaluation.number))
        evaluation 1
        evaluation 2

        Args:
            evaluate: Takes an :class:`Arch` and returns its objective, or its metrics by name.
            queries: Distinct architectures to evaluate in all; only before the first one was asked
                for.
            workers: Threads that call the function. What is found does not depend on their number.
            processes: Whether the workers are processes instead of threads, each with a Python of its
                own. The function has to be one that can be pickled, of the top level of a module, and
                a script has to stand below ``if __name__ == "__main__":``. An evaluation whose process
                dies twice has failed.
            callbacks: A function or several that are called after each evaluation, in this thread, with
                the search and an :class:`Evaluation`. What one raises ends the call; another call goes
                on.
            progress: Whether standard error shows which way the search goes and how it stands; if it is
                left out, in terminals and notebooks alone.

        Raises:
            NothingFound: If the search is over, and nothing that was evaluated keeps all constraints.
            ValueError: If the search has begun the other way, or with other queries.
        """
        return self._evaluate(evaluate, queries, workers, processes, callbacks, progress, False)

    def minimize(
        self,
        evaluate: Callable[[Arch], Metrics],
        queries: int | None = None,
        workers: int = 1,
        *,
        processes: bool = False,
        callbacks: Callback | Iterable[Callback] = (),
        progress: bool | None = None,
    ) -> Best:
        """The same as :meth:`maximize` for the smallest objective."""
        return self._evaluate(evaluate, queries, workers, processes, callbacks, progress, True)

    def run(self) -> Best:
        """Runs a search to its end that evaluates by itself, and returns its best.

        That is one with a ``table`` or a ``surrogate``, or one that the command line began.

        Raises:
            NothingFound: If nothing that was evaluated keeps all constraints.
            ValueError: If its evaluations come from Python.
        """
        self._core.run()
        return self._found()

    def close(self) -> None:
        """Ends the search where it is; :meth:`load` goes on with it, if it has a folder."""
        self._core.close()

    def __enter__(self) -> Search:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        way = "min" if self._core.minimize else "max"
        return f"Search({self.space.name!r}, {way} {self.objective}, {self.queries} queries)"

    def _repr_html_(self) -> str:
        return _html.search(self)

    def _aim(self, minimize: bool, queries: int | None) -> None:
        """Sets the way and the queries, as long as nothing has begun."""
        queries = queries or (self._queries if not self._core.begun else None)
        same = minimize == self._core.minimize and queries in (None, self.queries)
        self._unsaid = False
        if not same and self._core.begun:
            way = "minimizes" if self._core.minimize else "maximizes"
            raise ValueError(
                f"the search has begun, and {way} with {self.queries} queries; "
                "leave that as it is, or begin another one"
            )
        if not same:
            self._open(queries, minimize)

    def _evaluate(
        self,
        evaluate: Callable[[Arch], Metrics],
        queries: int | None,
        workers: int,
        processes: bool,
        callbacks: Callback | Iterable[Callback],
        progress: bool | None,
        minimize: bool,
    ) -> Best:
        self._aim(minimize, queries)
        if workers < 1:
            raise ValueError("there are no workers; give `workers` at least 1")
        called = [callbacks] if callable(callbacks) else list(callbacks)
        shown = Progress(self, progress)

        def settle(arch: Arch, result: Callable[[], Metrics]) -> None:
            self._settle(arch, result)
            shown.show()
            if called:
                evaluation = self._evaluation(arch)
                for callback in called:
                    callback(self, evaluation)

        try:
            if workers == 1 and not processes:
                while archs := self.ask():
                    settle(archs[0], partial(evaluate, archs[0]))
                return self._found()
            with Workers(evaluate, workers, processes) as pool:
                try:
                    while True:
                        for arch in self.ask(workers - len(pool)):
                            pool.submit(arch)
                        if not len(pool):
                            return self._found()
                        for arch, result in pool.finished():
                            settle(arch, result)
                finally:
                    for arch in pool.left():
                        self.put_back(arch)
        finally:
            shown.end()

    def _evaluation(self, arch: Arch) -> Evaluation:
        """What was told of an architecture."""
        row = self._core.row(arch)
        if row is None:
            raise RuntimeError(f"`{arch}` was told and is not there; this is a bug in ganas")
        rest = ("query", "round", "arch", "compliant", "failure")
        metrics = {name: value for name, value in row.items() if name not in rest}
        return Evaluation(self._core.count(), arch, metrics, row["compliant"], row["failure"])

    def _found(self) -> Best:
        """The best of a search that is over."""
        best, result = self.best, self.result
        if best is not None:
            if result and result["stop"] == "failures":
                first = str(result.get("failure")).partition("\n")[0]
                warnings.warn(f"evaluations kept failing; the first: {first}", RuntimeWarning, 4)
            return best
        if result is None or result["queries"] == 0:
            raise NothingFound("nothing was evaluated")
        if result["queries"] == result["failed"]:
            first = str(result.get("failure")).partition("\n")[0]
            raise NothingFound(f"every evaluation failed; the first: {first}")
        raise NothingFound(
            f"none of {result['queries']} architectures keeps all constraints; loosen them, or "
            "give more `queries`"
        )

    def _settle(self, arch: Arch, result: Callable[[], Metrics]) -> None:
        """Tells what came of an architecture, or that it failed."""
        try:
            metrics = result()
            if not isinstance(metrics, Mapping):
                metrics = {self.objective: metrics}
        except Exception as error:
            self.tell_failure(arch, describe(error))
        except BaseException:
            self.put_back(arch)
            raise
        else:
            self._tell(arch, dict(metrics))

    def _tell(self, arch: Arch, metrics: Metrics) -> None:
        try:
            self.tell(arch, metrics)
        except ValueError:
            self.put_back(arch)
            raise


def describe(error: BaseException) -> str:
    """What went wrong in a line, and where in those after it."""
    where = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return f"{summary(error)}\n{where}"


def summary(error: BaseException) -> str:
    """What went wrong in a line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
