"""Does what a person wants about an answer: rate it, correct it, make something of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.chat.entities import Message, MessageId
from app.ui.chat.feedback.act import RATINGS, FeedbackAct, correction_text, rating_text
from app.ui.chat.feedback.cases import case_of, example_of
from app.ui.chat.feedback.sheet import CorrectionSheet
from app.ui.chat.transcript import Transcript
from app.ui.pane import PaneContext
from app.ui.widgets.info_bar import announce

if TYPE_CHECKING:
    from app.chat.service import ChatService


class FeedbackControl(QObject):
    """Listens to the answers of a transcript, and shows there what was stored.

    Signals:
        test_case_wanted: a `CaseDraft` to look through and keep.
        test_case_ready: a `CaseDraft` to keep as it is.
        example_wanted: an `Example`.
        failed: an `AppError`.
    """

    test_case_wanted = Signal(object)
    test_case_ready = Signal(object)
    example_wanted = Signal(object)
    failed = Signal(object)

    def __init__(self, transcript: Transcript, context: PaneContext, parent: QObject) -> None:
        super().__init__(parent)
        self._transcript = transcript
        self._context = context
        self._chat: ChatService | None = None
        transcript.feedback_requested.connect(self._on_requested)

    def attach(self, chat: ChatService) -> None:
        """The service is there."""
        self._chat = chat

    def _on_requested(self, message_id: MessageId, act: FeedbackAct) -> None:
        messages = self._transcript.messages
        if act in RATINGS:
            self._rate(message_id, act)
        elif act is FeedbackAct.CORRECT:
            for message in (each for each in messages if each.id == message_id):
                self._correct(message)
        elif act is FeedbackAct.TEST_CASE and (case := case_of(messages, message_id)):
            self.test_case_wanted.emit(case)
        elif act is FeedbackAct.QUICK_CASE and (case := case_of(messages, message_id)):
            self.test_case_ready.emit(case)
        elif act is FeedbackAct.EXAMPLE and (example := example_of(messages, message_id)):
            self.example_wanted.emit(example)

    def _rate(self, message_id: MessageId, act: FeedbackAct) -> None:
        if self._chat is not None:
            self._context.jobs.submit(
                self._chat.rate,
                message_id,
                RATINGS[act],
                owner=self,
                done=self._on_rated,
                failed=self.failed.emit,
            )

    def _on_rated(self, rated: Message) -> None:
        self._transcript.update_message(rated)
        announce(self._transcript, rating_text(rated.feedback.rating))

    def _correct(self, message: Message) -> None:
        if self._chat is None:
            return
        sheet = CorrectionSheet(self._transcript.window(), self._context.icons, message)
        sheet.saved.connect(partial(self._save, self._chat, sheet, message.id))
        sheet.open()

    def _save(
        self, chat: ChatService, sheet: CorrectionSheet, message_id: MessageId, text: str
    ) -> None:
        def on_saved(corrected: Message) -> None:
            sheet.dismiss()
            self._transcript.update_message(corrected)
            announce(self._transcript, correction_text(corrected.feedback))

        self._context.jobs.submit(
            chat.correct, message_id, text, owner=sheet, done=on_saved, failed=sheet.refuse
        )
