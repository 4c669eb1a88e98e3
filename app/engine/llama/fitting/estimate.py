"""How much memory a load takes, found by loading without taking it.

What is counted is what is resident once the model has answered. Weights mapped from the file are,
because llama.cpp reads them ahead; so are the copies it makes of them in an order that suits the
processor. Call it in a process that did nothing before: what this process has by then is what an
engine process has beside the buffers of its model.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.causes import load_error
from app.engine.llama.fitting.attention import settled
from app.engine.llama.fitting.backends import Backends
from app.engine.llama.fitting.buffers import MAIN, Buffers, read_buffers
from app.engine.llama.fitting.driver import driver_bytes
from app.engine.llama.fitting.params import (
    NativeParams,
    context_params,
    devices_used,
    model_params,
    output_count,
    sequence_count,
)
from app.engine.llama.gguf_file import open_gguf
from app.engine.llama.native import (
    can_cut,
    captured_log,
    llama_cpp,
    native_log,
    trained_length,
)
from app.engine.llama.process import memory_bytes
from app.engine.options import ALL_LAYERS, AUTOMATIC_LAYERS, LoadOptions, Speculation
from app.engine.protocol import DeviceNeed, MemoryNeed

# Buffers of main memory with weights as they are in the file; all others have another order.
_OWN_ORDER = re.compile(r"CPU|CPU_Mapped|\w+_Host")
# Of a process that is ready to answer: chat template, samplers, thread stacks, work space.
ANSWERING_BYTES = 12 * 1024 * 1024
# The same for one that computes on a graphics card, in main memory (measured with CUDA 13).
_ANSWERING_ON_CARD_BYTES = 130 * 1024 * 1024
# Left free on a graphics card, which also draws the screen.
_CARD_RESERVE = 512 * 1024 * 1024


def estimate(
    path: Path,
    options: LoadOptions,
    *,
    cancel: CancelToken | None = None,
) -> MemoryNeed:
    """What a load with these options takes; an automatic number of layers is chosen first.

    Args:
        path: the file; of a model in several files the first.
        options: as for loading.
        cancel: gives up.

    Raises:
        ModelLoadError: the file cannot be loaded at all; why.
        Cancelled: `cancel` was.
    """
    cancel = cancel or CancelToken()
    drivers = driver_bytes() if options.gpu_layers else {}
    if options.gpu_layers == AUTOMATIC_LAYERS:
        layers = automatic_layers(path, options, cancel=cancel)
        options = replace(options, gpu_layers=layers)
    need, process = _needed(path, options, cancel)
    draft = options.speculation.draft_model
    if draft:
        alone = replace(options, speculation=Speculation(), adapters=(), projector="")
        more, grown = _needed(Path(draft), alone, cancel)
        need, process = need + more, max(process, grown)
    process += _ANSWERING_ON_CARD_BYTES if _card_names(options) else ANSWERING_BYTES
    return MemoryNeed(need.as_devices(drivers), process)


def automatic_layers(
    path: Path,
    options: LoadOptions,
    *,
    cancel: CancelToken | None = None,
) -> int:
    """As many layers as fit into the free memory of the graphics cards; 0 where there is none.

    Raises:
        ModelLoadError: the file cannot be loaded at all; why.
        Cancelled: `cancel` was.
    """
    backends = Backends()
    cards = devices_used(options, backends)
    if not cards:
        return 0
    cancel = cancel or CancelToken()
    free = {backends.name(each): backends.memory(each)[0] - _CARD_RESERVE for each in cards}

    def needed(layers: int) -> Mapping[str, int]:
        need, _ = _needed(path, replace(options, gpu_layers=layers), cancel)
        # What a driver takes is gone already from what this process sees as free.
        return {each.device: each.total for each in need.as_devices({})}

    return most_layers(_layer_count(path, options, cancel), needed, free)


def most_layers(
    layers: int, needed: Callable[[int], Mapping[str, int]], free: Mapping[str, int]
) -> int:
    """The most layers that fit.

    Args:
        layers: of the model, with its output as one.
        needed: bytes by device for a number of layers.
        free: bytes by graphics card.
    """

    def fits(count: int) -> bool:
        need = needed(count)
        return all(need.get(device, 0) <= room for device, room in free.items())

    if fits(layers):
        return ALL_LAYERS
    least, most = 0, layers  # `least` fits, or nothing does; `most` does not
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if fits(middle) else (least, middle)
    return least


@dataclass(frozen=True, slots=True)
class _Need:
    """Bytes by device; `repacked` is part of `weights`."""

    weights: Counter[str]
    kv_cache: Counter[str]
    compute: Counter[str]
    repacked: Counter[str]

    def __add__(self, other: _Need) -> _Need:
        return _Need(
            self.weights + other.weights,
            self.kv_cache + other.kv_cache,
            self.compute + other.compute,
            self.repacked + other.repacked,
        )

    def as_devices(self, drivers: Mapping[str, int]) -> tuple[DeviceNeed, ...]:
        names = {MAIN, *self.weights, *self.kv_cache, *self.compute}
        return tuple(
            DeviceNeed(
                name,
                self.weights[name],
                self.kv_cache[name],
                self.compute[name],
                self.repacked[name],
                drivers.get(name, 0),
            )
            for name in sorted(names, key=lambda name: (name != MAIN, name))
        )


def _needed(path: Path, options: LoadOptions, cancel: CancelToken) -> tuple[_Need, int]:
    """What the model's buffers take, and what this process takes beside them."""
    cards = _card_names(options)
    with captured_log() as log, _without_weights(path, options, cancel) as model:
        length = options.room(trained_length(model))
        params = context_params(
            settled(options, model, length=length, on_card=bool(cards)),
            length=length,
            sequences=sequence_count(options, can_cut(model)),
            outputs=output_count(options),
        )
        context = llama_cpp.llama_init_from_model(model, params.native)
        if not context:
            raise load_error(path.name, [*native_log.errors, "failed to allocate the context"])
        process = memory_bytes()
        size = llama_cpp.llama_model_size(model)
        llama_cpp.llama_free(context)
    buffers = read_buffers(log, cards)
    weights = _weights(path, buffers, size)
    # Beside a card llama.cpp keeps weights in main memory where the card can fetch them.
    again = 0 if cards else _repacked(path, options, cancel, weights[MAIN] / max(size, 1))
    repacked = Counter({MAIN: again})
    weights += repacked
    weights[cards[0] if cards else MAIN] += _further_files(options)
    need = _Need(weights, buffers.kv_cache, buffers.compute, repacked)
    return need, max(process - buffers.taken, 0)


