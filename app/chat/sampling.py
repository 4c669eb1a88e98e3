"""How words are drawn: the engine's sampling from the settings, and which steps do anything."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from app.engine.protocol import ModelFacts, TemplateOptions
from app.engine.sampling import Mirostat, Sampler, Sampling
from app.settings.sampling import SAMPLER_TITLES, SamplingSettings
from app.settings.schema import Chat, Thinking

SMALLEST_PROMPT = 256
_SEEDS = 2**31
_THINKS = {Thinking.AUTOMATIC: None, Thinking.ON: True, Thinking.OFF: False}


def sampling_from(chosen: SamplingSettings) -> Sampling:
    """The sampling of one request; a seed of -1 becomes a new one."""
    return Sampling(
        temperature=chosen.temperature,
        top_k=chosen.top_k,
        top_p=chosen.top_p,
        min_p=chosen.min_p,
        typical_p=chosen.typical_p,
        top_n_sigma=chosen.top_n_sigma,
        xtc_probability=chosen.xtc_probability,
        xtc_threshold=chosen.xtc_threshold,
        dry_multiplier=chosen.dry_multiplier,
        dry_base=chosen.dry_base,
        dry_allowed_length=chosen.dry_allowed_length,
        dry_last_n=chosen.dry_last_n,
        dry_breakers=chosen.dry_breakers,
        repeat_penalty=chosen.repeat_penalty,
        frequency_penalty=chosen.frequency_penalty,
        presence_penalty=chosen.presence_penalty,
        penalty_last_n=chosen.penalty_last_n,
        dynamic_temperature=chosen.dynamic_temperature,
        dynamic_exponent=chosen.dynamic_exponent,
        mirostat=Mirostat(chosen.mirostat.value),
        mirostat_tau=chosen.mirostat_tau,
        mirostat_eta=chosen.mirostat_eta,
        adaptive_target=chosen.adaptive_target,
        adaptive_decay=chosen.adaptive_decay,
        banned=chosen.banned,
        seed=chosen.seed if chosen.seed >= 0 else secrets.randbelow(_SEEDS),
        order=tuple(Sampler(each) for each in chosen.order),
    )


def template_from(chosen: Chat, facts: ModelFacts) -> TemplateOptions:
    """What the chat template is told; a model without the switch is told nothing of thinking."""
    return TemplateOptions(thinking=_THINKS[chosen.thinking] if facts.thinks else None)


def longest_reply(chosen: Chat, facts: ModelFacts) -> int:
    """Most tokens of a reply, thinking included."""
    may_think = facts.thinks and chosen.thinking is not Thinking.OFF
    return chosen.max_tokens + (chosen.thinking_tokens if may_think else 0)


def room_for_prompt(chosen: Chat, facts: ModelFacts) -> int:
    """Tokens a prompt may have. Thinking may use what is left, but not crowd the passages out."""
    wanted = longest_reply(chosen, facts)
    reserved = max(chosen.max_tokens, min(wanted, facts.context_length // 2))
    return max(SMALLEST_PROMPT, facts.context_length - reserved)


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the choice of a word.

    Attributes:
        values: its settings as they are said to a person, such as "40" or "0.8, base 1.75".
        acts: it can change what is drawn.
    """

    title: str
    values: str
    acts: bool


def steps_of(sampling: Sampling) -> tuple[Step, ...]:
    """Every step in the order it acts, the ones that do nothing included."""
    inner = [_ordered(each, sampling) for each in sampling.order]
    inner += [
        Step(SAMPLER_TITLES[each], "left out", acts=False)
        for each in Sampler
        if each not in sampling.order
    ]
    bias = Step("Logit bias", _count(len(sampling.logit_bias), "token"), bool(sampling.logit_bias))
    banned = Step("Never write", _quoted(sampling.banned), bool(sampling.banned))
    return (bias, *inner, _draw(sampling), banned)


def idle_steps(sampling: Sampling) -> frozenset[Sampler]:
    """The movable steps that change nothing as they are set."""
    return frozenset(each for each in Sampler if not _acts(each, sampling))


def _ordered(step: Sampler, sampling: Sampling) -> Step:
    return Step(SAMPLER_TITLES[step], _values(step, sampling), _acts(step, sampling))


def _acts(step: Sampler, s: Sampling) -> bool:
    if step not in s.order:
        return False
    if step in (Sampler.PENALTIES, Sampler.DRY):
        return _penalises(step, s)
    if step is Sampler.TEMPERATURE:
        return not s.is_greedy and (s.temperature != 1 or s.dynamic_temperature > 0)
    # The likeliest token survives every cut, and mirostat cuts for itself.
    return not (s.is_greedy or s.mirostat is not Mirostat.OFF) and _cuts(step, s)


def _penalises(step: Sampler, s: Sampling) -> bool:
    if step is Sampler.DRY:
        return s.dry_multiplier > 0 and s.dry_last_n != 0
    is_set = s.repeat_penalty != 1 or s.frequency_penalty != 0 or s.presence_penalty != 0
    return is_set and s.penalty_last_n != 0


def _cuts(step: Sampler, s: Sampling) -> bool:
    return {
        Sampler.TOP_N_SIGMA: s.top_n_sigma > 0,
        Sampler.TOP_K: s.top_k > 0,
        Sampler.TYPICAL: s.typical_p < 1,
        Sampler.TOP_P: s.top_p < 1,
        Sampler.MIN_P: s.min_p > 0,
        Sampler.XTC: s.xtc_probability > 0 and s.xtc_threshold <= 0.5,
    }[step]


def _values(step: Sampler, s: Sampling) -> str:
    match step:
        case Sampler.PENALTIES:
            return (
                f"repetition {s.repeat_penalty:g}, frequency {s.frequency_penalty:g},"
                f" presence {s.presence_penalty:g}, over {_back(s.penalty_last_n)}"
            )
        case Sampler.DRY:
            return (
                f"{s.dry_multiplier:g}, growth {s.dry_base:g}, from"
                f" {s.dry_allowed_length} tokens, over {_back(s.dry_last_n)}"
            )
        case Sampler.XTC:
            return f"{s.xtc_probability:g} above {s.xtc_threshold:g}"
        case Sampler.TEMPERATURE if s.dynamic_temperature > 0:
            return f"{s.temperature:g} ± {s.dynamic_temperature:g}, exponent {s.dynamic_exponent:g}"
        case Sampler.TEMPERATURE:
            return f"{s.temperature:g}"
    single = {
        Sampler.TOP_N_SIGMA: s.top_n_sigma,
        Sampler.TOP_K: s.top_k,
        Sampler.TYPICAL: s.typical_p,
        Sampler.TOP_P: s.top_p,
        Sampler.MIN_P: s.min_p,
    }
    value = single[step]
    return str(value) if isinstance(value, int) else f"{value:g}"


def _draw(s: Sampling) -> Step:
    if s.is_greedy:
        return Step("Draw", "always the likeliest token", acts=True)
    if s.mirostat is Mirostat.V2:
        return Step("Mirostat 2", f"surprise {s.mirostat_tau:g}, rate {s.mirostat_eta:g}", True)
    if s.adaptive_target >= 0:
        words = f"target {s.adaptive_target:g}, memory {s.adaptive_decay:g}"
        return Step("Adaptive-p", words, acts=True)
    return Step("Draw", "by probability", acts=True)


def _back(tokens: int) -> str:
    return "everything" if tokens < 0 else f"{tokens} tokens"


def _quoted(texts: tuple[str, ...]) -> str:
    return ", ".join(f"“{each}”" for each in texts) or "none"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else "none"
