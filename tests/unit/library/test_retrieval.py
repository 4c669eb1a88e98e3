from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library.entities import ContentHash
from app.library.index import Index
from app.library.index_rows import Found
from app.library.protocol import Search
from app.library.retrieval import (
    PASSAGE_CHARACTERS,
    clean_question,
    find_passages,
    fuse,
    join_neighbours,
    key_words,
)
from app.settings.schema import SearchMode
from tests.doubles.embedding import WordEncoder, content_of, embedded_document

MODES = list(SearchMode)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = Index(tmp_path_factory.mktemp("index"))
    index.write(
        [
            embedded_document("lease", "The lease ends with notice.", "Rent is due on Monday."),
            embedded_document("pump", "Grease the pump ring with silicone."),
            embedded_document("bees", "Bees shiver to keep warm in winter."),
        ]
    )
    return index


def find(index: Index, question: str, mode: SearchMode = SearchMode.HYBRID, **named: object):
    limit = int(str(named.pop("limit", 8)))
    return find_passages(index, WordEncoder(), Search(question, mode, limit, **named))  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", MODES)
def test_search_finds_the_passage_first_in_every_mode(index: Index, mode: SearchMode) -> None:
    hits = find(index, "silicone for the pump", mode)

    assert hits[0].content == content_of("pump")
    assert hits[0].page == 1
    assert hits[0].score == pytest.approx(max(each.score for each in hits))


def test_hybrid_search_knows_the_similarity_of_every_hit(index: Index) -> None:
    assert all(each.similarity is not None for each in find(index, "pump ring rent"))


def test_keyword_search_has_no_similarity_and_embeds_nothing(index: Index) -> None:
    encoder = WordEncoder()
    hits = find_passages(index, encoder, Search("rent", SearchMode.KEYWORD, 5))

    assert [each.similarity for each in hits] == [None]
    assert encoder.embedded == []


def test_keyword_search_finds_nothing_without_a_shared_word(index: Index) -> None:
    assert find(index, "helicopter", SearchMode.KEYWORD) == ()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "question",
    ["", "   ", "\n", "\x00", "the of and", '"', '"unbalanced', "''; DROP TABLE", "🙂", "\ud800",
     "AND OR NOT", "c++ (", "的", "?" * 50, "x" * 10_000, "word " * 5_000, "\u202e\u200b"],
)  # fmt: skip
def test_odd_questions_never_raise(index: Index, mode: SearchMode, question: str) -> None:
    assert len(find(index, question, mode)) <= 4


@pytest.mark.parametrize("mode", MODES)
def test_scope_limits_what_is_found(index: Index, mode: SearchMode) -> None:
    scope = (content_of("lease"),)
    hits = find(index, "pump silicone rent notice", mode, contents=scope)

    assert {each.content for each in hits} == set(scope)
    assert find(index, "pump", mode, contents=()) == ()


def test_limit_is_kept(index: Index) -> None:
    assert len(find(index, "pump rent bees", limit=2)) == 2
    assert find(index, "pump", limit=0) == ()


def test_same_question_gives_the_same_order(index: Index) -> None:
    assert len({find(index, "the ring in winter on Monday") for _ in range(5)}) == 1


def test_empty_index_answers_with_nothing(tmp_path: Path) -> None:
    assert find(Index(tmp_path), "anything") == ()


def _found(
    ordinal: int, score: float, *, content: str = "c", part: int = 0, start: int = 0, text: str = ""
) -> Found:
    text = text or f"text{ordinal}"
    return Found(
        ContentHash(content), ordinal, part, 1, "", start, start + len(text), text, score, score
    )


def test_fuse_prefers_what_both_legs_found() -> None:
    by_meaning = [_found(1, 0.9), _found(2, 0.8), _found(3, 0.1)]
    by_words = [_found(2, 20.0), _found(4, 19.0), _found(5, 1.0)]

    ranked = fuse(by_meaning, by_words, 0.5)

    assert ranked[0].found.ordinal == 2
    assert {each.found.ordinal for each in ranked} == {1, 2, 3, 4, 5}
    assert all(0 <= each.score <= 1 for each in ranked)


