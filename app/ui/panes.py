"""The panes there are, and the few signals by which one of them asks for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import SignalInstance

from app.ui.pane import Pane, PaneContext
from app.ui.rail import RailEntry

if TYPE_CHECKING:
    from app.evals.runs.entities import SuiteId
    from app.library.entities import DocumentId
    from app.prompts.entities import PromptId
    from app.ui.sources.request import SourceRequest

# Pane modules are imported when they are made: the window paints before all but the first.


@dataclass(frozen=True, slots=True)
class PaneEntry:
    """One pane: its place on the rail, and how it is made."""

    rail: RailEntry
    make: Callable[[PaneContext], Pane]


class PaneBook:
    """The panes of one window; each is made when it is first asked for."""

    def __init__(self, entries: tuple[PaneEntry, ...], context: PaneContext) -> None:
        self._entries = {entry.rail.pane_id: entry for entry in entries}
        self._context = context
        self._panes: dict[str, Pane] = {}

    @property
    def ids(self) -> tuple[str, ...]:
        """All pane ids, in the order of the rail."""
        return tuple(self._entries)

    @property
    def rail_entries(self) -> tuple[RailEntry, ...]:
        """The panes as the rail shows them."""
        return tuple(entry.rail for entry in self._entries.values())

    @property
    def made(self) -> tuple[Pane, ...]:
        """The panes that were made so far."""
        return tuple(self._panes.values())

    def has(self, pane_id: str) -> bool:
        """Whether this pane was made."""
        return pane_id in self._panes

    def get(self, pane_id: str) -> tuple[Pane, bool]:
        """The pane, and whether it was made just now."""
        if pane_id in self._panes:
            return self._panes[pane_id], False
        pane = self._entries[pane_id].make(self._context)
        self._panes[pane_id] = pane
        return pane, True


def _chat(context: PaneContext) -> Pane:
    from app.ui.chat.pane import ChatPane

    return ChatPane(context)


def _library(context: PaneContext) -> Pane:
    from app.ui.library.pane import LibraryPane

    return LibraryPane(context)


def _models(context: PaneContext) -> Pane:
    from app.ui.models.pane import ModelsPane

    return ModelsPane(context)


def _prompts(context: PaneContext) -> Pane:
    from app.ui.prompts.pane import PromptsPane

    return PromptsPane(context)


def _agents(context: PaneContext) -> Pane:
    from app.ui.agents.pane import AgentsPane

    return AgentsPane(context)


def _evals(context: PaneContext) -> Pane:
    from app.ui.evals.pane import EvalsPane

    return EvalsPane(context)


def _settings(context: PaneContext) -> Pane:
    from app.ui.settings.pane import SettingsPane

    return SettingsPane(context)


ENTRIES = (
    PaneEntry(RailEntry("chat", "Chat", "ph.chat-circle", "Ctrl+1"), _chat),
    PaneEntry(RailEntry("library", "Library", "ph.books", "Ctrl+2"), _library),
    PaneEntry(RailEntry("models", "Models", "ph.cube", "Ctrl+3"), _models),
    PaneEntry(RailEntry("prompts", "Prompts", "ph.article", "Ctrl+4"), _prompts),
    PaneEntry(RailEntry("agents", "Agents", "ph.robot", "Ctrl+5"), _agents),
    PaneEntry(RailEntry("evals", "Evaluate", "ph.chart-bar", "Ctrl+6"), _evals),
    PaneEntry(RailEntry("settings", "Settings", "ph.gear-six", "Ctrl+,"), _settings),
)


def connect_panes(book: PaneBook, show: Callable[[str], None]) -> None:
    """Let panes send people to each other. Called once all panes are made."""
    _connect_library(book, show)
    _connect_cases(book, show)


def _connect_library(book: PaneBook, show: Callable[[str], None]) -> None:
    """The library and the agents send people to the chat."""
    from app.ui.agents.pane import AgentsPane
    from app.ui.chat.pane import ChatPane
    from app.ui.library.pane import LibraryPane

    chat, library = book.get("chat")[0], book.get("library")[0]
    if not isinstance(chat, ChatPane) or not isinstance(library, LibraryPane):
        return

    def open_source(request: SourceRequest) -> None:
        show("chat")
        chat.open_source(request)

    def ask_about(documents: tuple[DocumentId, ...]) -> None:
        show("chat")
        chat.ask_about(documents)

    library.source_requested.connect(open_source)
    library.ask_requested.connect(ask_about)
    agents = book.get("agents")[0] if "agents" in book.ids else None
    if isinstance(agents, AgentsPane):
        agents.source_requested.connect(open_source)


def _connect_cases(book: PaneBook, show: Callable[[str], None]) -> None:
    """What was asked anywhere becomes a test case of a suite, or an example of a prompt."""
    from app.ui.chat.pane import ChatPane
    from app.ui.evals.pane import EvalsPane
    from app.ui.forms.case_keeper import CaseKeeper
    from app.ui.forms.example_keeper import ExampleKeeper
    from app.ui.prompts.pane import PromptsPane

    panes = {pane_id: book.get(pane_id)[0] for pane_id in book.ids}
    chat, prompts, evals = panes.get("chat"), panes.get("prompts"), panes.get("evals")

    def open_suite(suite_id: SuiteId) -> None:
        show("evals")
        if isinstance(evals, EvalsPane):
            evals.show_suite(suite_id)

    def open_prompt(prompt_id: PromptId) -> None:
        show("prompts")
        if isinstance(prompts, PromptsPane):
            prompts.show_prompt(prompt_id)

    for pane in panes.values():
        wanted = getattr(pane, "test_case_wanted", None)
        if isinstance(wanted, SignalInstance):
            cases = CaseKeeper(pane, can_open=isinstance(evals, EvalsPane))
            cases.suite_wanted.connect(open_suite)
            wanted.connect(cases.offer)
            if isinstance(pane, ChatPane):
                pane.test_case_ready.connect(cases.keep)
    if isinstance(chat, ChatPane):
        examples = ExampleKeeper(chat)
        examples.prompt_wanted.connect(open_prompt)
        chat.example_wanted.connect(examples.offer)
