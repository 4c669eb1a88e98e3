from __future__ import annotations

from pathlib import Path

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.library import quotes
from app.library.encoders import Encoder
from app.library.index import Index
from app.library.protocol import PickedSentence, PickSentences
from app.library.quotes import pick_sentences
from tests.benchmarks.answers import answer_figures
from tests.benchmarks.questions import fill_index, labelled_questions
from tests.doubles.embedding import WordEncoder

LEASE = (
    "The lease begins in March. The notice period is three months. "
    "Rent is due on Monday. The tenant may keep one cat."
)
PUMP = "Grease the pump ring with silicone. The pump needs 230 volts."


def pick(question: str, *texts: str, limit: int = 5) -> tuple[PickedSentence, ...]:
    return pick_sentences(WordEncoder(), PickSentences(question, texts, limit))


def test_best_sentence_comes_with_its_exact_place() -> None:
    (best, *_) = pick("The notice period is how long", PUMP, LEASE)

    assert best.text == "The notice period is three months."
    assert best.index == 1
    assert LEASE[best.start : best.end] == best.text
    assert 0 < best.score <= 1


def test_nothing_is_quoted_when_nothing_fits() -> None:
    assert pick("Which wine goes with grilled trout", LEASE, PUMP) == ()


@pytest.mark.parametrize("question", ["", "  ", "the of and", "?!", "\x00", "\ud800", "🙂"])
def test_question_that_asks_nothing_gets_nothing(question: str) -> None:
    assert pick(question, LEASE) == ()


@pytest.mark.parametrize("texts", [(), ("",), ("   ", "\n\n"), ("a", "1")])
def test_texts_without_sentences_give_nothing(texts: tuple[str, ...]) -> None:
    assert pick("notice period", *texts) == ()


def test_limit_is_kept() -> None:
    text = " ".join(f"The notice period is {word}." for word in ("short", "long", "fair", "set"))

    assert len(pick("the notice period", text, limit=2)) == 2
    assert pick("the notice period", text, limit=0) == ()


def test_same_sentence_from_two_passages_is_quoted_once() -> None:
    picked = pick("The notice period is how long", LEASE, LEASE, LEASE.replace("March", "May"))

    assert [each.text for each in picked].count("The notice period is three months.") == 1


def test_rows_that_differ_in_their_numbers_are_both_quoted() -> None:
    text = "The notice period for flat number 1 is set. The notice period for flat number 2 is set."

    assert len(pick("the notice period for flat", text)) == 2


def test_question_in_the_text_hands_over_to_the_answer_after_it() -> None:
    text = "How long is the notice period? Three months, in writing. Rent is due on Monday."

    picked = pick("How long is the notice period?", text)

    assert [each.text for each in picked] == ["Three months, in writing."]


def test_question_at_the_end_of_a_text_is_no_answer() -> None:
    assert pick("How long is the notice period?", "How long is the notice period?", PUMP) == ()


def test_number_that_no_text_has_keeps_a_close_sentence_from_being_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "Error E07 means low voltage."
    assert pick("error E07 voltage", text)
    assert pick("error E12 voltage", text) == ()

    monkeypatch.setattr(quotes, "MISSING_NAME_PENALTY", 0.0)
    assert pick("error E12 voltage", text)


def test_order_is_stable_for_equal_scores() -> None:
    text = "Alpha notice period one. Beta notice period two."

    picked = pick("notice period", text)

    assert [each.start for each in picked] == sorted(each.start for each in picked)


def test_number_of_sentences_is_bounded() -> None:
    encoder = WordEncoder()
    texts = tuple(f"Sentence {n} here. " * 50 for n in range(100))
    pick_sentences(encoder, PickSentences("sentence here", texts, 5))

    assert len(encoder.embedded) <= quotes.MAX_SENTENCES + 1


def test_picking_can_be_cancelled() -> None:
    cancel = CancelToken()
    cancel.cancel()

    with pytest.raises(Cancelled):
        pick_sentences(WordEncoder(), PickSentences("notice", (LEASE,)), cancel)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the notice period in the first months?", "two weeks, afterwards"),
        ("How do honeybees survive the cold?", "shiver their flight muscles"),
        ("What does error E07 mean?", "195 volts"),
    ],
)
def test_real_embedder_finds_the_answer_by_meaning(
    rounded: Encoder, question: str, answer: str
) -> None:
    texts = tuple({each.text.text for each in labelled_questions()})

    picked = pick_sentences(rounded, PickSentences(question, tuple(sorted(texts))))

    assert any(answer in each.text for each in picked)


@pytest.mark.parametrize("precision", ["rounded", "exact"])
def test_held_out_questions_are_answered_well_and_honestly(
    precision: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    encoder: Encoder = request.getfixturevalue(precision)
    index = Index(tmp_path)
    fill_index(index, encoder)
    held_out = [each for each in labelled_questions() if each.is_held_out]

    figures = answer_figures(index, encoder, held_out)

    assert figures.questions >= 40
    assert figures.recall >= 0.85
    assert figures.right >= 0.8
    assert figures.precision >= 0.8
    assert figures.silence >= 0.75


def test_questions_off_topic_are_never_answered(rounded: Encoder, tmp_path: Path) -> None:
    index = Index(tmp_path)
    fill_index(index, rounded)
    off_topic = [
        each
        for each in labelled_questions()
        if any(
            word in each.question
            for word in ("ethanol", "cup", "tyre", "Mongolia", "router", "Neptune", "wine",
                         "photosynthesis", "Moby", "inflation", "asdf", "hello", "thank")
        )
    ]  # fmt: skip

    assert len(off_topic) == 13
    answerable = next(each for each in labelled_questions() if each.answers)
    assert answer_figures(index, rounded, [answerable, *off_topic]).silence == 1.0
