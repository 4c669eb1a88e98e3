"""Addresses in answers: nothing is opened without asking, and only the web and mail are."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from app.ui.icons import Icons
from app.ui.notify import Notifier
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet

_OPENED = ("http", "https", "mailto")


def ask_to_open(target: str, window: QWidget, icons: Icons, notify: Notifier) -> None:
    """Show the whole address and let a person decide."""
    url = QUrl(target, QUrl.ParsingMode.StrictMode)
    if not url.isValid() or url.scheme().lower() not in _OPENED:
        notify.toast(f"Cairn does not open “{target[:80]}”.", Severity.WARN)
        return
    sheet = ConfirmSheet(
        window,
        icons,
        "Open this address?",
        f"{url.toString()}\n\nIt came from an answer. It opens outside Cairn.",
        Choice("Open", lambda: QDesktopServices.openUrl(url)),
    )
    sheet.open()
