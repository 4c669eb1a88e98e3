"""How well quoted answers are chosen, and how honestly none is given: precision and recall.

`python -m tests.benchmarks.answers`. Questions held out were not used to calibrate the threshold.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.chat.answers import QUOTES
from app.library.encoders import Encoder
from app.library.encoders.export import Precision
from app.library.index import Index
from app.library.protocol import PickSentences, Search
from app.library.quotes import pick_sentences
from app.library.retrieval import find_passages
from app.settings.schema import SearchMode
from tests.benchmarks.questions import Question, fill_index, labelled_questions
from tests.benchmarks.report import onnx_encoders, print_table, scratch_folder


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """Shares of questions.

    Attributes:
        recall: answerable ones that got a quote.
        right: answerable ones whose quotes hold the answer.
        precision: of all that got a quote, those that are answerable.
        silence: unanswerable ones that got none.
    """

    questions: int
    recall: float
    right: float
    precision: float
    silence: float


def answer_figures(index: Index, encoder: Encoder, questions: Iterable[Question]) -> AnswerFigures:
    """Ask each question over all texts, as a quoted answer is made."""
    quoted = right = false = answerable = total = 0
    for question in questions:
        search = Search(question.question, SearchMode.HYBRID, 8)
        texts = tuple(hit.text for hit in find_passages(index, encoder, search))
        picked = pick_sentences(encoder, PickSentences(question.question, texts, QUOTES))
        total += 1
        answerable += bool(question.answers)
        if question.answers:
            quoted += bool(picked)
            right += any(answer in each.text for each in picked for answer in question.answers)
        else:
            false += bool(picked)
    return AnswerFigures(
        total,
        quoted / answerable,
        right / answerable,
        quoted / max(1, quoted + false),
        1 - false / (total - answerable),
    )


def main() -> None:
    questions = labelled_questions()
    groups = {
        "calibration": [each for each in questions if not each.is_held_out],
        "held out": [each for each in questions if each.is_held_out],
    }
    rows: list[list[object]] = []
    with scratch_folder() as folder, onnx_encoders(folder) as encoders:
        for precision in Precision:
            index = Index(folder / precision)
            fill_index(index, encoders[precision])
            for name, group in groups.items():
                got = answer_figures(index, encoders[precision], group)
                rows.append(
                    [precision, name, got.questions, got.recall, got.right, got.precision,
                     got.silence]
                )  # fmt: skip
    head = ["encoder", "questions", "n", "recall", "right sentence", "precision", "silence"]
    print_table("Quoted answers over 12 texts (most unanswerable ones are on topic)", head, rows)


if __name__ == "__main__":
    main()
