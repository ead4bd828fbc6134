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
    """So many threads or processes, and what they are at."""

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
        # A process that is forked would have the locks of threads that it has not.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._count, mp_context=context)

    def __len__(self) -> int:
        return len(self._running)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, arch: Arch) -> None:
        """Begins to evaluate an architecture."""
        try:
            future = self._pool.submit(self._evaluate, arch)
        except BrokenProcessPool:
            self._pool.shutdown(wait=False)
            self._pool = self._start()
            future = self._pool.submit(self._evaluate, arch)
        self._running[future] = arch

    def finished(self) -> Iterator[tuple[Arch, Callable[[], Any]]]:
        """Waits for the next evaluations, and yields what came of them.

        Where a process died nobody knows which evaluation killed it: all that were under way are tried
        again, the second time alone.
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
        """What is still under way."""
        return list(self._running.values())


def _check(evaluate: Callable[[Arch], Any]) -> None:
    """Refuses a function that no other process can have."""
    try:
        pickle.dumps(evaluate)
    except Exception as error:
        raise ValueError(
            f"the function cannot be sent to processes ({error}); define it at the top level of a "
            "module, or leave out `processes`"
        ) from None
