"""A native context: computes batches, and can be interrupted from another thread."""

from __future__ import annotations

import ctypes
import sys
from enum import IntEnum
from typing import Any

from app.engine.causes import load_error
from app.engine.errors import ModelLoadError
from app.engine.llama.computing.batch import TokenBatch
from app.engine.llama.native import llama_cpp, native_log


class Computed(IntEnum):
    """What came of a batch."""

    DONE = 0
    NO_ROOM = 1
    ABORTED = 2


class StopFlag:
    """Lets another thread interrupt llama.cpp in the middle of a computation."""

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(2)
        self.address = ctypes.addressof(self._flag)
        # llama.cpp asks after each of some thousand steps a token. A Python function there would
        # cost a few percent; strlen of a text that is empty, or one character long, costs nothing.
        library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        self.callback = ctypes.cast(library.strlen, llama_cpp.ggml_abort_callback)

    def lower(self) -> None:
        """Let computations run."""
        self._flag[0] = b"\0"

    def lift(self) -> None:
        """End the computation under way as soon as possible."""
        self._flag[0] = b"\1"


class Context:
    """Owns a native context.

    Attributes:
        handle: the native context.
        length: tokens of its KV space.
        batch: most tokens of one computation.
        flag: interrupts a computation.
    """

    def __init__(self, name: str, model: Any, params: Any) -> None:
        """Make it.

        Args:
            name: of the model file, for errors.
            model: the native model; it must outlive the context.
            params: native parameters; the abort callback is set here.

        Raises:
            ModelLoadError: there is no room for it, or the model computes nothing token by token.
        """
        self.flag = StopFlag()
        params.no_perf = True
        params.abort_callback = self.flag.callback
        params.abort_callback_data = self.flag.address
        native_log.errors.clear()
        self.handle: Any = llama_cpp.llama_init_from_model(model, params)
        if not self.handle:
            raise load_error(name, [*native_log.errors, "failed to allocate the context"])
        if llama_cpp.llama_get_memory(self.handle) is None:
            self.close()
            raise ModelLoadError(
                f"“{name}” is not a chat model: it turns text into vectors.",
                "Choose a model whose name says “instruct”, “chat” or “it”.",
            )
        self.length: int = llama_cpp.llama_n_ctx(self.handle)
        self.batch: int = llama_cpp.llama_n_batch(self.handle)

    def compute(self, batch: TokenBatch) -> int:
        """Run the model over a batch; a `Computed`, or a negative number for an error."""
        return int(llama_cpp.llama_decode(self.handle, batch.native))

    def set_threads(self, decode: int, prefill: int) -> None:
        """Use so many compute threads for one token, and for many."""
        llama_cpp.llama_set_n_threads(self.handle, decode, prefill)

    def close(self) -> None:
        """Give the memory back."""
        if self.handle:
            llama_cpp.llama_free(self.handle)
            self.handle = None
