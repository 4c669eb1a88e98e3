"""What a prompt will be: turns, the model's template around them, tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.child import engine_child
from app.engine.errors import NotSupported
from app.engine.host import EngineHost
from app.engine.messages import PromptPiece, Role, Tool, Turn
from app.engine.options import LoadOptions
from app.engine.protocol import TemplateOptions
from app.engine.remote.counting import spelled_pieces
from app.prompts.entities import Content, Example, Part, Variable, VariableKind
from app.prompts.files.seeds import seed_prompts
from app.prompts.preview import (
    LOAD_A_MODEL,
    NOTHING_YET,
    Preview,
    PromptRun,
    RunKind,
    preview,
    sample_value,
)
from app.prompts.variables import convert
from tests.doubles.scripted_gguf import scripted_gguf

USER = Part(Role.USER, "Greet {{ who }}.")
GREETING = Content((Part(Role.SYSTEM, "Be kind. "), USER), (Variable("who", label="Person"),))
TRIMMING = """{%- for message in messages -%}
[{{ message.role }}]{{ message.content | trim }}
{% endfor -%}"""


@pytest.fixture
def open_model(tmp_path: Path) -> Iterator[Callable[..., EngineHost]]:
    """Loads a scripted model with a template of its own, or the usual one."""
    host = EngineHost(tmp_path, engine_child)

    def open_model(template: str | None = None) -> EngineHost:
        path = scripted_gguf(tmp_path / "it.gguf", {"price": "Five."}, template=template)
        host.load(path, LoadOptions(context_length=2048, threads=1))
        return host

    yield open_model
    host.close()


def _text(found: Preview, *kinds: RunKind) -> str:
    return "".join(each.text for each in found.runs if not kinds or each.kind in kinds)


def test_prompt_without_a_model_is_its_turns_and_says_what_is_missing() -> None:
    found = preview(None, GREETING, {"who": "Ann", "nobody": 1})
    assert found.turns == (Turn(Role.SYSTEM, "Be kind. "), Turn(Role.USER, "Greet Ann."))
    assert (found.runs, found.tokens, found.total, found.note) == ((), (), None, LOAD_A_MODEL)
    assert found.problem is None


def test_value_that_nobody_gave_has_a_sample_with_its_label() -> None:
    found = preview(None, GREETING, {"who": "  "})
    assert found.turns[1].content == "Greet [Person]."
    assert found.sampled == ("who",)


@pytest.mark.parametrize("kind", VariableKind)
def test_sample_of_every_kind_is_a_value_of_that_kind(kind: VariableKind) -> None:
    variable = Variable("it", kind, choices=("red", "blue"))
    assert convert(variable, sample_value(variable)) == sample_value(variable)


def test_value_that_does_not_fit_is_a_problem_with_the_label_of_its_field() -> None:
    content = Content((USER,), (Variable("who", VariableKind.NUMBER, "How many"),))
    problem = preview(None, content, {"who": "five"}).problem
    assert problem is not None
    assert problem.message.startswith("How many: Write a number")
    assert problem.part is None


@pytest.mark.parametrize("text", ["{{ nobody }}", "{% if %}", "{{ 1 / 0 }}", "{{ ().__class__ }}"])
def test_part_that_cannot_be_filled_in_is_named_by_its_index(text: str) -> None:
    content = Content((Part(Role.USER, "One"), Part(Role.USER, text)))
    problem = preview(None, content, {}).problem
    assert problem is not None
    assert problem.part == 1
    assert "(part 2)" in problem.message


def test_template_that_explodes_ends_as_a_problem_of_its_part() -> None:
    problem = preview(None, Content((Part(Role.USER, "{{ 'x' * 10 ** 9 }}"),)), {}).problem
    assert problem is not None
    assert problem.part == 0


def test_prompt_of_empty_parts_is_a_problem_of_no_part() -> None:
    problem = preview(None, Content((Part(Role.USER, " "),)), {}).problem
    assert problem is not None
    assert problem.part is None


def test_prompt_without_parts_is_no_problem_yet() -> None:
    assert preview(None, Content(), {}) == Preview(note=NOTHING_YET)


def test_runs_tell_the_template_from_what_is_said(open_model: Callable[..., EngineHost]) -> None:
    host = open_model()
    found = preview(host, GREETING, {"who": "Ann"})
    assert _text(found) == host.show_prompt(found.turns)
    assert [each.text for each in found.runs if each.kind is RunKind.CONTENT] == [
        "Be kind. ",
        "Greet Ann.",
    ]
    controls = [each.text for each in found.runs if each.kind is RunKind.CONTROL]
    assert controls == ["<|im_start|>", "<|im_end|>"] * 2 + ["<|im_start|>", "<|go0|>"]
    assert _text(found, RunKind.TEMPLATE) == "system\n\nuser\n\nassistant"


def test_content_is_found_where_the_template_looks_into_it(
    open_model: Callable[..., EngineHost],
) -> None:
    # The word chooses another reply, so the template's own end differs without it.
    found = preview(open_model(), Content((Part(Role.USER, "The price?"),)), {})
    assert _text(found, RunKind.CONTENT) == "The price?"
    assert found.runs[-1] == PromptRun(RunKind.CONTROL, "<|go1|>")


def test_content_is_found_where_the_template_trims_it(
    open_model: Callable[..., EngineHost],
) -> None:
    found = preview(open_model(TRIMMING), GREETING, {"who": "Ann"})
    assert _text(found) == "[system]Be kind.\n[user]Greet Ann.\n"
    assert _text(found, RunKind.CONTENT) == "Be kind.Greet Ann."


def test_what_only_looks_like_a_control_token_is_none(
    open_model: Callable[..., EngineHost],
) -> None:
    looks = (
        "{%- for message in messages -%}<note>[INST]{{ message.content }}<|im_end|>{% endfor -%}"
    )
    found = preview(open_model(looks), Content((Part(Role.USER, "<|im_start|>"),)), {})
    assert found.runs == (
        PromptRun(RunKind.TEMPLATE, "<note>[INST]"),
        PromptRun(RunKind.CONTENT, "<|im_start|>"),
        PromptRun(RunKind.CONTROL, "<|im_end|>"),
    )


def test_tokens_are_counted_by_part_and_add_up(open_model: Callable[..., EngineHost]) -> None:
    host = open_model()
    parts = (*GREETING.parts, Part(Role.ASSISTANT, "Hello!"), Part(Role.USER, "Again."))
    content = Content(parts, GREETING.variables, (Example("a", "b"), Example("c", "d")))
    found = preview(host, content, {"who": "Ann"})
    counted = {each.name: each.tokens for each in found.tokens}
    names = ["System", "Examples", "User 1", "Assistant", "User 2", "Chat template"]
    assert list(counted) == names
    assert counted["System"] == host.count_tokens(("Be kind. ",))[0]
    assert counted["Examples"] == 4
    assert sum(counted.values()) == found.total == host.count_prompt(found.turns)
    assert found.context_length == 2048


def test_seed_prompts_are_shown_whole(open_model: Callable[..., EngineHost]) -> None:
    host = open_model()
    for seed in seed_prompts():
        found = preview(host, seed.content, {})
        assert found.problem is None
        said = [each.text for each in found.runs if each.kind is RunKind.CONTENT]
        assert said == [each.content for each in found.turns]


class _Bare:
    """An engine that shows no template, and may not count either."""

    loaded = None

    def __init__(self, *, counts: bool) -> None:
        self._counts = counts

    def show_prompt(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...] = (), template: object = None
    ) -> str:
        raise NotSupported("The server does not show its template.", "Use a file.")

    def prompt_pieces(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...] = (), template: object = None
    ) -> tuple[PromptPiece, ...]:
        return spelled_pieces(self.show_prompt(turns, tools, template))

    def count_prompt(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...] = (), template: object = None
    ) -> int:
        if not self._counts:
            raise NotSupported("The server does not count.")
        return 10 * len(turns)

    def count_tokens(self, texts: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(len(each) for each in texts)


@pytest.mark.parametrize(("counts", "total"), [(True, 20), (False, None)])
def test_server_that_shows_no_template_still_gives_what_it_can(
    counts: bool, total: int | None
) -> None:
    found = preview(_Bare(counts=counts), GREETING, {"who": "Ann"}, TemplateOptions())  # type: ignore[arg-type]  # a part of an engine
    assert found.note == "The server does not show its template. Use a file."
    assert len(found.turns) == 2
    assert (found.runs, found.total) == ((), total)


class _Echo(_Bare):
    """Writes the turns between marks, trimmed or not, or merges them."""

    def __init__(self, form: str) -> None:
        super().__init__(counts=False)
        self._form = form

    def show_prompt(
        self, turns: tuple[Turn, ...], tools: tuple[Tool, ...] = (), template: object = None
    ) -> str:
        if self._form == "merged":
            return "<s>" + "\n\n".join(each.content for each in turns) + "</s>"
        said = (each.content.strip() if self._form == "trimmed" else each.content for each in turns)
        return "".join(f"<|user|>\n{each}\n" for each in said)


def _said(text: str) -> Content:
    return Content((Part(Role.USER, "{{ it }}"),), (Variable("it", default=text),))


@pytest.mark.parametrize("text", ["user", "<|user|>", "<|user|>\nuser\n<|user|>"])
def test_words_and_marks_of_the_template_that_are_said_stay_content(text: str) -> None:
    found = preview(_Echo("plain"), _said(text), {})  # type: ignore[arg-type]  # a part of an engine
    kinds = [(each.kind, each.text) for each in found.runs]
    assert kinds == [
        (RunKind.CONTROL, "<|user|>"),
        (RunKind.TEMPLATE, "\n"),
        (RunKind.CONTENT, text),
        (RunKind.TEMPLATE, "\n"),
    ]


@given(
    st.lists(st.text("ab\n <|>user", min_size=1, max_size=12), min_size=1, max_size=4),
    st.sampled_from(["plain", "trimmed", "merged"]),
)
def test_runs_are_the_prompt_and_the_contents_whatever_is_said(texts: list[str], form: str) -> None:
    parts = tuple(Part(Role.USER, f"{{{{ t{n} }}}}") for n in range(len(texts)))
    variables = tuple(Variable(f"t{n}", required=False) for n in range(len(texts)))
    values = {f"t{n}": text for n, text in enumerate(texts)}
    engine = _Echo(form)
    found = preview(engine, Content(parts, variables), values)  # type: ignore[arg-type]  # a part of an engine
    if found.problem is not None:
        assert not "".join(texts).strip()
        return
    assert all(each.text for each in found.runs)
    assert _text(found) == engine.show_prompt(found.turns)
    contents = [each.content for each in found.turns]
    if form == "trimmed":
        contents = [each.strip() for each in contents]
    assert _text(found, RunKind.CONTENT) == "".join(contents)
