"""A list at the left and pages at the right, one of which is shown."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.ui.theme import ThemeKeeper
from app.ui.widgets.info_bar import ACROSS, Bars

_NARROW = 860  # the list takes less room below this width
_SMALLEST = QSize(480, 320)


class ListAndPages(QWidget):
    """Shares the room between a list and the page beside it; shows an empty page at first.

    Attributes:
        problems: above the pages; for bars that say what is wrong.
    """

    def __init__(
        self,
        theme: ThemeKeeper,
        sidebar: QWidget,
        *,
        width: int,
        narrow_width: int,
        parent: QWidget | None = None,
    ) -> None:
        """Lay it out.

        Args:
            theme: scales the widths.
            sidebar: the list.
            width, narrow_width: of the list, in pixels before scaling.
            parent: owns it.
        """
        super().__init__(parent)
        self._theme = theme
        self._sidebar = sidebar
        self._width, self._narrow_width = width, narrow_width
        self._pages = QStackedWidget()
        self._pages.addWidget(QWidget())  # what opens at once shows no waiting words
        self.problems = Bars(margins=ACROSS)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.problems)
        right.addWidget(self._pages, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(sidebar)
        layout.addLayout(right, 1)
        theme.changed.connect(self._fit)

    @property
    def shown(self) -> QWidget | None:
        """The page beside the list."""
        return self._pages.currentWidget()

    def add(self, *pages: QWidget) -> None:
        """Take pages to be shown later."""
        for page in pages:
            self._pages.addWidget(page)

    def show_beside(self, page: QWidget) -> None:
        """Show a page, which may be new."""
        if self._pages.indexOf(page) < 0:
            self.add(page)
        self._pages.setCurrentWidget(page)

    def _fit(self) -> None:
        px = self._theme.px
        is_narrow = self.width() < px(_NARROW)
        self._sidebar.setFixedWidth(px(self._narrow_width if is_narrow else self._width))

    def minimumSizeHint(self) -> QSize:
        return _SMALLEST  # what has no room gives way, see _fit

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
