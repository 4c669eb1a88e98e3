from __future__ import annotations

import psutil

from app.engine.llama.fitting.backends import Backends
from app.engine.llama.fitting.devices import devices


def test_devices_have_one_processor_with_the_memory_of_the_computer() -> None:
    (processor,) = (each for each in devices() if each.kind == "cpu")
    assert processor.name == "CPU"
    assert processor.description
    assert processor.total_bytes == psutil.virtual_memory().total
    assert 0 < processor.free_bytes <= processor.total_bytes


def test_devices_have_names_of_their_own() -> None:
    names = [each.name for each in devices()]
    assert len(set(names)) == len(names)


def test_processor_is_no_graphics_card() -> None:
    backends = Backends()
    processors = [each for each in backends.handles() if backends.is_processor(each)]
    assert processors
    assert not set(processors) & set(backends.graphics())


def test_tensor_bytes_count_blocks() -> None:
    backends = Backends()
    assert backends.tensor_bytes(0, (10, 3, 1, 1)) == 120  # F32
    assert backends.tensor_bytes(8, (64, 2, 2, 1)) == 4 * 2 * 34  # Q8_0
