"""Answer records as JSON, and back. Fields that were added later have their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.chat.entities import AnswerMode, AnswerRecord, Citation
from app.engine.messages import Role, Turn
from app.engine.protocol import FinishReason, Timings
from app.engine.sampling import Sampling
from app.library.entities import ContentHash, DocumentId, DocumentKind, Place


def record_to_json(record: AnswerRecord) -> dict[str, Any]:
    """Everything of the record but its turns, which are stored apart."""
    data = asdict(record)
    del data["turns"]
    for citation in data["citations"]:
        citation["path"] = str(citation["path"])
    return data


def record_from_json(data: Mapping[str, Any], turns: tuple[Turn, ...] = ()) -> AnswerRecord:
    """The record of an answer, with the turns if they were loaded."""
    fields = dict(data)
    fields["mode"] = AnswerMode(fields["mode"])
    fields["finish"] = FinishReason(fields["finish"])
    fields["citations"] = tuple(_citation(each) for each in fields["citations"])
    fields["timings"] = Timings(**fields["timings"])
    if fields["sampling"] is not None:
        fields["sampling"] = Sampling(**fields["sampling"])
    return AnswerRecord(**fields, turns=turns)


def turns_to_json(turns: tuple[Turn, ...]) -> list[list[str]]:
    """Turns as pairs of role and content."""
    return [[turn.role.value, turn.content] for turn in turns]


def turns_from_json(data: list[list[str]] | None) -> tuple[Turn, ...]:
    """The turns of an answer; none for a quoted one."""
    return tuple(Turn(Role(role), content) for role, content in data or ())


def _citation(data: Mapping[str, Any]) -> Citation:
    fields = dict(data)
    fields["path"] = Path(fields["path"])
    fields["kind"] = DocumentKind(fields["kind"])
    fields["content"] = ContentHash(fields["content"])
    fields["place"] = Place(**fields["place"])
    if fields["document_id"] is not None:
        fields["document_id"] = DocumentId(fields["document_id"])
    return Citation(**fields)
