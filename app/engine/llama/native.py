"""The native library: loaded once, after its environment is set, with its log in our hands."""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Where gdb is installed, ggml runs it on an abort, which takes seconds and fills the log.
os.environ.setdefault("GGML_NO_BACKTRACE", "1")
import llama_cpp  # noqa: TID253  # after the environment is set; this is the child's side

__all__ = [
    "NativeLog",
    "can_cut",
    "captured_log",
    "engine_build",
    "llama_cpp",
    "native_log",
    "trained_length",
]

_DEBUG, _ERROR, _CONTINUED = 1, 4, 5  # ggml_log_level


class NativeLog:
    """Sends llama.cpp's log to the child's, without debug lines, and keeps the errors.

    Attributes:
        callback: for libraries beside llama.cpp that log in the same way.
        errors: the last error lines.
        capture: collects everything while it is a list.
    """

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=20)
        self.capture: list[str] | None = None
        self._level = _DEBUG
        self.callback: Any = llama_cpp.llama_log_callback(self._write)

    def install(self) -> None:
        """Take the library's log from here on."""
        llama_cpp.llama_log_set(self.callback, ctypes.c_void_p(0))

    def _write(self, level: int, text: bytes, _data: object) -> None:
        self._level = self._level if level == _CONTINUED else level
        if self.capture is not None:
            self.capture.append(text.decode("utf-8", "replace"))
        if self._level == _DEBUG:
            return
        os.write(2, text)
        if self._level == _ERROR:
            self.errors.append(text.decode("utf-8", "replace").rstrip())


# One per process, because the library has one log.
native_log = NativeLog()
native_log.install()


@contextmanager
def captured_log() -> Iterator[list[str]]:
    """Collect everything the library says in the block, debug lines too."""
    lines: list[str] = []
    native_log.capture = lines
    try:
        yield lines
    finally:
        native_log.capture = None


def engine_build() -> str:
    """Which llama.cpp this is, for records and for the keys of stored state."""
    engine = llama_cpp.llama_version().decode("utf-8", "replace")
    return f"llama.cpp {engine} (llama-cpp-python {llama_cpp.__version__})"


def trained_length(model: Any) -> int:
    """Tokens of context a model was trained for; 0 if the file does not say, or says nonsense."""
    return max(int(llama_cpp.llama_model_n_ctx_train(model)), 0)


def can_cut(model: Any) -> bool:
    """Whether the state of a sequence can be cut back to any token."""
    recurrent = llama_cpp.llama_model_is_recurrent(model)
    return not (recurrent or llama_cpp.llama_model_is_hybrid(model))
