from __future__ import annotations

import json

import pytest

from app.engine.messages import Role, ToolCall, Turn
from app.evals.suites.imported import Imported, SuiteFormat
from app.evals.suites.json_rows import ONE_LETTER, SEVERAL_LETTERS
from app.evals.suites.reading import parse_suite
from app.evals.suites.suite import MAX_ITEM_CHARACTERS, SuiteError

SYSTEM = Turn(Role.SYSTEM, "Be brief.")
USER = Turn(Role.USER, "Why?")


def read(*rows: object) -> Imported:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    return parse_suite("\n".join(lines).encode(), "mine")


def problems(imported: Imported) -> list[tuple[int, str]]:
    return [(each.line, each.message) for each in imported.problems]


@pytest.mark.parametrize(
    ("row", "form"),
    [
        ({"input": "a", "target": "b"}, SuiteFormat.INSPECT),
        ({"input": "a"}, SuiteFormat.INSPECT),
        ({"input": "a", "ideal": "b"}, SuiteFormat.OPENAI),
        ({"input": "a", "targets": ["b"]}, SuiteFormat.CAIRN),
        ({"input": "a", "key": "k"}, SuiteFormat.CAIRN),
    ],
    ids=["inspect", "bare", "openai", "cairn", "cairn-key"],
)
def test_format_is_recognised_by_content(row, form):
    imported = read(row)

    assert imported.format is form
    assert imported.suite.name == "mine"
    assert [item.input for item in imported.items] == [(Turn(Role.USER, "a"),)]


@pytest.mark.parametrize("field", ["target", "ideal"])
@pytest.mark.parametrize(
    ("value", "targets"),
    [
        ("a", ("a",)),
        (["a", "b"], ("a", "b")),
        (3, ("3",)),
        ([1.5, True], ("1.5", "true")),
        ({"b": "é"}, ('{"b":"é"}',)),
        ("", ()),
        ([], ()),
        (None, ()),
    ],
    ids=["text", "list", "number", "scalars", "object", "blank", "empty", "null"],
)
def test_targets_of_any_kind_become_texts(field, value, targets):
    (item,) = read({"input": "q", field: value}).items

    assert item.targets == targets
    assert item.metadata == {}


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        ({"role": "user", "content": "Why?"}, USER),
        ({"role": "user", "content": [{"type": "text", "text": "Why?"}]}, USER),
        ({"role": "developer", "content": "Be brief."}, SYSTEM),
        ({"role": "system", "name": "example_user", "content": "Why?"}, USER),
        (
            {"role": "system", "name": "example_assistant", "content": "So."},
            Turn(Role.ASSISTANT, "So."),
        ),
        (
            {"role": "tool", "content": "7", "tool_call_id": "1", "function": "add"},
            Turn(Role.TOOL, "7", tool_call_id="1", tool_name="add"),
        ),
        (
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "1", "function": {"name": "add", "arguments": '{"a": 1}'}},
                    {"id": "2", "function": "add", "arguments": {"a": 2}},
                ],
            },
            Turn(
                Role.ASSISTANT,
                "",
                tool_calls=(ToolCall("1", "add", {"a": 1}), ToolCall("2", "add", {"a": 2})),
            ),
        ),
    ],
    ids=["text", "parts", "developer", "example-q", "example-a", "tool", "calls"],
)
def test_message_becomes_a_turn(message, turn):
    (item,) = read({"input": [message], "ideal": "x"}).items

    assert item.input == (turn,)


@pytest.mark.parametrize(
    ("choices", "target", "targets", "request_words"),
    [
        (["Rome", "Paris"], "B", ("B",), ONE_LETTER),
        (["Rome", "Paris"], "Paris", ("B",), ONE_LETTER),
        (["B", "A"], "A", ("A",), ONE_LETTER),
        (["x", "y", "z"], ["C", "A"], ("A, C",), SEVERAL_LETTERS),
        (["x", "y", "z"], "AC", ("A, C",), SEVERAL_LETTERS),
        ([1, 2], "2", ("B",), ONE_LETTER),
        (["x", "y"], None, (), ONE_LETTER),
    ],
    ids=["letter", "text", "letters-as-choices", "list", "letters", "numbers", "none"],
)
def test_choices_are_lettered_below_the_question(choices, target, targets, request_words):
    (item,) = read(
        {"input": [{"role": "user", "content": "Q"}], "choices": choices, "target": target}
    ).items

    lines = "\n".join(f"{letter}) {choice}" for letter, choice in zip("ABC", choices, strict=False))
    assert item.input == (Turn(Role.USER, f"Q\n\n{lines}\n\n{request_words}"),)
    assert item.targets == targets
    assert item.metadata == {"choices": choices}


