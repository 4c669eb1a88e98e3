"""The labelled questions of tests/data/answers.json, and an index over their texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.library.chunking import chunk_parts
from app.library.encoders import Encoder
from app.library.entities import ContentHash
from app.library.index import Index
from app.library.index_rows import EmbeddedDocument
from app.library.ingest import embedded_text
from app.library.readers import Part

FILE = Path(__file__).parents[1] / "data" / "answers.json"


@dataclass(frozen=True, slots=True)
class LabelledText:
    id: str
    title: str
    text: str

    @property
    def content(self) -> ContentHash:
        return ContentHash(hashlib.sha256(self.text.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Question:
    """`answers`: a piece of each sentence that answers; none if the text does not answer."""

    text: LabelledText
    question: str
    answers: tuple[str, ...]
    is_held_out: bool


def labelled_questions() -> tuple[Question, ...]:
    stored: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    texts = {each["id"]: LabelledText(**each) for each in stored["texts"]}
    return tuple(
        Question(
            texts[each["text"]], each["question"], tuple(each["answer"]), each.get("hold", False)
        )
        for each in stored["questions"]
    )


def fill_index(index: Index, encoder: Encoder, *, target: int = 64) -> None:
    """Index all texts in small chunks, so that there is something to choose from."""
    texts = {each.text.id: each.text for each in labelled_questions()}.values()
    index.write([_embedded(each, encoder, target) for each in texts])


def _embedded(text: LabelledText, encoder: Encoder, target: int) -> EmbeddedDocument:
    parts: Sequence[Part] = (Part(text.text),)
    chunks = chunk_parts(parts, encoder.count_tokens, target=target, overlap=16)
    vectors = encoder.embed([embedded_text(text.title, chunk.text) for chunk in chunks])
    return EmbeddedDocument(text.content, text.title, tuple(parts), chunks, vectors, encoder.name)
