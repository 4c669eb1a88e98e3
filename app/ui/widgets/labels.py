"""Words on the page: labels by role, elided labels, tags, keys, icons and coloured circles."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QStyle, QStyleOption, QWidget


class Label(QLabel):
    """Plain text in a role: "", "h1", "h2", "h3", "body2", "caption", "overline", "prose"."""

    def __init__(
        self, text: str = "", role: str = "", parent: QWidget | None = None, *, wrap: bool = False
    ) -> None:
        super().__init__(text, parent)
        # Much of what is shown comes from files; none of it may turn into rich text.
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        if role:
            self.setProperty("role", role)


def plain_tip(text: str) -> str:
    """A tool tip that shows this text as it is; Qt takes whatever looks like tags for rich text."""
    return f"<span>{escape(text)}</span>" if "<" in text else text


class ElidedLabel(Label):
    """One line that ends in an ellipsis where it has no room; the whole text is the tool tip."""

    def __init__(
        self,
        text: str = "",
        role: str = "",
        parent: QWidget | None = None,
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(parent=parent, role=role)
        self._whole = ""
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    @property
    def whole_text(self) -> str:
        """The text without the ellipsis."""
        return self._whole

    def set_text(self, text: str) -> None:
        """Show another text."""
        self._whole = " ".join(text.split())
        self.setAccessibleName(self._whole)
        self.updateGeometry()
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._whole, self._mode, max(0, self.width()))
        self.setText(shown)
        self.setToolTip(plain_tip(self._whole) if shown != self._whole else "")

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._whole) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        few = min(len(self._whole), 4)
        return QSize(metrics.horizontalAdvance("M" * few), metrics.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._elide()


class Tag(Label):
    """A small badge. `sev` colours it: "", "info", "ok", "warn", "danger"."""

    def __init__(self, text: str, sev: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent=parent)
        self.setObjectName("tag")
        self.setProperty("sev", sev)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)


class Keys(Label):
    """A shortcut drawn as a key."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent=parent)
        self.setObjectName("kbd")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)


class IconLabel(QWidget):
    """An icon that follows the theme. With `disc` it stands on a tinted circle of that size."""

    def __init__(
        self,
        icon: QIcon,
        size: int = 18,
        parent: QWidget | None = None,
        *,
        disc: int = 0,
        sev: str = "",
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._size = size
        self.setFixedSize(disc or size, disc or size)
        if disc:
            # The style sheet has one radius for each size in use: half of it.
            self.setObjectName(f"disc{disc}")
            self.setProperty("sev", sev)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_icon(self, icon: QIcon) -> None:
        """Show another icon."""
        self._icon = icon
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        area = QRect(0, 0, self._size, self._size)
        area.moveCenter(self.rect().center())
        self._icon.paint(painter, area)
        painter.end()


class Divider(QFrame):
    """A line across."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("divider")
        self.setFixedHeight(1)
