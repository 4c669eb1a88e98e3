"""How models are described in words."""

from __future__ import annotations

from app.base.errors import AppError
from app.engine.protocol import ModelFacts
from app.modelhub.entities import LocalModel
from app.ui.amounts import count_text, short_count, size_text
from app.ui.models.board import ModelBoard

UNKNOWN_QUANTIZATION = "unknown"


def facts_text(model: LocalModel) -> str:
    """One line: size, parameters, architecture, context length, file name.

    The name is there because two files often give themselves the same title.
    """
    parts = [size_text(model.size_bytes)]
    if model.parameters:
        parts.append(f"{short_count(model.parameters)} parameters")
    if model.architecture:
        parts.append(model.architecture)
    if model.context_length:
        parts.append(f"up to {model.context_length:,} tokens")
    if not model.has_chat_template:
        parts.append("no chat template of its own")
    parts.append(model.path.name)
    return " · ".join(parts)


def engine_text(facts: ModelFacts) -> str:
    """One line about a loaded model."""
    context = f"Room for {facts.context_length:,} tokens"
    return f"{context} · {count_text(facts.threads, 'processor thread')}"


def board_text(board: ModelBoard) -> str:
    """The line under the title: what answers now."""
    loaded = board.in_use
    if loaded is None:
        return "No model is loaded. Cairn answers by quoting your documents."
    quantization = loaded.facts.quantization
    known = quantization and quantization != UNKNOWN_QUANTIZATION
    return f"In use: {loaded.model.name}{f' · {quantization}' if known else ''}"


def named(error: AppError, name: str) -> AppError:
    """The same failure, with the file's name in front unless it is there already."""
    if name in error.message:
        return error
    return AppError(f"{name}: {error.message}", error.hint)
