# ruff: noqa: RUF001 - odd characters are the subject here
from __future__ import annotations

import time

import pytest

from app.library.cleaning import clean_line, clean_pages, clean_text


def body(page: int) -> str:
    return "\n".join(f"Line {line} about {chr(97 + page) * 3} and more" for line in "abcdefghij")


def book(*heads: str, foot: str = "{page}", pages: int = 8) -> list[str]:
    return [
        f"{heads[page % len(heads)]}\n{body(page)}\n{foot}".replace("{page}", str(page + 1))
        for page in range(pages)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a\r\nb\rc\u2028d", "a\nb\nc\nd", id="line ends"),
        pytest.param("a\x0cb", "a\n\nb", id="form feed"),
        pytest.param("a\0b\x07c\x1b", "abc", id="control characters"),
        pytest.param("a\ud800b", "ab", id="lone surrogate"),
        pytest.param("\ufeffhy\u00adphen\u200bated", "hyphenated", id="invisible"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="joiner stays"),
        pytest.param("\tkeep\n  indent  \n", "\tkeep\n  indent", id="indentation stays"),
    ],
)
def test_clean_text_drops_debris_and_keeps_structure(text, expected):
    assert clean_text(text) == expected


def test_clean_line_of_an_endless_title_is_one_bounded_line():
    assert clean_line("A\n  title\u00a0 here ") == "A title here"
    assert len(clean_line("word " * 1000)) <= 200


def test_clean_pages_joins_words_broken_at_line_ends():
    assert clean_pages(["The work\ufffeing day", "a work-\ning day", "an exam\x02ple"]) == [
        "The working day",
        "a working day",
        "an example",
    ]


def test_clean_pages_keeps_the_hyphen_of_a_word_that_is_written_with_one_elsewhere():
    (page,) = clean_pages(["a well\ufffeknown rule is a well-known rule, Baden-\nWürttemberg"])

    assert page == "a well-known rule is a well-known rule, Baden-Württemberg"


def test_clean_pages_makes_letters_of_ligatures_but_keeps_powers():
    assert clean_pages(["The o\ufb03ce of 80 m² and ½ a \ufb02oor"]) == [
        "The office of 80 m² and ½ a floor"
    ]


def test_clean_pages_drops_page_numbers_and_all_but_the_first_running_head():
    pages = clean_pages(book("Lease Agreement 2024", foot="Page {page} of 8"))

    assert pages[0] == f"Lease Agreement 2024\n{body(0)}"
    assert pages[1:] == [body(page) for page in range(1, 8)]


def test_clean_pages_drops_running_heads_that_change_from_left_to_right():
    pages = clean_pages(book("The Author", "The Title of the Book"))

    assert "The Author" in pages[0]
    assert "The Title of the Book" in pages[1]
    assert not any("The Author" in page or "The Title" in page for page in pages[2:])


def test_clean_pages_drops_running_heads_that_name_the_chapter():
    chapters = ["Introduction"] * 4 + ["Rent and costs"] * 4 + ["Notice"] * 12
    pages = clean_pages(
        [f"{name} {number}\n{body(number)}" for number, name in enumerate(chapters, 1)]
    )

    heads = [page.split("\n")[0] for page in pages]
    assert [head for head in heads if not head.startswith("Line a")] == [
        "Introduction 1",
        "Rent and costs 5",
        "Notice 9",
    ]


def test_clean_pages_keeps_first_lines_that_differ_in_more_than_the_page_number():
    pages = [
        f"Invoice number {1000 + 7 * page}\n{body(0)}\nTotal {page * page + 90} euros"
        for page in range(9)
    ]

    assert clean_pages(pages) == pages


def test_clean_pages_of_short_pages_keeps_every_line():
    pages = [f"This is page {number}" for number in range(1, 30)]

    assert clean_pages(pages) == pages


def test_clean_pages_keeps_blank_lines_between_paragraphs():
    pages = [f"Head\nfirst {'abc'[n]}\n\n\n\nsecond\n{body(n)}" for n in range(3)]

    assert clean_pages(pages)[1] == f"first b\n\nsecond\n{body(1)}"


@pytest.mark.parametrize("unit", ["x", " ", "x-", "-\n", "\ufffe", "1", "x\ufffe"])
def test_clean_pages_of_a_monstrous_page_takes_linear_time(unit):
    started = time.perf_counter()
    clean_pages([unit * 60_000 + "y"] * 3)

    assert time.perf_counter() - started < 10
