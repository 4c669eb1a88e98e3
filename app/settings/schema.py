"""Every setting Cairn has, once. The preferences page and settings.toml are generated from this."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1


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


def setting(
    default: Any,
    title: str,
    help: str = "",
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    labels: dict[str, str] | None = None,
    restart: bool = False,
) -> Any:
    """One setting with what a person needs to know about it.

    Args:
        default: also fixes the type: bool, int, float, str or a StrEnum.
        title: a few words, sentence case.
        help: one sentence, shown under the title.
        low, high, step: bounds of a number.
        labels: for an enum, the words shown for each value.
        restart: takes effect at the next start.
    """
    metadata = {"title": title, "help": help, "low": low, "high": high, "step": step}
    return field(default=default, metadata=metadata | {"labels": labels or {}, "restart": restart})


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
    temperature: float = setting(
        0.3,
        "Temperature",
        "Low values keep to the documents; high values vary more.",
        low=0,
        high=2,
        step=0.05,
    )
    max_tokens: int = setting(1024, "Longest answer (tokens)", low=16, high=32768, step=64)


@dataclass(frozen=True, slots=True)
class Engine:
    """Model engine"""

    context_length: int = setting(
        4096,
        "Context length (tokens)",
        "Room for passages, history and the answer. More needs more memory.",
        low=512,
        high=131072,
        step=512,
    )
    threads: int = setting(
        0,
        "Processor threads",
        "0 takes the cores of this computer and leaves one for everything else.",
        low=0,
        high=256,
    )
    gpu_layers: int = setting(
        -1,
        "Layers on the graphics card",
        "-1 puts as many there as the build supports; 0 uses the processor only.",
        low=-1,
        high=999,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All groups, in the order shown."""

    appearance: Appearance = field(default_factory=Appearance)
    library: Library = field(default_factory=Library)
    chat: Chat = field(default_factory=Chat)
    engine: Engine = field(default_factory=Engine)


def group_title(group: object) -> str:
    """The heading of a settings group."""
    return (type(group).__doc__ or "").strip()


def group_names() -> tuple[str, ...]:
    """Names of the groups, in order."""
    return tuple(each.name for each in fields(Settings))
