"""One message on screen: a question in its bubble, or an answer with all that belongs to it."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from app.chat.entities import Message
from app.chat.live import LiveAnswer, Phase
from app.ui.chat.answer_body import AnswerBody
from app.ui.chat.citations import SourceChips
from app.ui.chat.look import Look
from app.ui.chat.pulse import Pulse
from app.ui.chat.stack import stack
from app.ui.chat.words import (
    AnswerLabel,
    answer_label,
    answer_notice,
    citation_tips,
    stage_text,
)
from app.ui.text.text_view import ProseSegment
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.labels import IconLabel, Label
from app.ui.widgets.layout import row

_BUBBLE_WIDTH = 560
_BUBBLE_PADDING = (16, 10)
_FOLDED_LENGTH = 1_500
_AVATAR, _INDENT, _GAP = 32, 46, 10


class QuestionMessage(QWidget):
    """What the user asked, as it was typed; a long one is folded.

    Signals:
        reshaped: the height is another one now, by a click.
    """

    reshaped = Signal()

    def __init__(self, text: str, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._whole = text
        self._bubble = QFrame(self)
        self._bubble.setObjectName("user")
        self._more = Button("Show all of it", "bar", parent=self._bubble)
        self._more.clicked.connect(self._on_more_clicked)
        is_long = len(text) > _FOLDED_LENGTH
        self._more.setVisible(is_long)
        self._write(text[:_FOLDED_LENGTH].rstrip() + "…" if is_long else text)

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        px = self._look.theme.px
        across, down = (px(each) for each in _BUBBLE_PADDING)
        widest = min(px(_BUBBLE_WIDTH), width) - 2 * across
        inner = min(self._natural_width, widest)
        below = stack((self._text, self._more), across, down, inner, px(4))
        self._more.resize(self._more.sizeHint())
        outer = inner + 2 * across
        # The text's own line spacing adds to the padding below it.
        height = below + down - px(3)
        self._bubble.setGeometry(width - outer, 0, outer, height)
        self.setFixedSize(width, height)
        return height

    def _write(self, text: str) -> None:
        self._text = ProseSegment(self._look.prose, None, self._bubble)
        self._text.setAccessibleName("Your question")
        self._text.write_plain(text)
        metrics = QFontMetrics(self._look.prose.font)
        longest = max((metrics.horizontalAdvance(line) for line in text.split("\n")), default=0)
        self._natural_width = longest + 4

    def _on_more_clicked(self) -> None:
        self._more.hide()
        self._text.deleteLater()
        self._write(self._whole)
        self._text.show()
        self.reshaped.emit()


class AnswerMessage(QWidget):
    """An answer: who made it, its text, its sources, how it ended, and what can be done with it.

    Signals:
        citation_requested: a `Citation` to open.
        link_requested: an address that was clicked.
        regenerate_requested: the id of this answer.
        sibling_requested: the id of this answer, and -1 or 1.
        reshaped: the height is another one now, by a click.
    """

    citation_requested = Signal(object)
    link_requested = Signal(str)
    regenerate_requested = Signal(object)
    sibling_requested = Signal(object, int)
    reshaped = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._message: Message | None = None
        self._shown_length = 0
        self._began = time.monotonic()
        self._avatar = IconLabel(look.icons.icon("ph.sparkle", "accent_text"), disc=_AVATAR)
        self._avatar.setParent(self)
        self._title = Label(role="h3")
        self._meta = Label(role="caption")
        header = row(self._title, self._meta, None)
        self._body = AnswerBody(look)
        self._body.citation_requested.connect(self._on_citation_clicked)
        self._body.link_requested.connect(self.link_requested)
        self._body.reshaped.connect(self.reshaped)
        self._pulse = Pulse(look.theme)
        self._stage = Label(role="body2")
        self._waiting = row(self._pulse, self._stage, None)
        self._waiting.hide()
        self._parts: list[QWidget] = [header, self._body, self._waiting]
        for part in self._parts:
            part.setParent(self)

    @property
    def body(self) -> AnswerBody:
        """The text."""
        return self._body

    def show_message(self, message: Message) -> None:
        """Show a stored answer; after a live one, only what is new about it."""
        self._message = message
        record = message.record
        self._set_label(answer_label(record))
        self._waiting.hide()
        self._pulse.stop()
        self._body.finish(message.text, citation_tips(record))
        nothing = record is not None and record.found_nothing
        self._body.setVisible(bool(message.text.strip()) and not nothing)
        for part in self._parts[3:]:
            part.hide()
            part.deleteLater()
        del self._parts[3:]
        self._add_sources(message)
        self._add_notice(message)
        self._add_actions(message)

    def begin(self, label: AnswerLabel) -> None:
        """Stand for an answer that is only being made."""
        self._began = time.monotonic()
        self._set_label(label)
        self._body.hide()
        self._waiting.show()
        self._pulse.start()

    def advance(self, live: LiveAnswer) -> bool:
        """Show what came since the last time; False if nothing did."""
        text = live.text[self._shown_length :]
        self._shown_length = len(live.text)
        if text:
            self._body.feed(text)
            self._body.show()
        seconds = time.monotonic() - self._began
        stage = "" if live.phase is Phase.WRITING else stage_text(live.phase, seconds)
        is_news = bool(text) or stage != self._stage.text()
        self._stage.setText(stage)
        self._waiting.setVisible(live.is_running)
        return is_news

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        px = self._look.theme.px
        left = px(_INDENT)
        self._avatar.move(0, 0)
        bottom = stack(self._parts, left, px(2), width - left, px(_GAP))
        height = max(bottom, _AVATAR)
        self.setFixedSize(width, height)
        return height

    def _set_label(self, label: AnswerLabel) -> None:
        self._title.setText(label.title)
        self._meta.setText(label.meta)
        name = "ph.quotes" if label.is_quoted else "ph.sparkle"
        self._avatar.set_icon(self._look.icons.icon(name, "accent_text"))
        self.setAccessibleName(f"Answer, {label.title}, {label.meta}")

    def _add(self, part: QWidget) -> None:
        part.setParent(self)
        part.show()
        self._parts.append(part)

    def _add_sources(self, message: Message) -> None:
        if message.record is None or not message.record.citations:
            return
        chips = SourceChips(message.record.citations, self._look)
        chips.citation_requested.connect(self.citation_requested)
        chips.reshaped.connect(self.reshaped)
        self._add(chips)

    def _add_notice(self, message: Message) -> None:
        notice = answer_notice(message.record)
        if notice is None:
            return
        if notice.severity is Severity.INFO and not notice.hint:
            self._add(Label(notice.text, "caption", wrap=True))
            return
        choice = None
        if notice.offers_regenerate:
            choice = Choice("Regenerate", self._on_regenerate_clicked)
        bar = InfoBar(
            self._look.icons,
            notice.text,
            notice.severity,
            hint=notice.hint,
            choice=choice,
            closable=False,
        )
        self._add(bar)

    def _add_actions(self, message: Message) -> None:
        actions = QWidget()
        layout = QHBoxLayout(actions)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        if message.siblings > 1:
            for part in self._sibling_parts(message):
                layout.addWidget(part)
            layout.addSpacing(6)
        icon = self._look.icons.icon
        self._copy = IconButton(icon("ph.copy"), "Copy answer", size=16)
        self._copy.clicked.connect(self._on_copy_clicked)
        again = IconButton(icon("ph.arrows-clockwise"), "Regenerate", size=16)
        again.clicked.connect(self._on_regenerate_clicked)
        layout.addWidget(self._copy)
        layout.addWidget(again)
        layout.addStretch(1)
        self._add(actions)

    def _sibling_parts(self, message: Message) -> tuple[QWidget, QWidget, QWidget]:
        icon = self._look.icons.icon
        back = IconButton(icon("ph.caret-left"), "Previous answer", size=14)
        back.setEnabled(message.sibling > 1)
        back.clicked.connect(lambda _checked=False: self._ask_sibling(-1))
        on = IconButton(icon("ph.caret-right"), "Next answer", size=14)
        on.setEnabled(message.sibling < message.siblings)
        on.clicked.connect(lambda _checked=False: self._ask_sibling(1))
        return back, Label(f"{message.sibling} of {message.siblings}", "caption"), on

    def _ask_sibling(self, offset: int) -> None:
        if self._message is not None:
            self.sibling_requested.emit(self._message.id, offset)

    def _on_citation_clicked(self, number: int) -> None:
        record = self._message.record if self._message is not None else None
        found = [each for each in record.citations if each.number == number] if record else []
        if found:
            self.citation_requested.emit(found[0])

    def _on_copy_clicked(self) -> None:
        if self._message is not None:
            QGuiApplication.clipboard().setText(self._message.text)
            self._copy.setIcon(self._look.icons.icon("ph.check", "ok"))
            self._copy.setToolTip("Copied")

    def _on_regenerate_clicked(self) -> None:
        if self._message is not None:
            self.regenerate_requested.emit(self._message.id)
