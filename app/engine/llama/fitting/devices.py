"""Lists what can compute here, with its memory."""

from __future__ import annotations

import psutil

from app.engine.llama.fitting.backends import ACCELERATOR, CPU, GPU, INTEGRATED_GPU, Backends
from app.engine.llama.fitting.driver import driver_bytes
from app.engine.protocol import Device

_KINDS = {CPU: "cpu", GPU: "gpu", INTEGRATED_GPU: "igpu", ACCELERATOR: "accel"}


def devices() -> tuple[Device, ...]:
    """Every processor and graphics card that llama.cpp was built for and finds."""
    drivers, backends = driver_bytes(), Backends()
    return tuple(
        _device(backends, each, drivers.get(backends.name(each), 0)) for each in backends.handles()
    )


def _device(backends: Backends, handle: int, driver: int) -> Device:
    kind = _KINDS.get(backends.type(handle), "other")
    name = backends.name(handle)
    if kind == "cpu":
        # llama.cpp counts memory that holds files as taken; the system gives it back at once.
        memory = psutil.virtual_memory()
        free, total = memory.available, memory.total
    else:
        free, total = backends.memory(handle)
        free = min(free + driver, total)  # what the driver took goes with this process
    return Device(name, backends.description(handle) or name, kind, free, total)
