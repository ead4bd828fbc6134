"""Searches."""

from __future__ import annotations

import json
import os
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from ganas import _ganas, _html, _spec
from ganas._ganas import Arch, Space
from ganas._progress import Progress
from ganas._trial import with_fidelity
from ganas._workers import Workers

if TYPE_CHECKING:
    import pandas

Metrics = Union[float, Mapping[str, float]]
Constraint = Union[str, Callable[[Arch], bool]]


class Best(NamedTuple):
    """The best compliant architecture of a search."""

    arch: Arch
    """The architecture."""
    value: float
    """The objective value."""
    metrics: dict[str, float]
    """All metrics by name; NaN for those that were not measured."""

    def _repr_html_(self) -> str:
        return _html.best(self)


class FrontMember(NamedTuple):
    """An architecture on the front of a search with several objectives."""

    arch: Arch
    """The architecture."""
    metrics: dict[str, float]
    """All metrics by name; NaN for those that were not measured."""


class Evaluation(NamedTuple):
    """An evaluation, passed to callbacks."""

    number: int
    """The number of evaluations so far, including this one."""
    arch: Arch
    """The architecture."""
    metrics: dict[str, Any]
    """The result by name; NaN for missing metrics."""
    compliant: bool
    """True if the evaluation succeeded and keeps all constraints."""
    failure: Union[str, None]
    """The reason, if it failed."""


class NothingFound(RuntimeError):
    """The search ended without a compliant evaluation."""


Callback = Callable[["Search", Evaluation], object]


