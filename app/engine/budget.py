"""What one rendering of a template that is not trusted may use, and how much of it is left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2.exceptions import SecurityError, TemplateError
from jinja2.utils import Namespace


class OverBudget(TemplateError):
    """The template takes too long or makes too much."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one rendering may use.

    Attributes:
        cpu_s: processor time of this thread, so that a busy computer does not matter.
        text: characters of one text, and of the result.
        total: characters and list entries made on the way.
        entries: of one nested value.
    """

    cpu_s: float = 2.0
    text: int = 16_000_000
    total: int = 256_000_000
    entries: int = 1_000_000


class Budget:
    """What is left of the limits in one rendering."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._deadline = time.thread_time() + limits.cpu_s
        self._total = limits.total
        self._ticks = 0

    def tick(self) -> None:
        """Count a step."""
        self._ticks += 1
        if self._ticks % 32 == 0:
            self.check_time()

    def check_time(self) -> None:
        """End what takes too long."""
        if time.thread_time() > self._deadline:
            raise OverBudget(f"it ran for more than {self.limits.cpu_s:g} seconds")

    def room(self, size: int) -> None:
        """Check before something of `size` is made."""
        if size > self.limits.text:
            raise OverBudget("it makes a text that is too long")

    def made(self, value: Any) -> Any:
        """Count something that was made."""
        if isinstance(value, (str, list, tuple, dict)):
            self.room(len(value))
            if not isinstance(value, str) and len(value) > self.limits.entries:
                raise OverBudget("it makes a list that is too long")
            self._total -= len(value)
            if self._total < 0:
                raise OverBudget("it makes too much text")
        return value

    def weigh(self, value: Any) -> Any:
        """Make sure that walking through `value` ends: shared parts count as often as they occur.

        Lists that hold one another twice are small in memory and endless for str() or ==.
        """
        if isinstance(value, (str, int, float)) or value is None:
            return value
        entries, characters, ahead = 0, 0, [value]
        while ahead:
            each = ahead.pop()
            if isinstance(each, str):
                characters += len(each)
            elif isinstance(each, Mapping):
                ahead.extend(each.keys())
                ahead.extend(each.values())
            elif isinstance(each, (list, tuple, set, frozenset)):
                ahead.extend(each)
            elif isinstance(each, Namespace) and each is not value:
                raise SecurityError("a namespace cannot be inside a list")
            entries += 1
            if entries % 4096 == 0:
                self.check_time()
            if entries + len(ahead) > self.limits.entries or characters > self.limits.text * 4:
                raise OverBudget("it makes a list that is too long")
        return value
