"""An answer while it is made: the job on its thread, and its events brought to the window.

Events are collected on the job's thread and fetched here some 30 times a second; there is no signal
for each token. When showing them takes long, they are fetched less often.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.chat.entities import AnswerEvent, Conversation, ConversationId, Message, MessageId
from app.chat.live import LiveAnswer
from app.ui.chat.draft import Draft
from app.ui.jobs import JobRunner

FRAME_MS = 33
_SLOWEST_MS = 250
# At most a quarter of the time goes into showing text.
_REST = 3

OnEvent = Callable[[AnswerEvent], None]


class RunningAnswer(QObject):
    """One answer.

    Signals:
        advanced: `live` changed.
        ended: `live` is done or failed; nothing comes after this.
        conversation_made: a new conversation holds the question; emitted before `ended`.
    """

    advanced = Signal()
    ended = Signal()
    conversation_made = Signal(object)

    def __init__(
        self,
        jobs: JobRunner,
        conversation_id: ConversationId | None,
        question: Draft | None,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.live = LiveAnswer()
        self.conversation_id = conversation_id
        self.question = question
        self.replaces: MessageId | None = None  # the answer that this one is to stand beside
        self._jobs = jobs
        self._cancel = CancelToken()
        self._feed: deque[AnswerEvent | Conversation] = deque()
        self._timer = QTimer(self)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self._on_timeout)

    def run(
        self,
        work: Callable[[OnEvent, Callable[[Conversation], None], CancelToken], Message],
    ) -> None:
        """Start; `work` gets what to tell of events, of a new conversation, and the stop token."""
        self.live.begin()
        self._timer.start()
        append = self._feed.append
        self._jobs.submit(
            work,
            append,
            append,
            self._cancel,
            owner=self,
            done=self._on_done,
            failed=self._on_failed,
            stopped=self._on_stopped,
            cancel=self._cancel,
        )

    def stop(self) -> None:
        """Stop; what is shown stands still at once, whatever still comes."""
        if self.live.stop():
            self._cancel.cancel()
            self.advanced.emit()

    def _on_timeout(self) -> None:
        began = time.perf_counter()
        self._drain()
        # Also without news: the stage line counts seconds.
        self.advanced.emit()
        cost_ms = (time.perf_counter() - began) * 1000
        self._timer.setInterval(round(min(max(_REST * cost_ms, FRAME_MS), _SLOWEST_MS)))

    def _drain(self) -> None:
        while self._feed:
            event = self._feed.popleft()
            if isinstance(event, Conversation):
                self.conversation_id = event.id
                self.conversation_made.emit(event)
            else:
                self.live.receive(event)

    def _on_done(self, message: Message) -> None:
        self._drain()
        self.live.finish(message)
        self._end()

    def _on_failed(self, error: AppError) -> None:
        self._drain()
        self.live.fail(error)
        self._end()

    def _on_stopped(self) -> None:
        self._drain()
        self.live.abandon()
        self._end()

    def _end(self) -> None:
        self._timer.stop()
        self.ended.emit()
