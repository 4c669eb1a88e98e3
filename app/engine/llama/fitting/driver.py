"""What the driver of a graphics card takes on it for a process that computes there.

No backend of llama.cpp tells. NVIDIA's management library, which comes with the driver, counts
memory without taking any; so it is asked before this process uses the card and after. Drivers of
others take little, and count as nothing.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from app.engine.llama.fitting.backends import Backends

_LIBRARY = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"


class _Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]


class Cards:
    """NVIDIA's cards, as its management library numbers them."""

    def __init__(self) -> None:
        """Open the library.

        Raises:
            OSError: it is not here, or does not work.
        """
        self._library = ctypes.CDLL(_LIBRARY)
        self._call("nvmlInit_v2")

    def used(self) -> dict[int, int]:
        """Bytes that are taken of each card, by everyone."""
        count = ctypes.c_uint()
        self._call("nvmlDeviceGetCount_v2", ctypes.byref(count))
        return {index: self._used(index) for index in range(count.value)}

    def index(self, bus_id: str) -> int:
        """The number of the card in a slot, as “0000:c1:00.0”."""
        handle, index = ctypes.c_void_p(), ctypes.c_uint()
        self._call("nvmlDeviceGetHandleByPciBusId_v2", bus_id.encode(), ctypes.byref(handle))
        self._call("nvmlDeviceGetIndex", handle, ctypes.byref(index))
        return index.value

    def close(self) -> None:
        """Let go of the library."""
        self._call("nvmlShutdown")

    def _used(self, index: int) -> int:
        handle, memory = ctypes.c_void_p(), _Memory()
        self._call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(handle))
        self._call("nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory))
        return int(memory.used)

    def _call(self, name: str, *arguments: Any) -> None:
        try:
            function = getattr(self._library, name)
        except AttributeError as error:
            raise OSError(f"{name} is missing") from error
        if result := function(*arguments):
            raise OSError(f"{name} gave {result}")


@cache
def driver_bytes() -> Mapping[str, int]:
    """Bytes by name of the card. The first call must come before this process uses one."""
    backends = Backends()
    if backends.graphics():
        with suppress(OSError):
            return _measured(Cards(), backends)
    return {}


def _measured(cards: Cards, backends: Backends) -> dict[str, int]:
    try:
        before = cards.used()
        slots = {backends.name(each): backends.slot(each) for each in backends.graphics()}
        after = cards.used()
        numbers = {name: cards.index(slot) for name, slot in slots.items() if slot}
        return {name: max(after[each] - before[each], 0) for name, each in numbers.items()}
    finally:
        cards.close()
