"""The chat pane: which conversation is shown, and what is asked in it.

What an answer is made of is the service's business; how it looks, the widgets'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.base.changes import Topic
from app.base.errors import AppError
from app.chat.entities import Citation, Conversation, ConversationId, Message, MessageId
from app.engine.protocol import Role
from app.library.entities import DocumentId, Scope
from app.modelhub.entities import LocalModel
from app.ui.actions import ActionSpec, Reach
from app.ui.chat.asking import Asking
from app.ui.chat.links import ask_to_open
from app.ui.chat.loading import Loading
from app.ui.chat.running_answer import RunningAnswer
from app.ui.chat.scope_control import ScopeControl
from app.ui.chat.source_panel import SourcePanel
from app.ui.chat.start_page import StartState, start_page
from app.ui.chat.view import ChatView
from app.ui.chat.words import conversation_text, expected_label, outcome_text
from app.ui.pane import Pane, PaneContext
from app.ui.sources.request import SourceRequest
from app.ui.text.code_colors import warm_up
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.info_bar import InfoBar, announce

_SPLITTER = "chat/splitter"


class ChatPane(Pane):
    """Chats with the user's documents."""

    pane_id: ClassVar[str] = "chat"
    title: ClassVar[str] = "Chat"
    icon: ClassVar[str] = "ph.chat-circle"
    drop_title: ClassVar[str] = "Drop to ask in this chat"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._conversations: tuple[Conversation, ...] = ()
        self._current: ConversationId | None = None
        self._asked_here: RunningAnswer | None = None  # in a chat that is not stored yet
        self._drafts: dict[ConversationId | None, str] = {}
        self._loaded: LocalModel | None = None
        self._start_state: StartState | None = None
        self._unanswered: InfoBar | None = None

    # Hooks

    def build(self) -> None:
        context = self.context
        self.view = ChatView(context.theme, context.icons)
        self.body.addWidget(self.view)
        self._scopes = ScopeControl(
            self.view.composer, self.view.pending, context.jobs, context.icons, self
        )
        self._sources = SourcePanel(self.view.source, context.jobs, self)
        self._connect_view()
        self._show_start()
        if sizes := context.state.numbers(_SPLITTER):
            self.view.splitter.setSizes(sizes)

    def ready(self) -> None:
        services, jobs = self.services, self.context.jobs
        self._asking = Asking(services.chat, jobs, self)
        self._asking.advanced.connect(self._on_advanced)
        self._asking.ended.connect(self._on_ended)
        self._asking.conversation_made.connect(self._on_conversation_made)
        self._scopes.attach(services.library)
        self._sources.attach(services.library)
        fail = self.show_problem
        self._list = Loading(jobs, self, services.chat.conversations, self._on_list_read, fail)
        self._models = Loading(jobs, self, self._read_loaded, self._on_loaded_read, fail)
        self._list.reload()
        self._models.reload()
        self._take_settings()
        # The first code block shall not be the one that waits for Pygments.
        QTimer.singleShot(0, self, warm_up)

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.CONVERSATIONS in topics:
            self._list.reload()
            self._reload_messages()
        if Topic.DOCUMENTS in topics:
            self._scopes.reload()
        if Topic.MODELS in topics:
            self._models.reload()
        if Topic.SETTINGS in topics:
            self._take_settings()

    def take_drop(self, paths: Sequence[Path]) -> bool:
        if not self.is_ready:
            return False
        self._scopes.add_files(paths)
        return True

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        def spec(
            name: str, title: str, icon: str, run: object, shortcut: str = "", when: object = None
        ) -> ActionSpec:
            assert callable(run)
            enabled = when if callable(when) else lambda: self.is_ready
            return ActionSpec(
                f"chat.{name}", title, "Chat", icon, run, shortcut, self.pane_id,
                Reach.PANE if name in ("stop", "chats") else Reach.WINDOW, enabled,
            )

        return (
            spec("new", "New chat", "ph.note-pencil", self.start_new, "Ctrl+N"),
            spec("stop", "Stop the answer", "ph.stop", self._stop, "Ctrl+.", self._can_stop),
            spec("documents", "Choose documents to ask", "ph.funnel", self._open_picker),
            spec("copy", "Copy chat", "ph.copy", self._copy, when=self._is_stored),
            spec("delete", "Delete chat", "ph.trash", self._delete_current, when=self._is_stored),
            spec("chats", "Show or hide the chats", "ph.sidebar", self._toggle_sidebar, "Ctrl+B"),
        )

    def regions(self) -> tuple[QWidget, ...]:
        view = self.view
        parts = (view.sidebar, view.header, view.transcript, view.composer, view.source)
        return tuple(part for part in parts if part.isVisible())

    def focus_first(self) -> None:
        if self._is_built:
            self.view.composer.setFocus()

    def problem_place(self) -> QVBoxLayout:
        return self.view.problems

    def close_down(self) -> None:
        if self._is_built:
            self.context.state.remember(_SPLITTER, self.view.splitter.sizes())
        if self.is_ready:
            self._asking.stop_all()

    # For the window

    def start_new(self, scope: Scope | None = None) -> None:
        """Begin a new chat over these documents; it is stored with its first question."""
        if not self._is_built:
            return
        self._leave()
        self._current, self._asked_here = None, None
        self._enter(scope or Scope())
        self._show_start()

    def ask_about(self, document_ids: Iterable[DocumentId]) -> None:
        """Begin a new chat over these documents only."""
        self.start_new(Scope(documents=tuple(document_ids)))

    def open_source(self, request: SourceRequest) -> None:
        """Show a document at a place, beside the chat."""
        if self._is_built:
            self._sources.open(request, self._scopes.parts_of(request.content))

    # Building

    def _connect_view(self) -> None:
        view = self.view
        view.sidebar.new_requested.connect(lambda: self.start_new())
        view.sidebar.opened.connect(self.show_conversation)
        view.sidebar.renamed.connect(self._on_renamed)
        view.sidebar.delete_requested.connect(self._delete)
        view.header.model_requested.connect(self._go_to_models)
        view.header.copy_requested.connect(self._copy)
        view.header.rename_requested.connect(self._rename_current)
        view.header.delete_requested.connect(self._delete_current)
        view.transcript.citation_requested.connect(self._on_citation_requested)
        view.transcript.link_requested.connect(self._on_link_requested)
        view.transcript.regenerate_requested.connect(self._regenerate)
        view.transcript.sibling_requested.connect(self._on_sibling_requested)
        view.composer.submitted.connect(self._ask)
        view.composer.stop_requested.connect(self._stop)
        view.composer.recall_requested.connect(self._on_recall_requested)
        self._scopes.scope_chosen.connect(self._on_scope_chosen)
        self._scopes.documents_changed.connect(self._show_start)
        self._scopes.failed.connect(self._on_minor_problem)
        self._sources.toggled.connect(view.arrange)
        self._sources.failed.connect(self._on_minor_problem)

    def _show_start(self) -> None:
        """Show the start page if this chat is empty, as it is for now."""
        is_empty = self._current is None and self._asked_here is None
        if not is_empty:
            return
        name = self._loaded.name if self._loaded is not None else ""
        state = StartState(bool(self._scopes.documents), name)
        if self.view.shows_start and state == self._start_state:
            return
        self._start_state = state
        page = start_page(
            state,
            self.context.icons,
            add=self._scopes.choose_files,
            choose=self._open_picker,
            load_model=self._go_to_models,
        )
        self.view.show_start(page)

    # Showing a conversation

    def show_conversation(self, conversation_id: ConversationId) -> None:
        """Show a stored conversation, at its end."""
        found = [each for each in self._conversations if each.id == conversation_id]
        if not found or conversation_id == self._current:
            return
        self._leave()
        self._current, self._asked_here = conversation_id, None
        self._enter(found[0].scope)
        self.view.transcript.show_messages(())
        self.view.show_transcript()
        self._read_messages(partial(self._on_opened, conversation_id))

    def _leave(self) -> None:
        self._drafts[self._current] = self.view.composer.text
        self.clear_problems()
        self._drop_unanswered()

    def _enter(self, scope: Scope) -> None:
        view = self.view
        self._scopes.show_scope(scope)
        view.composer.set_text(self._drafts.pop(self._current, ""))
        view.sidebar.select(self._current)
        view.narrow_again()
        self._show_title()
        self._show_running()
        view.composer.setFocus()

    def _show_title(self) -> None:
        titles = {each.id: each.title for each in self._conversations}
        title = titles.get(self._current, "") if self._current is not None else ""
        self.view.header.show_title(title, is_stored=self._current is not None)

    def _read_messages(self, done: object) -> None:
        assert callable(done)
        if self._current is not None:
            self.context.jobs.submit(
                self.services.chat.messages,
                self._current,
                owner=self,
                done=done,
                failed=self._on_messages_failed,
            )

    def _reload_messages(self) -> None:
        if self._current is not None:
            self._read_messages(partial(self._on_reread, self._current))

    def _on_opened(self, conversation_id: ConversationId, messages: tuple[Message, ...]) -> None:
        if conversation_id != self._current:
            return
        transcript = self.view.transcript
        transcript.show_messages(messages)
        running = self._running()
        if running is not None:
            last = messages[-1] if messages else None
            is_stored = last is not None and last.text == running.question
            asked = running.question if last is None or last.role is not Role.USER else None
            transcript.begin_answer(
                None if is_stored else asked, expected_label(self._loaded), running.live
            )
        self._offer_answer(messages)

    def _on_reread(self, conversation_id: ConversationId, messages: tuple[Message, ...]) -> None:
        if conversation_id == self._current:
            self.view.transcript.update_messages(messages)
            self._offer_answer(messages)

    def _on_messages_failed(self, error: AppError) -> None:
        self.show_problem(error)

    def _offer_answer(self, messages: Sequence[Message]) -> None:
        """A question that was never answered (a crash, a pulled plug) can be answered now."""
        self._drop_unanswered()
        if not messages or messages[-1].role is not Role.USER or self._running() is not None:
            return
        choice = Choice("Answer it", partial(self._regenerate, messages[-1].id))
        self._unanswered = InfoBar(
            self.context.icons,
            "This question has no answer yet.",
            Severity.INFO,
            choice=choice,
            closable=False,
        )
        self.view.bars.addWidget(self._unanswered)

    def _drop_unanswered(self) -> None:
        if self._unanswered is not None:
            self._unanswered.dismiss()
            self._unanswered = None
