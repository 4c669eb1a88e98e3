"""A code block on screen: its language, a Copy button, and the code in colours."""

from __future__ import annotations

import math
import time

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QTextCursor, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QWidget

from app.ui.icons import Icons
from app.ui.text.code_colors import CodeColorist, language_title
from app.ui.text.markdown import Code
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label

COLLAPSED_LINES = 400
_HEADER = 36
_MARGIN = 12
_COPIED_MS = 1500
# While code streams in: colour again this often, as long as that is cheap.
_RECOLOR_S = 0.5
_RECOLOR_LINES = 200


class CodeView(QFrame):
    """One code block; it can grow.

    Signals:
        reshaped: its height is another one now, by a click.
    """

    reshaped = Signal()

    def __init__(
        self, code: Code, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("code")
        self._theme = theme
        self._icons = icons
        self._code = Code(code.language, "")
        self._shows_all = code.is_open
        self._longest = 0.0
        self._colored_at = 0.0
        self._edit = _CodeText(theme, self)
        self._colorist = CodeColorist(self._edit.document(), theme)
        self._title = language_title(code.language)
        self._edit.setAccessibleName(f"{self._title} code")
        self._header = self._build_header()
        self._more = Button("", "ghost", parent=self)
        self._more.clicked.connect(self._on_more_clicked)
        self._more.hide()
        self.set_code(code)

    @property
    def code(self) -> Code:
        """What is shown."""
        return self._code

    @property
    def is_coloring(self) -> bool:
        """Whether lines are still waiting for their colours."""
        return self._colorist.is_busy

    def set_code(self, code: Code) -> None:
        """Show this; what only grew is added at the end."""
        old = self._code
        self._code = code
        if code == old:
            return
        if code.text.startswith(old.text) and self._shows_all:
            self._append(code.text[len(old.text) :])
        else:
            self._replace()
        self._color(is_growing=code.is_open)

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        px = self._theme.px
        header = px(_HEADER)
        inner = width - 2
        self._header.setGeometry(1, 1, inner, header)
        height = self._edit.take_bar(self._longest > inner - 2 * px(_MARGIN))
        self._edit.setGeometry(1, header + 1, inner, height)
        below = header + 1 + height
        if self._more.isVisibleTo(self):
            size = self._more.sizeHint()
            self._more.setGeometry(px(_MARGIN) - 4, below, size.width(), size.height())
            below += size.height() + 6
        if self.size() != QSize(width, below + 1):
            self.setFixedSize(width, below + 1)
        return below + 1

    def _build_header(self) -> QFrame:
        header = QFrame(self)
        header.setObjectName("codehead")
        layout = QHBoxLayout(header)
        layout.setContentsMargins(14, 0, 6, 0)
        layout.addWidget(Label(self._title, "caption"), 1)
        self._copy = Button("Copy", "codecopy", self._icons.icon("ph.copy"))
        self._copy.setAccessibleName(f"Copy {self._title} code")
        self._copy.clicked.connect(self._on_copy_clicked)
        layout.addWidget(self._copy)
        self._copied = QTimer(self)
        self._copied.setSingleShot(True)
        self._copied.setInterval(_COPIED_MS)
        self._copied.timeout.connect(self._on_copied_over)
        return header

    def _append(self, text: str) -> None:
        cursor = QTextCursor(self._edit.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        before = cursor.block().text()
        cursor.insertText(text)
        self._measure(before + text)

    def _replace(self) -> None:
        lines = self._code.text.split("\n")
        hidden = 0 if self._shows_all else max(0, len(lines) - COLLAPSED_LINES)
        shown = lines[: len(lines) - hidden]
        self._longest = 0.0
        self._edit.setPlainText("\n".join(shown))
        self._measure("\n".join(shown))
        self._more.setVisible(hidden > 0)
        self._more.setText(f"Show all {len(lines):,} lines")
        self._more.setAccessibleName(self._more.text())

    def _measure(self, text: str) -> None:
        longest = max(text.expandtabs(4).split("\n"), key=len)
        metrics = QFontMetricsF(self._edit.font())
        self._longest = max(self._longest, metrics.horizontalAdvance(longest))

    def _color(self, *, is_growing: bool) -> None:
        now = time.monotonic()
        if is_growing:
            is_cheap = self._edit.blockCount() <= _RECOLOR_LINES
            if not is_cheap or now - self._colored_at < _RECOLOR_S or self._colorist.is_busy:
                return
        self._colored_at = now
        self._colorist.color(self._edit.toPlainText(), self._code.language)

    def _on_more_clicked(self) -> None:
        self._shows_all = True
        self._replace()
        self._color(is_growing=False)
        self._edit.setFocus()
        self.reshaped.emit()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._code.text)
        self._copy.setText(" Copied")
        self._copy.setIcon(self._icons.icon("ph.check", "ok"))
        self._copied.start()

    def _on_copied_over(self) -> None:
        self._copy.setText(" Copy")
        self._copy.setIcon(self._icons.icon("ph.copy"))


class _CodeText(QPlainTextEdit):
    def __init__(self, theme: ThemeKeeper, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("codetext")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        font = theme.code_font()
        self.setFont(font)
        self.document().setDefaultFont(font)
        self.document().setDocumentMargin(theme.px(_MARGIN))
        self.setTabStopDistance(4 * QFontMetricsF(font).horizontalAdvance(" "))

    def take_bar(self, is_wide: bool) -> int:
        """Scroll sideways or not; the height that comes of it."""
        policy = Qt.ScrollBarPolicy
        self.setHorizontalScrollBarPolicy(
            policy.ScrollBarAlwaysOn if is_wide else policy.ScrollBarAlwaysOff
        )
        line = self.blockBoundingRect(self.document().firstBlock()).height()
        bar = self.horizontalScrollBar().sizeHint().height() if is_wide else 0
        # Two pixels more than needed: one less, and it would scroll by a line.
        return math.ceil(line * self.blockCount() + 2 * self.document().documentMargin()) + bar + 2

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        is_sideways = abs(delta.x()) > abs(delta.y())
        if is_sideways or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            super().wheelEvent(event)
        else:
            event.ignore()
