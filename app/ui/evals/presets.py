"""The ready-made evaluations."""

from __future__ import annotations

from enum import StrEnum


class Preset(StrEnum):
    """What a new evaluation starts out from."""

    NONE = "none"
    WHICH_QUANT = "which quant"  # several files of one model read a person's own text
    BETTER_PROMPT = "better prompt"  # versions of a prompt answer the same items
