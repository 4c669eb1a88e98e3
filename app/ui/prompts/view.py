"""The widgets of the prompts pane and how they share the room; they know no service."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.ui.pane import PaneContext
from app.ui.prompts.editor import PromptEditor
from app.ui.prompts.history import PromptHistory
from app.ui.prompts.page import PromptPage
from app.ui.prompts.playground import Playground
from app.ui.prompts.sidebar import NARROW_WIDTH, WIDTH, PromptSidebar
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState

_NARROW = 860  # the list takes less room below this width
_SMALLEST = QSize(480, 320)
_WHAT_FOR = (
    "A prompt is a text you use again and again, with places to fill in. Cairn keeps every "
    "version of it, on this computer."
)


class PromptsView(QWidget):
    """The list at the left, the chosen prompt at the right; or what to do when there is none.

    Signals:
        new_requested, import_requested: a person wants a prompt.
    """

    new_requested = Signal()
    import_requested = Signal()

    def __init__(self, context: PaneContext, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = context.theme
        icons = context.icons
        self.sidebar = PromptSidebar(context.theme, icons)
        self.sidebar.new_requested.connect(self.new_requested)
        self.sidebar.import_requested.connect(self.import_requested)
        self.editor = PromptEditor(context)
        self.playground = Playground(context)
        self.history = PromptHistory(context)
        self.page = PromptPage(context.theme, icons, self.editor, self.playground, self.history)
        self.empty = EmptyState(
            icons.icon(icon, "accent_text"),
            "No prompts yet",
            _WHAT_FOR,
            primary=Choice(
                "New prompt", self.new_requested.emit, icons.icon("ph.plus", "on_accent")
            ),
            secondary=Choice("Import prompts", self.import_requested.emit),
            caption="or drop .prompty or Markdown files anywhere",
        )
        self.problems = QVBoxLayout()
        self._lay_out()
        context.theme.changed.connect(self._fit)

    @property
    def regions(self) -> tuple[QWidget, ...]:
        """The parts that can be seen, for the keyboard."""
        page = self.page
        parts = (self.sidebar, page.header, page.bar, page.view, self.empty)
        return tuple(part for part in parts if part.isVisible())

    def show_prompts(self) -> None:
        """Show the list and the chosen prompt."""
        self._show(self.page)

    def show_empty(self) -> None:
        """Show what to do when there is no prompt at all."""
        self._show(self.empty)

    def _show(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)
        self.sidebar.setVisible(page is self.page)

    def _lay_out(self) -> None:
        self._pages = QStackedWidget()
        waiting = QWidget()  # what opens at once shows no waiting words
        for page in (waiting, self.empty, self.page):
            self._pages.addWidget(page)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addLayout(self.problems)
        right.addWidget(self._pages, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.sidebar)
        layout.addLayout(right, 1)
        self._show(waiting)

    def _fit(self) -> None:
        px = self._theme.px
        is_narrow = self.width() < px(_NARROW)
        self.sidebar.setFixedWidth(px(NARROW_WIDTH if is_narrow else WIDTH))

    def minimumSizeHint(self) -> QSize:
        return _SMALLEST  # what has no room gives way, see _fit

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
