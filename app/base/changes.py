"""What changed, told once. Services publish; the window and the command line listen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum

from app.base.jobs import Activity


class Topic(StrEnum):
    """The kinds of things that change."""

    DOCUMENTS = "documents"
    CONVERSATIONS = "conversations"
    MODELS = "models"
    PROMPTS = "prompts"
    AGENTS = "agents"
    EVALS = "evals"
    SETTINGS = "settings"


Notice = frozenset[Topic] | Activity
Listener = Callable[[Notice], None]


class Notices:
    """One broadcast. Listeners are called on the publishing thread and must return at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for every notice until the returned function is called."""
        with self._lock:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def changed(self, *topics: Topic) -> None:
        """Say that these kinds of things changed in storage."""
        self._publish(frozenset(topics))

    def activity(self, activity: Activity) -> None:
        """Say how far a running job is."""
        self._publish(activity)

    def _publish(self, notice: Notice) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(notice)
