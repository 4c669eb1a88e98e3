"""The KV space of a native context, one sequence at a time."""

from __future__ import annotations

import ctypes
from typing import Any

from app.engine.llama.kv.parking import StateBytes
from app.engine.llama.native import llama_cpp

_END = -1  # of a range of positions: all there is


class ContextMemory:
    """Implements `SequenceMemory` on a llama.cpp context."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._memory: Any = llama_cpp.llama_get_memory(context)

    def cut(self, sequence: int, length: int) -> bool:
        """Keep the first `length` positions; False when that cannot be done."""
        return bool(llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, _END))

    def copy(self, source: int, target: int, length: int) -> None:
        """Let `target` share the first `length` positions of `source`."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def clear(self, sequence: int) -> None:
        """Forget all of a sequence."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, _END, _END)

    def size(self, sequence: int) -> int:
        """Bytes of the state of a sequence."""
        return int(llama_cpp.llama_state_seq_get_size(self._context, sequence))

    def save(self, sequence: int) -> StateBytes:
        """The whole state of a sequence; empty when it cannot be had."""
        size = self.size(sequence)
        state = bytearray(size)
        view = (ctypes.c_uint8 * size).from_buffer(state)
        written = llama_cpp.llama_state_seq_get_data(self._context, view, size, sequence)
        del view  # a bytearray that is looked at cannot shrink
        del state[written:]
        return state

    def restore(self, sequence: int, state: StateBytes) -> bool:
        """Put a state back; False when it is refused."""
        size = len(state)
        # The library only reads; what may be hundreds of megabytes is not copied.
        view = (
            (ctypes.c_uint8 * size).from_buffer(state)
            if isinstance(state, bytearray)
            else ctypes.cast(ctypes.c_char_p(state), ctypes.POINTER(ctypes.c_uint8))
        )
        return bool(llama_cpp.llama_state_seq_set_data(self._context, view, size, sequence) == size)
