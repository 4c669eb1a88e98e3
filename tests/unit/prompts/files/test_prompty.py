from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.messages import Role
from app.engine.sampling import Mirostat, Sampler, Sampling
from app.prompts.codec import normal
from app.prompts.entities import Content, Example, Part, Variable, VariableKind
from app.prompts.files import PromptFile, PromptFileError, read_prompty, write_prompty
from app.prompts.naming import checked_name

_MARKERS = st.sampled_from(
    ["user:", "System:", " assistant :", "#user:", "\\user:", "\\\\tool:", 'user[name="A"]:',
     "---", "user: hello", "\\"]
)  # fmt: skip
_LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20)
_TEXTS = st.lists(_LINES | _MARKERS, max_size=6).map("\n".join)
_ROLES = st.sampled_from([Role.SYSTEM, Role.USER, Role.ASSISTANT])
_VARIABLES = st.builds(
    Variable,
    name=st.text(min_size=1, max_size=10),
    kind=st.sampled_from(VariableKind),
    label=_TEXTS,
    help=_TEXTS,
    default=st.none() | _LINES | st.booleans() | st.floats(-1e18, 1e18) | st.integers(-9, 9),
    required=st.booleans(),
    choices=st.lists(_LINES, max_size=3).map(tuple),
)
_SAMPLINGS = st.builds(
    Sampling,
    temperature=st.floats(0, 5),
    seed=st.integers(0, 2**31),
    min_p=st.floats(0, 1),
    mirostat=st.sampled_from(Mirostat),
    banned=st.lists(_TEXTS, max_size=2).map(tuple),
    order=st.permutations(list(Sampler)).map(tuple),
    logit_bias=st.lists(
        st.tuples(st.integers(0, 99), st.floats(allow_nan=False)), max_size=2
    ).map(tuple),
)  # fmt: skip
_PROPERTIES = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "number", "description": "x"}, {"enum": ["a"]},
         {"type": "string", "enum": ["a", "b"]}, {"type": "integer", "minimum": 3}]
    ),
    lambda inner: st.builds(
        lambda properties: {
            "type": "object", "properties": properties, "required": list(properties)
        },
        st.dictionaries(_LINES, inner, min_size=1, max_size=3),
    ) | st.builds(lambda items: {"type": "array", "items": items}, inner),
    max_leaves=5,
)  # fmt: skip
_CONTENTS = st.builds(
    Content,
    parts=st.lists(st.builds(Part, _ROLES, _TEXTS), max_size=4).map(tuple),
    variables=st.lists(_VARIABLES, max_size=3).map(tuple),
    examples=st.lists(st.builds(Example, st.text(), st.text()), max_size=2).map(tuple),
    output_schema=st.none() | _PROPERTIES,
    sampling=st.none() | _SAMPLINGS,
)
_FILES = st.builds(
    PromptFile,
    name=st.sampled_from(["a", "Été-2", "x.y_z"]),
    content=_CONTENTS,
    description=_TEXTS,
    tags=st.lists(_LINES, max_size=3).map(tuple),
    folder=_LINES,
)


def without_empty_lines(file: PromptFile) -> PromptFile:
    parts = tuple(replace(part, text=part.text.strip("\n")) for part in file.content.parts)
    return replace(file, content=replace(file.content, parts=parts))


@settings(deadline=None)
@given(_FILES)
def test_read_of_what_was_written_gives_the_prompt_back(file: PromptFile):
    written = write_prompty(file)
    assert read_prompty(written.text, "x") == without_empty_lines(file)
    assert bool(written.left_out) == (without_empty_lines(file) != file)


@settings(deadline=None)
@given(_FILES)
def test_read_content_can_be_stored_as_it_is(file: PromptFile):
    content = read_prompty(write_prompty(file).text, "x").content
    assert normal(content) == content


