"""Work on many things from several threads, of which all that was done is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def done_together(
    inputs: Sequence[Given],
    work: Callable[[Given], Made],
    keep: Callable[[Sequence[tuple[Given, Made]]], Any],
    at_once: int,
) -> None:
    """Do the work on each input; what ends about the same time is kept together.

    After the first error nothing more is begun, and it is raised when all the rest is kept.

    Args:
        inputs: in the order in which they are begun.
        work: called on other threads, so many times at once.
        keep: called on this thread.
        at_once: at least one.
    """
    first: BaseException | None = None
    with ThreadPoolExecutor(max(1, at_once), "evaluation") as pool:
        begun = {pool.submit(work, each): each for each in inputs}
        while begun:
            done, running = wait(begun, return_when=FIRST_COMPLETED)
            ended: list[tuple[Given, Made]] = []
            for each in done:
                source, error = begun.pop(each), _error(each)
                if error is not None:
                    first = first or error
                elif not each.cancelled():
                    ended.append((source, each.result()))
            if ended:
                keep(ended)
            if first is not None:
                for each in running:
                    each.cancel()
    if first is not None:
        raise first


def _error(future: Future[Any]) -> BaseException | None:
    return None if future.cancelled() else future.exception()
