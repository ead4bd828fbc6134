"""Threads or processes that call a function."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from ganas._ganas import Arch


class Workers:
    """A pool of threads or processes, and their running evaluations."""

    def __init__(self, evaluate: Callable[[Arch], Any], count: int, processes: bool) -> None:
        if processes:
            _check(evaluate)
        self._evaluate = evaluate
        self._count = count
        self._processes = processes
        self._running: dict[Future[Any], Arch] = {}
        self._broken: dict[Arch, int] = {}
        self._pool = self._start()

    def _start(self) -> Executor:
        if not self._processes:
            return ThreadPoolExecutor(self._count)
        # A forked process would inherit locks of threads that it does not have.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._count, mp_context=context)

    def __len__(self) -> int:
        return len(self._running)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, arch: Arch) -> None:
        """Submits an architecture."""
        try:
            future = self._pool.submit(self._evaluate, arch)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._start()
            future = self._pool.submit(self._evaluate, arch)
        self._running[future] = arch

    def finished(self) -> Iterator[tuple[Arch, Callable[[], Any]]]:
        """Waits for the next evaluations, and yields their results.

        If a process dies, it is unknown which evaluation killed it. So all running ones are retried,
        each in a process of its own.
        """
        for future in wait(self._running, return_when=FIRST_COMPLETED).done:
            arch = self._running.pop(future)
            if not isinstance(future.exception(), BrokenProcessPool):
                yield arch, future.result
                continue
            self._broken[arch] = self._broken.get(arch, 0) + 1
            yield from self._again(arch)

    def _again(self, arch: Arch) -> Iterator[tuple[Arch, Callable[[], Any]]]:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=context) as alone:
            future = alone.submit(self._evaluate, arch)
            if isinstance(future.exception(), BrokenProcessPool):
                future = Future()
                future.set_exception(RuntimeError("its process died twice; see its output for why"))
            yield arch, future.result

    def left(self) -> list[Arch]:
        """The architectures still under way."""
        return list(self._running.values())


def _check(evaluate: Callable[[Arch], Any]) -> None:
    """Refuses a function that cannot be sent to another process."""
    try:
        pickle.dumps(evaluate)
    except Exception as error:
        raise ValueError(
            f"the function cannot be sent to processes ({error}); define it at the top level of a "
            "module, or leave out `processes`"
        ) from None
