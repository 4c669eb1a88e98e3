"""The preview beside the editor: through a real model, and without one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from app.base.paths import DataPaths
from app.engine.child import engine_child
from app.engine.errors import NoModelLoaded
from app.engine.host import EngineHost
from app.engine.messages import Role
from app.engine.options import LoadOptions
from app.engine.remote.server import ServerKind
from app.modelhub.borrowing import Borrowed, Wanted
from app.modelhub.entities import Endpoint, EndpointId, LocalModel, ModelId
from app.modelhub.in_use import LoadedModel, ServedModel
from app.prompts.entities import Content, Part
from app.prompts.preview import LOAD_A_MODEL, NOTHING_YET, preview
from app.settings.schema import Theme
from app.settings.store import SettingsStore
from app.ui.prompts import latest_job
from app.ui.prompts.editor import PromptEditor
from app.ui.prompts.latest_job import LatestJob
from tests.doubles.scripted_gguf import scripted_gguf
from tests.ui.prompts.editing import GREETING, open_editor, press, settle, write

ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}"


@pytest.fixture
def services(paths: DataPaths) -> Any:
    """No model is in use."""

    def borrow(_wanted: Wanted) -> Any:
        raise NoModelLoaded("No model is loaded.", "Load one under Models.")

    return SimpleNamespace(
        settings=SettingsStore(paths.settings),
        models=SimpleNamespace(in_use=None),
        lending=SimpleNamespace(borrow=borrow),
        library=SimpleNamespace(),
    )


@pytest.fixture
def host(tmp_path: Path, services: Any) -> Iterator[EngineHost]:
    """A real engine with a scripted model, in use."""
    path = scripted_gguf(tmp_path / "scripted.gguf")
    host = EngineHost(tmp_path, engine_child)
    facts = host.load(path, LoadOptions(context_length=2048, threads=1))
    model = LocalModel(
        id=ModelId(1),
        name="Scripted",
        path=path,
        size_bytes=1,
        architecture="llama",
        quantization="F16",
        parameters=1,
        context_length=32768,
        has_chat_template=True,
        sha256=None,
        added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    used = LoadedModel(model, facts)

    @contextmanager
    def borrow(_wanted: Wanted) -> Iterator[Borrowed]:
        yield Borrowed(used, host, "", is_shared=True)

    services.models.in_use, services.lending.borrow = used, borrow
    yield host
    host.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(latest_job, "DELAY_MS", 20)


@pytest.fixture
def editor(qtbot, context, services: Any) -> PromptEditor:
    editor = open_editor(qtbot, context)
    editor.show_content(GREETING)
    editor.attach(services)
    return editor


def shown(editor: PromptEditor) -> str:
    return editor.preview.text.toPlainText()


def test_without_a_model_the_turns_are_shown_and_how_to_get_more(qtbot, editor):
    settle(qtbot, editor)
    assert shown(editor) == "System\nBe kind.\n\nUser\nGreet [who]."
    assert editor.preview.note.text() == LOAD_A_MODEL
    assert not editor.preview.tokens.isVisible()
    assert editor.preview.samples.text().endswith("who.")


def test_prompt_is_shown_in_the_template_of_the_model_and_counted(qtbot, editor, host, services):
    settle(qtbot, editor)
    turns = preview(None, GREETING, {}).turns
    assert shown(editor) == host.show_prompt(turns)
    assert editor.preview.model.whole_text == "Scripted"
    assert not editor.preview.note.isVisible()
    total = host.count_prompt(turns)
    assert editor.preview.tokens.total.text() == f"{total} of 2,048 tokens"
    parts = dict(editor.preview.tokens.parts)
    assert list(parts) == ["System", "User", "Chat template"]
    assert sum(parts.values()) == total
    services.models.in_use = None
    editor.models_changed()
    settle(qtbot, editor)
    assert editor.preview.note.text() == LOAD_A_MODEL
    assert editor.preview.model.whole_text == ""
    assert not editor.preview.tokens.isVisible()


def test_marks_stand_out_and_look_of_the_theme(qtbot, editor, theme):
    settle(qtbot, editor)

    def look_of(text: str) -> tuple[str, str]:
        cursor = editor.preview.text.document().find(text)
        look = cursor.charFormat()
        return look.foreground().color().name(), look.background().color().name()

    for wanted in (Theme.LIGHT, Theme.DARK):
        theme.apply(wanted, 100, reduce_motion=True)
        colors = [theme.color(each).name() for each in ("accent_text", "selected", "text")]
        assert look_of("System") == (colors[0], colors[1])
        assert look_of("Greet")[0] == colors[2]


def test_preview_follows_what_is_typed_and_filled_in_until_it_is_too_long(qtbot, editor, host):
    settle(qtbot, editor)
    write(editor.parts.cards[0].text, "Be short.")
    write(editor.preview.form.findChild(QLineEdit), "Ann")
    settle(qtbot, editor)
    assert "system\nBe short.<|im_end|>" in shown(editor)
    assert "user\nGreet Ann.<|im_end|>" in shown(editor)
    assert not editor.preview.samples.isVisible()
    editor.parts.cards[0].text.insertPlainText("word " * 3000)
    settle(qtbot, editor)
    assert editor.preview.tokens.total.text().endswith(
        "of 2,048 tokens: too long for this model as it is loaded"
    )


def test_values_of_one_prompt_are_not_those_of_the_next(qtbot, editor):
    write(editor.preview.form.findChild(QLineEdit), "Ann")
    editor.show_content(replace(GREETING, parts=(Part(Role.USER, "Praise {{ who }}."),)))
    settle(qtbot, editor)
    assert shown(editor) == "User\nPraise [who]."


def test_other_prompt_begins_with_an_empty_preview(qtbot, editor):
    settle(qtbot, editor)
    editor.show_content(Content())
    assert not editor.preview.text.isVisible()
    settle(qtbot, editor)
    assert editor.preview.note.text() == NOTHING_YET
    assert editor.preview.findings.texts == editor.parts.general.texts == ()


def test_model_that_ends_in_between_is_said_to_be_gone(qtbot, editor, services):
    services.models.in_use = SimpleNamespace(name="Scripted")
    editor.models_changed()
    settle(qtbot, editor)
    assert editor.preview.note.text() == "No model is loaded. Load one under Models."
    assert shown(editor).startswith("System")


def test_server_elsewhere_is_asked_nothing(qtbot, editor, services):
    endpoint = Endpoint(
        id=EndpointId(1),
        name="Large",
        base_url="https://models.example.org/v1",
        model="large",
        kind=ServerKind.LLAMA_SERVER,
        context_length=0,
        allow_plain_http=False,
        key_name="",
        added_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    services.models.in_use = ServedModel(endpoint, SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]  # never asked
    editor.models_changed()
    settle(qtbot, editor)
    words = editor.preview.note.text()
    assert words.startswith("“Large” runs on models.example.org. Nothing is sent there")
    assert shown(editor).startswith("System")


def test_problem_is_said_at_its_message_and_the_last_preview_stays(qtbot, editor):
    settle(qtbot, editor)
    before = shown(editor)
    write(editor.parts.cards[1].text, "{{ 1 / 0 }}")
    settle(qtbot, editor)
    words = "The user part of this prompt cannot be filled in (line 1): division by zero."
    assert editor.parts.cards[1].findings.texts == (words,)
    assert editor.parts.cards[0].findings.texts == ()
    assert editor.preview.findings.texts == (words,)
    assert shown(editor) == before
    assert editor.preview.note.text() == "Below is how it was before."
    write(editor.parts.cards[1].text, "{{ 1 / 1 }}")
    settle(qtbot, editor)
    assert editor.parts.cards[1].findings.texts == editor.preview.findings.texts == ()
    assert shown(editor).endswith("1.0")


def test_endless_template_ends_in_words_and_the_window_goes_on_meanwhile(qtbot, editor, jobs):
    beside = QLineEdit(editor)
    beside.show()
    editor.show_content(Content((Part(Role.SYSTEM, "Be kind."), Part(Role.USER, ENDLESS))))
    qtbot.waitUntil(lambda: jobs.running > 0)
    QTest.keyClicks(beside, "Still here")
    assert editor.preview.is_busy
    assert beside.text() == "Still here"
    settle(qtbot, editor)
    (words,) = editor.parts.cards[1].findings.texts
    assert words.startswith("The user part of this prompt cannot be filled in")
    assert editor.parts.cards[0].findings.texts == ()


def test_long_prompt_is_shown_in_part_and_can_be_typed_into(qtbot, editor):
    editor.show_content(
        Content((Part(Role.USER, "{{ who }}" + " word" * 19_900),), GREETING.variables)
    )
    QTest.keyClicks(editor.parts.cards[0].text, "x" * 20)
    settle(qtbot, editor)
    assert editor.parts.cards[0].text.height() < 600
    assert shown(editor).startswith("User\nxxxxx")
    assert shown(editor).endswith(" more characters")
    assert len(shown(editor)) < 21_000


def test_own_sampling_begins_as_the_settings_have_it(editor, services):
    services.settings.change("sampling", "temperature", 0.9)
    editor.sampling.set_open(True)
    press(editor.sampling, "Sampling: Its own")
    sampling = editor.content().sampling
    assert (sampling.temperature, sampling.seed) == (0.9, 0)


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def test_results_of_older_requests_are_dropped_and_jobs_do_not_pile_up(qtbot, jobs, gate):
    begun: list[int] = []
    results: list[int] = []

    def prepare() -> Callable[[], int]:
        begun.append(number := len(begun) + 1)

        def work() -> int:
            assert gate.wait(5)
            return number

        return work

    owner = QObject()
    latest = LatestJob(jobs, prepare, owner)
    latest.done.connect(results.append)
    latest.request()
    qtbot.waitUntil(lambda: begun == [1])
    for _typed in range(5):
        latest.request()
    assert begun == [1]
    gate.set()
    qtbot.waitUntil(lambda: not latest.is_busy)
    assert (begun, results) == ([1, 2], [2])
