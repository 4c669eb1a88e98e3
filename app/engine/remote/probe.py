"""Finds out which program a server is and what it offers, by asking what only that one knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.base.jobs import CancelToken
from app.engine.errors import EngineError
from app.engine.remote.client import Question, ServerClient
from app.engine.remote.errors import NotOnServer
from app.engine.remote.server import RemoteModel, ServerKind
from app.engine.remote.shapes import items, mapping, text, whole

_MOST_MODELS = 2000
_LONGEST_ID = 300
_SIDE_WAIT_S = 5.0
_OLLAMA_CONTEXT = 4096  # what it loads a model with unless it is told otherwise
_NUM_CTX = re.compile(r"^num_ctx\s+(\d+)\s*$", re.MULTILINE)
_OWNERS = {"vllm": ServerKind.VLLM, "llamacpp": ServerKind.LLAMA_SERVER}
_CONTEXT_FIELDS = ("max_model_len", "context_length", "context_window", "max_context_length")


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model that a server lists; zeros and empty texts are unknown."""

    id: str
    context_length: int = 0
    trained_context_length: int = 0
    architecture: str = ""
    quantization: str = ""
    sees: bool = False
    embeds: bool = False


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What was found at an address."""

    kind: ServerKind
    version: str
    models: tuple[OfferedModel, ...]

    def choose(self, model: str) -> OfferedModel:
        """The listed model of that name, or the first that can chat if the name is empty.

        Raises:
            NotOnServer: there is none.
        """
        names = {model, f"{model}:latest"}  # Ollama's way to leave out a tag
        for each in self.models:
            if each.id in names:
                return each
        if model and self.kind not in (ServerKind.VLLM, ServerKind.OLLAMA, ServerKind.LM_STUDIO):
            return OfferedModel(model)  # the others take aliases that they do not list
        if model:
            raise NotOnServer(
                f"The server has no model “{model}”.", "Choose one of the models it lists."
            )
        for each in self.models:
            if not each.embeds:
                return each
        raise NotOnServer("The server offers no model.", "Load one there, then look again.")


def look(client: ServerClient, cancel: CancelToken | None = None) -> ServerFacts:
    """Ask a server what it is and which models it has.

    Raises:
        EngineError: it cannot be reached, refuses the key, or has no list of models.
        Cancelled: the token was.
    """
    answer = client.ask(Question(f"{client.address.base}/models"), cancel)
    entries = tuple(map(mapping, items(mapping(answer).get("data"))))[:_MOST_MODELS]
    models = tuple(map(_offered, filter(_has_id, entries)))
    kind, version = _kind(client, {text(each.get("owned_by")) for each in entries}, cancel)
    if kind is ServerKind.LM_STUDIO:
        models = _studio_models(client, cancel) or models
    return ServerFacts(kind, version, models)


def describe(
    client: ServerClient, facts: ServerFacts, model: str, cancel: CancelToken | None = None
) -> RemoteModel:
    """Learn what there is to know of one model.

    Raises:
        NotOnServer: the server does not have it.
        Cancelled: the token was.
    """
    offered = facts.choose(model)
    remote = RemoteModel(
        client.address.base,
        offered.id,
        facts.kind,
        facts.version,
        context_length=offered.context_length,
        trained_context_length=offered.trained_context_length,
        architecture=offered.architecture,
        quantization=offered.quantization,
        sees=offered.sees,
        embeds=offered.embeds,
    )
    if facts.kind is ServerKind.LLAMA_SERVER:
        return _with_props(client, remote, cancel)
    if facts.kind is ServerKind.OLLAMA:
        return _with_show(client, remote, cancel)
    return remote


def _kind(
    client: ServerClient, owners: set[str], cancel: CancelToken | None
) -> tuple[ServerKind, str]:
    root = client.address.root
    known = next((kind for owner, kind in _OWNERS.items() if owner in owners), None)
    if known is ServerKind.VLLM:
        return known, text(_side(client, f"{root}/version", cancel).get("version"))
    props = _side(client, f"{root}/props", cancel)
    if known is ServerKind.LLAMA_SERVER or "default_generation_settings" in props:
        return ServerKind.LLAMA_SERVER, text(props.get("build_info"))
    if version := text(_side(client, f"{root}/api/version", cancel).get("version")):
        return ServerKind.OLLAMA, version
    if items(_side(client, f"{root}/api/v0/models", cancel).get("data")):
        return ServerKind.LM_STUDIO, ""
    return ServerKind.OTHER, ""


def _side(
    client: ServerClient,
    url: str,
    cancel: CancelToken | None,
    body: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """What a route says that not every server has; nothing if this one does not."""
    once = replace(client, retries=replace(client.retries, tries=1))
    try:
        return mapping(once.ask(Question(url, body, wait_s=_SIDE_WAIT_S), cancel))
    except EngineError:
        return {}


def _has_id(entry: Mapping[str, Any]) -> bool:
    return 0 < len(text(entry.get("id"))) <= _LONGEST_ID


def _offered(entry: Mapping[str, Any]) -> OfferedModel:
    meta = mapping(entry.get("meta"))
    lengths = (whole(entry.get(name)) for name in _CONTEXT_FIELDS)
    return OfferedModel(
        text(entry.get("id")),
        context_length=next((each for each in lengths if each), 0),
        trained_context_length=whole(meta.get("n_ctx_train")),
    )


def _studio_models(client: ServerClient, cancel: CancelToken | None) -> tuple[OfferedModel, ...]:
    answer = _side(client, f"{client.address.root}/api/v0/models", cancel)
    return tuple(
        OfferedModel(
            text(each.get("id")),
            context_length=whole(each.get("loaded_context_length"))
            or whole(each.get("max_context_length")),
            trained_context_length=whole(each.get("max_context_length")),
            architecture=text(each.get("arch")),
            quantization=text(each.get("quantization")),
            sees=each.get("type") == "vlm",
            embeds=each.get("type") == "embeddings",
        )
        for each in map(mapping, items(answer.get("data")))
        if _has_id(each)
    )[:_MOST_MODELS]


def _with_props(
    client: ServerClient, remote: RemoteModel, cancel: CancelToken | None
) -> RemoteModel:
    props = _side(client, f"{client.address.root}/props", cancel)
    settings = mapping(props.get("default_generation_settings"))
    can = mapping(props.get("chat_template_caps"))
    return replace(
        remote,
        context_length=whole(settings.get("n_ctx")),
        has_tools=can.get("supports_tools") is not False,
        sees=mapping(props.get("modalities")).get("vision") is True,
    )


def _with_show(
    client: ServerClient, remote: RemoteModel, cancel: CancelToken | None
) -> RemoteModel:
    root = client.address.root
    shown = _side(client, f"{root}/api/show", cancel, {"model": remote.model})
    details, info = mapping(shown.get("details")), mapping(shown.get("model_info"))
    architecture = text(info.get("general.architecture")) or text(details.get("family"))
    trained = whole(info.get(f"{architecture}.context_length"))
    can = items(shown.get("capabilities"))
    return replace(
        remote,
        context_length=_ollama_context(client, remote.model, shown, trained, cancel),
        trained_context_length=trained,
        architecture=architecture,
        quantization=text(details.get("quantization_level")),
        has_tools="tools" in can or not can,
        sees="vision" in can,
        thinks="thinking" in can,
        embeds="embedding" in can,
    )


def _ollama_context(
    client: ServerClient,
    model: str,
    shown: Mapping[str, Any],
    trained: int,
    cancel: CancelToken | None,
) -> int:
    """What it really uses: it cuts longer prompts without a word, so never more than is sure."""
    running = _side(client, f"{client.address.root}/api/ps", cancel)
    for each in map(mapping, items(running.get("models"))):
        if model in (each.get("name"), each.get("model")) and whole(each.get("context_length")):
            return whole(each.get("context_length"))
    if asked := _NUM_CTX.search(text(shown.get("parameters"))):
        return int(asked[1][:9])
    return min(trained, _OLLAMA_CONTEXT) if trained else 0
