"""The model hub's nouns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NewType

ModelId = NewType("ModelId", int)


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """What the header of a GGUF file says; nothing of it is trusted beyond display and estimates.

    Attributes:
        name: from the metadata, else the file name without its ending.
        quantization: such as "Q4_K_M"; "unknown" if the file does not say.
        parameters: number of weights, summed over the tensor table.
        context_length: tokens the model was trained for; 0 if unknown.
        metadata: every scalar entry, shortened for display; arrays as "[n values]".
    """

    path: Path
    size_bytes: int
    version: int
    name: str
    architecture: str
    quantization: str
    parameters: int
    context_length: int
    layers: int
    embedding_length: int
    vocabulary: int
    has_chat_template: bool
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A GGUF file known to Cairn; it stays where it is.

    Attributes:
        sha256: None until it was computed in the background after import.
        is_present: whether the file is still there.
    """

    id: ModelId
    name: str
    path: Path
    size_bytes: int
    architecture: str
    quantization: str
    parameters: int
    context_length: int
    has_chat_template: bool
    sha256: str | None
    added_at: datetime
    is_present: bool = True
