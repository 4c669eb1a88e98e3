"""What is selected, in full, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.library.entities import Document, DocumentStatus
from app.ui.amounts import size_text
from app.ui.icons import Icons
from app.ui.library.delegates import short_path
from app.ui.library.labels import display_title, kind_label, parts_text, status_text
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.choice import SEVERITY_ICONS, Severity
from app.ui.widgets.labels import ElidedLabel, IconLabel, Label


class SelectionPanel(QFrame):
    """Below the table, while documents are selected.

    Signals:
        ask_requested, retry_requested, cancel_requested, move_requested, reveal_requested,
        removal_requested: the button was pressed; it is about the selection.
    """

    ask_requested = Signal()
    retry_requested = Signal()
    cancel_requested = Signal()
    move_requested = Signal()
    reveal_requested = Signal()
    removal_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("selection")
        self.title = ElidedLabel("", "h3")
        self.facts = ElidedLabel("", "caption", mode=Qt.TextElideMode.ElideMiddle)
        self.problem = _Problem(icons, Severity.DANGER, DocumentStatus.FAILED)
        self.partial = _Problem(icons, Severity.WARN, DocumentStatus.INDEXED)
        self.ask_button = Button("Ask about this", "primary", icons.icon("ph.chat", "on_accent"))
        self.retry_button = Button("Retry", icon=icons.icon("ph.arrow-clockwise", "text"))
        self.cancel_button = Button("Cancel", icon=icons.icon("ph.x", "text"))
        self.move_button = Button("Move to…", icon=icons.icon("ph.folder-simple", "text"))
        self.reveal_button = IconButton(icons.icon("ph.folder-open"), "Show in folder")
        self.remove_button = IconButton(icons.icon("ph.trash"), "Remove from library")
        self._lay_out()
        self._connect()
        self.hide()

    def show_documents(self, documents: Sequence[Document]) -> None:
        """Describe these; nothing hides the panel."""
        self.setVisible(bool(documents))
        if not documents:
            return
        one = documents[0] if len(documents) == 1 else None
        self.title.set_text(display_title(one) if one else f"{len(documents):,} documents selected")
        self.facts.set_text(_facts(one) if one else _sum(documents))
        self.problem.show_document(one)
        self.partial.show_document(one)
        self.ask_button.setText(" Ask about this" if one else " Ask about these")
        self.ask_button.setAccessibleName(self.ask_button.text().strip())
        self.ask_button.setEnabled(any(can_be_asked(each) for each in documents))
        self.retry_button.setVisible(any(can_be_retried(each) for each in documents))
        self.cancel_button.setVisible(any(each.status.is_pending for each in documents))
        self.reveal_button.setVisible(one is not None)

    def set_compact(self, compact: bool) -> None:
        """Put the buttons below the words, or beside them."""
        direction = QBoxLayout.Direction
        self._line.setDirection(direction.TopToBottom if compact else direction.LeftToRight)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self.title)
        words.addWidget(self.facts)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (
            self.retry_button,
            self.cancel_button,
            self.move_button,
            self.ask_button,
            self.reveal_button,
            self.remove_button,
        ):
            buttons.addWidget(button)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setSpacing(8)
        self._line.addLayout(words, 1)
        self._line.addLayout(buttons)
        self._line.setAlignment(buttons, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 10, 12)
        layout.setSpacing(10)
        layout.addLayout(self._line)
        layout.addWidget(self.problem)
        layout.addWidget(self.partial)

    def _connect(self) -> None:
        self.ask_button.clicked.connect(self.ask_requested)
        self.retry_button.clicked.connect(self.retry_requested)
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.move_button.clicked.connect(self.move_requested)
        self.reveal_button.clicked.connect(self.reveal_requested)
        self.remove_button.clicked.connect(self.removal_requested)


class _Problem(QFrame):
    """Why a document has this status and the next step, whole, and selectable to be copied."""

    def __init__(self, icons: Icons, severity: Severity, status: DocumentStatus) -> None:
        super().__init__()
        self._status = status
        self.setObjectName("bar")
        self.setProperty("sev", severity.value)
        self._reason = _selectable("")
        self._hint = _selectable("body2")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(10)
        icon = IconLabel(icons.icon(SEVERITY_ICONS[severity], severity.value))
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._reason)
        words.addWidget(self._hint)
        layout.addLayout(words, 1)

    def show_document(self, document: Document | None) -> None:
        is_told = document is not None and document.status is self._status and document.reason
        self.setVisible(bool(is_told))
        if document is None or not is_told:
            return
        self._reason.setText(document.reason)
        self._hint.setText(document.hint)
        self._hint.setVisible(bool(document.hint))


def can_be_asked(document: Document) -> bool:
    """Whether an answer can draw on it, now or once it is read."""
    return document.status is DocumentStatus.INDEXED or document.status.is_pending


def can_be_retried(document: Document) -> bool:
    """Whether bringing it in again makes sense."""
    return document.status in (DocumentStatus.FAILED, DocumentStatus.CANCELLED)


def _selectable(role: str) -> Label:
    label = Label("", role, wrap=True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _facts(document: Document) -> str:
    parts = [
        kind_label(document.kind),
        parts_text(document),
        size_text(document.size_bytes),
        "" if document.status is DocumentStatus.FAILED else status_text(document),
        short_path(document.path),
    ]
    return " · ".join(part for part in parts if part)


def _sum(documents: Sequence[Document]) -> str:
    parts = [size_text(sum(each.size_bytes for each in documents))]
    if failed := sum(each.status is DocumentStatus.FAILED for each in documents):
        parts.append(f"{failed:,} failed")
    if pending := sum(each.status.is_pending for each in documents):
        parts.append(f"{pending:,} in progress")
    return " · ".join(parts)
