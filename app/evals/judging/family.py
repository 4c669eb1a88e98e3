"""Whether a judge is of the family of what it judges: judges favour their own kind."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# What names say beside the family: size, version, kind of training, quantization.
_WORD: Final = re.compile(r"[a-z]+")
_NO_FAMILY: Final = re.compile(
    "ai|base|bf|chat|coder|distill|gguf|hf|instruct|instruction|it|iq|large|latest|lite|meta|mini|model"
    "|moe|original|preview|pro|quantized|reasoning|sft|small|text|the|thinking|tiny|vision|vl|xl|xs"
    "|[a-z]"
)
_SHARED_BY_MANY: Final = "llama"  # several makers build on this architecture


class Kin(NamedTuple):
    """What tells the family of a model: its name, and the architecture that its file names."""

    name: str
    architecture: str


def shared_family(judge: Kin, candidate: Kin) -> str:
    """The family that both models seem to be of; empty if none is seen. A guess, for a warning."""
    family = _family(judge.name)
    if family and family == _family(candidate.name):
        return family
    architecture = judge.architecture.lower()
    if architecture != _SHARED_BY_MANY and architecture == candidate.architecture.lower():
        return architecture
    return ""


def _family(name: str) -> str:
    """The first word of a name that tells a family: "qwen" of "Qwen2.5-7B-Instruct-Q4_K_M"."""
    return next(
        (each for each in _WORD.findall(name.lower()) if not _NO_FAMILY.fullmatch(each)), ""
    )
