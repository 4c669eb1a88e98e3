"""What every control of a setting has in common."""

from __future__ import annotations

from typing import Any, ClassVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget


class Control(QWidget):
    """Something to choose a value with. `show_value` never emits.

    Signals:
        edited: a person chose this value.

    Attributes:
        is_wide: it stands below the words and takes the whole width.
    """

    edited = Signal(object)
    is_wide: ClassVar[bool] = False

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(widget)

    def show_value(self, value: Any) -> None:
        """Show the stored value."""
        raise NotImplementedError
