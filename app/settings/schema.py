"""Every setting Cairn has, once. The preferences page and settings.toml are generated from this."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum

from app.settings.sampling import SamplingSettings
from app.settings.spec import setting

SCHEMA_VERSION = 2


class Theme(StrEnum):
    """Which colours the window has."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class SearchMode(StrEnum):
    """How passages are found."""

    HYBRID = "hybrid"
    DENSE = "dense"
    KEYWORD = "keyword"


class EmbedderPrecision(StrEnum):
    """Numbers the embedder computes with."""

    AUTOMATIC = "automatic"
    EXACT = "exact"


class Thinking(StrEnum):
    """Whether a model that can think before it answers does so."""

    AUTOMATIC = "automatic"
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Appearance:
    """Appearance"""

    theme: Theme = setting(
        Theme.SYSTEM,
        "Theme",
        "System follows the light or dark setting of this computer.",
        labels={"system": "System", "light": "Light", "dark": "Dark"},
    )
    text_scale: int = setting(100, "Text size (%)", low=85, high=150, step=5)
    reduce_motion: bool = setting(
        False, "Reduce motion", "Turns off fades and pulsing placeholders."
    )


@dataclass(frozen=True, slots=True)
class Library:
    """Library"""

    search_mode: SearchMode = setting(
        SearchMode.HYBRID,
        "Search by",
        "Words and meaning together find the most. This is also used when you ask a question.",
        labels={"hybrid": "Words and meaning", "dense": "Meaning only", "keyword": "Words only"},
    )
    passages: int = setting(
        8, "Passages per question", "How many passages an answer may draw on.", low=1, high=40
    )
    precision: EmbedderPrecision = setting(
        EmbedderPrecision.AUTOMATIC,
        "Indexing precision",
        "Automatic takes the fastest that finds the same passages on this computer.",
        labels={"automatic": "Automatic", "exact": "Exact (slower)"},
        restart=True,
    )


@dataclass(frozen=True, slots=True)
class Chat:
    """Chat"""

    enter_sends: bool = setting(
        True, "Enter sends", "Off: Enter starts a new line and Ctrl+Enter sends."
    )
    max_tokens: int = setting(1024, "Longest answer (tokens)", low=16, high=32768, step=64)
    thinking: Thinking = setting(
        Thinking.AUTOMATIC,
        "Think before answering",
        "For models that can. Thinking takes longer and is often better at hard questions."
        " Automatic leaves it to the model.",
        labels={"automatic": "Automatic", "on": "On", "off": "Off"},
    )
    thinking_tokens: int = setting(
        2048,
        "Room for thinking (tokens)",
        "Added to the longest answer while a model thinks. Thinking is cut off when it is used up.",
        low=0,
        high=32768,
        step=256,
    )


@dataclass(frozen=True, slots=True)
class Engine:
    """Model engine"""

    context_length: int = setting(
        4096,
        "Context length (tokens)",
        "Room for passages, history and the answer. More needs more memory. Like all below, for"
        " models without load options of their own.",
        low=512,
        high=131072,
        step=512,
    )
    threads: int = setting(
        0,
        "Processor threads",
        "0 measures which count is fastest here and leaves room for everything else.",
        low=0,
        high=256,
    )
    gpu_layers: int = setting(
        -1,
        "Layers on the graphics card",
        "-1 puts as many there as fit; 0 uses the processor only.",
        low=-1,
        high=999,
    )
    streams: int = setting(
        8,
        "Answers at the same time",
        "So many requests are worked on together; more of them wait their turn.",
        low=1,
        high=64,
    )
    parked_mb: int = setting(
        -1,
        "Memory for conversations that wait (MB)",
        "Going back to one of them is quick while it is kept. -1 chooses; 0 keeps none.",
        low=-1,
        high=1_048_576,
        step=256,
    )
    keep_on_disk: bool = setting(
        True,
        "Keep conversations ready over a restart",
        "What a model has read stays in the data folder, so that going on needs no reading again.",
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups, in the order shown."""

    appearance: Appearance = field(default_factory=Appearance)
    library: Library = field(default_factory=Library)
    chat: Chat = field(default_factory=Chat)
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    engine: Engine = field(default_factory=Engine)


def group_title(group: object) -> str:
    """The heading of a settings group."""
    return (type(group).__doc__ or "").strip()


def group_names() -> tuple[str, ...]:
    """Names of the groups, in order."""
    return tuple(each.name for each in fields(Settings))
