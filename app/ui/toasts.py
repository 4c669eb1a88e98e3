"""Shows notes: as toasts under the header for a moment, and in a list to read later."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.ui.amounts import day_text
from app.ui.icons import Icons
from app.ui.notify import Note, Notifier
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button, IconButton, choice_button
from app.ui.widgets.choice import SEVERITY_ICONS, Severity
from app.ui.widgets.info_bar import announce
from app.ui.widgets.labels import Divider, IconLabel, Label
from app.ui.widgets.layout import ScrollPage
from app.ui.widgets.sheet import Sheet, shadow

MOST = 3
STAYS_MS = 5000
TOP = 64
GAP = 8
WIDTH = 420


class Toast(QFrame):
    """One note, for a moment. It stays while the pointer is on it; errors stay until dismissed.

    Signals:
        gone: it was dismissed, by a person or by time.
    """

    gone = Signal()

    def __init__(self, icons: Icons, note: Note, parent: QWidget) -> None:
        super().__init__(parent)
        self.note = note
        self.setObjectName("toast")
        self.setGraphicsEffect(shadow(self, blur=24, down=6, alpha=70))
        self._timer = QTimer(self, singleShot=True, interval=STAYS_MS)
        self._timer.timeout.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.setSpacing(10)
        icon = IconLabel(icons.icon(SEVERITY_ICONS[note.severity], note.severity.value))
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(_words(note), 1)
        for choice in (each for each in (note.choice, note.second) if each is not None):
            button = choice_button(choice, "bar")
            button.clicked.connect(self.dismiss)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        close = IconButton(icons.icon("ph.x"), "Dismiss", size=14)
        close.clicked.connect(self.dismiss)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignVCenter)
        self._rest()

    @property
    def is_lasting(self) -> bool:
        """Whether it waits for a person."""
        return self.note.severity is Severity.DANGER

    def dismiss(self) -> None:
        """Take it away."""
        self._timer.stop()
        self.hide()
        self.gone.emit()
        self.deleteLater()

    def _rest(self) -> None:
        if not self.is_lasting:
            self._timer.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._rest()
        super().leaveEvent(event)


class ToastStack(QObject):
    """Keeps at most three toasts in the top right corner of `parent`, the newest on top."""

    def __init__(
        self, parent: QWidget, icons: Icons, notifier: Notifier, theme: ThemeKeeper
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._theme = theme
        self._icons = icons
        self._toasts: list[Toast] = []
        notifier.noted.connect(self.show_note)
        parent.installEventFilter(self)

    @property
    def toasts(self) -> tuple[Toast, ...]:
        """What is shown, newest first."""
        return tuple(self._toasts)

    def show_note(self, note: Note) -> None:
        """Show a note; the oldest that may go makes room."""
        while len(self._toasts) >= MOST:
            passing = [each for each in self._toasts if not each.is_lasting]
            (passing or self._toasts)[-1].dismiss()
        toast = Toast(self._icons, note, self._parent)
        toast.gone.connect(lambda: self._forget(toast))
        self._toasts.insert(0, toast)
        toast.show()
        self._place()
        announce(self._parent, f"{note.text} {note.hint}".strip())

    def _forget(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            self._place()

    def _place(self) -> None:
        width = min(self._theme.px(WIDTH), self._parent.width() - 48)
        y = self._theme.px(TOP)
        for toast in self._toasts:
            layout = toast.layout()
            assert layout is not None
            toast.resize(width, layout.totalHeightForWidth(width))
            toast.move(QPoint(self._parent.width() - width - 24, y))
            toast.raise_()
            y += toast.height() + GAP

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False


class NotesSheet(Sheet):
    """The list of what the toasts said."""

    def __init__(self, parent: QWidget, icons: Icons, notifier: Notifier) -> None:
        super().__init__(parent, icons, "Notices", width=520)
        self._icons = icons
        self._notifier = notifier
        self._page = ScrollPage("Notices", margins=(0, 0, 12, 0))
        self._clear = Button("Clear all", "small")
        self._clear.clicked.connect(self._on_clear_clicked)
        self.header.insertWidget(1, self._clear)
        self.body.addWidget(self._page)

    def open(self) -> None:
        self._fill()
        self._notifier.mark_read()
        super().open()

    def card_height(self, _width: int) -> int:
        return 480

    def _on_clear_clicked(self) -> None:
        self._notifier.clear()
        self._fill()

    def _fill(self) -> None:
        layout = self._page.body
        while item := layout.takeAt(0):
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        notes = self._notifier.notes
        self._clear.setVisible(bool(notes))
        if not notes:
            layout.addWidget(Label("Nothing has happened yet.", "body2"))
        for index, note in enumerate(notes):
            if index:
                layout.addWidget(Divider())
            layout.addWidget(self._entry(note))
        layout.addStretch(1)

    def _entry(self, note: Note) -> QWidget:
        entry = QWidget()
        layout = QHBoxLayout(entry)
        layout.setContentsMargins(0, 2, 0, 2)
        layout.setSpacing(10)
        icon = IconLabel(self._icons.icon(SEVERITY_ICONS[note.severity], note.severity.value))
        layout.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        words = _words(note)
        words.setContentsMargins(0, 0, 0, 4)  # level with the icon
        when = day_text(note.at, datetime.now(note.at.tzinfo).astimezone())
        words.addWidget(Label(when, "caption"))
        layout.addLayout(words, 1)
        return entry


def _words(note: Note) -> QVBoxLayout:
    words = QVBoxLayout()
    words.setContentsMargins(0, 4, 0, 4)
    words.setSpacing(2)
    words.addWidget(Label(note.text, wrap=True))
    if note.hint:
        words.addWidget(Label(note.hint, "body2", wrap=True))
    return words
