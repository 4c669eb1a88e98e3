from __future__ import annotations

import itertools
import re
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.library.chunking import Chunk, chunk_parts


@dataclass(frozen=True, slots=True)
class Text:
    text: str


class WordCounter:
    """Counts about as the embedder's tokenizer does: pieces of words, and punctuation."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, texts: list[str]) -> list[int]:
        self.calls.append(len(texts))
        return [sum(-(-len(w) // 5) for w in re.findall(r"\w+|[^\w\s]", t)) for t in texts]


def count(text: str) -> int:
    return WordCounter()([text])[0]


def sentence(number: int, words: int) -> str:
    return f"S{number} " + "word " * (words - 2) + "end."


PROSE = " ".join(sentence(number, 20) for number in range(60))


def test_chunk_parts_of_prose_holds_whole_sentences_near_the_target():
    chunks = chunk_parts([Text(PROSE)], WordCounter())

    assert len(chunks) > 3
    assert all(chunk.text.startswith("S") and chunk.text.endswith("end.") for chunk in chunks)
    assert all(150 <= count(chunk.text) <= 192 for chunk in chunks[:-1])


def test_chunk_parts_of_prose_repeats_the_last_sentence_in_the_next_chunk():
    first, second, *_ = chunk_parts([Text(PROSE)], WordCounter())

    assert second.start < first.end
    repeated = PROSE[second.start : first.end]
    assert 0 < count(repeated) <= 32
    assert repeated.startswith("S")


def test_chunk_parts_without_overlap_repeats_nothing():
    chunks = chunk_parts([Text(PROSE)], WordCounter(), overlap=0)

    assert all(a.end <= b.start for a, b in itertools.pairwise(chunks))


def test_chunk_parts_never_reaches_into_the_next_part():
    chunks = chunk_parts([Text("Page one ends"), Text(""), Text("in page two.")], WordCounter())

    assert chunks == (Chunk(0, 0, 13, "Page one ends"), Chunk(2, 0, 12, "in page two."))


def test_chunk_parts_with_a_scrap_at_the_end_keeps_it_with_the_chunk_before():
    text = " ".join([*(sentence(number, 19) for number in range(10)), "A scrap."])

    (chunk,) = chunk_parts([Text(text)], WordCounter(), target=192, overlap=0)

    assert chunk.text.endswith("A scrap.")
    assert count(chunk.text) <= 254


def test_chunk_parts_with_a_monstrous_sentence_cuts_it_between_words():
    text = "word " * 5000

    chunks = chunk_parts([Text(text)], WordCounter())

    assert all(set(chunk.text.split()) == {"word"} for chunk in chunks)
    assert all(count(chunk.text) <= 254 for chunk in chunks)


def test_chunk_parts_with_a_monstrous_word_cuts_it_by_characters():
    chunks = chunk_parts([Text("x" * 50_000)], WordCounter())

    assert "".join(chunk.text for chunk in chunks) == "x" * 50_000
    assert all(count(chunk.text) <= 254 for chunk in chunks)


def test_chunk_parts_where_the_tokenizer_sees_one_unknown_word_bounds_the_characters():
    chunks = chunk_parts([Text("x" * 100_000)], lambda texts: [1] * len(texts))

    assert max(len(chunk.text) for chunk in chunks) <= 254 * 16


def test_chunk_parts_of_many_sentences_counts_them_in_few_calls():
    counter = WordCounter()

    chunk_parts([Text(PROSE)] * 100, counter)

    assert len(counter.calls) <= 10
    assert sum(counter.calls) == 60 * 100


def test_chunk_parts_when_cancelled_stops():
    cancel = CancelToken()
    cancel.cancel()

    with pytest.raises(Cancelled):
        chunk_parts([Text(PROSE)], WordCounter(), cancel=cancel)


def test_chunk_parts_of_a_line_of_many_megabytes_takes_linear_time():
    started = time.perf_counter()
    chunks = chunk_parts([Text("longword" * 500_000)], lambda texts: [len(t) // 4 for t in texts])

    assert time.perf_counter() - started < 20
    assert sum(len(chunk.text) for chunk in chunks) == 4_000_000


words = st.sampled_from(["a", "Word", "end.", "1.", "x" * 40, "\n", "\n\n", "。", "- ", "Mr."])
texts = st.lists(words, max_size=120).map(" ".join) | st.text(max_size=200)


@settings(deadline=None)  # the machine may be busy
@given(
    parts=st.lists(texts, max_size=4),
    target=st.integers(4, 40),
    overlap=st.integers(0, 10),
    room=st.integers(-3, 20),
)
def test_chunk_parts_of_anything_covers_all_text_exactly_within_the_limit(
    parts, target, overlap, room
):
    limit = target + room  # a long title may leave less room than a full chunk
    chunks = chunk_parts(
        [Text(each) for each in parts], WordCounter(), target=target, overlap=overlap, limit=limit
    )

    for chunk in chunks:
        assert chunk.text == parts[chunk.part][chunk.start : chunk.end]
        assert chunk.text.strip() == chunk.text != ""
        assert count(chunk.text) <= limit or len(chunk.text) == 1
    for number, text in enumerate(parts):
        mine = [chunk for chunk in chunks if chunk.part == number]
        assert [(c.start, c.end) for c in mine] == sorted((c.start, c.end) for c in mine)
        covered = bytearray(len(text))
        for chunk in mine:
            covered[chunk.start : chunk.end] = b"\1" * (chunk.end - chunk.start)
        assert all(covered[at] or text[at].isspace() for at in range(len(text)))
