"""What is known of a server: which program it is, and the model on it that answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ASSUMED_CONTEXT = 4096  # tokens, where a server does not say; the least that is in use


class ServerKind(StrEnum):
    """The program behind an endpoint. They differ in what they take beside the standard fields."""

    LLAMA_SERVER = "llama-server"
    VLLM = "vllm"
    OLLAMA = "ollama"
    LM_STUDIO = "lm-studio"
    OTHER = "other"

    @property
    def label(self) -> str:
        """Its name for people."""
        return _LABELS[self]


_LABELS = {
    ServerKind.LLAMA_SERVER: "llama-server",
    ServerKind.VLLM: "vLLM",
    ServerKind.OLLAMA: "Ollama",
    ServerKind.LM_STUDIO: "LM Studio",
    ServerKind.OTHER: "OpenAI-compatible server",
}


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """A model on a server, and how to reach it.

    Attributes:
        base_url: as `parse_address` gives it, such as "http://127.0.0.1:8080/v1".
        version: of the server, empty if it does not say.
        context_length: tokens; 0 if the server does not say.
        trained_context_length, architecture, quantization: 0 or empty if unknown.
        has_tools, sees, thinks, embeds: as the server says; tools are assumed when it says nothing.
        allow_plain_http: the person accepts that key and text go unencrypted to a public address.
    """

    base_url: str
    model: str
    kind: ServerKind = ServerKind.OTHER
    version: str = ""
    context_length: int = 0
    trained_context_length: int = 0
    architecture: str = ""
    quantization: str = ""
    has_tools: bool = True
    sees: bool = False
    thinks: bool = False
    embeds: bool = False
    allow_plain_http: bool = False
