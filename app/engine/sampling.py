"""How the next token is chosen: every sampler of llama.cpp, its values, and the order they act in.

Values at which a sampler changes nothing: temperature 1, top-k 0, top-p 1, min-p 0, typical 1,
top-n-sigma below 0, XTC probability 0, DRY multiplier 0, repetition 1, frequency and presence 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Sampler(StrEnum):
    """A step of the sampler chain that can be moved in the order."""

    PENALTIES = "penalties"
    DRY = "dry"
    TOP_N_SIGMA = "top_n_sigma"
    TOP_K = "top_k"
    TYPICAL = "typical"
    TOP_P = "top_p"
    MIN_P = "min_p"
    XTC = "xtc"
    TEMPERATURE = "temperature"


DEFAULT_ORDER = tuple(Sampler)  # as llama.cpp's own programs have it


class Mirostat(StrEnum):
    """A sampler that steers the surprise of the text, in place of all truncating ones."""

    OFF = "off"
    V2 = "v2"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampler settings. Temperature 0 or below is greedy: the most probable token, always.

    Logit bias comes first and the grammar, if any, before everything in `order`. The last step
    draws the token: by mirostat v2 when it is on, by adaptive-p when its target is set, else by the
    probabilities that are left.

    Attributes:
        top_k: keeps so many tokens; 0 all.
        top_p: keeps the most probable tokens that together have so much probability.
        min_p: keeps tokens with at least this share of the best token's probability.
        typical_p: keeps tokens whose surprise is nearest to the expected one.
        top_n_sigma: keeps logits within so many standard deviations of the best; negative is off.
        xtc_probability, xtc_threshold: how often all tokens above the threshold but the least
            probable of them are removed.
        dry_multiplier, dry_base, dry_allowed_length, dry_last_n, dry_breakers: penalty
            `multiplier * base ** (length - allowed_length)` for going on with a repeated passage;
            last_n -1 looks at the whole context.
        repeat_penalty, frequency_penalty, presence_penalty, penalty_last_n: over the last tokens;
            -1 looks at the whole context.
        dynamic_temperature, dynamic_exponent: temperature varies by this much with the entropy.
        mirostat_tau, mirostat_eta: target surprise in bits and learning rate.
        adaptive_target, adaptive_decay: adaptive-p picks near this probability; negative is off.
        logit_bias: (token id, amount) pairs; minus infinity forbids a token.
        banned: texts that may not occur; the model goes back and says something else.
        seed: of every random draw; the same seed repeats the same reply.
        order: the samplers, in the order they act. One that is left out does not act.
    """

    temperature: float = 0.3
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    typical_p: float = 1.0
    top_n_sigma: float = -1.0
    xtc_probability: float = 0.0
    xtc_threshold: float = 0.1
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_last_n: int = -1
    dry_breakers: tuple[str, ...] = ("\n", ":", '"', "*")
    repeat_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    penalty_last_n: int = 64
    dynamic_temperature: float = 0.0
    dynamic_exponent: float = 1.0
    mirostat: Mirostat = Mirostat.OFF
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    adaptive_target: float = -1.0
    adaptive_decay: float = 0.9
    logit_bias: tuple[tuple[int, float], ...] = ()
    banned: tuple[str, ...] = ()
    seed: int = 0
    order: tuple[Sampler, ...] = DEFAULT_ORDER

    @property
    def is_greedy(self) -> bool:
        """Whether nothing is left to chance."""
        return self.temperature <= 0