def _card_names(options: LoadOptions) -> tuple[str, ...]:
    if options.gpu_layers == 0:
        return ()
    backends = Backends()
    return tuple(backends.name(each) for each in devices_used(options, backends))


def _weights(path: Path, buffers: Buffers, size: int) -> Counter[str]:
    if set(buffers.layers.values()) <= {MAIN}:
        return Counter({MAIN: size})
    backends = Backends()
    with open_gguf(path) as file:
        tensors = {
            each.name: backends.tensor_bytes(each.type, each.sizes)
            for each in (file.tensors() if file else ())
        }
    if sum(tensors.values()) >= size * 0.99:
        return buffers.split(tensors)
    # A model in several files; layers are about the same size.
    weights: Counter[str] = Counter()
    for device in buffers.layers.values():
        weights[device] += size // len(buffers.layers)
    return weights


def _repacked(path: Path, options: LoadOptions, cancel: CancelToken, share: float) -> int:
    """Bytes of weights that are in main memory a second time: mapped, and in another order.

    Only a load that takes memory tells. It is ended before it reads anything, and memory that is
    not written to costs nothing.

    Args:
        path: of the model.
        options: how it is loaded.
        cancel: ends it.
        share: of the weights that is in main memory.
    """
    if not options.use_mmap or not share or not options.repacks:
        return 0
    alone = replace(options, use_mmap=False, use_mlock=False, gpu_layers=0, devices=())
    params = model_params(alone, progress=lambda _share: False)
    with captured_log() as log:
        model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params.native)
        if model:
            llama_cpp.llama_model_free(model)
    if cancel.is_cancelled:
        raise Cancelled
    buffers = read_buffers(log, ())
    repacked = sum(size for name, size in buffers.weights.items() if not _OWN_ORDER.fullmatch(name))
    return round(repacked * share)


def _further_files(options: LoadOptions) -> int:
    files = [each.path for each in options.adapters]
    files += [options.projector] if options.projector else []
    return sum(Path(each).stat().st_size for each in files if Path(each).is_file())


def _layer_count(path: Path, options: LoadOptions, cancel: CancelToken) -> int:
    with _without_weights(path, replace(options, gpu_layers=0), cancel) as model:
        return int(llama_cpp.llama_model_n_layer(model)) + 1


@contextmanager
def _without_weights(path: Path, options: LoadOptions, cancel: CancelToken) -> Iterator[Any]:
    params: NativeParams = model_params(
        options, progress=lambda _share: not cancel.is_cancelled, without_weights=True
    )
    native_log.errors.clear()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params.native)
    try:
        if cancel.is_cancelled:
            raise Cancelled
        if not model:
            raise load_error(path.name, native_log.errors)
        yield model
    finally:
        if model:
            llama_cpp.llama_model_free(model)
