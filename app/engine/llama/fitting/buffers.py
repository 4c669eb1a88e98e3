"""What llama.cpp logs about the buffers of a model and its context, by device."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

MAIN = "CPU"  # main memory; also for buffers in it with other names, such as CPU_REPACK
_MIB = 1024 * 1024

_MODEL = re.compile(r"(\S+) model buffer size = +([\d.]+) MiB")
_COMPUTE = re.compile(r"(\S+) compute buffer size = +([\d.]+) MiB")
_REAL = re.compile(r"(\S+) +(output|RS) buffer size = +([\d.]+) MiB")
_KV_LAYER = re.compile(r"layer +\d+: dev = (\S+)")
_KV_TOTAL = re.compile(r": size = +([\d.]+) MiB \( *\d+ cells,.* K \(")
_LAYER = re.compile(r"layer +(\d+) assigned to device ([^\s,]+)")
_OVERRIDDEN = re.compile(r"tensor (\S+) \(.*\) buffer type overridden to (\S+)")


@dataclass(slots=True)
class Buffers:
    """Bytes by device, as far as the log tells them.

    Attributes:
        weights: by name of the buffer, as "CPU" and "CPU_REPACK"; zeros if no memory was taken.
        kv_cache: state of attention and of recurrent layers.
        compute: of the graph, and the logits.
        taken: of `kv_cache` and `compute`, what is taken even when weights are not.
        layers: device of each layer; the one after the last is the output.
        elsewhere: tensors that are not where their layer is.
    """

    weights: Counter[str] = field(default_factory=Counter)
    kv_cache: Counter[str] = field(default_factory=Counter)
    compute: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    layers: dict[int, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)

    def device_of(self, tensor: str) -> str:
        """Where a tensor is put."""
        if tensor in self.elsewhere:
            return self.elsewhere[tensor]
        if found := re.match(r"blk\.(\d+)\.", tensor):
            return self.layers.get(int(found[1]), MAIN)
        if tensor.startswith("output"):
            return self.layers.get(max(self.layers, default=0), MAIN)
        return MAIN  # the embeddings are looked up there

    def split(self, tensors: Mapping[str, int]) -> Counter[str]:
        """Bytes of the weights by device, from the bytes of each tensor."""
        weights: Counter[str] = Counter()
        for name, size in tensors.items():
            weights[self.device_of(name)] += size
        output = self.device_of("output.weight")
        if "output.weight" not in tensors and output != MAIN:
            # The embeddings are the output head too, and then they are in both places.
            weights[output] += tensors.get("token_embd.weight", 0)
        return weights


def read_buffers(log: Iterable[str], devices: Iterable[str]) -> Buffers:
    """Read a log.

    Args:
        log: what was logged, debug lines too.
        devices: names of graphics cards; all other buffers are in main memory.
    """
    reader = _Reader(frozenset(devices))
    for line in "".join(log).splitlines():
        reader.take(line)
    return reader.buffers


class _Reader:
    """Takes a log line by line."""

    def __init__(self, cards: frozenset[str]) -> None:
        self.buffers = Buffers()
        self._cards = cards
        self._holders: list[str] = []  # of layers of the KV cache whose size is still to come
        self._kinds: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], None]], ...] = (
            (_MODEL, self._model),
            (_COMPUTE, self._compute),
            (_REAL, self._real),
            (_KV_LAYER, self._kv_layer),
            (_KV_TOTAL, self._kv_total),
            (_LAYER, self._layer),
            (_OVERRIDDEN, self._overridden),
        )

    def take(self, line: str) -> None:
        for pattern, note in self._kinds:
            if found := pattern.search(line):
                note(found)
                return

    def _model(self, found: re.Match[str]) -> None:
        self.buffers.weights[found[1]] += _bytes(found[2])

    def _compute(self, found: re.Match[str]) -> None:
        self.buffers.compute[self._device(found[1])] += _bytes(found[2])

    def _real(self, found: re.Match[str]) -> None:
        device, size = self._device(found[1]), _bytes(found[3])
        part = self.buffers.compute if found[2] == "output" else self.buffers.kv_cache
        part[device] += size
        self.buffers.taken += size if device == MAIN else 0

    def _kv_layer(self, found: re.Match[str]) -> None:
        self._holders.append(self._device(found[1]))

    def _kv_total(self, found: re.Match[str]) -> None:
        holders = self._holders or [MAIN]
        for holder in holders:
            self.buffers.kv_cache[holder] += _bytes(found[1]) // len(holders)
        self._holders = []

    def _layer(self, found: re.Match[str]) -> None:
        self.buffers.layers[int(found[1])] = self._device(found[2])

    def _overridden(self, found: re.Match[str]) -> None:
        self.buffers.elsewhere[found[1]] = self._device(found[2])

    def _device(self, name: str) -> str:
        return name if name in self._cards else MAIN


def _bytes(mebibytes: str) -> int:
    return round(float(mebibytes) * _MIB)
