"""Made-up documents of realistic shape: files to ingest, and a large index to search."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.library.chunking import Chunk, chunk_parts
from app.library.encoders import DIMENSIONS, Encoder
from app.library.entities import ContentHash
from app.library.index import Index
from app.library.index_rows import EmbeddedDocument
from app.library.ingest import embedded_text
from app.library.readers import Part
from app.library.sentences import split_sentences
from tests import documents
from tests.benchmarks.questions import labelled_questions

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNKS_A_DOCUMENT = 20
WORDS_A_CHUNK = 110
GROUP = 200


def write_files(folder: Path, *, pdfs: int = 6, pages: int = 12, notes: int = 24) -> list[Path]:
    """PDFs of many pages, and small Markdown and web files, no two sentences quite the same."""
    text = _endless_text(np.random.default_rng(7))
    made = [
        documents.pdf(folder / f"report {n}.pdf", [next(text) for _ in range(pages)], title=f"R{n}")
        for n in range(pdfs)
    ]
    for number in range(notes):
        path = folder / f"note {number}.{'md' if number % 2 else 'txt'}"
        path.write_text(f"# Note {number}\n\n{next(text)}\n\n{next(text)}", encoding="utf-8")
        made.append(path)
    return made


def _endless_text(random: np.random.Generator) -> Iterator[str]:
    texts = {each.text.id: each.text.text for each in labelled_questions()}.values()
    sentences = [text[start:end] for text in texts for start, end in split_sentences(text)]
    number = 0
    while True:
        chosen = random.choice(sentences, 14, replace=False)
        number += 1
        yield " ".join(f"{each[:-1]} (see entry {number}-{k})." for k, each in enumerate(chosen))


def fill_large(index: Index, encoder: Encoder, chunks: int) -> NDArray[np.float32]:
    """Fill the index with random words and with vectors strewn around real ones; gives them."""
    random = np.random.default_rng(11)
    real = encoder.embed(sorted({each.text.text[:900] for each in labelled_questions()}))
    words = _vocabulary()
    weights = 1 / np.arange(1, len(words) + 1) ** 0.9
    weights /= weights.sum()
    kept = []
    for start in range(0, chunks, CHUNKS_A_DOCUMENT * GROUP):
        count = min(CHUNKS_A_DOCUMENT * GROUP, chunks - start)
        vectors = _strewn(real, count, random)
        drawn = random.choice(len(words), (count, WORDS_A_CHUNK), p=weights)
        index.write(list(_documents(start, vectors, words, drawn)))
        index.tidy()
        kept.append(vectors)
    return np.concatenate(kept)


def _vocabulary() -> list[str]:
    """The words of the labelled texts, strewn among many made-up ones."""
    real = sorted(
        {w.strip(".,;()") for each in labelled_questions() for w in each.text.text.split()}
    )
    made = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("ana", "eri", "olu") for c in _ENDS]
    words = [*made, *real]
    order = np.random.default_rng(3).permutation(len(words))
    return [words[index] for index in order]


_ENDS = [f"{a}{b}" for a in "bcdfghklmnprstvz" for b in ("a", "en", "io", "us", "ix", "or", "um")]


def _strewn(
    real: NDArray[np.float32], count: int, random: np.random.Generator
) -> NDArray[np.float32]:
    noise = random.standard_normal((count, DIMENSIONS)).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    other = real[random.integers(0, len(real), count)]
    mixed = real[random.integers(0, len(real), count)] + 0.7 * other + noise
    unit: NDArray[np.float32] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return unit


def _documents(
    start: int, vectors: NDArray[np.float32], words: list[str], drawn: NDArray[np.int64]
) -> Iterator[EmbeddedDocument]:
    for first in range(0, len(vectors), CHUNKS_A_DOCUMENT):
        rows = range(first, min(first + CHUNKS_A_DOCUMENT, len(vectors)))
        texts = [" ".join(words[word] for word in drawn[row]) for row in rows]
        yield EmbeddedDocument(
            content=content_number((start + first) // CHUNKS_A_DOCUMENT),
            title=f"Document {start + first}",
            parts=tuple(Part(text) for text in texts),
            chunks=tuple(Chunk(n, 0, len(text), text) for n, text in enumerate(texts)),
            vectors=vectors[rows.start : rows.stop],
            encoder="made up",
        )


def content_number(number: int) -> ContentHash:
    return ContentHash(hashlib.sha256(f"made up {number}".encode()).hexdigest())


def chunk_texts(encoder: Encoder, count: int) -> list[str]:
    """Chunks as they are embedded, cut from endless text in the usual way."""
    text = _endless_text(np.random.default_rng(5))
    found: list[str] = []
    while len(found) < count:
        chunks = chunk_parts([Part(" ".join(next(text) for _ in range(8)))], encoder.count_tokens)
        found += [embedded_text("A report", chunk.text) for chunk in chunks]
    return found[:count]
