"""Brings the services' notices to the GUI thread, at a pace that widgets can follow."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from app.base.changes import Notice, Notices, Topic
from app.base.jobs import Activity

TOPICS_EVERY_MS = 250
ACTIVITY_EVERY_MS = 100


class NoticeRelay(QObject):
    """Listens on any thread, speaks on the GUI thread.

    Signals:
        changed: a frozenset of topics; at most four times a second.
        activity: an `Activity`; the latest of each job, at most ten times a second.
    """

    changed = Signal(object)
    activity = Signal(object)
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._topics: set[Topic] = set()
        self._activities: dict[str, Activity] = {}
        self._is_awake = False
        self._unsubscribe: Callable[[], None] = lambda: None
        self._topic_timer = self._timer(TOPICS_EVERY_MS, self._send_topics)
        self._activity_timer = self._timer(ACTIVITY_EVERY_MS, self._send_activities)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def listen(self, notices: Notices) -> None:
        """Start relaying."""
        self._unsubscribe = notices.subscribe(self._take)

    def close(self) -> None:
        """Stop relaying."""
        self._unsubscribe()
        self._topic_timer.stop()
        self._activity_timer.stop()

    def _timer(self, interval_ms: int, send: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.timeout.connect(send)
        return timer

    def _take(self, notice: Notice) -> None:
        with self._lock:
            if isinstance(notice, Activity):
                self._activities[notice.id] = notice
            else:
                self._topics |= notice
            was_awake, self._is_awake = self._is_awake, True
        if not was_awake:  # one event in the queue is enough for any number of notices
            self._woken.emit()

    @Slot()
    def _on_woken(self) -> None:
        with self._lock:
            self._is_awake = False
        # The first notice after a rest is told at once; the following ones wait for the timer.
        if not self._topic_timer.isActive():
            self._send_topics()
        if not self._activity_timer.isActive():
            self._send_activities()

    @Slot()
    def _send_topics(self) -> None:
        with self._lock:
            topics, self._topics = frozenset(self._topics), set()
        self._keep_pace(self._topic_timer, bool(topics))
        if topics:
            self.changed.emit(topics)

    @Slot()
    def _send_activities(self) -> None:
        with self._lock:
            activities, self._activities = tuple(self._activities.values()), {}
        self._keep_pace(self._activity_timer, bool(activities))
        for each in activities:
            self.activity.emit(each)

    def _keep_pace(self, timer: QTimer, has_news: bool) -> None:
        if has_news and not timer.isActive():
            timer.start()
        elif not has_news:
            timer.stop()
