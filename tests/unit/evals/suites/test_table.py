from __future__ import annotations

import codecs

import pytest

from app.engine.messages import Role, Turn
from app.evals.suites.columns import guessed_columns, unique_names
from app.evals.suites.csv_rows import MAX_MISQUOTED
from app.evals.suites.imported import ColumnMap, Imported, SuiteFormat
from app.evals.suites.reading import parse_suite
from app.evals.suites.suite import MAX_ITEM_CHARACTERS, SuiteError


def read(text: str, columns: ColumnMap | None = None) -> Imported:
    return parse_suite(text.encode(), "mine", columns)


def asked(imported: Imported) -> list[str]:
    return [item.input[-1].content for item in imported.items]


@pytest.mark.parametrize(
    "text",
    [
        "question,answer\nWhy?,So.\n",
        "question;answer\nWhy?;So.",
        "question\tanswer\r\nWhy?\tSo.\r\n",
        "question|answer\rWhy?|So.\r",
        '"question","answer"\n"Why?","So."\n',
        'question, answer\n"Why?", "So."\n',
        "\n\nquestion,answer\n,\nWhy?,So.\n\n",
        "question,answer\nWhy?,So.,,\n",
        "answer,other,question\nSo.,,Why?\n",
    ],
    ids=["comma", "semicolon", "tab", "bar", "quoted", "spaced", "blank", "wide", "order"],
)
def test_table_in_any_dialect_gives_the_same_item(text):
    imported = read(text)

    assert imported.format is SuiteFormat.TABLE
    assert imported.problems == ()
    (item,) = imported.items
    assert item.input == (Turn(Role.USER, "Why?"),)
    assert item.targets == ("So.",)


@pytest.mark.parametrize(
    "data",
    [
        "Frage,question\nä,Größe?\n".encode(),
        codecs.BOM_UTF8 + "Frage,question\nä,Größe?\n".encode(),
        "Frage,question\nä,Größe?\n".encode("utf-16"),
        "Frage,question\nä,Größe?\n".encode("utf-16-le"),
        "Frage,question\nä,Größe?\n".encode("cp1252"),
    ],
    ids=["utf-8", "bom", "utf-16", "utf-16-bare", "cp1252"],
)
def test_table_in_any_encoding_is_read(data):
    imported = parse_suite(data, "mine")

    assert imported.header == ("Frage", "question")
    assert asked(imported) == ["Größe?"]


def test_every_kind_of_column_finds_its_place():
    imported = read(
        "ID,System Prompt,Question,Target 1,Target 2,Tags,Level\n"
        "a1,Be brief., Why?,So.,  ,x; y|z,3\n"
        "a2, ,Who?,Me.,I.,,\n"
    )

    assert imported.columns == ColumnMap(
        "Question", "System Prompt", ("Target 1", "Target 2"), "Tags", "ID"
    )
    first, second = imported.items
    assert first.input == (Turn(Role.SYSTEM, "Be brief."), Turn(Role.USER, " Why?"))
    assert (first.key, first.targets, first.tags) == ("a1", ("So.",), ("x", "y", "z"))
    assert first.metadata == {"Level": "3"}
    assert second.input == (Turn(Role.USER, "Who?"),)
    assert (second.targets, second.tags, second.metadata) == (("Me.", "I."), (), {})
    assert imported.other_fields == ("Level",)


def test_columns_that_a_person_chose_are_used_in_place_of_the_guess():
    text = "question,gibberish,answer\na,b,c\n"

    (item,) = read(text, ColumnMap("gibberish", targets=("question",))).items

    assert item.input == (Turn(Role.USER, "b"),)
    assert item.targets == ("a",)
    assert item.metadata == {"answer": "c"}


def test_column_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(SuiteError, match=r"no column “nope”\. It has these: question, answer\."):
        read("question,answer\na,b\n", ColumnMap("question", key="nope"))


def test_table_without_a_known_input_shows_its_header_and_waits_for_a_choice():
    imported = read("eins,zwei\na,b\n")

    assert imported.items == ()
    assert imported.header == ("eins", "zwei")
    assert imported.columns == ColumnMap()
    assert [each.line for each in imported.problems] == [1]
    assert asked(read("eins,zwei\na,b\n", ColumnMap("zwei"))) == ["b"]


def test_single_column_may_hold_separators():
    assert asked(read('prompt\nHello, you; there\n"quoted ""x"", y"\n')) == [
        "Hello, you; there",
        'quoted "x", y',
    ]


def test_cell_over_several_lines_is_one_and_the_next_row_has_its_own_line():
    imported = read('question,answer\n"one\r\ntwo",x\n,y\n')

    assert asked(imported) == ["one\ntwo"]
    assert [(each.line, each.message) for each in imported.problems] == [
        (4, "The column “question” is empty.")
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,b,c", "The row has 3 cells, and the header 2"),
        (" ,b", "The column “question” is empty."),
        ('"a "b" c",d', "A quotation mark is misplaced, or one is missing."),
        (f"{'x' * 140_000},b", "A cell has more than 131,072 characters."),
        (",".join([("x" * 100_000)] * 11), f"The row has more than {MAX_ITEM_CHARACTERS:,}"),
    ],
    ids=["wide", "blank", "quotes", "cell", "row"],
)
def test_broken_row_is_a_problem_at_its_line_and_the_others_survive(row, words):
    imported = read(f"question,answer\nfirst,x\n{row}\nlast,y\n")

    assert asked(imported) == ["first", "last"]
    (problem,) = imported.problems
    assert problem.line == 3
    assert words in problem.message


def test_quotation_that_never_ends_costs_its_own_row_only():
    imported = read('question,answer\na,x\n"b,x\nc,x\nd,x\n')

    assert asked(imported) == ["a", "c", "d"]
    assert [each.line for each in imported.problems] == [3]


def test_table_full_of_misplaced_quotes_is_refused():
    rows = '"a "b" c",d\n' * (MAX_MISQUOTED + 1)

    with pytest.raises(SuiteError, match="More than 200 rows"):
        read(f"question,answer\n{rows}")


def test_repeated_key_leaves_the_later_row_out():
    imported = read("id,question\n1,a\n1,b\n2,c\n")

    assert asked(imported) == ["a", "c"]
    assert [(each.line, each.message) for each in imported.problems] == [
        (3, "The key “1” was used in line 2, too.")
    ]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (("Prompt", "Ideal"), ColumnMap("Prompt", targets=("Ideal",))),
        (("text", "question"), ColumnMap("question")),
        (("Expected_Output", "INPUT"), ColumnMap("INPUT", targets=("Expected_Output",))),
        (("answer2", "answer1", "q"), ColumnMap(targets=("answer2", "answer1"))),
        (("target", "answer", "input"), ColumnMap("input", targets=("target",))),
        (("id", "key", "category"), ColumnMap(tags="category", key="key")),
        (("", "?"), ColumnMap()),
    ],
    ids=["common", "likeliest", "case", "several", "one-family", "rest", "none"],
)
def test_guessed_columns_follow_the_names(header, columns):
    assert guessed_columns(header) == columns


def test_unique_names_number_the_nameless_and_the_repeated():
    assert unique_names(["a", " a ", "", "a (2)", "x  y"]) == (
        "a",
        "a (2)",
        "Column 3",
        "a (2) (2)",
        "x y",
    )
