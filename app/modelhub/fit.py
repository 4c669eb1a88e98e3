"""Whether a model fits into the memory that is free, in words, and what smaller setting would.

Only sums over an estimate; the estimate itself comes from the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from app.engine.options import AUTOMATIC_LAYERS, KvType, LoadOptions, Switch
from app.engine.protocol import Device, DeviceNeed, MemoryNeed

MAIN = "CPU"  # main memory, as MemoryNeed names it
NOT_GRAPHICS = {"cpu", "accel", "other"}
_DOUBT = 1.1  # an estimate may be a tenth too low
_ROOMY = 4096  # with less, a denser KV cache is the better way to save
_CONTEXTS = (131_072, 65_536, 32_768, 16_384, 8192, 4096, 2048, 1024, 512)
_SMALL_BATCH, _SMALL_MICRO_BATCH = 512, 128

# Bytes of one number, with the scale of its block.
_KV_BYTES = {
    KvType.AUTO: 2.0,
    KvType.F32: 4.0,
    KvType.F16: 2.0,
    KvType.BF16: 2.0,
    KvType.Q8_0: 34 / 32,
    KvType.Q5_1: 24 / 32,
    KvType.Q5_0: 22 / 32,
    KvType.Q4_1: 20 / 32,
    KvType.Q4_0: 18 / 32,
    KvType.IQ4_NL: 18 / 32,
}


class Verdict(StrEnum):
    """Whether a model fits."""

    FITS = "fits"
    TIGHT = "tight"
    DOES_NOT_FIT = "does_not_fit"


@dataclass(frozen=True, slots=True)
class FreeMemory:
    """What is free now, in bytes; `devices` are the graphics cards only."""

    main: int
    devices: tuple[Device, ...] = ()

    def on(self, device: str) -> int | None:
        """Free on one device; None if the device is not known."""
        if device == MAIN:
            return self.main
        return next((each.free_bytes for each in self.devices if each.name == device), None)

    def with_returned(self, need: MemoryNeed, *, weights_too: bool) -> FreeMemory:
        """What will be free once a model that needs this was unloaded.

        Args:
            need: of the loaded model.
            weights_too: False for weights mapped from the file: the system counts those as free.
        """
        main = self.main + need.process
        returned = dict.fromkeys((each.name for each in self.devices), 0)
        for each in need.devices:
            if each.device == MAIN:
                main += each.total - (0 if weights_too else each.weights - each.repacked)
            elif each.device in returned:
                returned[each.device] += each.total
        devices = (
            replace(each, free_bytes=each.free_bytes + returned[each.name]) for each in self.devices
        )
        return FreeMemory(main, tuple(devices))


@dataclass(frozen=True, slots=True)
class Fit:
    """What loading with these options needs, beside what is free.

    Attributes:
        room: tokens there will be room for.
        smaller: options that fit, if these do not and any are known.
    """

    options: LoadOptions
    need: MemoryNeed
    free: FreeMemory
    room: int = 0
    smaller: LoadOptions | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether it fits, with some room for doubt about the estimate."""
        return judge(self.need, self.free)

    @property
    def words(self) -> str:
        """One sentence: "Needs about 2.1 GB of 11.4 GB free memory"."""
        return fit_words(self.need, self.free, self.verdict)


def judge(need: MemoryNeed, free: FreeMemory) -> Verdict:
    """Whether there is room on every device."""
    pairs = [(wanted, there) for _device, wanted, there in _by_device(need, free)]
    if any(wanted > there for wanted, there in pairs):
        return Verdict.DOES_NOT_FIT
    if any(wanted * _DOUBT > there for wanted, there in pairs):
        return Verdict.TIGHT
    return Verdict.FITS


def fit_words(need: MemoryNeed, free: FreeMemory, verdict: Verdict) -> str:
    """How much it needs of what is free."""
    parts = [
        f"{size_words(wanted)} of {size_words(there)} " + _place(device, free)
        for device, wanted, there in _by_device(need, free)
    ]
    needs = "about " + " and ".join(parts)
    match verdict:
        case Verdict.FITS:
            return f"Needs {needs}"
        case Verdict.TIGHT:
            return f"Just fits: needs {needs}"
    return f"Does not fit: needs {needs}"


def smaller(options: LoadOptions, need: MemoryNeed, free: FreeMemory) -> LoadOptions | None:
    """The options nearest to these that would fit, by the parts of the estimate for these.

    A second copy of the weights goes first, which costs speed only, then room for text, then a
    denser KV cache, then smaller batches and fewer streams, then layers on the graphics cards. None
    if nothing helps.
    """
    for accepted in ((Verdict.FITS,), (Verdict.FITS, Verdict.TIGHT)):
        for tried in _smaller_options(options, need):
            predicted = predict(need, options, tried)
            there = _pooled(free) if _moves_by_itself(tried, options) else free
            predicted = _as_one(predicted) if there is not free else predicted
            if judge(predicted, there) in accepted:
                return tried
    return None


