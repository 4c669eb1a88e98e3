"""The functions of ggml that know devices and where weights can be put; the binding has none."""

from __future__ import annotations

import ctypes
from typing import Any

from app.engine.llama.native import llama_cpp

CPU, GPU, INTEGRATED_GPU, ACCELERATOR = range(4)  # ggml_backend_dev_type


class _Properties(ctypes.Structure):
    """ggml_backend_dev_props, with room for what it may grow by."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("memory_free", ctypes.c_size_t),
        ("memory_total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("device_id", ctypes.c_char_p),
        ("capabilities", ctypes.c_ubyte * 128),
    ]


class Backends:
    """Native devices by index, name and type. Handles are addresses."""

    def __init__(self) -> None:
        binding = llama_cpp.llama_cpp
        registry = binding.load_shared_library("ggml", binding._base_path)
        base = binding.load_shared_library("ggml-base", binding._base_path)
        handle, text, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t

        def function(library: Any, name: str, result: Any, *arguments: Any) -> Any:
            # A prototype, not the attribute, so that nobody else's idea of its types is changed.
            return ctypes.CFUNCTYPE(result, *arguments)((name, library))

        self._count = function(registry, "ggml_backend_dev_count", size)
        self._get = function(registry, "ggml_backend_dev_get", handle, size)
        self._name = function(base, "ggml_backend_dev_name", text, handle)
        self._description = function(base, "ggml_backend_dev_description", text, handle)
        self._type = function(base, "ggml_backend_dev_type", ctypes.c_int, handle)
        self._memory = function(
            base,
            "ggml_backend_dev_memory",
            None,
            handle,
            ctypes.POINTER(size),
            ctypes.POINTER(size),
        )
        self._properties = function(
            base, "ggml_backend_dev_get_props", None, handle, ctypes.POINTER(_Properties)
        )
        self._main_memory = function(base, "ggml_backend_cpu_buffer_type", handle)
        self._row_size = function(base, "ggml_row_size", size, ctypes.c_int, ctypes.c_int64)

    def handles(self) -> tuple[int, ...]:
        """Every device, processors too."""
        return tuple(self._get(index) for index in range(self._count()))

    def name(self, device: int) -> str:
        """Such as “CPU” or “Vulkan0”."""
        return str(self._name(device).decode("utf-8", "replace"))

    def description(self, device: int) -> str:
        """What the maker calls it."""
        return str((self._description(device) or b"").decode("utf-8", "replace")).strip()

    def type(self, device: int) -> int:
        """CPU, GPU, INTEGRATED_GPU, ACCELERATOR, or one that llama.cpp made up since."""
        return int(self._type(device))

    def is_processor(self, device: int) -> bool:
        """Whether it computes in main memory."""
        return self.type(device) in {CPU, ACCELERATOR}

    def memory(self, device: int) -> tuple[int, int]:
        """Free and total bytes."""
        free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
        self._memory(device, ctypes.byref(free), ctypes.byref(total))
        return free.value, total.value

    def slot(self, device: int) -> str:
        """Where a card is plugged in, as “0000:c1:00.0”; empty if that is not known.

        As with its memory, a driver may take some of it to answer.
        """
        found = _Properties()
        self._properties(device, ctypes.byref(found))
        return (found.device_id or b"").decode("ascii", "replace")

    def main_memory(self) -> int:
        """The buffer type of main memory."""
        return int(self._main_memory())

    def tensor_bytes(self, kind: int, sizes: tuple[int, int, int, int]) -> int:
        """Bytes of a tensor of a ggml_type."""
        first, *others = sizes
        rows = 1
        for each in others:
            rows *= each
        return int(self._row_size(kind, first)) * rows

    def graphics(self) -> tuple[int, ...]:
        """The graphics cards that llama.cpp uses when it may use all."""
        handles = self.handles()
        cards = tuple(each for each in handles if self.type(each) == GPU)
        return cards or tuple(each for each in handles if self.type(each) == INTEGRATED_GPU)
