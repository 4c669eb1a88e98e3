"""Work on many things from several threads: how many, and that all that was done is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from app.engine.protocol import ModelFacts

MOST_AT_ONCE = 16
AT_ONCE_ON_SERVERS = 4

Given = TypeVar("Given")
Made = TypeVar("Made")


def requests_at_once(facts: ModelFacts, *, is_served: bool) -> int:
    """How many requests a model is asked at a time, here or on a server."""
    return AT_ONCE_ON_SERVERS if is_served else max(1, min(facts.streams, MOST_AT_ONCE))


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
    stopping = threading.Event()

    def attempt(each: Given) -> Made:
        if stopping.is_set():
            raise CancelledError
        try:
            return work(each)
        except BaseException:
            stopping.set()
            raise

    errors: list[BaseException] = []
    with ThreadPoolExecutor(max(1, at_once), "evaluation") as pool:
        begun = {pool.submit(attempt, each): each for each in inputs}
        while begun:
            ended: list[tuple[Given, Made]] = []
            for each in wait(begun, return_when=FIRST_COMPLETED).done:
                source, error = begun.pop(each), each.exception()
                if error is None:
                    ended.append((source, each.result()))
                elif not isinstance(error, CancelledError):
                    errors.append(error)
            if ended:
                keep(ended)
    if errors:
        raise errors[0]
