"""A conversation on screen. Only messages near the viewport are widgets; the rest are heights.

The reader's place is kept while heights turn out otherwise; at the end, the end is kept in view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app.chat.entities import Message, MessageId, Picture
from app.chat.live import LiveAnswer
from app.engine.messages import Role
from app.ui.chat.column import Anchor, Column, estimated_height
from app.ui.chat.look import Look
from app.ui.chat.message_widget import AnswerMessage, QuestionMessage
from app.ui.chat.pictures.sent import LARGE
from app.ui.chat.pictures.thumbnails import Thumbnails
from app.ui.chat.words import AnswerLabel, ModelState
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button

COLUMN_WIDTH = 732
_SIDE_MARGIN = 24
_TOP, _GAP, _BOTTOM = 8, 20, 24
# Within this many pixels of the end, the end is what is being read.
_NEAR_END = 24
# Viewport heights around the viewport in which messages are made ready, and in which they stay.
_READY, _KEPT = 0.75, 2.0


@dataclass(slots=True, eq=False)
class _Row:
    """One message. `message` is None while it is not stored yet; then `text` or `live` is shown.

    Attributes:
        height: an estimate until `fitted`, the width it was measured at.
        unfolded: what a person chose about the thoughts of an answer that is not stored yet.
        attached: the pictures of a question that is not stored yet.
    """

    message: Message | None
    text: str = ""
    live: LiveAnswer | None = None
    label: AnswerLabel | None = None
    widget: QuestionMessage | AnswerMessage | None = None
    height: int = 0
    fitted: int = 0
    unfolded: bool | None = None
    attached: tuple[Picture, ...] = ()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those of a question."""
        return self.message.pictures if self.message is not None else self.attached

    @property
    def is_answer(self) -> bool:
        """Whether this is not a question."""
        if self.message is None:
            return self.live is not None
        return self.message.role is not Role.USER

    def stands_for(self, message: Message) -> bool:
        """Whether this is the same message, stored or not."""
        if self.message is not None:
            return self.message.id == message.id
        if message.role is Role.USER:
            return self.live is None and self.text == message.text
        return self.live is not None


