"""How models are described in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.engine.options import ALL_LAYERS, WaitPolicy
from app.engine.protocol import ModelFacts
from app.modelhub.entities import Endpoint, LocalModel
from app.modelhub.fit import Fit, Verdict, size_words
from app.modelhub.in_use import ModelInUse, ServedModel, host_of, is_unprotected
from app.ui.amounts import count_text, short_count, size_text
from app.ui.widgets.choice import Severity

if TYPE_CHECKING:
    from app.modelhub.endpoints import RemoteModel

UNKNOWN_QUANTIZATION = "unknown"
FIT_SEVERITY = {
    Verdict.FITS: None,
    Verdict.TIGHT: Severity.WARN,
    Verdict.DOES_NOT_FIT: Severity.WARN,
}
_POLICIES = {each.value for each in WaitPolicy}


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
    """One line about a loaded model: its room, and what computes it."""
    parts = [f"Room for {facts.context_length:,} tokens"]
    if facts.streams > 1:
        parts.append(f"up to {facts.streams} answers at once")
    if facts.threads:  # those of a server are its own affair
        parts.append(_threads_text(facts))
    if facts.gpu_layers > 0:
        count = count_text(facts.gpu_layers, "layer")
        layers = "all layers" if facts.gpu_layers >= ALL_LAYERS else count
        parts.append(f"{layers} on the graphics card")
    if facts.adapters:
        parts.append(count_text(len(facts.adapters), "adapter"))
    return " · ".join(parts)


def endpoint_text(endpoint: Endpoint) -> str:
    """One line: model, server, context length if a person set it, kind of server."""
    parts = [endpoint.model, host_of(endpoint.base_url)]
    if endpoint.context_length:
        parts.append(f"up to {endpoint.context_length:,} tokens")
    parts.append(endpoint.kind.label)
    if is_unprotected(endpoint.base_url):
        parts.append("not encrypted")
    return " · ".join(parts)


def served_text(served: ServedModel) -> str:
    """One line about a model on a server in use: its room, and where questions go."""
    text = engine_text(served.facts)
    if not served.tells_context:
        text += ", assumed because the server does not say"
    if served.is_on_this_computer:
        return f"{text} · On this computer"
    return f"{text} · Questions and passages go to {served.host}"


def reached_text(name: str, remote: RemoteModel) -> str:
    """What a test of a connection found."""
    server = f"{remote.kind.label} {remote.version}".strip()
    room = f", with room for {remote.context_length:,} tokens" if remote.context_length else ""
    return f"{name} answers: {server}{room}."


def _threads_text(facts: ModelFacts) -> str:
    text = count_text(facts.threads, "processor thread")
    if facts.prefill_threads not in (0, facts.threads):
        text += f", {facts.prefill_threads} for reading"
    waiting = {WaitPolicy.ACTIVE: "spinning", WaitPolicy.PASSIVE: "sleeping"}
    how = waiting.get(WaitPolicy(facts.wait_policy)) if facts.wait_policy in _POLICIES else None
    return f"{text}, {how} while they wait" if how else text


def memory_text(facts: ModelFacts, expected_bytes: int) -> str:
    """What a loaded model takes, beside what was expected; empty if it was not measured."""
    if not facts.memory_bytes:
        return ""
    text = f"Takes {size_words(facts.memory_bytes)} of memory"
    return f"{text} · {size_words(expected_bytes)} were expected" if expected_bytes else text


def fit_text(fit: Fit) -> str:
    """What a model needs before it is loaded, and the room it will then have."""
    if fit.verdict is Verdict.FITS:
        return f"{fit.words} · room for {fit.room:,} tokens"
    return f"{fit.words}, with room for {fit.room:,} tokens"


def capability_tags(facts: ModelFacts) -> tuple[tuple[str, str], ...]:
    """Short words for what a loaded model can do, each with a sentence that explains it."""
    dialect = f" It writes calls in the dialect “{facts.dialect}”." if facts.dialect else ""
    tags = (
        (facts.embeds, "Embeddings", "It turns text into vectors and does not chat."),
        (facts.has_tools, "Tools", f"It can call tools.{dialect}"),
        (facts.thinks, "Thinks", "It can think before it answers."),
        (facts.sees, "Vision", "It can see images."),
    )
    return tuple((word, tip) for has_it, word, tip in tags if has_it)


def in_use_text(used: ModelInUse | None) -> str:
    """The line under the title: what answers now."""
    if used is None:
        return "No model is loaded. Cairn answers by quoting your documents."
    quantization = used.facts.quantization
    parts = [f"In use: {used.name}"]
    if quantization and quantization != UNKNOWN_QUANTIZATION:
        parts.append(quantization)
    if used.host:
        parts.append(used.where)
    return " · ".join(parts)


def named(error: AppError, name: str) -> AppError:
    """The same failure, with the file's name in front unless it is there already."""
    if name in error.message:
        return error
    return AppError(f"{name}: {error.message}", error.hint)
