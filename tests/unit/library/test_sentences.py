# ruff: noqa: RUF001 - the punctuation of many languages is the subject here
from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.library.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" \n\t ", [], id="blank"),
        pytest.param("One word", ["One word"], id="no stop"),
        pytest.param("He left! Why? Because.", ["He left!", "Why?", "Because."], id="stops"),
        pytest.param("It cost 3.14 euros. Fine.", ["It cost 3.14 euros.", "Fine."], id="decimal"),
        pytest.param(
            "Dr. Smith met Prof. Jones. They spoke.",
            ["Dr. Smith met Prof. Jones.", "They spoke."],
            id="titles",
        ),
        pytest.param(
            "See Fig. 2 and No. 7, e.g. the table. Done.",
            ["See Fig. 2 and No. 7, e.g. the table.", "Done."],
            id="references",
        ),
        pytest.param("The answer is no. We left.", ["The answer is no.", "We left."], id="word no"),
        pytest.param(
            "J. R. Tolkien wrote it. He works for Apple Inc. The firm grew.",
            ["J. R. Tolkien wrote it.", "He works for Apple Inc.", "The firm grew."],
            id="initials",
        ),
        pytest.param(
            'He said "Stop." Then he ran. (So did she.) End.',
            ['He said "Stop."', "Then he ran.", "(So did she.)", "End."],
            id="quotes",
        ),
        pytest.param(
            "It was so.[12] Others differ.", ["It was so.[12]", "Others differ."], id="note mark"
        ),
        pytest.param(
            "Nach Art. 5 Abs. 2 gilt z.B. Folgendes. Am 3. März kam er. Ende.",
            ["Nach Art. 5 Abs. 2 gilt z.B. Folgendes.", "Am 3. März kam er.", "Ende."],
            id="german",
        ),
        pytest.param(
            "一つ目です。二つ目？「終」次。",
            ["一つ目です。", "二つ目？", "「終」次。"],
            id="japanese",
        ),
        pytest.param("यह है। दूसरा।", ["यह है।", "दूसरा।"], id="hindi"),
        pytest.param("هل هذا؟ نعم۔ لا", ["هل هذا؟", "نعم۔", "لا"], id="arabic"),
        pytest.param("Contents . . . . . 12", ["Contents . . . . . 12"], id="leader dots"),
        pytest.param(
            "1. Introduction\n(a) first\n- bullet",
            ["1. Introduction", "(a) first", "- bullet"],
            id="list",
        ),
        pytest.param("Name | Rent\nAnna | 1", ["Name | Rent", "Anna | 1"], id="table"),
        pytest.param(
            "Revenue in thousand euros 2023 1,234 567\nCosts in thousand of the euros 2023 800 300",
            [
                "Revenue in thousand euros 2023 1,234 567",
                "Costs in thousand of the euros 2023 800 300",
            ],
            id="rows of numbers",
        ),
        pytest.param("One paragraph\n\nAnother", ["One paragraph", "Another"], id="paragraphs"),
    ],
)
def test_split_sentences_finds_what_a_reader_calls_a_sentence(text, expected):
    assert sentences(text) == expected


def test_split_sentences_in_wrapped_lines_goes_across_line_ends_but_not_over_headings():
    text = (
        "Duties of the tenant\n"
        "The tenant shall keep the flat in good order and shall report every\n"
        "defect to the landlord. Small repairs are at the cost of the tenant\n"
        "up to one hundred euros.\n"
        "Duties of the landlord\n"
        "The landlord shall insure the house."
    )

    found = sentences(text)

    assert found[0] == "Duties of the tenant"
    assert found[1].startswith("The tenant shall")
    assert found[1].endswith("the landlord.")
    assert found[2].startswith("Small repairs")
    assert found[2].endswith("hundred euros.")
    assert found[3:] == ["Duties of the landlord", "The landlord shall insure the house."]


def test_split_sentences_in_wrapped_law_text_does_not_take_a_reference_for_a_list():
    text = (
        "Gemäß der Regelung in dem Vertrag vom heutigen Tage nach\n"
        "§ 5 Abs. 2 ist die Miete zu zahlen, wobei als Stichtag der\n"
        "12. März gilt."
    )

    assert sentences(text) == [text]


def test_split_sentences_in_source_code_keeps_lines_apart():
    assert sentences("x = 1\ny = f(x)\nprint(y)") == ["x = 1", "y = f(x)", "print(y)"]


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet=st.sampled_from("aB1 .!?\n。|-()\"'\t,;:§"), max_size=300) | st.text())
def test_split_sentences_of_any_text_leaves_out_nothing_but_space(text):
    spans = split_sentences(text)

    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(start < end for start, end in spans)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))
    assert all(not text[start].isspace() and not text[end - 1].isspace() for start, end in spans)


@pytest.mark.parametrize(
    "unit", [".", "a", "a. ", ". ", '"', "1.", ".)x", "a\n", "a.\n\n", "(", "x ="]
)
def test_split_sentences_of_a_monstrous_text_takes_linear_time(unit):
    short, long = unit * (20_000 // len(unit)), unit * (400_000 // len(unit))

    started = time.perf_counter()
    split_sentences(short)
    once = time.perf_counter() - started
    started = time.perf_counter()
    split_sentences(long)

    # Twenty times the text; quadratic time would be four hundred times as long.
    assert time.perf_counter() - started < max(100 * once, 2.0)
