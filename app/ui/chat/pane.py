"""The chat pane: the chats there are, and the one that is shown with its documents and sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.base.changes import Topic
from app.base.errors import AppError
from app.chat.entities import Citation, Conversation, ConversationId, MessageId
from app.chat.pictures import cannot_see, is_picture
from app.library.entities import DocumentId, Scope
from app.modelhub.in_use import ModelInUse
from app.ui.actions import ActionSpec, Reach
from app.ui.chat.consent import SendingConsent
from app.ui.chat.details_sheet import DetailsSheet
from app.ui.chat.draft import Draft
from app.ui.chat.feedback.control import FeedbackControl
from app.ui.chat.links import ask_to_open
from app.ui.chat.loading import Loading
from app.ui.chat.personas.control import PersonaControl
from app.ui.chat.pictures.control import PictureControl
from app.ui.chat.pictures.viewer import PictureViewer
from app.ui.chat.prompts.control import PromptControl
from app.ui.chat.recovery import load_again, model_state
from app.ui.chat.scope.control import ScopeControl
from app.ui.chat.shown_chat import ShownChat
from app.ui.chat.sources.panel import SourcePanel
from app.ui.chat.start_page import StartState, start_page
from app.ui.chat.view import ChatView
from app.ui.chat.words import ModelState, conversation_text
from app.ui.pane import Pane, PaneContext
from app.ui.sources.request import SourceRequest
from app.ui.text import code_colors, markdown
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.info_bar import Bars

_SOURCE_WIDTH = "chat/source_width"


class ChatPane(Pane):
    """Chats with the user's documents.

    Signals:
        test_case_wanted: a `CaseDraft` to put into a suite, once a person has looked at it.
        test_case_ready: a `CaseDraft` to put into a suite at once.
        example_wanted: an `Example` to put into a prompt.
    """

    test_case_wanted = Signal(object)
    test_case_ready = Signal(object)
    example_wanted = Signal(object)

    pane_id: ClassVar[str] = "chat"
    title: ClassVar[str] = "Chat"
    icon: ClassVar[str] = "ph.chat-circle"
    drop_title: ClassVar[str] = "Drop to ask in this chat"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._conversations: dict[ConversationId, Conversation] = {}
        self._start_state: StartState | None = None

    # Hooks

    def build(self) -> None:
        context = self.context
        self.view = ChatView(context.theme, context.icons)
        self.body.addWidget(self.view)
        view, jobs, icons = self.view, context.jobs, context.icons
        self._scopes = ScopeControl(view.composer, view.pending, context, self)
        self._sources = SourcePanel(view, jobs, self)
        thumbnails = view.transcript.thumbnails
        self._pictures = PictureControl(view.composer, thumbnails, jobs, self)
        self._viewer = PictureViewer(thumbnails, jobs, icons, self)
        self._shown = ShownChat(view, jobs, icons, self)
        self._prompts = PromptControl(view.composer, context, self, self._has_chosen_documents)
        self._personas = PersonaControl(view.header, self._prompts, context, self)
        self._feedback = FeedbackControl(view.transcript, context, self)
        self._feedback.test_case_wanted.connect(self.test_case_wanted)
        self._feedback.test_case_ready.connect(self.test_case_ready)
        self._feedback.example_wanted.connect(self.example_wanted)
        self._connect_parts()
        self._show_start()
        self._show_title()
        if remembered := context.state.numbers(_SOURCE_WIDTH):
            view.set_source_width(remembered[0])

    def ready(self) -> None:
        services, jobs = self.services, self.context.jobs
        self._scopes.attach(services.library)
        self._sources.attach(services.library)
        self._viewer.attach(services.chat)
        self._personas.attach(services)
        self._prompts.attach(services)
        self._shown.attach(services.chat)
        self._feedback.attach(services.chat)
        consent = SendingConsent(self, self.context.icons, services.served, self._sends_passages)
        self.view.composer.gate = self._shown.gate = consent.ask_first
        fail = self.show_problem
        self._list = Loading(jobs, self, services.chat.conversations, self._on_list_read, fail)
        self._model = Loading(jobs, self, self._read_in_use, self._on_in_use_read, fail)
        self._list.reload()
        self._model.reload()
        self._take_settings()
        for warm_up in (markdown.warm_up, code_colors.warm_up):
            QTimer.singleShot(0, self, warm_up)

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.CONVERSATIONS in topics:
            self._list.reload()
            self._shown.reload()
        if Topic.DOCUMENTS in topics:
            self._scopes.reload()
        if Topic.MODELS in topics:
            self._model.reload()
        if Topic.PROMPTS in topics:
            self._prompts.reload()
        if Topic.SETTINGS in topics:
            self._take_settings()

    def take_drop(self, paths: Sequence[Path]) -> bool:
        if not self.is_ready:
            return False
        pictures = [path for path in paths if is_picture(path)]
        documents = [path for path in paths if path not in pictures]
        if pictures:
            self._pictures.add_files(pictures)
        if documents:
            self._scopes.add_files(documents)
        return True

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        def spec(
            name: str,
            title: str,
            icon: str,
            run: Callable[[], object],
            shortcut: str = "",
            enabled_when: Callable[[], bool] = lambda: self.is_ready,
            reach: Reach = Reach.WINDOW,
        ) -> ActionSpec:
            return ActionSpec(
                f"chat.{name}",
                title,
                "Chat",
                icon,
                run,
                shortcut,
                self.pane_id,
                reach,
                enabled_when,
            )

        return (
            spec("new", "New chat", "ph.note-pencil", self.start_new, "Ctrl+N"),
            spec(
                "stop",
                "Stop the answer",
                "ph.stop",
                self._stop,
                "Ctrl+.",
                self._can_stop,
                reach=Reach.PANE,
            ),
            spec("scope", "Choose documents to ask", "ph.funnel", self._open_picker),
            spec("persona", "Choose a persona…", "ph.user-circle", self._choose_persona),
            spec("copy", "Copy chat", "ph.copy", self._copy, "", self._is_stored),
            spec("delete", "Delete chat…", "ph.trash", self._delete_shown, "", self._is_stored),
            spec(
                "list",
                "Show or hide the chats",
                "ph.list",
                self._toggle_sidebar,
                "Ctrl+B",
                reach=Reach.PANE,
            ),
        )

    def regions(self) -> tuple[QWidget, ...]:
        if not self._is_built:
            return (self,)
        view = self.view
        parts = (view.sidebar, view.header, view.transcript, view.composer, view.source)
        return tuple(part for part in parts if part.isVisible())

    def focus_first(self) -> None:
        if self._is_built:
            self.view.composer.setFocus()

    def problem_place(self) -> Bars:
        return self.view.problems

    def close_down(self) -> None:
        if self._is_built:
            self.context.state.remember(_SOURCE_WIDTH, [self.view.source_width])
            self._shown.stop_all()

    # For the window

    def start_new(self, scope: Scope | None = None) -> None:
        """Begin a new chat over these documents; it is stored with its first question."""
        if self._is_built:
            self._shown.start_new()
            self._personas.start_new()
            self._scopes.show_scope(scope or Scope())

    def ask_about(self, document_ids: Iterable[DocumentId]) -> None:
        """Begin a new chat over these documents only."""
        self.start_new(Scope(documents=tuple(document_ids)))

    def open_source(self, request: SourceRequest) -> None:
        """Show a document at a place, beside the chat."""
        if self._is_built:
            self._sources.open(request, self._scopes.parts_of(request.content))

    def show_conversation(self, conversation_id: ConversationId) -> None:
        """Show a stored conversation, at its end."""
        conversation = self._conversations.get(conversation_id)
        if conversation is not None:
            self._shown.show(conversation_id)
            self._scopes.show_scope(conversation.scope)

    # Building

    def _connect_parts(self) -> None:
        view, shown = self.view, self._shown
        view.sidebar.new_requested.connect(self._on_new_requested)
        view.sidebar.opened.connect(self.show_conversation)
        view.sidebar.renamed.connect(self._on_renamed)
        view.sidebar.delete_requested.connect(self._ask_to_delete)
        view.header.model_requested.connect(self._go_to_models)
        view.header.copy_requested.connect(self._copy)
        view.header.rename_requested.connect(self._rename_shown)
        view.header.delete_requested.connect(self._delete_shown)
        view.transcript.citation_requested.connect(self._on_citation_requested)
        view.transcript.link_requested.connect(self._on_link_requested)
        view.transcript.details_requested.connect(self._on_details_requested)
        view.transcript.load_requested.connect(self._on_load_requested)
        view.transcript.picture_requested.connect(self._viewer.open)
        view.composer.submitted.connect(self._on_submitted)
        shown.switched.connect(self._on_switched)
        shown.busy_changed.connect(lambda: view.sidebar.set_busy(shown.busy))
        shown.stored.connect(self._on_stored)
        shown.failed.connect(self.show_problem)
        shown.failed_elsewhere.connect(self.context.notify.problem)
        self._scopes.scope_chosen.connect(self._on_scope_chosen)
        self._scopes.documents_changed.connect(self._show_start)
        self._feedback.failed.connect(self.show_problem)
        self._scopes.failed.connect(self._warn)
        for part in (self._sources, self._pictures, self._viewer, self._prompts, self._personas):
            part.failed.connect(self._warn)

    def _show_start(self) -> None:
        """While nothing is asked yet, say what can be done as things are now."""
        if not self._shown.is_empty:
            return
        used = self._shown.in_use
        state = StartState(
            bool(self._scopes.documents),
            used.name if used is not None else "",
            used.host if used is not None else "",
        )
        if self.view.shows_start and state == self._start_state:
            return
        self._start_state = state
        page = start_page(
            state,
            self.context.icons,
            add=self._scopes.choose_files,
            choose=self._scopes.open_picker,
            load_model=self._go_to_models,
        )
        self.view.show_start(page)

    def _show_title(self) -> None:
        current = self._shown.current
        conversation = self._conversations.get(current) if current is not None else None
        title = conversation.title if conversation is not None else ""
        self.view.header.show_title(title, is_stored=current is not None)
        self._personas.show_conversation(conversation)

    def _warn(self, error: AppError) -> None:
        self.show_problem(error, severity=Severity.WARN)

    # What the services say

    def _on_list_read(self, conversations: tuple[Conversation, ...]) -> None:
        self._conversations = {each.id: each for each in conversations}
        self.view.sidebar.show_conversations(conversations, self._shown.busy)
        current = self._shown.current
        is_gone = current is not None and current not in self._conversations
        if is_gone and not self._list.is_stale and self._shown.running is None:
            self.start_new()
        self._show_title()

    def _read_in_use(self) -> tuple[ModelInUse | None, ModelState]:
        models = self.services.models
        engine, used = models.state, models.in_use
        return used, model_state(used, engine)

    def _on_in_use_read(self, read: tuple[ModelInUse | None, ModelState]) -> None:
        used, state = read
        self._shown.in_use = used
        self._pictures.set_sees(used is not None and used.facts.sees)
        self.view.header.show_model(used)
        self.view.transcript.set_model_state(state)
        self._show_start()

    def _take_settings(self) -> None:
        self.view.composer.set_enter_sends(self.services.settings.current.chat.enter_sends)

    # What is shown

    def _on_switched(self) -> None:
        self.clear_problems()
        self.view.sidebar.select(self._shown.current)
        self.view.narrow_again()
        self._show_title()
        self._show_start()
        self.view.composer.setFocus()

    def _on_stored(self, conversation: Conversation) -> None:
        self._conversations[conversation.id] = conversation
        self.view.sidebar.show_conversations(tuple(self._conversations.values()), self._shown.busy)
        self.view.sidebar.select(conversation.id)
        self._show_title()

    def _on_submitted(self, text: str) -> None:
        self.clear_problems()
        composer = self.view.composer
        question = Draft(text, composer.tray.pictures, composer.prompt.use)
        if question.pictures and not self._pictures.sees:
            composer.set_text(text)
            self._warn(cannot_see())
            return
        composer.tray.set_pictures(())
        composer.prompt.show_use(None)
        self._shown.ask(question, self._scopes.scope, self._personas.persona)

    def _has_chosen_documents(self) -> bool:
        return not self._scopes.scope.is_everything

    def _sends_passages(self) -> bool:
        """Whether what is asked here goes out with words of the documents, or with pictures."""
        has_pictures = bool(self.view.composer.tray.pictures)
        return has_pictures or bool(self._scopes.documents) or not self._shown.is_empty

    def _on_scope_chosen(self, scope: Scope) -> None:
        current = self._shown.current
        if current is not None:
            self._submit(self.services.chat.set_scope, current, scope)
        self.view.composer.setFocus()

    def _on_citation_requested(self, citation: Citation) -> None:
        self.open_source(
            SourceRequest(
                citation.title,
                citation.path,
                citation.kind,
                citation.content,
                citation.place,
                citation.quote,
            )
        )

    def _on_link_requested(self, target: str) -> None:
        ask_to_open(target, self.window(), self.context.icons, self.context.notify)

    def _on_details_requested(self, message_id: MessageId) -> None:
        found = [each for each in self.view.transcript.messages if each.id == message_id]
        if found:
            sheet = DetailsSheet(self.window(), self.context.icons, found[0])
            sheet.open()
            self.context.jobs.submit(
                self.services.chat.whole_record,
                message_id,
                owner=sheet,
                done=sheet.show_record,
                failed=sheet.show_problem,
            )

    def _on_load_requested(self, message_id: MessageId) -> None:
        """The engine died: load the model that made this answer again."""
        found = [each for each in self.view.transcript.messages if each.id == message_id]
        record = found[0].record if found else None
        if record is not None:
            self.clear_problems()
            self.view.transcript.set_model_state(ModelState.LOADING)
            path = Path(record.model_path)
            models, failed = self.services.models, self._on_load_failed
            self.context.jobs.submit(load_again, models, path, owner=self, failed=failed)

    def _on_load_failed(self, error: AppError) -> None:
        self.show_problem(error)
        self._model.reload()

    # What a person does

    def _is_stored(self) -> bool:
        return self.is_ready and self._shown.current is not None

    def _can_stop(self) -> bool:
        running = self._shown.running if self.is_ready else None
        return running is not None and running.live.can_stop

    def _on_new_requested(self) -> None:
        self.start_new()

    def _open_picker(self) -> None:
        self._scopes.open_picker()

    def _choose_persona(self) -> None:
        self._personas.choose()

    def _toggle_sidebar(self) -> None:
        self.view.toggle_sidebar()

    def _stop(self) -> None:
        self._shown.stop()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(conversation_text(self.view.transcript.messages))
        self.context.notify.toast("The chat was copied.", Severity.OK)

    def _go_to_models(self) -> None:
        self.context.actions.pane_wanted.emit("models")

    def _on_renamed(self, conversation_id: ConversationId, title: str) -> None:
        self._submit(self.services.chat.rename, conversation_id, title)

    def _rename_shown(self) -> None:
        if self._shown.current is not None:
            if self.view.sidebar.isHidden():
                self.view.toggle_sidebar()
            self.view.sidebar.rename(self._shown.current)

    def _delete_shown(self) -> None:
        current = self._shown.current
        if current is not None and current in self._conversations:
            self._ask_to_delete(self._conversations[current])

    def _ask_to_delete(self, conversation: Conversation) -> None:
        sheet = ConfirmSheet(
            self.window(),
            self.context.icons,
            "Delete this chat?",
            f"“{conversation.title}” and its answers are deleted for good. Your documents stay.",
            Choice("Delete", partial(self._delete, conversation.id)),
            is_dangerous=True,
        )
        sheet.open()

    def _delete(self, conversation_id: ConversationId) -> None:
        if conversation_id == self._shown.current:
            self._shown.stop()
            self.start_new()
        self._submit(self.services.chat.delete, conversation_id)

    def _submit(self, fn: Callable[..., object], *args: object) -> None:
        self.context.jobs.submit(fn, *args, owner=self, failed=self.show_problem)
