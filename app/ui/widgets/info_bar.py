"""Bars that state a lasting condition in the pane it concerns, and the place they stand in."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.base.errors import AppError
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton, choice_button
from app.ui.widgets.choice import SEVERITY_ICONS, Choice, Severity
from app.ui.widgets.labels import IconLabel, Label
from app.ui.widgets.layout import NONE, Margins, column

ACROSS: Margins = (24, 8, 24, 8)  # of bars that stand across a pane
_TO_BUTTON = 6  # down to where a line of words is in the middle of the close button


class Bar(QFrame):
    """An icon in the colour of the severity, `words` beside it, and a close button.

    Icon and buttons stand beside the first line of the words.

    Attributes:
        words: the layout for what it says.
        text: what it says, where that is a sentence or two.

    Signals:
        closed: a person dismissed it.
        gone: it is no more to be seen, dismissed or taken away.
    """

    closed = Signal()
    gone = Signal()

    _upright: ClassVar = Qt.AlignmentFlag.AlignTop
    _margins: ClassVar[Margins] = (12, 4, 6, 10)
    _icon_margins: ClassVar[Margins] = (0, _TO_BUTTON, 0, 0)
    _words_margins: ClassVar[Margins] = (0, _TO_BUTTON, 0, 0)

    def __init__(
        self,
        icons: Icons,
        severity: Severity,
        *,
        choice: Choice | None = None,
        closable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        """Make one without words.

        Args:
            icons: for the severity and the close button.
            severity: says the colour.
            choice: the one thing to do about it.
            closable: whether a person can dismiss it.
            parent: it goes with.
        """
        super().__init__(parent)
        self.setObjectName("bar")
        self.setProperty("sev", severity.value)
        self.text = ""
        self.words = QVBoxLayout()
        self.words.setContentsMargins(*self._words_margins)
        self.words.setSpacing(4)
        icon = IconLabel(icons.icon(SEVERITY_ICONS[severity], severity.value))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*self._margins)
        layout.setSpacing(10)
        layout.addWidget(column(icon, margins=self._icon_margins), 0, self._upright)
        layout.addLayout(self.words, 1)
        if choice is not None:
            layout.addWidget(choice_button(choice, "bar"), 0, self._upright)
        if closable:
            close = IconButton(icons.icon("ph.x"), "Dismiss", size=14)
            close.clicked.connect(self.dismiss)
            layout.addWidget(close, 0, self._upright)

    def dismiss(self) -> None:
        """Take it away, as a person does with the close button."""
        self.take_away()
        self.closed.emit()

    def take_away(self) -> None:
        """Take it away because it is no longer true."""
        self.hide()
        self.gone.emit()
        self.deleteLater()


class InfoBar(Bar):
    """A sentence, and what can be done about it; icon and buttons in the middle beside it."""

    _upright = Qt.AlignmentFlag.AlignVCenter
    _margins = (12, 6, 6, 6)
    _icon_margins = NONE
    _words_margins = (0, 5, 0, 5)

    def __init__(
        self,
        icons: Icons,
        text: str,
        severity: Severity = Severity.INFO,
        *,
        hint: str = "",
        choice: Choice | None = None,
        closable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(icons, severity, choice=choice, closable=closable, parent=parent)
        self.text = f"{text} {hint}".strip()
        self.words.setSpacing(2)
        self.words.addStretch(1)
        self.words.addWidget(Label(text, wrap=True))
        if hint:
            self.words.addWidget(Label(hint, "body2", wrap=True))
        self.words.addStretch(1)

    @classmethod
    def for_error(cls, icons: Icons, error: AppError, choice: Choice | None = None) -> InfoBar:
        """A bar for an expected failure."""
        return cls(icons, error.message, Severity.DANGER, hint=error.hint, choice=choice)


class Bars(QWidget):
    """Bars below each other; while there are none it takes no room.

    Put it into a layout before the first bar.

    Signals:
        reshaped: a bar came or went.
    """

    reshaped = Signal()

    def __init__(self, *, margins: Margins = NONE) -> None:
        super().__init__()
        self._bars: list[Bar] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(*margins)
        self._layout.setSpacing(8)
        self.hide()

    def add(self, bar: Bar, *, first: bool = False) -> None:
        """Show a bar below the others, or above them; the same words are not shown twice."""
        if self.parentWidget() is None:
            raise RuntimeError("bars were shown before their place was in a layout")
        for same in [each for each in self._bars if bar.text and each.text == bar.text]:
            same.take_away()
        self._bars.append(bar)
        bar.gone.connect(lambda: self._forget(bar))
        self._layout.insertWidget(0 if first else -1, bar)
        # Now and not with the next turn of the event loop, so that what is around can be measured.
        bar.show()
        self._reshape()

    def show_only(self, bar: Bar) -> None:
        """Show a bar instead of all others."""
        self.clear()
        self.add(bar)

    def clear(self) -> None:
        """Take all bars away."""
        for bar in tuple(self._bars):
            bar.take_away()

    def _forget(self, bar: Bar) -> None:
        self._bars.remove(bar)
        self._layout.removeWidget(bar)
        self._reshape()

    def _reshape(self) -> None:
        self.setVisible(bool(self._bars))
        self.updateGeometry()
        self.reshaped.emit()


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say it."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
