"""Sampler settings as each kind of server takes them. What one does not know is never sent to it,
and `ignored_settings` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.engine.errors import NotSupported
from app.engine.remote.server import ASSUMED_CONTEXT, RemoteModel, ServerKind
from app.engine.sampling import Mirostat, Sampler, Sampling

_BIAS_LIMIT = 100.0  # of the standard; it forbids or forces a token


@dataclass(frozen=True, slots=True)
class _Setting:
    """A setting beyond the standard ones.

    Attributes:
        title: for words.
        is_on: whether it changes anything.
        fields: what is sent, by kind of server; kinds that are missing do not know it.
    """

    title: str
    is_on: Callable[[Sampling], bool]
    fields: Mapping[ServerKind, Callable[[Sampling], dict[str, Any]]]


def sampling_fields(
    sampling: Sampling, remote: RemoteModel, *, exact: bool = False
) -> dict[str, Any]:
    """The fields of a request that choose tokens.

    Raises:
        NotSupported: tokens or texts are to be banned and this server cannot.
    """
    kind = remote.kind
    acting = _with_lengths(_acting(sampling), remote.context_length or ASSUMED_CONTEXT)
    fields: dict[str, Any] = {
        "temperature": max(0.0, acting.temperature),
        "top_p": acting.top_p,
        "seed": acting.seed,
        "presence_penalty": acting.presence_penalty,
        "frequency_penalty": acting.frequency_penalty,
    }
    for setting in _SETTINGS:
        write = setting.fields.get(kind)
        if write is not None:
            fields |= write(acting)
    if kind is ServerKind.LLAMA_SERVER:
        fields["samplers"] = _order(acting)
        fields["cache_prompt"] = not exact
    fields |= _bias(acting, kind)
    if acting.banned:
        if kind is not ServerKind.VLLM:
            raise NotSupported(
                f"{kind.label} cannot forbid texts.", "Clear the banned texts in Sampling."
            )
        fields["bad_words"] = list(acting.banned)
    return fields


def ignored_settings(sampling: Sampling, kind: ServerKind) -> tuple[str, ...]:
    """Names of the settings that would change the reply, but that this server does not know."""
    if sampling.is_greedy:
        return ()
    acting = _acting(sampling)
    names = [each.title for each in _SETTINGS if each.is_on(acting) and kind not in each.fields]
    if acting.order != Sampling().order and kind is not ServerKind.LLAMA_SERVER:
        names.append("order of samplers")
    return tuple(names)


def _acting(sampling: Sampling) -> Sampling:
    """The settings with those of samplers that are left out of the order set to do nothing."""
    for sampler, neutral in _NEUTRAL.items():
        if sampler not in sampling.order:
            sampling = replace(sampling, **neutral)
    return sampling


def _with_lengths(sampling: Sampling, context: int) -> Sampling:
    """The settings with "the whole context" as a number: servers do not know it otherwise."""
    return replace(
        sampling,
        penalty_last_n=context if sampling.penalty_last_n < 0 else sampling.penalty_last_n,
        dry_last_n=context if sampling.dry_last_n < 0 else sampling.dry_last_n,
    )


_NEUTRAL: dict[Sampler, dict[str, Any]] = {
    Sampler.PENALTIES: {
        "repeat_penalty": 1.0,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
    },
    Sampler.DRY: {"dry_multiplier": 0.0},
    Sampler.TOP_N_SIGMA: {"top_n_sigma": -1.0},
    Sampler.TOP_K: {"top_k": 0},
    Sampler.TYPICAL: {"typical_p": 1.0},
    Sampler.TOP_P: {"top_p": 1.0},
    Sampler.MIN_P: {"min_p": 0.0},
    Sampler.XTC: {"xtc_probability": 0.0},
    Sampler.TEMPERATURE: {"temperature": 1.0, "dynamic_temperature": 0.0},
}


def _order(sampling: Sampling) -> list[str]:
    names = {Sampler.TYPICAL: "typ_p"}
    order = [names.get(each, each.value) for each in sampling.order]
    return [*order, "adaptive_p"] if sampling.adaptive_target >= 0 else order


def _bias(sampling: Sampling, kind: ServerKind) -> dict[str, Any]:
    if not sampling.logit_bias:
        return {}
    if kind is ServerKind.OLLAMA:
        raise NotSupported("Ollama cannot favour or forbid tokens.", "Clear the logit bias.")
    if kind is ServerKind.LLAMA_SERVER:
        pairs = [
            [token, amount if math.isfinite(amount) else amount > 0 and _BIAS_LIMIT]
            for token, amount in sampling.logit_bias
        ]
        return {"logit_bias": pairs}
    return {
        "logit_bias": {
            str(token): max(-_BIAS_LIMIT, min(_BIAS_LIMIT, amount))
            for token, amount in sampling.logit_bias
        }
    }


_LLAMA, _VLLM, _STUDIO = ServerKind.LLAMA_SERVER, ServerKind.VLLM, ServerKind.LM_STUDIO

_SETTINGS = (
    _Setting(
        "top-k",
        lambda s: s.top_k > 0,
        {
            _LLAMA: lambda s: {"top_k": s.top_k},
            _VLLM: lambda s: {"top_k": s.top_k if s.top_k > 0 else -1},
            _STUDIO: lambda s: {"top_k": s.top_k} if s.top_k > 0 else {},
        },
    ),
    _Setting(
        "min-p",
        lambda s: s.min_p > 0,
        {_LLAMA: lambda s: {"min_p": s.min_p}, _VLLM: lambda s: {"min_p": s.min_p}},
    ),
    _Setting(
        "repetition penalty",
        lambda s: s.repeat_penalty != 1,
        {
            _LLAMA: lambda s: {
                "repeat_penalty": s.repeat_penalty,
                "repeat_last_n": s.penalty_last_n,
            },
            _VLLM: lambda s: {"repetition_penalty": s.repeat_penalty},
            _STUDIO: lambda s: {"repeat_penalty": s.repeat_penalty},
        },
    ),
    _Setting(
        "typical-p", lambda s: s.typical_p < 1, {_LLAMA: lambda s: {"typical_p": s.typical_p}}
    ),
    _Setting(
        "top-n-sigma",
        lambda s: s.top_n_sigma >= 0,
        {_LLAMA: lambda s: {"top_n_sigma": s.top_n_sigma}},
    ),
    _Setting(
        "XTC",
        lambda s: s.xtc_probability > 0,
        {
            _LLAMA: lambda s: {
                "xtc_probability": s.xtc_probability,
                "xtc_threshold": s.xtc_threshold,
            }
        },
    ),
    _Setting(
        "DRY",
        lambda s: s.dry_multiplier > 0,
        {
            _LLAMA: lambda s: {
                "dry_multiplier": s.dry_multiplier,
                "dry_base": s.dry_base,
                "dry_allowed_length": s.dry_allowed_length,
                "dry_penalty_last_n": s.dry_last_n,
                # An empty list is refused; a text that never comes breaks nothing.
                "dry_sequence_breakers": list(s.dry_breakers) or ["\x00"],
            }
        },
    ),
    _Setting(
        "dynamic temperature",
        lambda s: s.dynamic_temperature > 0,
        {
            _LLAMA: lambda s: {
                "dynatemp_range": s.dynamic_temperature,
                "dynatemp_exponent": s.dynamic_exponent,
            }
        },
    ),
    _Setting(
        "mirostat",
        lambda s: s.mirostat is not Mirostat.OFF,
        {
            _LLAMA: lambda s: {
                "mirostat": 2 if s.mirostat is Mirostat.V2 else 0,
                "mirostat_tau": s.mirostat_tau,
                "mirostat_eta": s.mirostat_eta,
            }
        },
    ),
    _Setting(
        "adaptive-p",
        lambda s: s.adaptive_target >= 0,
        {
            _LLAMA: lambda s: {
                "adaptive_target": s.adaptive_target,
                "adaptive_decay": s.adaptive_decay,
            }
        },
    ),
)
