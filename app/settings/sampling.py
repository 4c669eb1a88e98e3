# ruff: noqa: RUF009 - setting() is dataclasses.field() with words
"""The settings of the samplers: how the next word is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.settings.spec import setting


class MirostatChoice(StrEnum):
    """Whether mirostat chooses the words."""

    OFF = "off"
    V2 = "v2"


# What may stand in `sampling.order`, in the order llama.cpp's own programs have it.
SAMPLER_TITLES = {
    "penalties": "Repetition penalties",
    "dry": "DRY",
    "top_n_sigma": "Top-n-sigma",
    "top_k": "Top-k",
    "typical": "Typical",
    "top_p": "Top-p",
    "min_p": "Min-p",
    "xtc": "XTC",
    "temperature": "Temperature",
}


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """Sampling"""

    temperature: float = setting(
        0.3,
        "Temperature",
        "Low values keep to the documents; high values vary more. At 0 the model always takes"
        " the likeliest word.",
        low=0,
        high=5,
        step=0.05,
        marks={0: "Likeliest word", 1: "Neutral"},
    )
    top_k: int = setting(
        40,
        "Top-k",
        "Only so many of the likeliest words stay in the draw. 0 switches it off.",
        low=0,
        high=1_000_000,
        marks={0: "Off"},
    )
    top_p: float = setting(
        0.95,
        "Top-p",
        "The likeliest words that together have this probability stay. 1 switches it off.",
        low=0,
        high=1,
        step=0.01,
        marks={1: "Off"},
    )
    min_p: float = setting(
        0.05,
        "Min-p",
        "Words less likely than this share of the likeliest one go. 0 switches it off.",
        low=0,
        high=1,
        step=0.01,
        marks={0: "Off"},
    )
    seed: int = setting(
        -1,
        "Seed",
        "The same number repeats the same draws. -1 takes a new one for each answer.",
        low=-1,
        high=2**31 - 1,
        marks={-1: "New each time"},
    )
    repeat_penalty: float = setting(
        1.0,
        "Repetition penalty",
        "Makes words that were just used less likely. 1 switches it off; 1.1 is gentle.",
        low=0.5,
        high=2,
        step=0.05,
        section="Against repetition",
        marks={1: "Off"},
    )
    frequency_penalty: float = setting(
        0.0,
        "Frequency penalty",
        "Lowers a word a little each time it was used. 0 switches it off.",
        low=-2,
        high=2,
        step=0.1,
        marks={0: "Off"},
    )
    presence_penalty: float = setting(
        0.0,
        "Presence penalty",
        "Lowers every word that was used at all. 0 switches it off.",
        low=-2,
        high=2,
        step=0.1,
        marks={0: "Off"},
    )
    penalty_last_n: int = setting(
        64,
        "Penalties look back (tokens)",
        "How far back the three penalties look. 0 switches them off; -1 looks at everything.",
        low=-1,
        high=131072,
        marks={0: "Off", -1: "Everything"},
    )
    stop: tuple[str, ...] = setting(
        (),
        "Stop at",
        "The answer ends before any of these texts, one a line. \\n stands for a line break.",
        section="Texts",
    )
    banned: tuple[str, ...] = setting(
        (),
        "Never write",
        "The model goes back and says something else, one text a line. \\n is a line break.",
    )
    order: tuple[str, ...] = setting(
        tuple(SAMPLER_TITLES),
        "Order of the steps",
        "Each step works on what the one before it left. One without a tick is left out.",
        labels=SAMPLER_TITLES,
        section="Order",
        advanced=True,
    )
    typical_p: float = setting(
        1.0,
        "Typical",
        "Keeps words that surprise about as much as expected here. 1 switches it off.",
        low=0,
        high=1,
        step=0.01,
        section="Further cuts",
        advanced=True,
        marks={1: "Off"},
    )
    top_n_sigma: float = setting(
        -1.0,
        "Top-n-sigma",
        "Keeps words within so many standard deviations of the best. -1 switches it off.",
        low=-1,
        high=10,
        step=0.1,
        advanced=True,
        marks={-1: "Off", 0: "Off"},
    )
    xtc_probability: float = setting(
        0.0,
        "XTC probability",
        "How often the most obvious words are left out, for livelier text. 0 switches it off.",
        low=0,
        high=1,
        step=0.05,
        advanced=True,
        marks={0: "Off"},
    )
    xtc_threshold: float = setting(
        0.1,
        "XTC threshold",
        "Words above this probability count as obvious. Above 0.5 there is never more than one.",
        low=0,
        high=1,
        step=0.05,
        advanced=True,
    )
    dry_multiplier: float = setting(
        0.0,
        "DRY strength",
        "Keeps the model from going on with a passage it already wrote. 0 switches it off; 0.8 is"
        " usual.",
        low=0,
        high=10,
        step=0.1,
        section="Repeated passages (DRY)",
        advanced=True,
        marks={0: "Off"},
    )
    dry_base: float = setting(
        1.75,
        "DRY growth",
        "How fast the penalty grows with the length of the repeated passage.",
        low=1,
        high=4,
        step=0.05,
        advanced=True,
    )
    dry_allowed_length: int = setting(
        2,
        "DRY allowed length (tokens)",
        "Passages up to this length may repeat freely.",
        low=1,
        high=64,
        advanced=True,
    )
    dry_last_n: int = setting(
        -1,
        "DRY looks back",
        "How many tokens it looks back. -1 looks at everything; 0 switches it off.",
        low=-1,
        high=131072,
        advanced=True,
        marks={0: "Off", -1: "Everything"},
    )
    dry_breakers: tuple[str, ...] = setting(
        ("\n", ":", '"', "*"),
        "DRY breakers",
        "A repeated passage ends at any of these, one a line. \\n stands for a line break.",
        advanced=True,
    )
    dynamic_temperature: float = setting(
        0.0,
        "Temperature range",
        "The temperature goes up and down by this much with how sure the model is. 0 switches it"
        " off.",
        low=0,
        high=5,
        step=0.05,
        section="Dynamic temperature",
        advanced=True,
        marks={0: "Off"},
    )
    dynamic_exponent: float = setting(
        1.0,
        "Temperature exponent",
        "Above 1 it stays low for longer; below 1 it rises sooner.",
        low=0.1,
        high=10,
        step=0.1,
        advanced=True,
    )
    mirostat: MirostatChoice = setting(
        MirostatChoice.OFF,
        "Mirostat",
        "Holds the surprise of the text at one level, in place of all steps that cut words off.",
        labels={"off": "Off", "v2": "Version 2"},
        section="Mirostat",
        advanced=True,
    )
    mirostat_tau: float = setting(
        5.0,
        "Mirostat surprise (bits)",
        "Low values are safe, high values are varied.",
        low=0.1,
        high=20,
        step=0.1,
        advanced=True,
    )
    mirostat_eta: float = setting(
        0.1,
        "Mirostat rate",
        "How quickly it corrects itself.",
        low=0,
        high=1,
        step=0.01,
        advanced=True,
    )
    adaptive_target: float = setting(
        -1.0,
        "Adaptive-p target",
        "Picks words near this probability. -1 switches it off.",
        low=-1,
        high=1,
        step=0.05,
        section="Adaptive-p",
        advanced=True,
        marks={-1: "Off"},
    )
    adaptive_decay: float = setting(
        0.9,
        "Adaptive-p memory",
        "How long it remembers what it picked before.",
        low=0,
        high=0.99,
        step=0.01,
        advanced=True,
    )
