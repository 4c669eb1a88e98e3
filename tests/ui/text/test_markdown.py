from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ui.text.markdown import Block, BlockStream, Code, Prose, Table, join, parse

LINES = st.sampled_from(
    [
        "Plain words here",
        "with **bold** and `code` [1]",
        "",
        "- item",
        "  - nested",
        "1. one",
        "> quote",
        "# Heading",
        "===",
        "---",
        "```",
        "```python",
        "~~~",
        "    indented",
        "| a | b |",
        "|---|--:|",
        "| 1 | 2 |",
        "<b>html</b>",
        "x = [1, 2]",
        "\\*not emphasis\\*",
        "é 中文 😀",
    ]
)


def streamed(text: str, size: int) -> tuple[Block, ...]:
    stream = BlockStream()
    committed: list[Block] = []
    tail: tuple[Block, ...] = ()
    for at in range(0, len(text), size):
        step = stream.feed(text[at : at + size])
        committed += step.committed
        tail = step.tail
    return join((*committed, *tail))


def kinds(text: str) -> list[str]:
    return [type(block).__name__ for block in parse(text)]


def test_parse_prose_in_a_row_becomes_one_block() -> None:
    assert kinds("# A\n\nb\n\n- c\n\n> d") == ["Prose"]


def test_parse_code_and_tables_stand_alone() -> None:
    text = "a\n\n```py\nx\n```\nb\n\n| a |\n|---|\n| 1 |\n"
    assert kinds(text) == ["Prose", "Code", "Prose", "Table"]


def test_parse_code_keeps_its_language_and_its_text() -> None:
    assert parse("```python title=x\n  a\n\nb\n```") == (Code("python", "  a\n\nb"),)


def test_parse_code_without_end_is_open() -> None:
    assert parse("```\na") == (Code("", "a", is_open=True),)


def test_parse_code_in_a_list_stays_prose() -> None:
    assert kinds("- a\n\n  ```\n  b\n  ```\n") == ["Prose"]


def test_parse_table_has_cells_and_alignments() -> None:
    (table,) = parse("| a | b |\n|:-:|--:|\n| 1 | **2** |\n")
    assert isinstance(table, Table)
    assert table.alignments == ("center", "right")
    assert [token.content for token in table.header[0]] == ["a"]
    assert len(table.rows) == 1


def test_parse_html_stays_text() -> None:
    (block,) = parse("<script>alert(1)</script>\n\n<img src=x>")
    assert isinstance(block, Prose)
    assert not [token for token in block.tokens if "html" in token.type]


def test_parse_list_of_sources_is_not_hidden_as_link_definitions() -> None:
    (block,) = parse("Text [1].\n\n[1]: Contract.pdf")
    assert isinstance(block, Prose)
    assert "Contract.pdf" in block.source
    inline = [child for token in block.tokens for child in token.children or ()]
    assert "Contract.pdf" in "".join(child.content for child in inline)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a [1] b", [1]),
        ("a [1][2] b", [1, 2]),
        ("a [1, 3] b", [1, 3]),
        ("**bold [2]**", [2]),
        ("`code [1]`", []),
        ("array[123]", []),
        ("a [x] b", []),
        ("[1](https://example.org)", [1]),
    ],
)
def test_parse_citations_are_tokens(text: str, numbers: list[int]) -> None:
    (block,) = parse(text)
    assert isinstance(block, Prose)
    inline = [child for token in block.tokens for child in token.children or ()]
    assert [int(each.content) for each in inline if each.type == "citation"] == numbers


@pytest.mark.parametrize("size", [1, 2, 5, 17])
def test_stream_in_pieces_of_any_size_ends_as_the_whole(size: int) -> None:
    text = "a [1]\n\n```python\ndef f():\n    ``x``\n```\n\n| a |\n|---|\n| 1 |\n\nend"
    assert streamed(text, size) == parse(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=25), st.integers(1, 30))
def test_stream_of_anything_shows_every_final_block_once(lines: list[str], size: int) -> None:
    text = "\n".join(lines)
    whole, grown = parse(text), streamed(text, size)
    # A fence that has only its first line yet is held back; all else must agree.
    if whole and isinstance(whole[-1], Code) and whole[-1].is_open and len(grown) < len(whole):
        whole = whole[:-1]
    assert grown == whole


def test_stream_never_reparses_committed_text() -> None:
    stream = BlockStream()
    first = stream.feed("one\n\ntwo\n\nth")
    assert [block.source for block in first.committed if isinstance(block, Prose)] == ["one\n\ntwo"]
    second = stream.feed("ree")
    assert second.committed == ()
    assert [block.source for block in second.tail if isinstance(block, Prose)] == ["three"]


def test_stream_open_code_grows_line_by_line() -> None:
    stream = BlockStream()
    stream.feed("```py\n")
    assert stream.feed("a\n").tail == (Code("py", "a", is_open=True),)
    assert stream.feed("b``").tail == (Code("py", "a\nb``", is_open=True),)
    step = stream.feed("\n```\nafter")
    assert step.committed == (Code("py", "a\nb``"),)


@pytest.mark.parametrize(
    "hostile",
    ["*a " * 3000, "[" * 3000, "> " * 200 + "x", "`" * 3000, "- " * 300 + "x", "|" * 3000],
    ids=["emphasis", "brackets", "quotes", "backticks", "lists", "pipes"],
)
def test_parse_hostile_text_ends(hostile: str) -> None:
    assert parse(hostile)
