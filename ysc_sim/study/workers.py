"""Who does the work of a sweep: this process, several, or a cluster; each a ``concurrent.futures.Executor``."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar, cast

from ysc_sim.errors import PluginError

T = TypeVar("T")


class Here(Executor):
    """Works at once, in this process, when something is submitted."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call it; what it raises is kept for whoever asks for the result, but for an interruption."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def executor(workers: int = 1, cluster: str | None = None) -> Iterator[tuple[Executor, int]]:
    """An executor and how many pieces should be with it at a time.

    ``cluster``: address of a Dask scheduler, which needs the extra ``cluster``; its workers must see the scenario's
    files under the same paths. Raises ``PluginError`` where the extra is missing or nobody answers there.
    """
    if cluster is not None:
        with _dask(cluster) as found:
            yield found
    elif workers == 1:
        yield Here(), 1
    else:
        # spawn: a forked copy of a process with threads (pyarrow has some) may hang.
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=die_with_parent)
        try:
            yield pool, 2 * workers
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask(address: str) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ImportError:
        raise PluginError("cluster_not_installed") from None
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        raise PluginError("cluster_not_found", address=address, reason=str(error) or type(error).__name__) from None
    with client:
        threads = sum(client.nthreads().values())
        yield cast(Executor, client.get_executor(pure=False)), 2 * max(threads, 1)


def die_with_parent() -> None:
    """Let a worker end when the process that started it is gone, even if that was killed."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
