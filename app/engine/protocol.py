"""Messages between the engine host and an engine child, and the values a caller sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Who speaks in a turn."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as the model's chat template gets it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load a model; 0 threads and -1 GPU layers choose for themselves."""

    context_length: int = 4096
    threads: int = 0
    gpu_layers: int = -1


@dataclass(frozen=True, slots=True)
class Load:
    """Load a GGUF file. The answer is ModelFacts."""

    path: str
    options: LoadOptions


@dataclass(frozen=True, slots=True)
class Check:
    """Read a GGUF file as `Load` would, but take no memory for its weights. The answer is None."""

    path: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a loaded model is, for the window and for the record of an answer."""

    name: str
    architecture: str
    quantization: str
    context_length: int
    trained_context_length: int
    threads: int
    template_sha256: str
    engine_build: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampler settings, applied in this order: top-k, top-p, min-p, temperature. 0 is greedy."""

    temperature: float = 0.3
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Generate:
    """Answer the last turn. Streams TextDelta; the answer is Generated."""

    turns: tuple[Turn, ...]
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int = 1024
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Text to append; always whole characters. A few tokens may share one delta."""

    text: str


class FinishReason(StrEnum):
    """Why a reply ended."""

    END = "end"
    LENGTH = "length"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Timings:
    """Measured in the engine child, seconds.

    Attributes:
        ttft_s: time to first token, from the start of the request in the child.
        per_token_s: mean time per output token after the first; 0 for one token.
    """

    ttft_s: float = 0.0
    per_token_s: float = 0.0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens_per_second(self) -> float:
        """Decode speed; 0 when unknown."""
        return 1.0 / self.per_token_s if self.per_token_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Generated:
    """A whole reply. A cancelled request ends here too, with its partial text and STOPPED."""

    text: str
    finish: FinishReason
    timings: Timings


@dataclass(frozen=True, slots=True)
class CountTokens:
    """Tokens of each text, without special tokens. The answer is tuple[int, ...]."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CountPrompt:
    """Tokens of the rendered prompt of these turns. The answer is int."""

    turns: tuple[Turn, ...]
