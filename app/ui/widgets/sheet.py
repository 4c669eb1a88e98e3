"""Sheets: overlays inside the window, over a scrim. No second window, no nested event loop."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.ui.focus import first_focusable, focusable
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.labels import Label


class Overlay(QWidget):
    """Covers `parent`; holds one card. Escape and a click beside the card close it.

    Signals:
        closed: it is gone, and the focus is back where it was.
    """

    closed = Signal()

    def __init__(self, parent: QWidget, *, name: str, width: int) -> None:
        super().__init__(parent)
        self.setObjectName("scrim")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(name)
        self._parent = parent
        self._wanted_width = width
        self._focus_before: QWidget | None = None
        self.card = QFrame(self)
        self.card.setObjectName("dialog")
        self.card.setGraphicsEffect(shadow(self.card, blur=48, down=16, alpha=120))
        self.hide()
        parent.installEventFilter(self)

    def open(self) -> None:
        """Show it and take the focus."""
        if self.isVisible():
            return
        self._focus_before = QApplication.focusWidget()
        self.place()
        self.show()
        self.raise_()
        self.place()
        widget = self.first_focus()
        if widget is not None:
            widget.setFocus(Qt.FocusReason.PopupFocusReason)

    def dismiss(self) -> None:
        """Hide it and give the focus back."""
        if not self.isVisible():
            return
        self.hide()
        before = self._focus_before
        if before is not None and isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.PopupFocusReason)
        self.closed.emit()

    def first_focus(self) -> QWidget | None:
        """What gets the focus when it opens."""
        return first_focusable(self.card)

    def top(self) -> int:
        """How far below the top edge the card stands."""
        return max(16, (self.height() - self.card.height()) // 2)

    def place(self) -> None:
        """Cover the parent and centre the card."""
        self.setGeometry(self._parent.rect())
        layout = self.card.layout()
        if layout is not None:
            layout.activate()  # what has just come or gone counts already
        width = min(self._wanted_width, self.width() - 32)
        height = min(self.card_height(width), self.height() - 32)
        self.card.resize(width, height)
        top = self.top()
        self.card.resize(width, min(height, self.height() - top - 16))
        self.card.move((self.width() - width) // 2, top)

    def card_height(self, width: int) -> int:
        """The height the card wants at this width."""
        layout = self.card.layout()
        if layout is not None and layout.hasHeightForWidth():
            return layout.totalHeightForWidth(width)
        return self.card.sizeHint().height()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.place()
        return False

    def focusNextPrevChild(self, forward: bool) -> bool:
        # Tab stays inside while the sheet is open.
        stops = [each for each in self.card.findChildren(QWidget) if focusable(each)]
        current = QApplication.focusWidget()
        if stops:
            at = stops.index(current) if current in stops else -1
            target = stops[(at + (1 if forward else -1)) % len(stops)]
            target.setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # What the focused widget did not want comes here.
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            focused = QApplication.focusWidget()
            # Qt leaves Enter to dialogs, and a sheet is none: the button in focus is meant.
            if isinstance(focused, QAbstractButton) and self.card.isAncestorOf(focused):
                focused.click()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.card.geometry().contains(event.position().toPoint()):
            self.dismiss()


class Sheet(Overlay):
    """An overlay with a heading and a close button; `body` is the layout below them."""

    def __init__(self, parent: QWidget, icons: Icons, title: str, *, width: int = 560) -> None:
        super().__init__(parent, name=title, width=width)
        outer = QVBoxLayout(self.card)
        outer.setContentsMargins(24, 16, 16, 24)
        outer.setSpacing(12)
        self.header = QHBoxLayout()
        self.header.addWidget(Label(title, "h2"), 1)
        self._close = IconButton(icons.icon("ph.x"), "Close", size=16)
        self._close.clicked.connect(self.dismiss)
        self.header.addWidget(self._close)
        outer.addLayout(self.header)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(0, 0, 8, 0)
        outer.addLayout(self.body, 1)


def shadow(widget: QWidget, *, blur: int, down: int, alpha: int) -> QGraphicsDropShadowEffect:
    """The shadow of an overlay. Never on anything that scrolls or streams."""
    effect = QGraphicsDropShadowEffect(widget)
    effect.setBlurRadius(blur)
    effect.setOffset(0, down)
    effect.setColor(QColor(0, 0, 0, alpha))
    return effect
