"""What a GGUF file says of itself, read by llama.cpp's own reader, before more is made of it.

Where llama.cpp trusts a value to be of its usual kind, another kind ends the process; so what it
trusts is looked at here first.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine.llama.native import llama_cpp

FLOAT32, BOOL, STRING = 6, 7, 8  # gguf_type


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """A tensor by name, ggml_type and its four sizes, the fastest changing first."""

    name: str
    type: int
    sizes: tuple[int, int, int, int]


class GgufFile:
    """The open header of a file. Valid in the block that `open_gguf` gives it to."""

    def __init__(self, native: _Native, handle: int) -> None:
        self._native = native
        self._handle = handle

    def kind(self, key: str) -> int | None:
        """The gguf_type of an entry; None for no such entry."""
        index = self._native.find_key(self._handle, key.encode())
        return self._native.kv_type(self._handle, index) if index >= 0 else None

    def text(self, key: str) -> str:
        """An entry that is a string; empty if there is none."""
        if self.kind(key) != STRING:
            return ""
        index = self._native.find_key(self._handle, key.encode())
        return str(self._native.text(self._handle, index).decode("utf-8", "replace"))

    @property
    def end(self) -> int:
        """Bytes a file has at least that is whole."""
        native, handle = self._native, self._handle
        ends = (
            native.tensor_offset(handle, index) + native.tensor_size(handle, index)
            for index in range(native.tensor_count(handle))
        )
        return int(native.data_offset(handle) + max(ends, default=0))

    def tensors(self) -> Iterator[TensorFacts]:
        """Every tensor, in the order of the file."""
        native, handle = self._native, self._handle
        for index in range(native.tensor_count(handle)):
            sizes = native.tensor_sizes(handle, index)
            yield TensorFacts(
                native.tensor_name(handle, index).decode("utf-8", "replace"),
                native.tensor_type(handle, index),
                (sizes[0], sizes[1], sizes[2], sizes[3]),
            )


@contextmanager
def open_gguf(path: Path) -> Iterator[GgufFile | None]:
    """Read the header of a file; None when it is not a GGUF file, or its header is damaged."""
    native = _Native()
    handle = native.open(os.fsencode(path), _Params(no_alloc=True, context=None))
    try:
        yield GgufFile(native, handle) if handle else None
    finally:
        if handle:
            native.close(handle)


class _Params(ctypes.Structure):
    _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p)]


class _Native:
    """The functions of ggml that read GGUF, which the binding leaves out."""

    def __init__(self) -> None:
        binding = llama_cpp.llama_cpp
        library = binding.load_shared_library("ggml-base", binding._base_path)
        handle, index, text = ctypes.c_void_p, ctypes.c_int64, ctypes.c_char_p

        def function(name: str, result: Any, *arguments: Any) -> Any:
            # A prototype, not the attribute, so that nobody else's idea of its types is changed.
            return ctypes.CFUNCTYPE(result, *arguments)((name, library))

        self.open = function("gguf_init_from_file", handle, text, _Params)
        self.close = function("gguf_free", None, handle)
        self.find_key = function("gguf_find_key", index, handle, text)
        self.kv_type = function("gguf_get_kv_type", ctypes.c_int, handle, index)
        self.text = function("gguf_get_val_str", text, handle, index)
        self.tensor_count = function("gguf_get_n_tensors", index, handle)
        self.tensor_name = function("gguf_get_tensor_name", text, handle, index)
        self.tensor_type = function("gguf_get_tensor_type", ctypes.c_int, handle, index)
        self.tensor_offset = function("gguf_get_tensor_offset", ctypes.c_size_t, handle, index)
        self.tensor_size = function("gguf_get_tensor_size", ctypes.c_size_t, handle, index)
        self.data_offset = function("gguf_get_data_offset", ctypes.c_size_t, handle)
        self.tensor_sizes = function("gguf_get_tensor_ne", ctypes.POINTER(index), handle, index)
