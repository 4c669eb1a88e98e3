from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.messages import Role
from app.prompts.entities import Content, Part, Variable
from app.prompts.files import PromptFile, read_markdown, write_markdown

_TEXTS = st.lists(
    st.sampled_from(["# User", "  # system", "\\# User", "## User", "# Users", "a", "---"]),
    min_size=1,
).map("\n".join)
_PARTS = st.builds(Part, st.sampled_from([Role.SYSTEM, Role.USER, Role.ASSISTANT]), _TEXTS)


@settings(deadline=None)
@given(st.lists(_PARTS, max_size=4).map(tuple))
def test_read_of_what_was_written_gives_the_prompt_back(parts: tuple[Part, ...]):
    file = PromptFile("a", Content(parts, (Variable("x"),)), "What it does", ("t",), "f/g")
    written = write_markdown(file)
    assert (read_markdown(written.text, "x"), written.left_out) == (file, ())


def test_write_is_markdown_that_reads_well():
    file = PromptFile("a", Content((Part(Role.SYSTEM, "Be kind."), Part(Role.USER, "# User"))))
    assert write_markdown(file).text == (
        "---\nname: a\n---\n# System\n\nBe kind.\n\n# User\n\n\\# User\n"
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("# Title\n\nDo it.\n\n# User\nx", [(Role.USER, "# Title\n\nDo it.\n\n# User\nx")]),
        ("\n# System\na\n# USER\n\nb", [(Role.SYSTEM, "a"), (Role.USER, "b")]),
        ("\\# User", [(Role.USER, "\\# User")]),
        ("", []),
    ],
    ids=range(4),
)
def test_read_headings_are_roles_only_if_the_text_begins_with_one(
    text: str, parts: list[tuple[Role, str]]
):
    content = read_markdown(text, "x").content
    assert [(part.role, part.text) for part in content.parts] == parts


def test_read_front_matter_of_another_program_lists_what_is_left_out():
    file = read_markdown("---\ndescription: d\nagent: ask\nmodel: gpt\n---\nDo it.", "my prompt")
    assert (file.name, file.description) == ("my-prompt", "d")
    assert file.left_out == ("The field “model”.", "The field “agent”.")
