"""How commands print: answers on stdout, as text or one JSON document; all else on stderr."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Final

from app.base.errors import AppError

# What moves the cursor, colours or hides text on a terminal, and what turns the way it is read.
_STEERS: Final = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


class NotPrinted(AppError):
    """Where stdout leads to takes no more."""


class Printer:
    """Prints for one run of a command."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._has_answered = False

    def answer(self, data: Any, text: str) -> None:
        """Print the command's answer, in the form that was asked for."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # it may be closed
        if self._as_json:
            is_ascii = not encoding.lower().startswith("utf")  # letters of any terminal
            whole = json.dumps(data, ensure_ascii=is_ascii, indent=2)
        else:
            whole = (
                _tamed(text) if sys.stdout and sys.stdout.isatty() else text
            )  # a file gets it as it is
        self._has_answered = True
        # Flushed, or a reader that is gone would be noticed at the exit only.
        try:
            print(whole.encode(encoding, "backslashreplace").decode(encoding), flush=True)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise NotPrinted(f"The answer cannot be printed ({error.strerror}).") from error

    def note(self, text: str) -> None:
        """Print something on the way that is not part of the answer."""
        print(_tamed(text), file=sys.stderr, flush=True)

    def failure(self, error: AppError) -> None:
        """Print an expected failure in one line."""
        self._no_answer(error.message, error.hint)
        self.note(f"cairn: {' '.join(str(error).split())}")

    def interrupted(self) -> None:
        """Print that Ctrl+C ended the command."""
        self._no_answer("It was stopped.", "")

    def _no_answer(self, why: str, hint: str) -> None:
        if self._as_json and not self._has_answered:
            self.answer({"error": why, "hint": hint}, "")


def _tamed(text: str) -> str:
    """The text with what would steer a terminal spelled as <U+001B>."""
    return _STEERS.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)