class Search:
    """A search for the best architecture of a space.

    The command ``ganas search`` runs the same search: the same arguments and the same seed give the
    same architectures in the same order. Evaluations come from a function passed to :meth:`maximize`
    or :meth:`minimize`, or from your own loop of :meth:`ask` and :meth:`tell`.

    >>> import ganas
    >>> search = ganas.Search("nasbench201", "evolution", queries=30)
    >>> while archs := search.ask(8):
    ...     for arch in archs:
    ...         search.tell(arch, {"accuracy": -arch.costs["params"]})
    >>> best = search.best
    >>> best is not None and best.arch.costs["params"] < 1e6
    True

    With several objectives the result is the :attr:`front`, and results are dicts.

    >>> search = ganas.Search("nasbench201", "random", 30, maximize=["accuracy"], minimize=["params"])
    >>> front = search.optimize(lambda arch: {"accuracy": arch.costs["macs"]})
    >>> front[0].metrics["accuracy"] >= front[-1].metrics["accuracy"]
    True

    Args:
        space: The search space: a :class:`Space`, a name or a TOML file.
        strategy: A strategy, optionally with a preset: ``"ga-nas:paper-setup1"``.
            :func:`strategies` lists them.
        queries: The number of distinct architectures to evaluate, including failed evaluations. The
            default is 120, or 300 with a table or a surrogate.
        seed: The seed of all random streams.
        objective: The metric to search for, as ``"NAME"``, ``"NAME:min"`` or ``"NAME:max"``, by default
            ``"accuracy"``; or a list of several. ``"NAME:min:log"`` measures it on a logarithmic scale.
        maximize: The names of the objectives of which more is better, in place of ``objective``. Or
            True if larger is better. If neither this nor ``objective`` gives a direction,
            ``loss`` is minimised and every other metric is maximised, with a warning for names such as
            ``error`` or ``latency``. :meth:`maximize` and :meth:`minimize` give the direction as well.
        minimize: The names of the objectives of which less is better, in place of ``objective``.
        constraints: Bounds such as ``"params <= 1e6"`` or ``"params <= @start"``, or functions that
            take an :class:`Arch` and return whether it is admitted. Bounds on costs of the space and
            functions are checked before a query is spent. A function is called once for each candidate
            and must be deterministic.
        start: Architectures that are evaluated first, in the space's notation or by name; by default
            those of ``start`` in the space file.
        history: Earlier evaluations, which are not charged: a CSV file or a data frame with the
            objective and ``arch`` (or the columns that replace it in tables of the space), such as
            :attr:`history`; or an iterable of dicts with ``arch`` and the objective or of
            pairs ``(arch, metrics)``.
        settings: Settings that replace those of the preset, by their paths:
            ``{"ppo.entropy_coef": 0.05}``.
        dir: A new folder for the journal, the checkpoints and the results. After an interruption, a
            crash or ``kill -9`` the search continues by :meth:`load`, or by ``resume=True``.
        metrics: Further metrics to record as numbers, beside the objective and metrics in
            constraints. Other values in results are recorded unchanged.
        table: A table that provides the evaluations of :meth:`run`: CSV, CSV.gz or Parquet, or
            ``"nasbench201"``, which is built in.
        prior: Results of other tasks on the space, from which the search starts: tables or run folders, each as
            ``"FILE"``, ``"FILE:COLUMN"`` or ``"FILE:COLUMN:min"``, with several objectives ``"FILE:COLUMN=OBJECTIVE"``.
        known: Metrics that cost nothing, and that the strategy may look at before an evaluation: columns of the table,
            ``"FILE:COLUMN"``, or with ``train`` the names of zero-cost proxies.
        where: A filter on the rows of the table or the history: the required value of each column,
            as ``{"r": 224}``.
        duplicates: The meaning of several rows of one architecture with different values:
            ``"mean"``, ``"first"`` or ``"error"``.
        arch_column: The column with the architecture, if it has no usual name.
        snap: Take numbers between the values of the space as the nearest value, in ``table``, ``history``
            and ``start`` alike. Without it they are refused.
        surrogate: Models that provide the evaluations of :meth:`run`: a file of ``ganas surrogate
            fit``, or a TOML file that describes other models. With a ``table`` as well, the result is
            compared with the table.
        sampler: The sampler of random architectures, one of ``space.samplers``.
        max_failures: The number of failed evaluations at the start that end the search. Later, four
            times as many in a row with the same reason end it. 0 disables this.
        time_limit: The time limit of the search, in seconds or as ``"12h"`` or ``"1h30m"``.
        in_flight: Lets rounds overlap, with this number of evaluations under way at any time. The
            trace then depends on the order in which they finish, which the journal records.
        resume: If the folder ``dir`` already holds a search with the same settings, continue it. So a
            script can be run again after an interruption.
        options: Further options of ``ganas search``, with underscores in their names, such as
            ``target``.

    Raises:
        ValueError: If an argument is unusable. The message names the remedy.
        OSError: If a file cannot be read, or the folder cannot be written.
    """

    def __init__(
        self,
        space: Space | str | os.PathLike[str],
        strategy: str = "ga-nas",
        queries: int | None = None,
        seed: int = 0,
        objective: str | Sequence[str] | None = None,
        maximize: bool | Sequence[str] | None = None,
        constraints: Sequence[Constraint] = (),
        start: Iterable[Arch | str] = (),
        history: Any = None,
        settings: Mapping[str, Any] | None = None,
        dir: str | os.PathLike[str] | None = None,
        *,
        minimize: str | Sequence[str] | None = None,
        metrics: Iterable[str] = (),
        table: str | os.PathLike[str] | None = None,
        prior: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
        known: Sequence[str] = (),
        where: Mapping[str, Any] | None = None,
        duplicates: str | None = None,
        arch_column: str | None = None,
        snap: bool = False,
        surrogate: str | os.PathLike[str] | None = None,
        sampler: str | None = None,
        in_flight: int | None = None,
        max_failures: int | None = None,
        time_limit: float | str | None = None,
        resume: bool = False,
        **options: Any,
    ) -> None:
        aims = _spec.aims(objective, maximize, minimize)
        self._space, named = _spec.space(space, snap)
        earlier = _spec.history(history, _spec.undirected(aims[0]))
        evaluates = table is None and surrogate is None
        self._spec = {
            **named,
            "strategy": strategy,
            "seed": seed,
            "max_failures": max_failures,
            "time_limit": time_limit,
            "constraints": _spec.texts(c for c in constraints if not callable(c)),
            "start": _spec.texts(start),
            "set": _spec.settings(settings or {}),
            "sampler": sampler,
            "out": _spec.path(dir),
            "caller": "python" if evaluates else None,
            "metrics": _spec.texts(metrics) if evaluates else [],
            "table": _spec.table(table),
            "surrogate": _spec.path(surrogate),
            "prior": _spec.priors(prior),
            "known": _spec.known(known),
            **_spec.reading(where, duplicates, arch_column),
            "async": in_flight is not None,
            "workers": in_flight,
            "history": earlier and earlier[0],
            **options,
        }
        self._aims = aims
        self._functions = _spec.functions(constraints)
        self._known = earlier and earlier[1]
        if dir is not None and os.path.exists(os.path.join(dir, "settings.json")):
            if not resume:
                raise ValueError(
                    f"{os.fspath(dir)} already holds a run; `resume=True` goes on with it, "
                    "`ganas.Search.load` opens it, and another `dir` begins a new one"
                )
            self._resume(dir, queries)
            return
        self._open(queries)

    def _resume(self, dir: str | os.PathLike[str], queries: int | None) -> None:
        """Resumes the run of a folder, if it has the same settings."""
        core = _ganas.Search.resume(dir, queries, self._functions, False)
        here = {**self._spec, "objective": self._aims}
        differ = _spec.differences(json.loads(core.spec), here)
        if differ:
            core.close()
            raise ValueError(
                f"{os.fspath(dir)} holds a run with other settings ({', '.join(differ)}); "
                "give the same ones, or another `dir`"
            )
        self._unsaid = False
        self._queries = queries
        self._core = core

    def _open(self, queries: int | None) -> None:
        spec = {**self._spec, "queries": queries, "objective": self._aims}
        self._queries = queries
        self._unsaid = len(self._aims) == 1 and not self._aims[0].removesuffix(":log").endswith(
            (":min", ":max")
        )
        self._core = _ganas.Search(
            json.dumps(_spec.given(spec)), self._space, self._functions, self._known
        )
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
        """Resumes the search of a folder. The trace is that of an uninterrupted search.

        Results that were told are kept. Architectures that were asked for without a result are
        proposed again. A run of the command line can be loaded as well; :meth:`run` continues it.

        Args:
            dir: The folder.
            constraints: The functions among the original constraints, which no file can hold.
            queries: The total number of distinct architectures to evaluate, to extend the search.
            retry_failed: Repeat failed evaluations.

        Raises:
            ValueError: If the folder holds no run, or its settings differ.
        """
        search = cls.__new__(cls)
        functions = _spec.functions(constraints)
        search._core = _ganas.Search.resume(dir, queries, functions, retry_failed)
        search._unsaid = False
        return search

    @property
    def space(self) -> Space:
        """The search space."""
        return self._core.space

    @property
    def objective(self) -> str:
        """The name of the objective; of several, the first."""
        return self._core.objective

    @property
    def objectives(self) -> dict[str, str]:
        """The objectives by name, each with ``"max"`` or ``"min"``."""
        return {name: "min" if less else "max" for name, less in self._core.objectives}

    @property
    def queries(self) -> int:
        """The budget: the number of distinct architectures."""
        return self._core.queries

    def ask(self, n: int = 1) -> list[Arch]:
        """Returns up to ``n`` architectures to evaluate. Tell their results in any order.

        The list is shorter, or empty, if the search needs results first. It is empty once the search
        has ended. The call blocks while the strategy works.

        Raises:
            RuntimeError, ValueError, OSError: If the search failed.
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
        """Tells the result of an architecture: its metrics by name, or the value of the only objective.

        Once this returns the result is in the journal, if there is one. If an objective is missing,
        NaN, infinite or not a number, the evaluation counts as failed. A text or a list of one number
        is a number. Further values are recorded as well and appear in :attr:`history`.

        Raises:
            ValueError: If the architecture was not asked for, or has a result already, or the first
                result lacks the objective or a metric in a constraint, or has no number for it.
            TypeError: If the metrics are neither a number nor a dict.
        """
        self._core.tell(arch, metrics)

    def tell_failure(self, arch: Arch | str, reason: str) -> None:
        """Tells that an evaluation failed, with the reason. It counts as a query, and the search continues.

        Raises:
            ValueError: If the architecture was not asked for, or has a result already.
        """
        self._core.tell_failure(arch, reason)

    def put_back(self, arch: Arch | str) -> None:
        """Returns an architecture without a result. The next :meth:`ask` proposes it again."""
        self._core.put_back(arch)

    @property
    def done(self) -> bool:
        """True if the search has ended: its queries are spent, or nothing is left to propose."""
        return self._core.is_done()

    @property
    def best(self) -> Best | None:
        """The incumbent: the best compliant architecture so far, including the history.

        Raises:
            ValueError: If there are several objectives, which have a :attr:`front`.
        """
        self._check_single()
        best = self._core.best()
        return best and Best(*best)

    @property
    def front(self) -> list[FrontMember]:
        """The compliant architectures so far that no other one beats in every objective, including the
        history, by the first objective, best first."""
        return [FrontMember(*member) for member in self._core.front()]

    @property
    def history(self) -> pandas.DataFrame | list[dict[str, Any]]:
        """All evaluations: a data frame if pandas is installed, otherwise a list of dicts.

        The columns are ``query``, ``round`` and ``arch``, the objective, the other metrics, further
        values of results, ``compliant`` and ``failure``, the reason of a failure with the traceback of
        a function. ``query`` and ``round`` are missing until the round has ended.
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
        """The contents of ``result.json``, once the search has ended."""
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
        """Evaluates by a function until the search ends, and returns the best architecture.

        An exception of the function is a failed evaluation; :attr:`history` has its traceback. If
        the search ends because evaluations keep failing, there is a warning. After Ctrl-C a further
        call continues, and repeats the evaluations that were under way.

        >>> import ganas
        >>> search = ganas.Search("nasbench201", "random", queries=2)
        >>> best = search.maximize(
        ...     lambda arch: arch.costs["params"],
        ...     callbacks=lambda search, evaluation: print("evaluation", evaluation.number))
        evaluation 1
        evaluation 2

        Args:
            evaluate: Takes an :class:`Arch` and returns its objective value, or its metrics by name. With
                several fidelities it can take a second argument: ``fidelity``, such as ``{"epochs": 12}``,
                or ``trial``, a :class:`Trial` with ``report`` and ``should_stop``.
            queries: The total number of distinct architectures to evaluate; only before the first
                :meth:`ask`.
            workers: The number of threads that call the function. The result does not depend on it.
            processes: Use processes instead of threads. The function must be picklable, at the top
                level of a module, and a script needs ``if __name__ == "__main__":``. An evaluation
                fails if its process dies twice.
            callbacks: One or several functions to call after each evaluation, in this thread, with
                the search and an :class:`Evaluation`. An exception ends the call; another call
                continues.
            progress: Show the direction and the progress on standard error. By default only in
                terminals and notebooks.

        Raises:
            NothingFound: If the search ended without a compliant evaluation.
            ValueError: If the search has begun with another direction or other queries.
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

    def optimize(
        self,
        evaluate: Callable[[Arch], Metrics],
        queries: int | None = None,
        workers: int = 1,
        *,
        processes: bool = False,
        callbacks: Callback | Iterable[Callback] = (),
        progress: bool | None = None,
    ) -> list[FrontMember]:
        """The same as :meth:`maximize` in the directions of the search, for any number of objectives.

        Returns:
            The :attr:`front`: with a single objective, its best architecture alone.
        """
        self._evaluate(evaluate, queries, workers, processes, callbacks, progress, None)
        return self.front

    def run(self) -> Best | list[FrontMember]:
        """Runs a search with its own source of evaluations, and returns the best architecture, or the
        front of several objectives.

        The source is a ``table`` or a ``surrogate``, or that of a run of the command line.

        Raises:
            NothingFound: If the search ended without a compliant evaluation.
            ValueError: If its evaluations come from Python.
        """
        self._core.run()
        return self._ended()

    def close(self) -> None:
        """Stops the search. If it has a folder, :meth:`load` resumes it."""
        self._core.close()

    def __enter__(self) -> Search:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        ways = ", ".join(f"{way} {name}" for name, way in self.objectives.items())
        return f"Search({self.space.name!r}, {ways}, {self.queries} queries)"

    def _repr_html_(self) -> str:
        return _html.search(self)

    @property
    def _is_single(self) -> bool:
        return len(self._core.objectives) == 1

    def _check_single(self) -> None:
        if not self._is_single:
            names = ", ".join(self.objectives)
            raise ValueError(
                f"the search has several objectives ({names}); call `optimize`, and look at `front`"
            )

    def _aim(self, minimize: bool | None, queries: int | None) -> None:
        """Sets the direction and the queries of a search that has not begun."""
        if minimize is None:
            minimize = self._core.minimize
        else:
            self._check_single()
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
            if self._is_single:
                name = self._aims[0]
                log = ":log" if name.endswith(":log") else ""
                way = "min" if minimize else "max"
                self._aims = [f"{_spec.undirected(name)}:{way}{log}"]
            self._open(queries)
            self._unsaid = False

    def _evaluate(
        self,
        evaluate: Callable[[Arch], Metrics],
        queries: int | None,
        workers: int,
        processes: bool,
        callbacks: Callback | Iterable[Callback],
        progress: bool | None,
        minimize: bool | None,
    ) -> Any:
        self._aim(minimize, queries)
        if workers < 1:
            raise ValueError("there are no workers; give `workers` at least 1")
        evaluate = with_fidelity(self, evaluate)
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
                return self._ended()
            with Workers(evaluate, workers, processes) as pool:
                try:
                    while True:
                        for arch in self.ask(workers - len(pool)):
                            pool.submit(arch)
                        if not len(pool):
                            return self._ended()
                        for arch, result in pool.finished():
                            settle(arch, result)
                finally:
                    for arch in pool.left():
                        self.put_back(arch)
        finally:
            shown.end()

    def _evaluation(self, arch: Arch) -> Evaluation:
        """The evaluation of an architecture that has a result."""
        row = self._core.row(arch)
        if row is None:
            raise RuntimeError(f"`{arch}` was told and is not there; this is a bug in ganas")
        rest = ("query", "round", "arch", "compliant", "failure")
        metrics = {name: value for name, value in row.items() if name not in rest}
        return Evaluation(self._core.count(), arch, metrics, row["compliant"], row["failure"])

    def _ended(self) -> Any:
        """The result of a search that has ended."""
        return self._found() if self._is_single else self._found_front()

    def _found_front(self) -> list[FrontMember]:
        """The front of a search that has ended."""
        front = self.front
        self._check_found(bool(front))
        return front

    def _found(self) -> Best:
        """The best architecture of a search that has ended."""
        best = self.best
        self._check_found(best is not None)
        assert best is not None
        return best

    def _check_found(self, found: bool) -> None:
        """Raises an error if nothing was found, and warns if evaluations kept failing."""
        result = self.result
        if found:
            if result and result["stop"] == "failures":
                first = str(result.get("failure")).partition("\n")[0]
                warnings.warn(f"evaluations kept failing; the first: {first}", RuntimeWarning, 5)
            return
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
        """Tells the result of an architecture, or its failure."""
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
    """An error in a line, followed by its traceback."""
    where = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return f"{summary(error)}\n{where}"


def summary(error: BaseException) -> str:
    """An error in a line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
