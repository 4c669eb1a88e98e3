"""Where a question is written: text and pictures, what it is asked over, and Send or Stop."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QTextCursor
from PySide6.QtWidgets import QFrame, QMenu, QToolButton, QVBoxLayout, QWidget

from app.chat.pictures import CANNOT_SEE, CANNOT_SEE_HINT
from app.ui.chat.consent import Gate, open_gate
from app.ui.chat.draft import Draft
from app.ui.chat.pictures.tray import PictureTray
from app.ui.chat.prompts.strip import PromptStrip
from app.ui.chat.question_edit import QuestionEdit
from app.ui.icons import Icons
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.menus import open_above

_LONGEST_SCOPE = 220
# With no, one, and more pictures.
_INVITATIONS = ("Ask your documents", "Ask about the picture", "Ask about the pictures")


class Composer(QFrame):
    """The composer card.

    Attributes:
        gate: called with what sends the question; it calls that at once, later, or not at all.

    Signals:
        submitted: the text of a question, trimmed and not empty; its pictures are in the tray.
        stop_requested: the running answer shall stop.
        attach_requested: documents shall be chosen.
        pictures_requested: pictures shall be chosen.
        files_pasted: a list of paths of picture files.
        image_pasted: a `QImage`.
        scope_requested: the documents to ask over shall be chosen.
        recall_requested: Up was pressed in an empty composer.
    """

    submitted = Signal(str)
    stop_requested = Signal()
    attach_requested = Signal()
    pictures_requested = Signal()
    files_pasted = Signal(list)
    image_pasted = Signal(QImage)
    scope_requested = Signal()
    recall_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._is_running = False
        self._can_stop = False
        self.gate: Gate = open_gate
        self._sees = False
        self.setObjectName("composer")
        self.setProperty("lit", "false")
        self._edit = QuestionEdit(self)
        self._edit.setAccessibleName("Question")
        self._edit.textChanged.connect(self._show_send)
        self._edit.sent.connect(self._on_sent)
        self._edit.recalled.connect(self.recall_requested)
        self._edit.focused.connect(self._on_focused)
        self._edit.files_pasted.connect(self.files_pasted)
        self._edit.image_pasted.connect(self.image_pasted)
        self.tray = PictureTray(icons)
        self.tray.changed.connect(self._show_send)
        self.tray.emptied.connect(self._edit.setFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(4)
        self.prompt = PromptStrip(icons)
        layout.addWidget(self.prompt)
        layout.addWidget(self.tray)
        layout.addWidget(self._edit)
        layout.addWidget(self._build_tools())
        self.setFocusProxy(self._edit)
        self._show_send()

    @property
    def text(self) -> str:
        """What is written."""
        return self._edit.toPlainText()

    @property
    def edit(self) -> QuestionEdit:
        """Where it is written."""
        return self._edit

    @property
    def scope_button(self) -> Button:
        """What the scope picker opens at."""
        return self._scope

    def set_text(self, text: str) -> None:
        """Write something, ready to go on at its end."""
        self._edit.setPlainText(text)
        self._edit.moveCursor(QTextCursor.MoveOperation.End)

    @property
    def draft(self) -> Draft:
        """What is written, with the pictures and the prompt that go with it."""
        return Draft(self.text, self.tray.pictures, self.prompt.use)

    def set_draft(self, draft: Draft) -> None:
        """Go on with this."""
        self.set_text(draft.text)
        self.tray.set_pictures(draft.pictures)
        self.prompt.show_use(draft.prompt)

    def set_sees(self, sees: bool) -> None:
        """Whether the model in use sees pictures."""
        self._sees = sees

    def set_enter_sends(self, enter_sends: bool) -> None:
        """Whether Enter sends, or Ctrl+Enter does."""
        self._edit.enter_sends = enter_sends
        self._send.setToolTip(self._send_tip())

    def set_scope(self, title: str, *, is_everything: bool) -> None:
        """Show which documents are asked."""
        metrics = self._scope.fontMetrics()
        shown = metrics.elidedText(title, Qt.TextElideMode.ElideMiddle, _LONGEST_SCOPE)
        self._scope.setText(f" {shown}".replace("&", "&&"))
        self._scope.setAccessibleName(f"Asked over: {title}")
        self._scope.setToolTip(f"Asked over: {title}. Click to choose documents.")
        name = "ph.books" if is_everything else "ph.funnel"
        self._scope.setIcon(self._icons.icon(name))

    def set_running(self, is_running: bool, *, can_stop: bool = True) -> None:
        """Whether an answer is being made here; the send button then stops it."""
        self._is_running, self._can_stop = is_running, can_stop
        self._show_send()

    def make_menu(self) -> QMenu:
        """What can be attached."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        icon = self._icons.icon
        documents = menu.addAction(icon("ph.file-text"), "Add documents…")
        documents.setToolTip("They go into your library, and this chat asks them")
        documents.triggered.connect(self.attach_requested)
        pictures = menu.addAction(icon("ph.image"), "Add pictures…")
        pictures.setEnabled(self._sees)
        seen = "The model looks at them when it answers"
        pictures.setToolTip(seen if self._sees else f"{CANNOT_SEE} {CANNOT_SEE_HINT}")
        pictures.triggered.connect(self.pictures_requested)
        prompt = menu.addAction(icon("ph.article"), "Use a prompt…")
        prompt.setToolTip("Or type / and a few letters of its name")
        prompt.setEnabled(not self.text)
        prompt.triggered.connect(self._on_prompt_wanted)
        return menu

    def _build_tools(self) -> QWidget:
        icon = self._icons.icon
        self._attach = IconButton(icon("ph.paperclip"), "Add documents or pictures")
        self._attach.clicked.connect(self._on_attach_clicked)
        self._scope = Button("All documents", "chip", icon("ph.books"))
        self._scope.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._scope.clicked.connect(self.scope_requested)
        self._hint = Label("", "caption")
        self._send = QToolButton()
        self._send.setObjectName("send")
        self._send.setFixedSize(34, 34)
        self._send.setIconSize(QSize(18, 18))
        self._send.setCursor(Qt.CursorShape.PointingHandCursor)
        self._send.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._send.clicked.connect(self._on_send_clicked)
        return row(self._attach, self._scope, None, self._hint, self._send)

    def _show_send(self) -> None:
        self._edit.setPlaceholderText(_INVITATIONS[min(self.tray.count, 2)])
        can_send = bool(self.text.strip()) and not self.tray.is_reading
        if self._is_running:
            self._send.setIcon(self._icons.icon("ph.stop", "on_accent"))
            self._send.setAccessibleName("Stop")
            self._send.setToolTip("Stop (Ctrl+.)")
            self._send.setEnabled(self._can_stop)
        else:
            self._send.setIcon(
                self._icons.icon("ph.arrow-up", "on_accent" if can_send else "text3")
            )
            self._send.setAccessibleName("Send")
            self._send.setToolTip(self._send_tip())
            self._send.setEnabled(can_send)

    def _send_tip(self) -> str:
        return "Send (Enter)" if self._edit.enter_sends else "Send (Ctrl+Enter)"

    def _on_send_clicked(self) -> None:
        if self._is_running:
            self.stop_requested.emit()
        else:
            self._on_sent()

    def _on_sent(self) -> None:
        # While an answer is made, or a picture is read, what is written stays for afterwards.
        if self.text.strip() and not self._is_running and not self.tray.is_reading:
            self.gate(self._submit)

    def _submit(self) -> None:
        text = self.text.strip()
        if text and not self._is_running and not self.tray.is_reading:
            self._edit.clear()
            self.submitted.emit(text)

    def _on_attach_clicked(self) -> None:
        open_above(self.make_menu(), self._attach)

    def _on_prompt_wanted(self) -> None:
        self._edit.setFocus()
        self.set_text("/")

    def _on_focused(self, has_focus: bool) -> None:
        set_look(self, "lit", "true" if has_focus else "false")
