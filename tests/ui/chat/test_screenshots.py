"""Pictures of every state of the chat pane, to be looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea

from app.chat.entities import Message
from app.chat.live import Phase
from app.engine.host import EngineState, EngineStatus
from app.library.entities import DocumentKind, DocumentStatus, Place
from app.settings.schema import Theme
from app.ui.chat.details_sheet import DetailsSheet
from app.ui.chat.pane import ChatPane
from app.ui.chat.thinking import ThoughtText
from app.ui.theme import ThemeKeeper
from tests.ui.chat.fakes import (
    LOCAL_MODEL,
    MODEL_RECORD,
    NOW,
    FakeLoaded,
    FakeServices,
    Script,
    make_citation,
    make_document,
)
from tests.ui.chat.samples import (
    QUESTION,
    REASONING,
    RICH,
    SENT,
    THOUGHTFUL,
    died,
    endings,
    long_conversation,
    quoted,
    rich,
    thoughtful,
)
from tests.ui.text.finding import button, has_button

OpenPane = Callable[..., ChatPane]
LOOKS = {
    "light": (Theme.LIGHT, 1204),
    "dark": (Theme.DARK, 1204),
    "narrow": (Theme.LIGHT, 640),
}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest, theme: ThemeKeeper) -> tuple[str, int]:
    chosen, width = LOOKS[request.param]
    theme.apply(chosen, 100, reduce_motion=True)
    return request.param, width


def fill(services: FakeServices, messages: Sequence[Message] = ()) -> None:
    services.library.stored = [
        make_document(1, "Contract.pdf"),
        make_document(2, "Price list.pdf"),
        make_document(3, "Notes.md", kind=DocumentKind.MARKDOWN, status=DocumentStatus.READING),
    ]
    services.models.loaded = FakeLoaded(LOCAL_MODEL)
    services.chat.add("Notice periods in the framework agreement", messages)
    services.chat.add("Summarise the tender PDF")
    services.chat.add("Regex for invoice numbers", updated_at=NOW - timedelta(days=1))
    services.chat.add("Plan for the evaluation", updated_at=NOW - timedelta(days=4))
    services.chat.add("Translate the release notes to Welsh", updated_at=NOW - timedelta(days=90))


def open_first(qtbot, pane: ChatPane, services: FakeServices) -> None:
    first = next(iter(services.chat.stored))
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() > 0)
    pane.show_conversation(first)
    qtbot.waitUntil(lambda: len(pane.view.transcript.messages) > 0)
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)


def test_empty(qtbot, open_pane: OpenPane, look, screenshot) -> None:
    pane = open_pane(look[1])
    qtbot.waitUntil(lambda: pane.view.isVisible() and pane.view.shows_start)
    assert screenshot(pane, f"chat_empty_{look[0]}").exists()


def test_start_with_documents(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot
) -> None:
    fill(services)
    pane = open_pane(look[1])
    qtbot.waitUntil(lambda: bool(pane.view.pending.text()))
    assert screenshot(pane, f"chat_start_{look[0]}").exists()


@pytest.mark.parametrize("name", ["rich", "quoted", "endings"])
def test_conversation(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot, name: str
) -> None:
    messages = {"rich": rich, "quoted": quoted, "endings": endings}[name]()
    fill(services, messages)
    pane = open_pane(look[1], 1150 if name == "rich" else 840)
    open_first(qtbot, pane, services)
    assert screenshot(pane, f"chat_{name}_{look[0]}").exists()


def test_long_conversation(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot
) -> None:
    fill(services, long_conversation())
    pane = open_pane(look[1])
    open_first(qtbot, pane, services)
    bar = pane.view.transcript.verticalScrollBar()
    bar.setValue(bar.maximum() - 900)
    assert screenshot(pane, f"chat_500_{look[0]}").exists()


def test_streaming(qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot) -> None:
    fill(services)
    gate = threading.Event()
    services.chat.script = Script((RICH[:1000], RICH[1000:]), MODEL_RECORD, gate)
    pane = open_pane(look[1])
    pane.view.composer.submitted.emit(QUESTION)
    qtbot.waitUntil(lambda: pane._shown.running is not None)
    running = pane._shown.running
    assert running is not None
    qtbot.waitUntil(lambda: running.live.phase is Phase.WRITING)
    qtbot.waitUntil(lambda: pane.view.transcript.widgets[-1].height() > 200)
    assert screenshot(pane, f"chat_streaming_{look[0]}").exists()
    gate.set()
    qtbot.waitUntil(lambda: pane._shown.running is None)


@pytest.mark.parametrize("name", ["page", "text", "gone"])
def test_source(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot, name: str
) -> None:
    from app.base.errors import NotFound

    fill(services, quoted())
    services.library.texts = {
        0: ("# Deadlines\n\n" + "Some text before it. " * 30 + "\n\n") * 6
        + "Deadlines run from the day after receipt.\n"
        + "More text. " * 200
    }
    if name == "gone":
        services.library.failure = NotFound(
            "The file Contract.pdf is not there any more.", "Put it back, or add it again."
        )
    pane = open_pane(look[1])
    open_first(qtbot, pane, services)
    citation = make_citation(1)
    if name == "text":
        text = services.library.texts[0]
        start = text.index("Deadlines run")
        place = Place(0, start, start + 41, section="Deadlines")
        citation = replace(
            citation,
            title="Notes.md",
            kind=DocumentKind.MARKDOWN,
            place=place,
            quote="Deadlines run from the day after receipt.",
        )
    pane._on_citation_requested(citation)
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
    qtbot.waitUntil(
        lambda: pane.view.source._canvas.has_picture or pane.view.source._text.toPlainText() != ""
    )
    assert screenshot(pane, f"chat_source_{name}_{look[0]}").exists()


def test_picker(qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot) -> None:
    from app.library.entities import Collection, CollectionId
    from app.ui.chat.scope.picker import ScopePicker

    fill(services)
    services.library.shelves = [Collection(CollectionId(1), "Contracts", 12)]
    pane = open_pane(look[1])
    qtbot.waitUntil(lambda: bool(pane.view.pending.text()))
    qtbot.mouseClick(pane.view.composer.scope_button, Qt.MouseButton.LeftButton)
    picker = pane.findChild(ScopePicker)
    assert picker is not None
    assert screenshot(pane, f"chat_picker_{look[0]}").exists()


def test_thinking_live(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot
) -> None:
    fill(services)
    gate = threading.Event()
    half = len(REASONING) // 2
    thoughts = (REASONING[:half], REASONING[half:])
    services.chat.script = Script(("Three months.",), THOUGHTFUL, gate, thoughts=thoughts)
    pane = open_pane(look[1])
    pane.view.composer.submitted.emit(QUESTION)
    qtbot.waitUntil(lambda: pane.findChild(ThoughtText) is not None)
    assert screenshot(pane, f"chat_thinking_{look[0]}").exists()
    gate.set()
    qtbot.waitUntil(lambda: pane._shown.running is None)


@pytest.mark.parametrize("name", ["folded", "unfolded"])
def test_thoughts(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot, name: str
) -> None:
    fill(services, thoughtful())
    pane = open_pane(look[1])
    open_first(qtbot, pane, services)
    if name == "unfolded":
        button(pane, "Thought for").click()
    assert screenshot(pane, f"chat_thoughts_{name}_{look[0]}").exists()


@pytest.mark.parametrize("name", ["top", "end", "quoted"])
def test_details(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot, name: str
) -> None:
    services.chat.sent = SENT
    fill(services, quoted() if name == "quoted" else thoughtful())
    if name == "quoted":
        services.chat.sent = ()
    pane = open_pane(look[1])
    open_first(qtbot, pane, services)
    button(pane, "How this answer was made").click()
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
    sheet = pane.findChild(DetailsSheet)
    assert sheet is not None
    if name == "end":
        bar = sheet.findChildren(QScrollArea)[0].verticalScrollBar()
        qtbot.waitUntil(lambda: sheet.prompt.isVisible() and bar.maximum() > 0)
        bar.setValue(bar.maximum())
    assert screenshot(pane, f"chat_details_{name}_{look[0]}").exists()


@pytest.mark.parametrize("name", ["gone", "loading"])
def test_engine_died(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot, name: str
) -> None:
    fill(services, died())
    services.models.loaded = None
    services.models.state = EngineState(EngineStatus.STOPPED, LOCAL_MODEL.path)
    services.models.gate = threading.Event()
    pane = open_pane(look[1])
    open_first(qtbot, pane, services)
    if name == "loading":
        button(pane, "Load the model again").click()
        qtbot.waitUntil(lambda: has_button(pane, "Loading the model"))
    assert screenshot(pane, f"chat_died_{name}_{look[0]}").exists()
    services.models.gate.set()
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
