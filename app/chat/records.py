"""Answer records as JSON, and back. Fields that were added later have their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.chat.entities import AnswerRecord, Citation, Picture
from app.chat.plain import from_plain, to_plain
from app.chat.prompt_use import PromptUse
from app.engine.messages import Role, Turn

_APART = ("turns", "offered", "pictures")  # large and rarely wanted, so stored beside the record


def record_to_json(record: AnswerRecord) -> dict[str, Any]:
    """Everything of the record but what was sent, which is stored apart."""
    data: dict[str, Any] = to_plain(replace(record, turns=(), offered=(), pictures=()))
    for name in _APART:
        del data[name]
    return data


def record_from_json(data: Mapping[str, Any]) -> AnswerRecord:
    """The record of an answer, without what was sent."""
    known = {name: value for name, value in data.items() if name not in _APART}
    return from_plain(AnswerRecord, known)


def sent_to_json(record: AnswerRecord) -> dict[str, Any]:
    """What was sent to the model: the turns, the passages in them, the names of their pictures."""
    return {name: to_plain(getattr(record, name)) for name in _APART}


def with_sent(record: AnswerRecord, data: Any) -> AnswerRecord:
    """The record with what was sent."""
    turns = turns_from_json(data)
    apart = data if isinstance(data, Mapping) else {}
    return replace(
        record,
        turns=turns,
        offered=from_plain(tuple[Citation, ...], apart.get("offered", ())),
        pictures=from_plain(tuple[tuple[Picture, ...], ...], apart.get("pictures", ())),
    )


def pictures_to_json(pictures: Sequence[Picture]) -> Any:
    """The pictures of a message; None for none."""
    return to_plain(tuple(pictures)) if pictures else None


def pictures_from_json(data: Any) -> tuple[Picture, ...]:
    """The pictures of a message."""
    return from_plain(tuple[Picture, ...], data or ())


def use_to_json(use: PromptUse | None) -> Any:
    """A prompt that was filled in; None for none."""
    return None if use is None else to_plain(use)


def use_from_json(data: Any) -> PromptUse | None:
    """A prompt that was filled in."""
    return None if data is None else from_plain(PromptUse, data)


def turns_from_json(data: Any) -> tuple[Turn, ...]:
    """The turns of an answer; none for a quoted one."""
    if isinstance(data, Mapping):
        return from_plain(tuple[Turn, ...], data.get("turns", ()))
    # The first Cairn stored pairs of role and content.
    return tuple(Turn(Role(role), content) for role, content in data or ())
