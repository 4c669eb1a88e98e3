"""PySide6 6.12.0 drops references of None and True and aborts CPython 3.11 (PYSIDE-3474)."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal


class Sender(QObject):
    sent = Signal(bool)


def test_qt_void_calls_do_not_eat_none(qtbot):
    owner = QObject()
    before = sys.getrefcount(None)
    for _call in range(2000):
        owner.setObjectName("x")
    assert before - sys.getrefcount(None) < 200


def test_qt_signals_do_not_eat_true(qtbot):
    sender = Sender()
    sender.sent.connect(lambda _value: None)
    before = sys.getrefcount(True)
    for _call in range(2000):
        sender.sent.emit(True)
    assert before - sys.getrefcount(True) < 200