def test_fields_without_a_place_are_kept_in_metadata_and_named():
    imported = read(
        {"input": "a", "metadata": {"files": 1}, "files": {"x": "y"}, "id": 7},
        {"input": "b", "sandbox": "docker", "tags": ["t"]},
    )

    first, second = imported.items
    assert first.metadata == {"files": 1, "files_": {"x": "y"}}
    assert first.key == "7"
    assert second.metadata == {"sandbox": "docker"}
    assert second.tags == ("t",)
    assert imported.other_fields == ("files", "sandbox")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{", "This is not valid JSON: Expecting property name"),
        ('{"input": "a", "target": NaN}', "NaN is not a number in JSON."),
        ('{"input": "a", "target": 1e999}', "A number is too large or not a number."),
        (f'{{"input": "a", "target": {"9" * 5000}}}', "A number is too long."),
        ('{"input": "\\ud800"}', "A text holds half of a character"),
        (f'{{"input": {"[" * 99}{"]" * 99}}}', "nested more than 32 deep"),
        ("[" * 100_000, "nested more than 32 deep"),
        ("[1]", "This is not a JSON object in braces."),
        ({"input": "x" * MAX_ITEM_CHARACTERS}, "The row has more than 1,000,000 characters."),
        ({"target": "a"}, "There is no input."),
        ({"input": ""}, "There is no input."),
        ({"input": []}, "There is no input."),
        ({"input": "  "}, "The input is empty."),
        ({"input": 7}, "The input is neither a text nor a list of messages."),
        ({"input": ["x"]}, "Message 1 of the input: It is not an object."),
        ({"input": [{"content": "x"}]}, "Message 1 of the input: The role is not one of"),
        ({"input": [{"role": ["user"]}]}, "Message 1 of the input: The role is not one of"),
        ({"input": [{"role": "user", "content": 5}]}, "“content” is not a text."),
        (
            {"input": [{"role": "user", "content": [{"type": "image", "image": "x"}]}]},
            "It holds something other than text.",
        ),
        ({"input": [{"role": "user", "content": "x", "tool_calls": {}}]}, "is not a list."),
        (
            {"input": [{"role": "user", "content": "x", "tool_calls": [{"name": "f"}]}]},
            "A tool call lacks its name or its arguments.",
        ),
        (
            {
                "input": [
                    {"role": "user", "tool_calls": [{"function": "f", "arguments": [1]}]},
                ]
            },
            "The arguments of a tool call are not an object.",
        ),
        ({"input": [{"role": "user", "images": ["?"]}]}, "A picture is not in Base64."),
        ({"input": [{"role": "user", "images": [3]}]}, "A picture is not in Base64."),
        ({"input": "a", "target": ["b", None]}, "“target” is neither a text nor a list of texts."),
        ({"input": "a", "tags": [["b"]]}, "“tags” is neither a text nor a list of texts."),
        ({"input": "a", "metadata": [1]}, "“metadata” is not an object."),
        ({"input": "a", "id": True}, "“id” is neither a text nor a whole number."),
        ({"input": "a", "id": 1.5}, "“id” is neither a text nor a whole number."),
        ({"input": "a", "id": "x" * 201}, "The key has more than 200 characters."),
        ({"input": "a", "choices": ["x", "y"], "target": "D"}, "neither the letter of a choice"),
        ({"input": "a", "choices": ["x"] * 27}, "There are more than 26 choices."),
    ],
    ids=lambda each: each[:40] if isinstance(each, str) else "",
)
def test_broken_row_is_a_problem_at_its_line_and_the_others_survive(row, words):
    imported = read({"input": "first"}, "", row, {"input": "last"})

    assert [item.input[0].content for item in imported.items] == ["first", "last"]
    ((line, message),) = problems(imported)
    assert line == 3
    assert words in message


def test_repeated_key_leaves_the_later_row_out():
    imported = read(
        {"input": "a", "id": "k"}, {"input": "b", "id": "k"}, {"input": "c"}, {"input": "c"}
    )

    assert [item.input[0].content for item in imported.items] == ["a", "c"]
    assert problems(imported) == [
        (2, "The key “k” was used in line 1, too."),
        (4, "The row says the same as line 3."),
    ]


def test_missing_key_is_made_from_the_content_alone():
    alone = read({"input": "a", "target": "x"}).items[0]
    among = read({"input": "b"}, {"target": "x", "input": "a"}).items[1]
    other = read({"input": "a", "target": "y"}).items[0]

    assert alone == among
    assert alone.key.startswith("item-")
    assert alone.key != other.key


def test_missing_targets_are_counted_and_no_problem():
    imported = read({"input": "a", "target": "x"}, {"input": "b"}, {"input": "c", "target": ""})

    assert imported.without_targets == 2
    assert imported.problems == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"input": "a"}]', "No line of this file is a JSON object."),
        ('{\n  "input": "a"\n}', "No line of this file is a JSON object."),
        ('{"messages": []}', "its rows have no “input”"),
        ('{"cairn_suite": 2}\n{"key": "a", "input": "b"}', "written by a newer Cairn"),
    ],
    ids=["list", "spread", "training", "newer"],
)
def test_file_that_is_no_suite_is_refused_in_words(text, words):
    with pytest.raises(SuiteError, match=words) as caught:
        read(text)

    assert caught.value.hint


def test_line_separators_of_unicode_do_not_end_a_row():
    (item,) = read('{"input": "a\u2028b\x85c"}').items

    assert item.input[0].content == "a\u2028b\x85c"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"cairn_suite": 1, "metrics": {"name": "x"}}, "“metrics” in the header is not a list"),
        ({"cairn_suite": 1, "metrics": ["x"]}, "“metrics” in the header is not a list"),
        ({"cairn_suite": 1, "name": 5}, "“name” is not a text."),
    ],
    ids=["object", "names", "name"],
)
def test_broken_header_is_a_problem_and_its_items_survive(header, words):
    imported = read(header, {"key": "a", "input": "b"})

    assert [item.key for item in imported.items] == ["a"]
    assert imported.suite.name == "mine"
    ((line, message),) = problems(imported)
    assert line == 1
    assert words in message
