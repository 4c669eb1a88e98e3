from __future__ import annotations

import pytest

from app.ui.library.snippet import SNIPPET_LENGTH, find_query_words, make_snippet


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in find_query_words(text, query)]


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("Notice periods and NOTICES.", "notice period", ["Notice", "periods", "NOTICES"]),
        ("The art of the cart", "art of", ["art"]),
        ("to be or not", "to be", ["to", "be"]),
        ("The tax on the house", "what is the tax", ["tax"]),
        ("a+b (c) [d]", "c) [d", ["c", "d"]),
        ("本合同规定通知期", "通知", ["通知"]),
        ("Kündigungsfrist: drei Monate", "kündigung", ["Kündigungsfrist"]),
        ("anything", "", []),
        ("anything", "🙂 ???", []),
        ("", "word", []),
    ],
)
def test_find_query_words_marks_words_and_their_longer_forms(text, query, found):
    assert marked(text, query) == found


def test_make_snippet_short_text_is_shown_whole_on_one_line():
    snippet = make_snippet("  One\n\n two\tthree ", "two")
    assert snippet.text == "One two three"
    assert [snippet.text[a:b] for a, b in snippet.emphasis] == ["two"]


def test_make_snippet_long_text_is_cut_around_the_densest_match():
    text = f"notice {'filler ' * 200}the notice period is three months {'more ' * 200}"
    snippet = make_snippet(text, "notice period months")
    assert "notice period is three months" in snippet.text
    assert snippet.text.startswith("… ")
    assert snippet.text.endswith(" …")
    assert len(snippet.text) <= SNIPPET_LENGTH + 4
    assert [snippet.text[a:b] for a, b in snippet.emphasis] == ["notice", "period", "months"]


def test_make_snippet_text_without_spaces_is_still_bounded_and_shows_the_match():
    snippet = make_snippet("甲" * 2000 + "通知期" + "乙" * 2000, "通知期")
    assert "通知期" in snippet.text
    assert len(snippet.text) <= SNIPPET_LENGTH + 4


def test_make_snippet_leaves_out_the_marks_of_markdown():
    text = "## Fees\n\n| a | b |\n|---|---|\n```python\nx = 1\n```\nA fee - due # now."
    assert make_snippet(text, "fee").text == "Fees | a | b | x = 1 A fee - due # now."


def test_make_snippet_no_match_starts_at_the_beginning():
    snippet = make_snippet("word " * 500, "absent")
    assert snippet.text.startswith("word word")
    assert snippet.emphasis == ()


def test_make_snippet_huge_query_and_markup_stay_plain_text():
    snippet = make_snippet("<b>bold</b> & more", "bold " * 3000)
    assert snippet.text == "<b>bold</b> & more"
    assert [snippet.text[a:b] for a, b in snippet.emphasis] == ["bold"]
