"""The playground: two answers beside each other, driven by hand over an engine that waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.bootstrap import Services
from app.engine.engine import Engine
from app.engine.errors import ModelLoadError
from app.engine.messages import Delta, ReasoningDelta, Role, TextDelta
from app.engine.protocol import FinishReason, Generate, Generated, Priority, Timings
from app.evals.entities import Item
from app.modelhub.borrowing import Borrowed, Wanted
from app.modelhub.in_use import LoadedModel
from app.modelhub.serving import NotAgreed
from app.prompts.entities import (
    Content,
    Part,
    Prompt,
    PromptId,
    PromptVersion,
    Variable,
    VariableKind,
)
from app.settings.schema import Theme
from app.settings.store import SettingsStore
from app.ui.prompts.answer_text import AnswerText
from app.ui.prompts.playground import Playground
from app.ui.widgets.switch import Switch
from tests.ui.models.fakes import make_facts, make_model
from tests.ui.text.finding import button, child, has_button

NOW = datetime(2026, 11, 21, tzinfo=UTC)
USED, OTHER = make_model(1, name="Qwen3 8B"), make_model(2, name="Gemma 4B")
KEPT = Content((Part(Role.USER, "Sum up: {{ text }}"),), (Variable("text", label="Text"),))
WRITTEN = replace(KEPT, parts=(Part(Role.USER, "In short: {{ text }}"),))
PROMPT = Prompt(PromptId(1), "summary", NOW, NOW, latest=2, labels={"production": 1})
VERSIONS = (PromptVersion(PROMPT.id, 2, KEPT, NOW), PromptVersion(PROMPT.id, 1, KEPT, NOW, "First"))
WAIT_S = 10.0
W = TypeVar("W", bound=QWidget)


@dataclass
class FakeEngine:
    """Says its words one by one; after the first of them it waits for the gate or the stop."""

    words: Callable[[str], tuple[str, ...]]
    gate: threading.Event | None = None
    thoughts: str = ""
    asked: list[Generate] = field(default_factory=list)

    def generate(
        self, request: Generate, on_delta: Callable[[Delta], None], cancel: CancelToken
    ) -> Generated:
        self.asked.append(request)
        if self.thoughts:
            on_delta(ReasoningDelta(self.thoughts))
        said, finish = "", FinishReason.END
        for word in self.words(request.turns[-1].content):
            if said and self.gate is not None:
                _wait(self.gate, cancel)
            if cancel.is_cancelled:
                finish = FinishReason.STOPPED
                break
            on_delta(TextDelta(word))
            said += word
        timings = Timings(0.25, 0.05, 900, 400, 12)
        return Generated(said, finish, timings, reasoning=self.thoughts)


def _wait(gate: threading.Event, cancel: CancelToken) -> None:
    for _turn in range(round(WAIT_S / 0.01)):
        if gate.wait(0.01) or cancel.is_cancelled:
            return
    raise AssertionError("the test never opened the gate")


@dataclass
class FakeLending:
    engine: FakeEngine
    borrowed: list[Wanted] = field(default_factory=list)
    failures: dict[Wanted, AppError] = field(default_factory=dict)
    loading: threading.Event | None = None

    @contextmanager
    def borrow(
        self, wanted: Wanted, cancel: CancelToken, *, sends_passages: bool
    ) -> Iterator[Borrowed]:
        self.borrowed.append(wanted)
        if self.loading is not None:
            _wait(self.loading, cancel)
            cancel.check()
        failure = self.failures.get(wanted)
        if failure is not None and (sends_passages or not isinstance(failure, NotAgreed)):
            raise failure
        model = OTHER if wanted.model == OTHER.id else USED
        used = LoadedModel(model, make_facts(model))
        yield Borrowed(used, cast(Engine, self.engine), "", is_shared=wanted == Wanted())


@dataclass
class Scene:
    playground: Playground
    services: SimpleNamespace
    lending: FakeLending
    engine: FakeEngine


def answer(asked: str) -> tuple[str, ...]:
    return ("The ", "notice ", "is short." if asked.startswith("In short") else "is long.")


@pytest.fixture
def scene(qtbot, context, paths) -> Scene:
    engine = FakeEngine(answer)
    lending = FakeLending(engine)
    models = SimpleNamespace(
        in_use=LoadedModel(USED, make_facts(USED)), models=lambda: (USED, OTHER)
    )
    services = SimpleNamespace(
        lending=lending,
        settings=SettingsStore(paths.settings),
        library=SimpleNamespace(),
        models=models,
        endpoints=SimpleNamespace(endpoints=tuple),
        prompts=SimpleNamespace(versions=lambda _id: VERSIONS),
    )
    playground = Playground(context)
    qtbot.addWidget(playground)
    playground.resize(940, 760)
    playground.show()
    playground.attach(cast(Services, services))
    playground.show_prompt(PROMPT, WRITTEN)
    first = playground.columns[0]
    qtbot.waitUntil(lambda: first.version.edition.number == 2)
    qtbot.waitUntil(lambda: USED.name in first.model.chosen.title)
    playground.form.set_values({"text": "the contract"})
    return Scene(playground, services, lending, engine)


def press(qtbot, playground: QWidget, name: str) -> None:
    qtbot.mouseClick(button(playground, name), Qt.MouseButton.LeftButton)


def run(qtbot, scene: Scene) -> None:
    press(qtbot, scene.playground, "Run")
    qtbot.waitUntil(lambda: not scene.playground.has_work())


def named(playground: QWidget, kind: type[W], name: str) -> W:
    """The widget with this accessible name."""
    (found,) = [each for each in playground.findChildren(kind) if each.accessibleName() == name]
    return found


def html(playground: QWidget, letter: str) -> str:
    return named(playground, AnswerText, f"Answer of {letter}").document().toHtml()


def own_sampling(playground: QWidget) -> None:
    named(playground, QComboBox, "A: sampling").setCurrentText("Sampling of its own")


def words(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def test_both_columns_answer_with_their_version(qtbot, scene):
    run(qtbot, scene)
    first, second = scene.playground.columns
    assert (first.text, second.text) == ("The notice is long.", "The notice is short.")
    assert scene.lending.borrowed == [Wanted()]  # one model for both, so they are batched
    assert {each.priority for each in scene.engine.asked} == {Priority.INTERACTIVE}
    facts = words(first)
    for fact in ("First token after 0.25 s", "20.0 tokens/s", "900 tokens read (400 reused)"):
        assert fact in facts
    assert "12 tokens written" in facts
    assert USED.name in facts


def test_text_streams_in_and_a_second_run_is_not_offered(qtbot, scene):
    scene.engine.gate = threading.Event()
    press(qtbot, scene.playground, "Run")
    first = scene.playground.columns[0]
    qtbot.waitUntil(lambda: first.text == "The ")
    assert "Writing" in words(first)
    assert not button(scene.playground, "Run").isEnabled()
    scene.playground.run()
    assert len(scene.lending.borrowed) == 1
    scene.engine.gate.set()
    qtbot.waitUntil(lambda: not scene.playground.has_work())
    assert button(scene.playground, "Run").isEnabled()


def test_stop_keeps_what_was_said(qtbot, scene):
    scene.engine.gate = threading.Event()
    press(qtbot, scene.playground, "Run")
    qtbot.waitUntil(lambda: all(each.text for each in scene.playground.columns))
    press(qtbot, scene.playground, "Stop")
    qtbot.waitUntil(lambda: not scene.playground.has_work())
    for column in scene.playground.columns:
        assert column.text == "The "
        assert "stopped by you" in words(column)


def test_stop_while_a_model_is_loaded_says_that_nothing_came(qtbot, scene):
    scene.lending.loading = threading.Event()
    press(qtbot, scene.playground, "Run")
    qtbot.waitUntil(lambda: "Loading the model" in words(scene.playground))
    press(qtbot, scene.playground, "Stop")
    qtbot.waitUntil(lambda: not scene.playground.has_work())
    assert words(scene.playground).count("Stopped before anything was said.") == 2


def test_another_model_answers_in_the_other_column(qtbot, scene):
    second = scene.playground.columns[1]
    second.model.choose(Wanted(model=OTHER.id))
    run(qtbot, scene)
    assert set(scene.lending.borrowed) == {Wanted(), Wanted(model=OTHER.id)}
    assert OTHER.name in words(second)


def test_failure_stands_in_its_column_with_a_next_step(qtbot, scene):
    second = scene.playground.columns[1]
    second.model.choose(Wanted(model=OTHER.id))
    failure = ModelLoadError("The file is damaged.", "Download it again.")
    scene.lending.failures[Wanted(model=OTHER.id)] = failure
    run(qtbot, scene)
    assert "The file is damaged.\nDownload it again." in words(second)
    assert scene.playground.columns[0].text == "The notice is long."


def test_missing_value_is_said_at_its_field_and_nothing_runs(qtbot, scene):
    scene.playground.form.set_values({"text": ""})
    press(qtbot, scene.playground, "Run")
    assert "This needs a value." in words(scene.playground)
    assert scene.lending.borrowed == []


def test_form_asks_for_what_either_column_needs(scene):
    more = replace(WRITTEN, variables=(*WRITTEN.variables, Variable("tone", label="Tone")))
    scene.playground.show_prompt(PROMPT, more)
    assert set(scene.playground.form.values()) == {"text", "tone"}
    scene.playground.columns[1].version.choose("label:production")
    assert set(scene.playground.form.values()) == {"text"}


def test_versions_and_labels_can_be_chosen(scene):
    column = scene.playground.columns[0]
    for key, number in (("label:production", 1), ("number:2", 2), ("latest", 2), ("", None)):
        column.version.choose(key)
        assert column.version.edition.number == number


def test_typing_on_keeps_answers_and_choices(qtbot, scene):
    scene.playground.columns[0].version.choose("label:production")
    run(qtbot, scene)
    scene.playground.show_prompt(replace(PROMPT, has_draft=True), KEPT)
    assert scene.playground.columns[0].version.edition.number == 1
    assert scene.playground.columns[0].text == "The notice is long."


def test_another_prompt_begins_anew(qtbot, scene):
    run(qtbot, scene)
    scene.playground.show_prompt(replace(PROMPT, id=PromptId(2)), WRITTEN)
    assert [each.text for each in scene.playground.columns] == ["", ""]
    assert scene.playground.form.values() == {"text": ""}


def test_no_model_is_said_before_anything_is_run(qtbot, context, scene):
    scene.services.models.in_use = None
    scene.playground.models_changed()
    qtbot.waitUntil(lambda: not button(scene.playground, "Run").isEnabled())
    assert "no model here that could answer" in words(scene.playground)
    with qtbot.waitSignal(context.actions.pane_wanted) as caught:
        press(qtbot, scene.playground.columns[0], "Models")
    assert caught.args == ["models"]
    scene.playground.columns[1].model.choose(Wanted(model=OTHER.id))
    assert button(scene.playground, "Run").isEnabled()


def test_own_sampling_is_sent_and_checked(qtbot, scene):
    column = scene.playground.columns[0]
    own_sampling(scene.playground)
    temperature = named(scene.playground, QLineEdit, "A: temperature")
    temperature.setText("hot")
    press(qtbot, scene.playground, "Run")
    assert "Temperature: write a number from 0 to 5." in words(column)
    assert scene.lending.borrowed == []
    temperature.setText("0,7")
    named(scene.playground, QLineEdit, "A: longest answer").setText("64")
    run(qtbot, scene)
    asked = {each.turns[0].content: each for each in scene.engine.asked}
    own = asked["Sum up: the contract"]
    assert (own.sampling.temperature, own.max_tokens) == (0.7, 64)
    assert asked["In short: the contract"].sampling.temperature == 0.3


def test_words_that_differ_are_marked_on_both_sides(qtbot, scene):
    run(qtbot, scene)
    qtbot.mouseClick(child(scene.playground, Switch), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "line-through" in html(scene.playground, "A"))
    assert "underline" in html(scene.playground, "B")
    for column in scene.playground.columns:
        shown = named(scene.playground, AnswerText, f"Answer of {column.letter}")
        assert shown.toPlainText() == column.text
    qtbot.mouseClick(child(scene.playground, Switch), Qt.MouseButton.LeftButton)
    assert "line-through" not in html(scene.playground, "A")


def test_equal_answers_are_said_to_be_the_same(qtbot, scene):
    scene.playground.columns[1].version.choose("latest")
    run(qtbot, scene)
    qtbot.mouseClick(child(scene.playground, Switch), Qt.MouseButton.LeftButton)
    assert "The answers are the same." in words(scene.playground)


def test_thoughts_are_folded(qtbot, scene):
    scene.engine.thoughts = "Let me see."
    run(qtbot, scene)
    column = scene.playground.columns[0]
    thoughts = named(column, AnswerText, "Thoughts of A")
    assert not thoughts.isVisible()
    press(qtbot, column, "Thoughts")
    assert thoughts.isVisible()
    assert thoughts.toPlainText() == "Let me see."


def test_answer_becomes_a_test_case_and_can_be_copied(qtbot, scene):
    assert not has_button(scene.playground, "Save the answer of B")
    run(qtbot, scene)
    with qtbot.waitSignal(scene.playground.test_case_wanted) as caught:
        press(qtbot, scene.playground, "Save the answer of B as a test case")
    (item,) = caught.args
    assert isinstance(item, Item)
    assert item.input[0].content == "In short: the contract"
    assert item.targets == ("The notice is short.",)
    assert item.metadata["version"] == "as written"
    press(qtbot, scene.playground, "Copy the answer of A")
    assert QGuiApplication.clipboard().text() == "The notice is long."


def test_documents_go_to_a_server_only_once_that_was_agreed_to(qtbot, scene):
    asking = replace(
        WRITTEN, variables=(Variable("text", VariableKind.DOCUMENT, default="my letter"),)
    )
    scene.playground.show_prompt(PROMPT, asking)
    scene.playground.columns[0].version.choose("")
    scene.playground.form.set_values({"text": "my letter"})
    scene.lending.failures[Wanted()] = NotAgreed("Nothing was sent: it would go to gpu:8000.")
    run(qtbot, scene)
    assert scene.engine.asked == []
    press(qtbot, scene.playground.columns[1], "Send it")
    qtbot.waitUntil(lambda: not scene.playground.has_work())
    assert [each.text for each in scene.playground.columns] == ["", "The notice is short."]


def test_columns_stand_below_each_other_where_there_is_no_room(qtbot, scene):
    first, second = scene.playground.columns
    assert first.y() == second.y()
    scene.playground.resize(560, 700)
    qtbot.waitUntil(lambda: second.y() > first.y())


def test_every_control_has_a_name(qtbot, scene):
    run(qtbot, scene)
    own_sampling(scene.playground)
    unnamed = [
        each
        for each in scene.playground.findChildren(QWidget)
        if each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and each.isVisible()
        and not each.accessibleName()
    ]
    assert unnamed == []


@pytest.mark.parametrize("look", [Theme.LIGHT, Theme.DARK])
def test_screenshots(qtbot, theme, scene, screenshot, look):
    theme.apply(look, 100, reduce_motion=True)
    screenshot(scene.playground, f"playground_idle_{look.value}")
    run(qtbot, scene)
    qtbot.mouseClick(child(scene.playground, Switch), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "line-through" in html(scene.playground, "A"))
    screenshot(scene.playground, f"playground_{look.value}")
