"""The widgets of the prompts pane and how they share the room; they know no service."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.pane import PaneContext
from app.ui.prompts.editor import PromptEditor
from app.ui.prompts.history import PromptHistory
from app.ui.prompts.page import PromptPage
from app.ui.prompts.playground import Playground
from app.ui.prompts.sidebar import NARROW_WIDTH, WIDTH, PromptSidebar
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.list_and_pages import ListAndPages

_WHAT_FOR = (
    "A prompt is a text you use again and again, with places to fill in. Cairn keeps every "
    "version of it, on this computer."
)


class PromptsView(ListAndPages):
    """The list at the left, the chosen prompt at the right; or what to do when there is none.

    Signals:
        new_requested, import_requested: a person wants a prompt.
    """

    new_requested = Signal()
    import_requested = Signal()

    def __init__(self, context: PaneContext, icon: str, parent: QWidget | None = None) -> None:
        icons = context.icons
        sidebar = PromptSidebar(context.theme, icons)
        super().__init__(
            context.theme, sidebar, width=WIDTH, narrow_width=NARROW_WIDTH, parent=parent
        )
        self.sidebar = sidebar
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
        self.add(self.empty, self.page)
        self.sidebar.hide()

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
        self.show_beside(page)
        self.sidebar.setVisible(page is self.page)