def predict(need: MemoryNeed, options: LoadOptions, other: LoadOptions) -> MemoryNeed:
    """What `other` would need, scaled from what `options` need; the engine knows it better."""
    kv = other.context_length / options.context_length * _kv_bytes(other) / _kv_bytes(options)
    compute = min(1.0, other.micro_batch / options.micro_batch)
    devices = tuple(
        replace(
            each,
            weights=each.weights - (0 if other.repacks else each.repacked),
            kv_cache=round(each.kv_cache * kv),
            compute=round(each.compute * compute),
            repacked=each.repacked if other.repacks else 0,
        )
        for each in need.devices
    )
    if other.gpu_layers == 0 and options.gpu_layers != 0:
        return _as_one(MemoryNeed(devices, need.process))
    return MemoryNeed(devices, need.process)


def shrunk(need: MemoryNeed, share: float) -> FreeMemory:
    """Pretend that only a share of what is needed is free: it was tried and was not there."""
    devices = tuple(
        Device(each.device, "", "gpu", round(each.total * share), each.total)
        for each in need.devices
        if each.device != MAIN
    )
    return FreeMemory(round(need.main_memory * share), devices)


def change_words(options: LoadOptions, before: LoadOptions) -> str:
    """What a proposal changes, to be read after "Load with": "room for 4,096 tokens"."""
    parts = []
    if before.repacks and not options.repacks:
        parts.append("the weights in memory only once")
    if options.context_length != before.context_length:
        parts.append(f"room for {options.context_length:,} tokens")
    if _kv_bytes(options) != _kv_bytes(before):
        parts.append("a denser KV cache")
    if options.streams != before.streams or options.micro_batch != before.micro_batch:
        parts.append("smaller batches")
    if options.gpu_layers != before.gpu_layers:
        parts.append(
            "the processor only" if options.gpu_layers == 0 else "fewer layers on the graphics card"
        )
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def size_words(size_bytes: float) -> str:
    """An amount of memory: "2.1 GB", "640 MB", "0 MB"."""
    if size_bytes < 999.5e6:
        return f"{round(size_bytes / 1e6)} MB"
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes < 99.95e9 else f"{size_bytes / 1e9:,.0f} GB"


def _smaller_options(options: LoadOptions, need: MemoryNeed) -> Iterator[LoadOptions]:
    if any(each.repacked for each in need.devices):
        options = replace(options, repack=Switch.OFF)
        yield options
    yield from _with_less_room(options)
    if not need.graphics_memory:
        return
    for layers in (AUTOMATIC_LAYERS, 0):
        if options.gpu_layers not in (layers, 0):
            moved = replace(options, gpu_layers=layers)
            yield moved
            yield from _with_less_room(moved)


def _with_less_room(options: LoadOptions) -> Iterator[LoadOptions]:
    now = options.context_length
    for length in _CONTEXTS:
        if _ROOMY <= length < now:
            yield replace(options, context_length=length)
    dense = options
    if _kv_bytes(options) > 2 * _KV_BYTES[KvType.Q8_0]:
        kind = KvType.Q8_0
        dense = replace(options, kv_type_k=kind, kv_type_v=kind, flash_attention=Switch.ON)
    thin = replace(
        dense,
        streams=1,
        # Few streams would have the weights copied, where many have not.
        repack=options.repack if options.repacks else Switch.OFF,
        batch=min(options.batch, _SMALL_BATCH),
        micro_batch=min(options.micro_batch, _SMALL_MICRO_BATCH),
    )
    for tried in (dense, thin):
        for length in (min(now, _ROOMY), *_CONTEXTS):
            small = replace(tried, context_length=length)
            if length <= min(now, _ROOMY) and small != options:
                yield small


def _moves_by_itself(tried: LoadOptions, options: LoadOptions) -> bool:
    """Whether the engine will choose anew which layers go to the graphics cards."""
    return tried.gpu_layers == AUTOMATIC_LAYERS and options.gpu_layers != AUTOMATIC_LAYERS


def _pooled(free: FreeMemory) -> FreeMemory:
    return FreeMemory(free.main + sum(each.free_bytes for each in free.devices))


def _as_one(need: MemoryNeed) -> MemoryNeed:
    """The same with everything in main memory."""
    one = DeviceNeed(
        MAIN,
        sum(each.weights for each in need.devices),
        sum(each.kv_cache for each in need.devices),
        sum(each.compute for each in need.devices),
        sum(each.repacked for each in need.devices),
    )
    return MemoryNeed((one,), need.process)


def _by_device(need: MemoryNeed, free: FreeMemory) -> Iterator[tuple[str, int, int]]:
    """(device, needed, free) for main memory and each graphics card in use that is known."""
    yield MAIN, need.main_memory, free.main
    for each in need.devices:
        there = free.on(each.device)
        if each.device != MAIN and each.total and there is not None:
            yield each.device, each.total, there


def _place(device: str, free: FreeMemory) -> str:
    if device == MAIN:
        return "free memory"
    return "on the graphics card" if len(free.devices) == 1 else f"on {device}"


def _kv_bytes(options: LoadOptions) -> float:
    return _KV_BYTES[options.kv_type_k] + _KV_BYTES[options.kv_type_v]
