"""What a model thought before it spoke, folded away under how long it took."""

from __future__ import annotations

import time

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QWidget

from app.ui.chat.look import Look
from app.ui.chat.stack import stack
from app.ui.chat.words import thinking_text, thought_text
from app.ui.text.text_view import TextView
from app.ui.theme import TYPE_SIZES
from app.ui.widgets.fold import FoldButton

_PADDING = (14, 10)
_LINE_HEIGHT_PERCENT = 125.0


class ThoughtText(TextView):
    """Plain text that grows at its end; nothing in it is read as markup."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(look.prose, "Thoughts", parent)
        self.setFont(look.prose.sized_font(TYPE_SIZES["ui"]))
        self.document().setDefaultFont(self.font())
        self._format = QTextCharFormat()
        self._format.setForeground(look.theme.color("text2"))
        made = QTextBlockFormat()
        height = QTextBlockFormat.LineHeightTypes.ProportionalHeight
        made.setLineHeight(_LINE_HEIGHT_PERCENT, height.value)
        QTextCursor(self.document()).setBlockFormat(made)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )

    def append_plain(self, text: str) -> None:
        """Add text as it is."""
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text, self._format)


class ThinkingBlock(QWidget):
    """Unfolded while the model thinks, folded once it speaks, unless a person chose otherwise.

    Signals:
        unfolded: a person unfolded it (True) or folded it (False).
        reshaped: the height is another one now, by a click.
    """

    unfolded = Signal(bool)
    reshaped = Signal()

    def __init__(
        self,
        look: Look,
        chosen: bool | None,
        parent: QWidget | None = None,
        *,
        is_live: bool,
    ) -> None:
        """Make it empty.

        Args:
            look: colours, icons and fonts.
            chosen: whether a person wants it unfolded; None if nothing was chosen.
            parent: the answer.
            is_live: the model is thinking now.
        """
        super().__init__(parent)
        self._look = look
        self._chosen = chosen
        self._text = ""
        self._written = 0
        self._began = time.monotonic()
        self._is_live = is_live
        self._words = thinking_text(0)
        self._button = FoldButton(self._words, look.icons, self)
        self._button.unfolded.connect(self._on_unfolded)
        self._box = QFrame(self)
        self._box.setObjectName("thinking")
        self._view: ThoughtText | None = None
        self._open(is_live if chosen is None else chosen)

    @property
    def is_open(self) -> bool:
        """Whether the thoughts are shown."""
        return self._button.is_open

    @property
    def text(self) -> str:
        """The thoughts."""
        return self._text

    def feed(self, text: str) -> None:
        """Add thoughts that just came."""
        self._text += text
        if self.is_open:
            self._write()

    def advance(self) -> bool:
        """Count the seconds; whether that is news."""
        return self._is_live and self._say(thinking_text(time.monotonic() - self._began))

    def end(self, text: str | None = None, seconds: float | None = None) -> bool:
        """The model thinks no more; whether that is news.

        Args:
            text: what was stored of it, should it differ from what was streamed.
            seconds: how long it really thought.
        """
        was_live, self._is_live = self._is_live, False
        if text is not None and text != self._text:
            self._drop_view()
            self._text = text
        if was_live and self._chosen is None:
            self._open(False)
        elif self.is_open:
            self._write()
        if seconds is None and not was_live:
            return False
        return self._say(
            thought_text(time.monotonic() - self._began if seconds is None else seconds)
        )

    def _say(self, words: str) -> bool:
        is_news = words != self._words
        self._words = words
        self._button.set_words(words)
        return is_news

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        px = self._look.theme.px
        self._button.ensurePolished()
        size = self._button.sizeHint()
        # The words stand where the answer's text does, not the button's edge.
        self._button.setGeometry(-px(8), 0, min(size.width(), width), size.height())
        height = size.height()
        if self.is_open and self._view is not None:
            across, down = (px(each) for each in _PADDING)
            below = stack((self._view,), across, down, width - 2 * across, 0)
            self._box.setGeometry(0, height + px(4), width, below + down)
            height += px(4) + below + down
        if self.size() != QSize(width, height):
            self.setFixedSize(width, height)
        return height

    def _open(self, is_open: bool) -> None:
        self._button.set_open(is_open)
        self._box.setVisible(is_open)
        if is_open:
            self._write()

    def _write(self) -> None:
        # Blank lines around the thoughts show nothing; at the end they may yet go on.
        text = self._text.strip()
        if not text:
            return
        if self._view is None:
            self._view = ThoughtText(self._look, self._box)
            self._view.show()
        if len(text) > self._written:
            self._view.append_plain(text[self._written :])
            self._written = len(text)

    def _drop_view(self) -> None:
        if self._view is not None:
            self._view.hide()
            self._view.deleteLater()
        self._view, self._written = None, 0

    def _on_unfolded(self, is_open: bool) -> None:
        self._chosen = is_open
        self._open(is_open)
        self.unfolded.emit(is_open)
        self.reshaped.emit()
