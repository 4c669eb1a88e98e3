"""The model hub's nouns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NewType

from app.engine.options import LoadOptions
from app.engine.remote.server import ServerKind

ModelId = NewType("ModelId", int)
EndpointId = NewType("EndpointId", int)


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
        options: how this model is loaded; None leaves it to the defaults in Settings.
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
    options: LoadOptions | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model on a server that Cairn can use like a local one.

    Attributes:
        base_url: such as "http://127.0.0.1:8080/v1".
        kind: of server, as it was found.
        context_length: tokens, set by the person; 0 takes what the server says.
        allow_plain_http: the person accepts an unencrypted connection over the internet.
        key_name: under which the key is in the keyring.
    """

    id: EndpointId
    name: str
    base_url: str
    model: str
    kind: ServerKind
    context_length: int
    allow_plain_http: bool
    key_name: str
    added_at: datetime
