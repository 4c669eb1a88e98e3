"""One message on screen: a question in its bubble, or an answer with all that belongs to it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import Signal, SignalInstance
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QFrame, QWidget

from app.chat.entities import Message, Picture
from app.chat.live import LiveAnswer, Phase
from app.ui.chat.answer_actions import AnswerActions
from app.ui.chat.answer_body import AnswerBody
from app.ui.chat.feedback.act import FeedbackAct
from app.ui.chat.feedback.parts import CorrectionLine, FeedbackStrip
from app.ui.chat.look import Look
from app.ui.chat.pictures.sent import SentPictures
from app.ui.chat.pictures.thumbnails import Thumbnails
from app.ui.chat.pulse import Pulse
from app.ui.chat.sources.citations import SourceChips
from app.ui.chat.stack import stack
from app.ui.chat.thinking import ThinkingBlock
from app.ui.chat.words import (
    AnswerLabel,
    ModelState,
    Offer,
    answer_label,
    answer_notice,
    citation_tips,
    stage_text,
)
from app.ui.text.text_view import ProseSegment
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.labels import IconLabel, Label
from app.ui.widgets.layout import row

_BUBBLE_WIDTH = 560
_BUBBLE_PADDING = (16, 10)
_FOLDED_LENGTH = 1_500
_AVATAR, _INDENT, _GAP = 32, 46, 10


class QuestionMessage(QWidget):
    """What the user asked, as it was typed, under its pictures; a long one is folded.

    Signals:
        picture_requested: a `Picture` that was clicked.
        reshaped: the height is another one now, by a click or because a picture has come.
    """

    picture_requested = Signal(object)
    reshaped = Signal()

    def __init__(
        self,
        text: str,
        look: Look,
        parent: QWidget | None = None,
        *,
        pictures: Sequence[Picture] = (),
        thumbnails: Thumbnails | None = None,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._whole = text
        self._bubble = QFrame(self)
        self._bubble.setObjectName("user")
        self._pictures: SentPictures | None = None
        if pictures and thumbnails is not None:
            self._pictures = SentPictures(pictures, thumbnails, look, self._bubble)
            self._pictures.picture_requested.connect(self.picture_requested)
            self._pictures.reshaped.connect(self.reshaped)
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
        inner, top = min(self._natural_width, widest), down
        if self._pictures is not None:
            inner = min(max(inner, self._pictures.natural_width), widest)
            top = stack((self._pictures,), across, across, inner, 0) + px(8)
        below = stack((self._text, self._more), across, top, inner, px(4))
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
        regenerate_requested, repeat_requested, details_requested, load_requested: the id of this
            answer.
        sibling_requested: the id of this answer, and -1 or 1.
        feedback_requested: the id of this answer, and a `FeedbackAct`.
        thoughts_unfolded: a person unfolded the thoughts (True) or folded them (False).
        reshaped: the height is another one now, by a click.
    """

    citation_requested = Signal(object)
    link_requested = Signal(str)
    regenerate_requested = Signal(object)
    repeat_requested = Signal(object)
    details_requested = Signal(object)
    load_requested = Signal(object)
    sibling_requested = Signal(object, int)
    feedback_requested = Signal(object, object)
    thoughts_unfolded = Signal(bool)
    reshaped = Signal()

    def __init__(
        self,
        look: Look,
        parent: QWidget | None = None,
        *,
        unfolded: bool | None = None,
        model: ModelState = ModelState.READY,
    ) -> None:
        """Make it empty.

        Args:
            look: colours, icons and fonts.
            parent: the transcript's content.
            unfolded: what a person chose about the thoughts; None if nothing.
            model: whether a model could answer now.
        """
        super().__init__(parent)
        self._look = look
        self._message: Message | None = None
        self._unfolded = unfolded
        self._model = model
        self._shown_length = self._shown_thoughts = 0
        self._began = time.monotonic()
        self._avatar = IconLabel(look.icons.icon("ph.sparkle", "accent_text"), disc=_AVATAR)
        self._avatar.setParent(self)
        self._title = Label(role="h3")
        self._meta = Label(role="caption")
        header = row(self._title, self._meta, None)
        self._thinking: ThinkingBlock | None = None
        self._body = AnswerBody(look)
        self._body.citation_requested.connect(self._on_citation_clicked)
        self._body.link_requested.connect(self.link_requested)
        self._body.reshaped.connect(self.reshaped)
        self._pulse = Pulse(look.theme)
        self._stage = Label(role="body2")
        self._waiting = row(self._pulse, self._stage, None)
        self._waiting.hide()
        self._correction: CorrectionLine | None = None
        self._parts: list[QWidget] = [header, self._body, self._waiting]
        self._below: list[QWidget] = []
        for part in self._parts:
            part.setParent(self)

    @property
    def body(self) -> AnswerBody:
        """The text."""
        return self._body

    @property
    def thinking(self) -> ThinkingBlock | None:
        """The thoughts, if there are any."""
        return self._thinking

    def show_message(self, message: Message) -> None:
        """Show a stored answer; after a live one, only what is new about it."""
        before, self._message = self._message, message
        if before is not None and replace(before, feedback=message.feedback) == message:
            self._show_feedback(before)
            return
        record = message.record
        self._set_label(answer_label(record))
        self._waiting.hide()
        self._pulse.stop()
        if record is not None and record.reasoning:
            self._thoughts(False).end(record.reasoning, record.thinking_s)
        self._write_body(message)
        self._fill_below(message)

    def set_model_state(self, model: ModelState) -> None:
        """A model was loaded, or went: what is offered after a crash depends on it."""
        is_news = model is not self._model
        self._model = model
        message = self._message
        record = message.record if message is not None else None
        if is_news and message is not None and record is not None and record.engine_stopped:
            self._fill_below(message)
            self.reshaped.emit()

    def begin(self, label: AnswerLabel) -> None:
        """Stand for an answer that is only being made."""
        self._began = time.monotonic()
        self._set_label(label)
        self._body.hide()
        self._waiting.show()
        self._pulse.start()

    def advance(self, live: LiveAnswer) -> bool:
        """Show what came since the last time; False if nothing did."""
        is_news = self._advance_thoughts(live)
        text = live.text[self._shown_length :]
        self._shown_length = len(live.text)
        if text:
            self._body.feed(text)
            self._body.show()
        seconds = time.monotonic() - self._began
        stage = "" if live.phase is Phase.WRITING else stage_text(live.phase, seconds)
        is_news = is_news or bool(text) or stage != self._stage.text()
        self._stage.setText(stage)
        # While it thinks, the thoughts themselves are there to see, with their own clock.
        is_waiting = live.is_running and live.phase is not Phase.THINKING
        self._waiting.setVisible(is_waiting or (live.is_running and self._thinking is None))
        return is_news

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        px = self._look.theme.px
        left = px(_INDENT)
        self._avatar.move(0, 0)
        parts = (*self._parts, *self._below)
        bottom = stack(parts, left, px(2), width - left, px(_GAP))
        height = max(bottom, _AVATAR)
        self.setFixedSize(width, height)
        return height

    def _advance_thoughts(self, live: LiveAnswer) -> bool:
        """Show more thoughts, and fold them once the answer begins or ends."""
        thoughts = live.reasoning[self._shown_thoughts :]
        self._shown_thoughts = len(live.reasoning)
        if thoughts:
            self._thoughts(True).feed(thoughts)
        if self._thinking is None:
            return False
        if live.phase is Phase.THINKING:
            return self._thinking.advance() or bool(thoughts)
        return self._thinking.end() or bool(thoughts)

    def _thoughts(self, is_live: bool) -> ThinkingBlock:
        if self._thinking is None:
            self._thinking = ThinkingBlock(self._look, self._unfolded, is_live=is_live)
            self._thinking.setParent(self)
            self._thinking.unfolded.connect(self.thoughts_unfolded)
            self._thinking.reshaped.connect(self.reshaped)
            self._thinking.show()
            self._parts.insert(1, self._thinking)
        return self._thinking

    def _set_label(self, label: AnswerLabel) -> None:
        self._title.setText(label.title)
        self._meta.setText(label.meta)
        name = "ph.quotes" if label.is_quoted else "ph.sparkle"
        self._avatar.set_icon(self._look.icons.icon(name, "accent_text"))
        self.setAccessibleName(f"Answer, {label.title}, {label.meta}")

    def _write_body(self, message: Message) -> None:
        """Show the correction where there is one, else the answer."""
        record, correction = message.record, message.feedback.correction
        text = message.settled_text
        if correction and self._correction is None:
            self._correction = self._make_correction()
        if self._correction is not None:
            self._correction.setVisible(bool(correction))
            text = message.text if self._correction.shows_original else text
        self._body.finish(text, citation_tips(record))
        nothing = record is not None and record.found_nothing and text == message.text
        self._body.setVisible(bool(text.strip()) and not nothing)

    def _make_correction(self) -> CorrectionLine:
        line = CorrectionLine(self)
        line.toggled.connect(self._on_original_toggled)
        self._parts.insert(self._parts.index(self._body), line)
        return line

    def _show_feedback(self, before: Message) -> None:
        """Show what a person just said; the buttons stay, and with them the focus."""
        message = self._message
        assert message is not None
        if message.feedback.correction != before.feedback.correction:
            if self._correction is not None:
                self._correction.show_correction()
            self._write_body(message)
        for part in self._below:
            if isinstance(part, AnswerActions):
                part.show_message(message)
        strip = next((each for each in self._below if isinstance(each, FeedbackStrip)), None)
        if strip is not None and not message.feedback.asks_for_better:
            self._drop_strip(strip)
        elif strip is None and message.feedback.asks_for_better:
            strip = FeedbackStrip(self._look)
            strip.requested.connect(self._ask_feedback)
            strip.dismissed.connect(partial(self._on_strip_dismissed, strip))
            self._add(strip)

    def _drop_strip(self, strip: FeedbackStrip) -> None:
        self._below.remove(strip)
        strip.hide()
        strip.deleteLater()

    def _fill_below(self, message: Message) -> None:
        for part in self._below:
            part.hide()
            part.deleteLater()
        self._below.clear()
        self._add_sources(message)
        self._add_notice(message)
        self._add_actions(message)

    def _add(self, part: QWidget) -> None:
        part.setParent(self)
        part.show()
        self._below.append(part)

    def _add_sources(self, message: Message) -> None:
        if message.record is None or not message.record.citations:
            return
        chips = SourceChips(message.record.citations, self._look)
        chips.citation_requested.connect(self.citation_requested)
        chips.reshaped.connect(self.reshaped)
        self._add(chips)

    def _add_notice(self, message: Message) -> None:
        has_text = bool(message.text.strip())
        notice = answer_notice(message.record, self._model, has_text=has_text)
        if notice is None:
            return
        if notice.severity is Severity.INFO and not notice.hint:
            self._add(Label(notice.text, "caption", wrap=True))
            return
        bar = InfoBar(
            self._look.icons,
            notice.text,
            notice.severity,
            hint=notice.hint,
            choice=self._choice(notice.offer),
            closable=False,
        )
        bar.setEnabled(notice.offer is not Offer.WAIT)
        self._add(bar)

    def _choice(self, offer: Offer) -> Choice | None:
        match offer:
            case Offer.REGENERATE:
                return Choice("Regenerate", self._on_regenerate_clicked)
            case Offer.LOAD:
                return Choice("Load the model again", lambda: self._ask(self.load_requested))
            case Offer.WAIT:
                return Choice("Loading the model…", lambda: None)
        return None

    def _add_actions(self, message: Message) -> None:
        actions = AnswerActions(message, self._look.icons)
        actions.regenerate_requested.connect(self._on_regenerate_clicked)
        actions.repeat_requested.connect(lambda: self._ask(self.repeat_requested))
        actions.details_requested.connect(lambda: self._ask(self.details_requested))
        actions.sibling_requested.connect(self._ask_sibling)
        actions.feedback_requested.connect(self._ask_feedback)
        self._add(actions)

    def _ask(self, signal: SignalInstance) -> None:
        if self._message is not None:
            signal.emit(self._message.id)

    def _ask_sibling(self, offset: int) -> None:
        if self._message is not None:
            self.sibling_requested.emit(self._message.id, offset)

    def _ask_feedback(self, act: FeedbackAct) -> None:
        if self._message is not None:
            self.feedback_requested.emit(self._message.id, act)

    def _on_original_toggled(self) -> None:
        if self._message is not None:
            self._write_body(self._message)
            self.reshaped.emit()

    def _on_strip_dismissed(self, strip: FeedbackStrip) -> None:
        self._drop_strip(strip)
        self.reshaped.emit()

    def _on_citation_clicked(self, number: int) -> None:
        record = self._message.record if self._message is not None else None
        found = [each for each in record.citations if each.number == number] if record else []
        if found:
            self.citation_requested.emit(found[0])

    def _on_regenerate_clicked(self) -> None:
        self._ask(self.regenerate_requested)
