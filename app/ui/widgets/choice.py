"""A thing a person may choose to do, offered by a bar, a toast or an empty state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QIcon


class Severity(StrEnum):
    """How much attention something deserves; also the style sheet's `sev`."""

    INFO = "info"
    OK = "ok"
    WARN = "warn"
    DANGER = "danger"


SEVERITY_ICONS = {
    Severity.INFO: "ph.info",
    Severity.OK: "ph.check-circle",
    Severity.WARN: "ph.warning",
    Severity.DANGER: "ph.warning-circle",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A button's words and what it does."""

    text: str
    run: Callable[[], object]
    icon: QIcon | None = None