def test_fuse_gives_meaning_the_weight_asked_for() -> None:
    by_meaning, by_words = [_found(1, 0.9), _found(2, 0.1)], [_found(2, 9.0), _found(1, 1.0)]

    assert fuse(by_meaning, by_words, 0.8)[0].found.ordinal == 1
    assert fuse(by_meaning, by_words, 0.2)[0].found.ordinal == 2


def test_fuse_breaks_ties_by_place() -> None:
    legs = [_found(3, 1.0, content="b"), _found(1, 1.0, content="b"), _found(9, 1.0, content="a")]

    order = [(each.found.content, each.found.ordinal) for each in fuse(legs, [], 0.5)]

    assert order == [("a", 9), ("b", 1), ("b", 3)]


def test_question_in_another_language_trusts_words_more() -> None:
    class Legs:
        def nearest(self, vector, limit, contents=None):
            return [_found(1, 0.9), _found(2, 0.1)]

        def matching(self, words, limit, contents=None, *, vector=None):
            return [_found(2, 9.0), _found(1, 1.0)]

    def first(question: str) -> int:
        search = Search(question, SearchMode.HYBRID, 1)
        return int(find_passages(Legs(), WordEncoder(), search)[0].text.removeprefix("text"))

    assert first("Wie lange ist die Kündigungsfrist für den Mieter?") == 2
    assert first("Каков срок уведомления?") == 2


FULL = "".join(f"Sentence {number} of the part stands here. " for number in range(200))


def _span(ordinal: int, start: int, end: int, score: float = 1.0, part: int = 0) -> Found:
    return _found(ordinal, score, part=part, start=start, text=FULL[start:end])


def _join(*spans: Found, limit: int = 10) -> list[tuple[int, int, str]]:
    ranked = fuse(spans, [], 1.0)
    return [
        (each.found.start, each.found.end, each.found.text)
        for each in join_neighbours(ranked, limit)
    ]


def test_overlapping_neighbours_become_one_exact_passage() -> None:
    joined = _join(_span(1, 300, 700, 0.9), _span(0, 0, 400, 0.8), _span(2, 650, 900, 0.7))

    assert joined == [(0, 900, FULL[0:900])]


def test_chunk_inside_a_passage_disappears() -> None:
    assert _join(_span(1, 0, 500, 0.9), _span(2, 100, 200, 0.8)) == [(0, 500, FULL[:500])]


def test_chunks_with_a_gap_or_of_other_parts_stay_apart() -> None:
    assert len(_join(_span(1, 0, 100), _span(2, 150, 300))) == 2
    assert len(_join(_span(1, 0, 200), _span(2, 100, 300, part=1))) == 2


def test_passages_do_not_grow_without_end() -> None:
    spans = [_span(n, n * 500, n * 500 + 600, 1 - n / 100) for n in range(12)]

    joined = _join(*spans)

    assert len(joined) > 1
    assert all(end - start <= PASSAGE_CHARACTERS for start, end, _ in joined)


def test_joining_keeps_the_rank_and_fills_up_to_the_limit() -> None:
    spans = [_span(1, 0, 100, 0.9), _span(5, 2000, 2100, 0.8), _span(2, 80, 180, 0.7)]
    more = [_span(9, 4000, 4100, 0.6), _span(12, 6000, 6100, 0.5)]

    joined = _join(*spans, *more, limit=3)

    assert [start for start, _, _ in joined] == [0, 2000, 4000]
    assert joined[0][1] == 180


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 900)), min_size=1, max_size=12))
def test_joined_text_is_always_the_text_of_the_part(pieces: list[tuple[int, int]]) -> None:
    spans = [
        _span(number, start, min(start + length, len(FULL)), 1 / (number + 1))
        for number, (start, length) in enumerate(pieces)
    ]

    for start, end, text in _join(*spans):
        assert text == FULL[start:end]


def test_clean_question_drops_control_characters_and_bounds_length() -> None:
    assert clean_question("  what\x00is\tthis\ud800 ") == "what is this?"
    assert len(clean_question("a" * 50_000)) == 10_000


def test_key_words_are_distinct_and_few() -> None:
    assert key_words("pump pump ring pump") == "pump ring"
    assert len(key_words(" ".join(map(str, range(1000)))).split()) == 64