@settings(deadline=None)
@given(st.text())
def test_read_of_any_text_gives_a_prompt_or_a_reason(text: str):
    for whole in (text, f"---\n{text}\n---\n{text}", f"---\ninputs: {text}\nmodel: {text}\n---\n"):
        try:
            file = read_prompty(whole, "fallback")
        except PromptFileError:
            continue
        assert normal(file.content) == file.content
        assert checked_name(file.name) == file.name


_VERSION_2 = """---
name: Weather Report
displayName: Weather
description: Says what the weather is.
metadata:
  authors: [ann]
  tags: [weather, daily]
model:
  id: some-model
  connection: {kind: key, apiKey: secret}
  options:
    temperature: 0.7
    topP: 0.9
    maxOutputTokens: 512
    additionalProperties: {min_p: 0.1, other: 1}
inputs:
  - name: city
    kind: string
    description: Where
    default: Seattle
  - name: days
    kind: integer
    required: false
  - name: unit
    kind: string
    enumValues: [C, F]
  - name: places
    kind: array
outputs:
  - name: temperature
    kind: float
  - name: note
    kind: string
    description: In words.
    required: false
tools:
  - {name: search, kind: function}
template:
  format: {kind: jinja2}
  parser: {kind: prompty}
---
system:
You know the weather.

user[name="Ann"]:
How is it in {{ city }}?

tool:
{"x": 1}
"""


def test_read_version_2_takes_what_a_prompt_can_hold_and_lists_the_rest():
    file = read_prompty(_VERSION_2, "x")
    assert file == PromptFile(
        name="Weather-Report",
        description="Says what the weather is.",
        tags=("weather", "daily"),
        content=Content(
            parts=(
                Part(Role.SYSTEM, "You know the weather."),
                Part(Role.USER, "How is it in {{ city }}?"),
            ),
            variables=(
                Variable("city", help="Where", default="Seattle"),
                Variable("days", VariableKind.NUMBER, required=False),
                Variable("unit", VariableKind.CHOICE, choices=("C", "F")),
                Variable("places", VariableKind.LONG_TEXT),
            ),
            output_schema={
                "type": "object",
                "properties": {
                    "temperature": {"type": "number"},
                    "note": {"type": "string", "description": "In words."},
                },
                "required": ["temperature"],
            },
            sampling=Sampling(temperature=0.7, top_p=0.9, min_p=0.1),
        ),
        left_out=file.left_out,
    )
    assert file.left_out == (
        "What stands in brackets after the role in line 45.",
        "The tool part in line 48.",
        "The field “inputs.places.kind”: instead of “array”, a long text is asked for.",
        "The field “model.options.maxOutputTokens”.",
        "The field “model.options.additionalProperties.other”.",
        "The field “model.id”.",
        "The field “model.connection”.",
        "The field “displayName”.",
        "The field “tools”.",
        "The field “metadata.authors”.",
        "The name “Weather Report”: it became “Weather-Report”.",
    )


_VERSION_0_1 = """---
name: legacy
authors: [ann]
tags: [old]
model:
  api: chat
  configuration: {type: azure_openai, api_key: "${env:KEY}"}
  parameters:
    temperature: 0.2
    top_p: 0.5
    frequency_penalty: 0.5
    max_tokens: 128
inputs:
  firstName: {type: string, sample: Jane}
  age: 41
  question: What is it?
  file: ${file:data.json}
sample:
  extra: more
template: jinja2
---
system:
Hello {{ firstName }}.
# user:
{{ question }}
"""


