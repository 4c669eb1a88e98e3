"""An engine that only knows what models need, by a simple rule, for tests of the memory fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.base.jobs import CancelToken
from app.engine.options import ALL_LAYERS, Adapter, KvType, LoadOptions
from app.engine.protocol import Device, DeviceNeed, MemoryNeed

MB = 1_000_000
LAYERS = 32


@dataclass
class MemoryEngine:
    """Weights as given; 100 kB of KV cache a token at f16; the graphics card takes whole layers.

    Without a card, `repacked` bytes of them are there twice.
    """

    weights: int = 2000 * MB
    repacked: int = 0
    cards: tuple[Device, ...] = ()
    free_layers: int = LAYERS
    asked: list[LoadOptions] = field(default_factory=list)
    adapters: list[tuple[Adapter, ...]] = field(default_factory=list)

    def estimate(
        self, _path: Path, options: LoadOptions, _cancel: CancelToken | None = None
    ) -> MemoryNeed:
        self.asked.append(options)
        return self.rule(options)

    def rule(self, options: LoadOptions) -> MemoryNeed:
        each = {KvType.AUTO: 2.0, KvType.Q8_0: 34 / 32}
        kv = options.context_length * 25_000 * (each[options.kv_type_k] + each[options.kv_type_v])
        compute = 300 * MB * options.micro_batch // 512
        layers = options.gpu_layers if options.gpu_layers >= 0 else self.free_layers
        share = min(layers, LAYERS) / LAYERS if self.cards else 0.0
        if share == 0:
            again = self.repacked if options.repacks else 0
            here = DeviceNeed("CPU", self.weights + again, int(kv), compute, again)
            return MemoryNeed((here,), 100 * MB)
        there = DeviceNeed("CUDA0", int(self.weights * share), int(kv * share), compute)
        here = DeviceNeed("CPU", self.weights - there.weights, int(kv * (1 - share)), 10 * MB)
        return MemoryNeed((there, here), 100 * MB)

    def devices(self) -> tuple[Device, ...]:
        return (Device("CPU", "A processor", "cpu", 0, 0), *self.cards)

    def set_adapters(self, adapters: tuple[Adapter, ...]) -> None:
        self.adapters.append(adapters)


def card(free_mb: int) -> Device:
    """A graphics card with so much free."""
    return Device("CUDA0", "A graphics card", "gpu", free_mb * MB, 8000 * MB)


ON_CARD = LoadOptions(gpu_layers=ALL_LAYERS)
