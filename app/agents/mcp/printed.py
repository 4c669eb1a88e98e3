"""What a server printed: the last lines, bounded and with secrets blacked out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Final

from app.agents.mcp.definitions import shown
from app.agents.mcp.secret import HIDDEN, SECRET_VALUE

_MOST_LINES: Final = 200
_LONGEST_LINE: Final = 500
_SHORTEST_SECRET: Final = 6  # shorter ones would turn ordinary words into dots


class Printed:
    """A log in memory. Any thread may write and read."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(each for each in secrets if len(each) >= _SHORTEST_SECRET)
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._lock = threading.Lock()

    def add(self, data: bytes, label: str = "") -> None:
        """Note what was printed; the longest lines are cut."""
        # No more than what can be kept is looked at: a server may print megabytes a second.
        for line in data[-_MOST_LINES * _LONGEST_LINE :].splitlines()[-_MOST_LINES:]:
            text = self.hidden_in(line[: 2 * _LONGEST_LINE].decode("utf-8", "replace"))
            if text.strip():
                with self._lock:
                    self._lines.append(f"{label}{shown(text)[:_LONGEST_LINE]}")

    def tail(self, lines: int = _MOST_LINES) -> tuple[str, ...]:
        """The last lines."""
        with self._lock:
            return tuple(self._lines)[-lines:]

    def hidden_in(self, text: str) -> str:
        """A text of the server's without the secrets that it was given."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return SECRET_VALUE.sub(HIDDEN, text)
