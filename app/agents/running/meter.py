"""What a run has spent, and which of its limits that reaches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from app.agents.entities import Budgets
from app.agents.trace import Limit, Spent
from app.engine.protocol import Timings


class Meter:
    """Measures one run, from what it had spent before if it goes on."""

    def __init__(
        self,
        budgets: Budgets,
        spent: Spent | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to measure.

        Args:
            budgets: where the run ends.
            spent: before it was interrupted.
            clock: seconds.
        """
        self.budgets = budgets
        self._clock = clock
        self._before = spent or Spent()
        self._spent = self._before
        self._started = clock()
        self._waited_s = 0.0

    @property
    def spent(self) -> Spent:
        """All of it until now."""
        work_s = self._clock() - self._started - self._waited_s
        return replace(
            self._spent,
            work_s=self._before.work_s + work_s,
            waited_s=self._before.waited_s + self._waited_s,
        )

    @property
    def tokens_left(self) -> int:
        """That the model may still write."""
        return self.budgets.tokens - self._spent.output_tokens

    @property
    def seconds_left(self) -> float:
        """Of work."""
        return self.budgets.seconds - self.spent.work_s

    @property
    def has_calls_left(self) -> bool:
        """Whether a tool may still be called."""
        return self._spent.tool_calls < self.budgets.tool_calls

    @property
    def limit(self) -> Limit | None:
        """What forbids another step; None if nothing does."""
        if self._spent.steps >= self.budgets.steps:
            return Limit.STEPS
        if self.tokens_left <= 0:
            return Limit.TOKENS
        return Limit.SECONDS if self.seconds_left <= 0 else None

    def replied(self, timings: Timings) -> None:
        """The model wrote something."""
        self._spent = replace(
            self._spent,
            steps=self._spent.steps + 1,
            prompt_tokens=self._spent.prompt_tokens + timings.prompt_tokens,
            output_tokens=self._spent.output_tokens + timings.output_tokens,
        )

    def called(self) -> None:
        """A tool was called."""
        self._spent = replace(self._spent, tool_calls=self._spent.tool_calls + 1)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While the person is waited for."""
        since = self._clock()
        try:
            yield
        finally:
            self._waited_s += self._clock() - since