class Transcript(QScrollArea):
    """The messages of one conversation, and the answer that is being made.

    Signals: as `AnswerMessage` and `QuestionMessage`.
    """

    picture_requested = Signal(object)

    citation_requested = Signal(object)
    link_requested = Signal(str)
    regenerate_requested = Signal(object)
    repeat_requested = Signal(object)
    details_requested = Signal(object)
    load_requested = Signal(object)
    sibling_requested = Signal(object, int)
    feedback_requested = Signal(object, object)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._look = Look.of(theme, icons)
        self.thumbnails = Thumbnails(self)
        self._rows: list[_Row] = []
        self._unfolded: dict[MessageId, bool] = {}
        self._model = ModelState.READY
        self._column = Column(_TOP, _GAP, _BOTTOM)
        self._at_end = True
        self._is_arranging = False
        self.setObjectName("transcript")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Conversation")
        self._content = QWidget()
        self.setWidget(self._content)
        self._pill = Button("Jump to latest", "pill", icons.icon("ph.arrow-down"), self)
        self._pill.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._pill.clicked.connect(self._on_pill_clicked)
        self._pill.hide()
        self._idle = QTimer(self)
        self._idle.setInterval(0)
        self._idle.timeout.connect(self._on_idle)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        theme.changed.connect(self._on_theme_changed)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The stored messages shown."""
        return tuple(row.message for row in self._rows if row.message is not None)

    @property
    def widgets(self) -> tuple[QuestionMessage | AnswerMessage, ...]:
        """The messages that are widgets now, from the top."""
        return tuple(row.widget for row in self._rows if row.widget is not None)

    @property
    def is_preparing(self) -> bool:
        """Whether messages near the viewport are still being made."""
        return self._idle.isActive()

    def show_messages(self, messages: Sequence[Message]) -> None:
        """Show another conversation, at its end."""
        self._at_end = True
        self._set_rows([_Row(message) for message in messages])

    def update_messages(self, messages: Sequence[Message]) -> None:
        """Show what became of this conversation; what is the same stays as it is."""
        rows: list[_Row] = []
        for index, message in enumerate(messages):
            row = self._rows[index] if index < len(self._rows) else None
            if row is None or not row.stands_for(message):
                row = _Row(message)
            self._settle(row, message)
            rows.append(row)
        taken = set(rows)
        # What is not stored yet stays below.
        rows += [row for row in self._rows if row.message is None and row not in taken]
        self._set_rows(rows)

    def update_message(self, message: Message) -> None:
        """Show what became of one message, if it is shown here."""
        for row in self._rows:
            if row.message is not None and row.message.id == message.id:
                self._settle(row, message)
                self._reshape(row)

    def begin_answer(
        self,
        question: str | None,
        label: AnswerLabel,
        live: LiveAnswer,
        *,
        pictures: Sequence[Picture] = (),
    ) -> None:
        """Show a question that is just asked, and its answer while it is made."""
        asked = [] if question is None else [_Row(None, question, attached=tuple(pictures))]
        self._at_end = True
        self._set_rows([*self._rows, *asked, _Row(None, live=live, label=label)])

    def advance_answer(self) -> None:
        """Show what came of the answer since the last time."""
        row = self._rows[-1] if self._rows else None
        if row is None or row.live is None or not isinstance(row.widget, AnswerMessage):
            return
        if row.widget.advance(row.live):
            self._reshape(row)

    def drop_answer(self) -> None:
        """Take away what was not stored after all."""
        self._set_rows([row for row in self._rows if row.message is not None])

    def cut_from(self, message_id: MessageId) -> None:
        """Take away a message and all below it: it will be answered anew."""
        ids = [row.message.id if row.message else None for row in self._rows]
        if message_id in ids:
            self._set_rows(self._rows[: ids.index(message_id)])

    def set_model_state(self, model: ModelState) -> None:
        """A model was loaded, or went: what is offered after a crash depends on it."""
        self._model = model
        for row in self._rows:
            if isinstance(row.widget, AnswerMessage):
                row.widget.set_model_state(model)

    def jump_to_end(self) -> None:
        """Show the end, and keep it in view."""
        self._at_end = True
        self._arrange()

    def _set_rows(self, rows: list[_Row]) -> None:
        kept = set(rows)
        for row in self._rows:
            if row not in kept:
                self._drop_widget(row)
        self._rows = rows
        width = self._width()
        for row in rows:
            if not row.height:
                text = row.message.text if row.message else row.text
                row.height = estimated_height(text, width, is_answer=row.is_answer)
                row.height += LARGE if row.pictures else 0
        self._column.set_heights(row.height for row in rows)
        self._arrange()

    def _settle(self, row: _Row, message: Message) -> None:
        """Let a row stand for the message as it is stored now."""
        if row.message == message:
            return
        row.message, row.live = message, None
        if row.unfolded is not None:
            self._unfolded[message.id] = row.unfolded
        if isinstance(row.widget, AnswerMessage):
            row.widget.show_message(message)
            row.height, row.fitted = row.widget.fit(self._width()), self._width()

    def _make_widget(self, row: _Row) -> None:
        if not row.is_answer:
            text = row.message.text if row.message else row.text
            row.widget = QuestionMessage(
                text,
                self._look,
                self._content,
                pictures=row.pictures,
                thumbnails=self.thumbnails,
            )
            row.widget.picture_requested.connect(self.picture_requested)
        else:
            row.widget = self._make_answer(row)
        row.widget.reshaped.connect(lambda: self._reshape(row))
        row.fitted = 0

    def _make_answer(self, row: _Row) -> AnswerMessage:
        unfolded = self._unfolded.get(row.message.id) if row.message is not None else row.unfolded
        answer = AnswerMessage(self._look, self._content, unfolded=unfolded, model=self._model)
        answer.citation_requested.connect(self.citation_requested)
        answer.link_requested.connect(self.link_requested)
        answer.regenerate_requested.connect(self.regenerate_requested)
        answer.repeat_requested.connect(self.repeat_requested)
        answer.details_requested.connect(self.details_requested)
        answer.load_requested.connect(self.load_requested)
        answer.thoughts_unfolded.connect(lambda is_open: self._remember_unfolded(row, is_open))
        answer.sibling_requested.connect(self.sibling_requested)
        answer.feedback_requested.connect(self.feedback_requested)
        if row.message is not None:
            answer.show_message(row.message)
        elif row.live is not None and row.label is not None:
            answer.begin(row.label)
            answer.advance(row.live)
        return answer

    def _remember_unfolded(self, row: _Row, is_open: bool) -> None:
        row.unfolded = is_open
        if row.message is not None:
            self._unfolded[row.message.id] = is_open

    def _drop_widget(self, row: _Row) -> None:
        if row.widget is not None:
            row.widget.hide()
            row.widget.deleteLater()
            row.widget = None

    def _fit(self, index: int) -> None:
        """Make a row a widget of the right width, and note its true height."""
        row, width = self._rows[index], self._width()
        if row.widget is None:
            self._make_widget(row)
        if row.fitted != width and row.widget is not None:
            row.height, row.fitted = row.widget.fit(width), width
            self._column.set_height(index, row.height)

    def _reshape(self, row: _Row) -> None:
        if row in self._rows:
            row.fitted = 0
            self._arrange()

    def _arrange(self) -> None:
        """Put everything in its place, making widgets of what is in view."""
        anchor = None if self._at_end else self._column.anchor_at(self.verticalScrollBar().value())
        self._is_arranging = True
        try:
            position = self._fit_view(anchor)
            self._place(position)
        finally:
            self._is_arranging = False
        self._recycle()
        self._show_pill()
        if self._unready():
            self._idle.start()

    def _fit_view(self, anchor: Anchor | None) -> int:
        """Measure what is in view, which moves what is in view; the scroll position at last."""
        height = self.viewport().height()
        while True:
            end = max(0, self._column.total - height)
            position = end if anchor is None else min(end, self._column.position_of(anchor))
            width = self._width()
            view = self._column.between(position, position + height)
            unfit = [index for index in view if self._rows[index].fitted != width]
            if not unfit:
                return position
            # From the bottom: at the end of a conversation the last ones may fill the view.
            self._fit(unfit[-1])

    def _place(self, position: int) -> None:
        width, column_width = self._room(), self._width()
        height = max(self._column.total, self.viewport().height())
        if self._content.width() != width or self._content.height() != height:
            self._content.resize(width, height)
        self.verticalScrollBar().setValue(position)
        left = (width - column_width) // 2
        for index, row in enumerate(self._rows):
            if row.widget is None:
                continue
            top = self._column.top(index)
            if row.widget.x() != left or row.widget.y() != top:
                row.widget.move(left, top)
            if row.widget.isHidden():
                row.widget.show()

    def _around(self, screens: float) -> range:
        """The rows up to so many viewport heights from the viewport."""
        value, height = self.verticalScrollBar().value(), self.viewport().height()
        reach = int(height * screens)
        return self._column.between(value - reach, value + height + reach)

    def _unready(self) -> list[int]:
        width = self._width()
        return [index for index in self._around(_READY) if self._rows[index].fitted != width]

    def _recycle(self) -> None:
        kept = self._around(_KEPT)
        for index, row in enumerate(self._rows):
            if row.widget is None or index in kept or row.live is not None:
                continue
            if not row.widget.isAncestorOf(self.focusWidget() or self):
                self._drop_widget(row)
                row.fitted = 0

    def _show_pill(self) -> None:
        bar = self.verticalScrollBar()
        self._pill.setVisible(bar.maximum() - bar.value() > 4 * _NEAR_END)
        self._pill.adjustSize()
        x = (self._room() - self._pill.width()) // 2
        self._pill.move(x, self.height() - self._pill.height() - 12)
        self._pill.raise_()

    def _room(self) -> int:
        # With room for the scroll bar even while there is none: nothing jumps when it appears.
        return self.width() - self.verticalScrollBar().sizeHint().width()

    def _width(self) -> int:
        return max(120, min(self._theme.px(COLUMN_WIDTH), self._room() - 2 * _SIDE_MARGIN))

    def _on_pill_clicked(self) -> None:
        # A focused button that hides passes the focus on, and the view would scroll after it.
        self.setFocus()
        self.jump_to_end()

    def _on_idle(self) -> None:
        unready = self._unready()
        if not unready:
            self._idle.stop()
            return
        # The nearest first, one in a turn of the event loop: each takes a few milliseconds.
        middle = self.verticalScrollBar().value() + self.viewport().height() // 2
        nearest = min(unready, key=lambda index: abs(self._column.top(index) - middle))
        anchor = None if self._at_end else self._column.anchor_at(self.verticalScrollBar().value())
        self._is_arranging = True
        try:
            self._fit(nearest)
            self._place(self._fit_view(anchor))
        finally:
            self._is_arranging = False

    def _on_scrolled(self, value: int) -> None:
        if self._is_arranging:
            return
        self._at_end = self.verticalScrollBar().maximum() - value <= _NEAR_END
        self._arrange()

    def _on_theme_changed(self) -> None:
        self._look = Look.of(self._theme, self._icons)
        for row in self._rows:
            self._drop_widget(row)
            row.fitted = 0
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        if event.key() == Qt.Key.Key_Home:
            bar.setValue(0)
        elif event.key() == Qt.Key.Key_End:
            bar.setValue(bar.maximum())
        else:
            super().keyPressEvent(event)