def test_read_version_0_1_takes_its_older_notation():
    file = read_prompty(_VERSION_0_1, "x")
    assert (file.name, file.tags) == ("legacy", ("old",))
    assert file.content.sampling == Sampling(temperature=0.2, top_p=0.5, frequency_penalty=0.5)
    assert file.content.variables == (
        Variable("firstName", default="Jane"),
        Variable("age", VariableKind.NUMBER, default=41),
        Variable("question", default="What is it?"),
        Variable("file"),
        Variable("extra", default="more"),
    )
    assert [part.role for part in file.content.parts] == [Role.SYSTEM, Role.USER]
    assert set(file.left_out) == {
        "The field “inputs.firstName.sample”: it became the default.",
        "The field “inputs.file.default”: Cairn reads no other files and no environment.",
        "The field “sample”: its values became defaults.",
        "The field “model.parameters.max_tokens”.",
        "The field “model.api”.",
        "The field “model.configuration”.",
        "The field “authors”.",
    }


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("Just a text", [(Role.SYSTEM, "Just a text")]),
        ("system:", [(Role.SYSTEM, "")]),
        ("intro\n\nUSER :\na\n\nb\n", [(Role.SYSTEM, "intro"), (Role.USER, "a\n\nb")]),
        ("developer:\r\na\r\n", [(Role.SYSTEM, "a")]),
        ("user:\na user: b\nuser:x\n \\user:", [(Role.USER, "a user: b\nuser:x\n user:")]),
        ("user:\n\\\\system:", [(Role.USER, "\\system:")]),
    ],
    ids=range(7),
)
def test_read_body_is_divided_at_role_lines_only(text: str, parts: list[tuple[Role, str]]):
    content = read_prompty(text, "x").content
    assert [(part.role, part.text) for part in content.parts] == parts


def test_write_line_that_looks_like_a_role_is_no_role_for_other_programs_either():
    file = PromptFile("a", Content((Part(Role.USER, "a\n  system:\nb"),)))
    assert "\n  \\system:\n" in write_prompty(file).text


def test_write_empty_lines_around_a_part_are_listed_as_left_out():
    file = PromptFile("a", Content((Part(Role.USER, "a\n\n"),)))
    assert write_prompty(file).left_out == ("The empty lines around the text of the user part.",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\nname: a\nb: [\n---\nuser:\nx", r"\(line 3\)"),
        ("---\nname: a\nuser:\nx", "second line of dashes"),
        ("---\n- a\n---\n", "not a list of “name: value”"),
        ("---\na: &x 1\nb: *x\n---\n", r"\(line 2\): anchors and aliases"),
        ("user:\n" * 201, "201 parts"),
        ("x" * 2_000_001, "too long for a prompt"),
    ],
    ids=range(6),
)
def test_read_broken_or_hostile_file_says_where_and_why(text: str, words: str):
    with pytest.raises(PromptFileError, match=words):
        read_prompty(text, "x")


@pytest.mark.parametrize(
    "fields",
    [
        "name: [a]", "description: {a: b}", "metadata: x", "metadata: {tags: {a: b}}",
        "metadata: {cairn: {examples: [a, {input: b}]}}", "model: gpt", "model: {options: [1]}",
        "model: {options: {temperature: hot, seed: 1.5, top_k: true}}",
        "model: {options: {additionalProperties: {order: [x], banned: a, logit_bias: [1]}}}",
        "inputs: [a, {kind: string}]", "inputs: 3", "inputs: {a: {form: colour}}",
        "inputs: {a: {default: [1]}}", "outputs: {a: {kind: picture}}", "outputs: [1]",
        "inputs: {a: {default: .inf}}", "inputs: {a: 99999999999999999999}",
        "model: {options: {seed: 99999999999999999999}}", "template: mustache",
        "template: {type: mustache}",
    ],
    ids=range(20),
)  # fmt: skip
def test_read_field_of_the_wrong_kind_is_listed_as_left_out(fields: str):
    file = read_prompty(f"---\n{fields}\n---\nuser:\nx", "x")
    assert file.left_out != ()
    assert normal(file.content) == file.content


def test_read_secrets_of_a_connection_are_not_repeated():
    assert "secret" not in repr(read_prompty(_VERSION_2, "x"))


@pytest.mark.parametrize(
    ("name", "usable"),
    [("My Prompt!", "My-Prompt"), ("  ", "fall-back"), ("***", "imported"), ("²", "imported"),
     ("a" * 90, "a" * 64), ("ok", "ok"), ("2026", "2026")],
)  # fmt: skip
def test_read_name_becomes_one_that_can_be_typed_after_a_slash(name: str, usable: str):
    assert read_prompty(f"---\nname: '{name}'\n---\n", "fall back").name == usable
