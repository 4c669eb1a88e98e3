"""What is found: nDCG@10 and reciprocal rank over the labelled questions, by encoder and mode.

`python -m tests.benchmarks.retrieval`. A chunk is relevant when it holds the answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.library.encoders import Encoder
from app.library.encoders.export import Precision
from app.library.index import Index
from app.library.protocol import Hit, Search
from app.library.retrieval import find_passages
from app.settings.schema import SearchMode
from tests.benchmarks.questions import Question, fill_index, labelled_questions
from tests.benchmarks.report import onnx_encoders, print_table, scratch_folder

DEPTH = 10


def quality(index: Index, encoder: Encoder, mode: SearchMode) -> tuple[float, float]:
    """Mean nDCG@10 and mean reciprocal rank over the answerable questions."""
    questions = [each for each in labelled_questions() if each.answers]
    gains, ranks = [], []
    for each in questions:
        hits = find_passages(index, encoder, Search(each.question, mode, DEPTH))
        relevant = [_is_relevant(each, hit) for hit in hits]
        gains.append(_gain(relevant) / _gain([True] * max(1, sum(relevant))))
        ranks.append(1 / (relevant.index(True) + 1) if True in relevant else 0.0)
    return sum(gains) / len(gains), sum(ranks) / len(ranks)


def _is_relevant(question: Question, hit: Hit) -> bool:
    is_same = hit.content == question.text.content
    return is_same and any(answer in hit.text for answer in question.answers)


def _gain(relevant: Sequence[bool]) -> float:
    return sum(1 / math.log2(place + 2) for place, each in enumerate(relevant) if each)


def main() -> None:
    rows: list[list[object]] = []
    with scratch_folder() as folder, onnx_encoders(folder) as encoders:
        for precision in Precision:
            index = Index(folder / precision)
            fill_index(index, encoders[precision])
            for mode in SearchMode:
                ndcg, rank = quality(index, encoders[precision], mode)
                rows.append([precision, mode, f"{ndcg:.4f}", f"{rank:.4f}"])
    print_table(
        "73 questions, 12 texts in small chunks", ["encoder", "mode", "nDCG@10", "MRR"], rows
    )


if __name__ == "__main__":
    main()
