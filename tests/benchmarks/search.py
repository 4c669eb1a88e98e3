"""Search over 100,000 chunks: time with the question embedded, and recall of the vector index.

`python -m tests.benchmarks.search [CHUNKS]`. Wanted: hybrid median under 50 ms, recall 0.98.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import cycle
from unittest import mock

import numpy as np

from app.library import index as index_module
from app.library.encoders import Encoder
from app.library.encoders.export import Precision
from app.library.entities import ContentHash
from app.library.index import Index
from app.library.protocol import Search
from app.library.retrieval import find_passages
from app.settings.schema import SearchMode
from tests.benchmarks.corpus import CHUNKS_A_DOCUMENT, content_number, fill_large
from tests.benchmarks.questions import labelled_questions
from tests.benchmarks.report import milliseconds, onnx_encoders, print_table, scratch_folder

CHUNKS = 100_000
TIMES = 124


def recall(index: Index, encoder: Encoder, vectors: np.ndarray, depth: int) -> float:
    """Share of the truly nearest chunks that the index finds."""
    shares = []
    for question in labelled_questions():
        vector = encoder.embed([question.question])[0]
        truth = np.argsort(-(vectors @ vector))[:depth]
        wanted = {
            (content_number(row // CHUNKS_A_DOCUMENT), row % CHUNKS_A_DOCUMENT) for row in truth
        }
        got = {(each.content, each.ordinal) for each in index.nearest(vector, depth)}
        shares.append(len(wanted & got) / depth)
    return float(np.mean(shares))


def asking(
    index: Index,
    encoder: Encoder,
    mode: SearchMode,
    scope: Sequence[ContentHash] | None = None,
) -> Callable[[], object]:
    questions = cycle(each.question for each in labelled_questions())
    contents = None if scope is None else tuple(scope)
    return lambda: find_passages(index, encoder, Search(next(questions), mode, 8, contents))


def main() -> None:
    chunks = int(sys.argv[1]) if len(sys.argv) > 1 else CHUNKS
    with scratch_folder() as folder, onnx_encoders(folder / "embedder") as encoders:
        encoder = encoders[Precision.INT8]
        index = Index(folder / "index")
        started = time.perf_counter()
        vectors = fill_large(index, encoder, chunks)
        written = time.perf_counter() - started
        documents = [content_number(n) for n in range(chunks // CHUNKS_A_DOCUMENT)]
        cases = {
            "hybrid": asking(index, encoder, SearchMode.HYBRID),
            "meaning only": asking(index, encoder, SearchMode.DENSE),
            "words only": asking(index, encoder, SearchMode.KEYWORD),
            "hybrid, fp32": asking(index, encoders[Precision.FP32], SearchMode.HYBRID),
            "hybrid in 10 documents": asking(index, encoder, SearchMode.HYBRID, documents[:10]),
            "hybrid in 20 %": asking(
                index, encoder, SearchMode.HYBRID, documents[: len(documents) // 5]
            ),
            "hybrid in 90 %": asking(
                index, encoder, SearchMode.HYBRID, documents[len(documents) // 10 :]
            ),
            "embedding the question": lambda: encoder.embed(["How long is the notice period?"]),
        }
        rows = [[name, *milliseconds(work, TIMES)] for name, work in cases.items()]
        # As if a quiet minute had passed.
        with mock.patch.object(index_module, "KEEP_VERSIONS", timedelta(milliseconds=1)):
            index.tidy_when_idle()
        size = sum(each.stat().st_size for each in folder.joinpath("index").rglob("*.*"))
        print_table(f"{index.count_chunks():,} chunks", ["search", "median ms", "p95 ms"], rows)
        figures = [
            ["recall@10", recall(index, encoder, vectors, 10)],
            ["recall@100", recall(index, encoder, vectors, 100)],
            ["written and indexed in s", written],
            ["on disk, MB", size / 1e6],
        ]
        print_table("The index", ["figure", "value"], figures)


if __name__ == "__main__":
    main()
