"""Stand-ins for the services and the panes, for tests of the window around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.base.changes import Notices, Topic
from app.base.paths import DataPaths
from app.engine.host import EngineState, EngineStatus
from app.settings.store import SettingsStore
from app.ui.actions import ActionSpec, Reach
from app.ui.main_window import MainWindow
from app.ui.pane import Pane, PaneContext
from app.ui.panes import PaneBook, PaneEntry
from app.ui.rail import RailEntry
from app.ui.session import Session
from app.ui.settings.pane import SettingsPane
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.layout import PageHeader

T = TypeVar("T", bound=QObject)


@dataclass
class FakeLibrary:
    """Counts what the window asks of it."""

    cancelled: int = 0

    def cancel_all(self) -> None:
        self.cancelled += 1


@dataclass
class FakeModels:
    """No model is loaded; a test may put one in."""

    in_use: Any = None
    state: EngineState = field(default_factory=lambda: EngineState(EngineStatus.EMPTY))


@dataclass
class FakeLending:
    """Nothing is lent; a test may put models in."""

    opened: tuple[Any, ...] = ()


@dataclass
class FakeServices:
    """What the window itself uses of the services."""

    paths: DataPaths
    settings: SettingsStore
    notices: Notices = field(default_factory=Notices)
    library: FakeLibrary = field(default_factory=FakeLibrary)
    models: FakeModels = field(default_factory=FakeModels)
    lending: FakeLending = field(default_factory=FakeLending)
    closed: int = 0

    def close(self) -> None:
        self.closed += 1


def fake_services(paths: DataPaths) -> Any:  # stands in for `Services`
    return FakeServices(paths, SettingsStore(paths.settings))


def no_wires(_book: PaneBook, _show: Callable[[str], None]) -> None:
    """Stand-in panes ask nothing of each other."""


class SamplePane(Pane):
    """A pane that remembers what happened to it."""

    takes_drops = True

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.events: list[str] = []
        self.dropped: list[tuple[Path, ...]] = []
        self.seen: list[frozenset[Topic]] = []
        self.question: str | None = None

    def build(self) -> None:
        self.events.append("build")
        self.field = QLineEdit()
        self.field.setAccessibleName(f"{self.title} field")
        self.body.addWidget(PageHeader(self.title, self.field))
        self.body.addWidget(
            EmptyState(
                self.context.icons.icon(self.icon, "accent_text"),
                f"Nothing in {self.title} yet",
                "Add PDFs, Word files, web pages or notes. They are indexed on this computer and "
                "never leave it.",
                primary=Choice(
                    "Add documents", list, self.context.icons.icon("ph.plus", "on_accent")
                ),
                secondary=Choice("Add a folder", list),
                caption="or drop files anywhere in this window",
            ),
            1,
        )

    def ready(self) -> None:
        self.events.append("ready")

    def changed(self, topics: frozenset[Topic]) -> None:
        self.seen.append(topics)

    def take_drop(self, paths: Sequence[Path]) -> bool:
        if self.takes_drops:
            self.dropped.append(tuple(paths))
        return self.takes_drops

    def focus_first(self) -> None:
        self.field.setFocus()

    def can_close(self) -> str | None:
        return self.question

    def close_down(self) -> None:
        self.events.append("close_down")

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        return (
            ActionSpec(
                f"{self.pane_id}.find",
                "Find",
                self.title,
                "ph.magnifying-glass",
                lambda: self.events.append("find"),
                "Ctrl+F",
                pane_id=self.pane_id,
                reach=Reach.PANE,
            ),
        )


class ChatLike(SamplePane):
    pane_id, title, icon = "chat", "Chat", "ph.chat-circle"
    drop_title = "Drop to ask about these files"


class LibraryLike(SamplePane):
    pane_id, title, icon = "library", "Library", "ph.books"


class ModelsLike(SamplePane):
    pane_id, title, icon = "models", "Models", "ph.cube"


def entries() -> tuple[PaneEntry, ...]:
    def entry(
        pane_id: str, title: str, icon: str, keys: str, make: Callable[[PaneContext], Pane]
    ) -> PaneEntry:
        return PaneEntry(RailEntry(pane_id, title, icon, keys), make)

    return (
        entry("chat", "Chat", "ph.chat-circle", "Ctrl+1", ChatLike),
        entry("library", "Library", "ph.books", "Ctrl+2", LibraryLike),
        entry("models", "Models", "ph.cube", "Ctrl+3", ModelsLike),
        entry("settings", "Settings", "ph.gear-six", "Ctrl+,", SettingsPane),
    )


def sample(window: MainWindow, pane_id: str) -> SamplePane:
    """A stand-in pane of the window."""
    pane = window.pane(pane_id)
    assert isinstance(pane, SamplePane)
    return pane


def shown_id(window: MainWindow) -> str:
    """The pane that is shown."""
    assert window.current is not None
    return window.current.pane_id


def fakes(session: Session) -> FakeServices:
    """The stand-in services of a session."""
    services: object = session.services
    assert isinstance(services, FakeServices)
    return services


def focus() -> QWidget:
    """The widget that has the focus."""
    widget = QApplication.focusWidget()
    assert widget is not None
    return widget


def child(parent: QObject, kind: type[T], name: str = "") -> T:
    """The first child of a kind."""
    found = parent.findChild(kind, name) if name else parent.findChild(kind)
    assert found is not None
    return found
