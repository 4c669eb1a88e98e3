"""The model options of a prompt file and the sampling of a prompt."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

from app.engine.sampling import Mirostat, Sampler, Sampling
from app.prompts.codec import LARGEST_NUMBER
from app.prompts.files.taking import Fields

_PLAIN = Sampling()
_NAMES = frozenset(asdict(_PLAIN))
# What Prompty has a field for; everything else stands in `additionalProperties` by our names.
_PROMPTY = {
    "temperature": "temperature",
    "top_k": "topK",
    "top_p": "topP",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "seed": "seed",
}
_HUMP = re.compile(r"(?<=[a-z])([A-Z])")


def options_of(sampling: Sampling) -> dict[str, Any]:
    """The options as a file has them: the temperature, and what is not as usual."""
    values = {
        name: _plain(value)
        for name, value in asdict(sampling).items()
        if name == "temperature" or value != getattr(_PLAIN, name)
    }
    options = {_PROMPTY[name]: value for name, value in values.items() if name in _PROMPTY}
    others = {name: value for name, value in values.items() if name not in _PROMPTY}
    return options | ({"additionalProperties": others} if others else {})


def sampling_of(model: Fields) -> Sampling | None:
    """The sampling in the `model` field of a file; None if it says nothing of it.

    Prompty 2 has its `options`, 0.1 its `parameters`, in snake case.
    """
    options, parameters = model.inside("options"), model.inside("parameters")
    chosen: dict[str, Any] = {}
    for given in (options, options.inside("additionalProperties"), parameters):
        for written in given.names:
            name = _HUMP.sub(r"_\1", written).lower()
            if name not in _NAMES:
                continue
            try:
                chosen[name] = _converted(name, given.take(written))
            except (TypeError, ValueError, OverflowError):
                given.leave(written, "it has no value that it can have")
        given.leave_rest()
    model.leave_rest()
    return replace(_PLAIN, **chosen) if chosen else None


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value


def _converted(name: str, value: Any) -> Any:
    usual = getattr(_PLAIN, name)
    match name:
        case "mirostat":
            return Mirostat(value)
        case "order":
            return tuple(Sampler(each) for each in value)
        case "logit_bias":
            return tuple((_whole(token), float(amount)) for token, amount in value)
    if isinstance(usual, tuple):
        if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            raise TypeError
        return tuple(value)
    return _whole(value) if isinstance(usual, int) else float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= LARGEST_NUMBER:
        raise TypeError
    return value
