"""How commands print: answers on stdout, as text or one JSON document; all else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from app.base.errors import AppError


class Printer:
    """Prints for one run of a command."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def answer(self, data: Any, text: str) -> None:
        """Print the command's answer, in the form that was asked for."""
        whole = json.dumps(data, ensure_ascii=False, indent=2) if self._as_json else text
        print(whole, flush=True)  # or a reader that is gone would be noticed at the exit only

    def note(self, text: str) -> None:
        """Print something on the way that is not part of the answer."""
        print(text, file=sys.stderr, flush=True)

    def failure(self, error: AppError) -> None:
        """Print an expected failure in one line."""
        if self._as_json:
            self.answer({"error": error.message, "hint": error.hint}, "")
        self.note(f"cairn: {' '.join(str(error).split())}")
