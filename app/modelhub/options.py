"""Load options as JSON and back, their bounds, and what does not go together.

The JSON comes from a database that another version may have written: what is missing, unknown or
out of bounds falls back to the defaults, a value at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar

from app.engine.options import (
    ALL_LAYERS,
    AUTOMATIC_LAYERS,
    WHOLE_KV_TYPES,
    Adapter,
    LoadOptions,
    Switch,
)
from app.settings.schema import Engine as EngineSettings

T = TypeVar("T")

# Name -> least and most. A dot leads into a nested value.
BOUNDS: Mapping[str, tuple[float, float]] = {
    "context_length": (256, 1_048_576),
    "batch": (32, 16_384),
    "micro_batch": (32, 16_384),
    "streams": (1, 64),
    "threads": (0, 256),
    "prefill_threads": (0, 256),
    "gpu_layers": (AUTOMATIC_LAYERS, ALL_LAYERS),
    "main_gpu": (0, 15),
    "tensor_split": (0, 1000),
    "cpu_experts": (0, ALL_LAYERS),
    "parked_mb": (-1, 1_048_576),
    "rope.frequency_base": (0, 1e9),
    "rope.frequency_scale": (0, 100),
    "rope.yarn_original_context": (0, 1_048_576),
    "speculation.most_tokens": (1, 64),
    "adapters.scale": (-10, 10),
}
_MOST_ITEMS = 64


def default_options(settings: EngineSettings) -> LoadOptions:
    """What a model without options of its own is loaded with."""
    return LoadOptions(
        context_length=settings.context_length,
        streams=settings.streams,
        threads=settings.threads,
        gpu_layers=settings.gpu_layers,
        parked_mb=settings.parked_mb,
        keep_on_disk=settings.keep_on_disk,
    )


def options_to_json(options: LoadOptions) -> dict[str, Any]:
    """Every option, in types that JSON knows."""
    return asdict(options)


def options_from_json(raw: object, defaults: LoadOptions) -> LoadOptions:
    """The options that were stored; `defaults` for whatever of them cannot be used."""
    return _dataclass(raw, defaults, "")


def options_changed(options: LoadOptions, before: LoadOptions) -> dict[str, Any]:
    """Only what differs from `before`, in types that JSON knows."""
    old = options_to_json(before)
    return {name: each for name, each in options_to_json(options).items() if each != old[name]}


def differ_only_in_adapters(options: LoadOptions, before: LoadOptions) -> bool:
    """Whether a loaded model can follow the change without loading again."""
    return options != before and replace(options, adapters=before.adapters) == before


def conflict(options: LoadOptions) -> str:
    """Why these options cannot be used together, in words; empty if they can."""
    if options.kv_type_v not in WHOLE_KV_TYPES and options.flash_attention is Switch.OFF:
        return (
            f"Values kept as {options.kv_type_v} need flash attention. Switch it on or leave it"
            " automatic, or keep values as f16."
        )
    if options.micro_batch > options.batch:
        return "The micro-batch cannot be larger than the batch."
    paths = [each.path for each in options.adapters]
    if len(set(paths)) < len(paths):
        return "The same adapter is there twice. Remove one of the two."
    if options.tensor_split and not any(options.tensor_split):
        return "At least one graphics card must have a share."
    return ""


def _dataclass(raw: object, defaults: T, prefix: str) -> T:
    if not isinstance(raw, Mapping) or not is_dataclass(defaults):
        return defaults
    values = {
        each.name: _value(raw[each.name], getattr(defaults, each.name), prefix + each.name)
        for each in fields(defaults)
        if each.name in raw
    }
    return replace(defaults, **values)  # type: ignore[type-var]  # T is a dataclass


def _value(raw: object, default: Any, name: str) -> Any:
    """A stored value if it is of the default's type and within bounds, else the default."""
    match default:
        case bool():
            return raw if isinstance(raw, bool) else default
        case int() | float():
            return _number(raw, default, name)
        case StrEnum():
            known = [each.value for each in type(default)]
            return type(default)(raw) if raw in known else default
        case str():
            return raw if isinstance(raw, str) else default
        case tuple():
            return _items(raw, default, name)
    return _dataclass(raw, default, f"{name}.")


def _number(raw: object, default: float, name: str) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not isfinite(raw):
        return default
    if isinstance(default, int) and not isinstance(raw, int):
        return default
    low, high = BOUNDS[name]
    if not low <= raw <= high:
        return default
    return raw if isinstance(default, int) else float(raw)


def _items(raw: object, default: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    if not isinstance(raw, list | tuple) or len(raw) > _MOST_ITEMS:
        return default
    match name:
        case "devices":
            return tuple(each for each in raw if isinstance(each, str) and each)
        case "tensor_split":
            shares = tuple(_number(each, -1.0, name) for each in raw)
            return default if -1.0 in shares else shares
    read = (_dataclass(each, Adapter(""), "adapters.") for each in raw)
    return tuple(each for each in read if each.path)
