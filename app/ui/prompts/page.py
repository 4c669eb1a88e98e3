"""The right side: what the chosen prompt is, where its draft stands, and one of three views."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.prompts.entities import Prompt
from app.ui.icons import Icons
from app.ui.prompts.view_switch import ViewSwitch
from app.ui.theme import ThemeKeeper, set_look
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, Tag
from app.ui.widgets.layout import row

WRITE, TRY, HISTORY = "write", "try", "history"
_VIEWS = {WRITE: "Write", TRY: "Try", HISTORY: "History"}
_NARROW, _TIGHT = 640, 440  # widths below which buttons say less, and there are fewer
_MOST_TAGS = 3


class PromptPage(QWidget):
    """Shows one prompt.

    Signals:
        view_changed: the key of another view.
        details_requested, keep_requested, discard_requested: a button was clicked.
        menu_requested: the global position where more is to be offered.
    """

    view_changed = Signal(str)
    details_requested = Signal()
    keep_requested = Signal()
    discard_requested = Signal()
    menu_requested = Signal(QPoint)

    def __init__(
        self,
        theme: ThemeKeeper,
        icons: Icons,
        editor: QWidget,
        playground: QWidget,
        history: QWidget,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._views = {WRITE: editor, TRY: playground, HISTORY: history}
        self._stack = QStackedWidget()
        for view in self._views.values():
            self._stack.addWidget(view)
        self.header = self._build_header()
        self.facts = self._build_facts()
        self.bar = self._build_bar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, self.facts, self.bar):
            layout.addWidget(part)
        layout.addWidget(self._stack, 1)

    @property
    def view(self) -> QWidget:
        """The view that is shown."""
        return self._views[self.switch.current]

    def show_prompt(self, prompt: Prompt) -> None:
        """Show its name, its facts, and what can be done with its draft."""
        self._name.set_text(prompt.name)
        self._description.set_text(prompt.description or "No description yet")
        set_look(self._description, "role", "body2" if prompt.description else "caption")
        while (item := self._tags.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.deleteLater()
        for words in _facts(prompt):
            self._tags.addWidget(Tag(words))
        self.keep_button.setEnabled(prompt.has_draft)
        self.discard_button.setEnabled(prompt.has_draft and prompt.latest > 0)

    def show_state(self, words: str, *, is_trouble: bool = False) -> None:
        """Say quietly where the draft stands."""
        self.state.set_text(words)
        set_look(self.state, "role", "danger" if is_trouble else "caption")

    def _build_header(self) -> QWidget:
        header = QWidget()
        header.setObjectName("header")
        self._name = ElidedLabel("", "h2")
        self._name.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.details_button = IconButton(
            self._icons.icon("ph.pencil-simple"), "Name, description, folder and tags", size=16
        )
        self.details_button.clicked.connect(self.details_requested)
        self.more_button = IconButton(
            self._icons.icon("ph.dots-three"), "More about this prompt", size=20
        )
        self.more_button.clicked.connect(self._on_more_clicked)
        self.state = ElidedLabel("", "caption")
        self.state.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return row(
            self._name,
            self.details_button,
            None,
            self.state,
            self.more_button,
            margins=(24, 0, 16, 0),
            into=header,
        )

    def _build_facts(self) -> QWidget:
        self._description = ElidedLabel("", "body2")
        self._description.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        tags = row(spacing=6)
        tags.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout = tags.layout()
        assert layout is not None  # row() has just made it
        self._tags = layout
        facts = row(self._description, tags, margins=(24, 0, 24, 10), spacing=12)
        facts.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        return facts

    def _build_bar(self) -> QWidget:
        self.switch = ViewSwitch("View", _VIEWS)
        self.switch.chosen.connect(self._on_view_chosen)
        self.discard_button = Button("Discard draft", "ghost")
        self.discard_button.clicked.connect(self.discard_requested)
        self.keep_button = Button("Keep as version…", "primary")
        self.keep_button.clicked.connect(self.keep_requested)
        bar = QWidget()
        bar.setObjectName("draft_bar")
        return row(
            self.switch,
            None,
            self.discard_button,
            self.keep_button,
            margins=(24, 0, 24, 12),
            into=bar,
        )

    def _on_view_chosen(self, key: str) -> None:
        self._stack.setCurrentWidget(self._views[key])
        self.view_changed.emit(key)

    def _on_more_clicked(self) -> None:
        corner = QPoint(0, self.more_button.height() + 2)
        self.menu_requested.emit(self.more_button.mapToGlobal(corner))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)  # what has no room gives way

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < self._theme.px(_NARROW)
        self.discard_button.setText("Discard" if is_narrow else "Discard draft")
        self.discard_button.setVisible(self.width() >= self._theme.px(_TIGHT))
        self.keep_button.setText("Keep…" if is_narrow else "Keep as version…")


def _facts(prompt: Prompt) -> list[str]:
    shown = [prompt.folder] if prompt.folder else []
    shown += prompt.tags[:_MOST_TAGS]
    rest = len(prompt.tags) - _MOST_TAGS
    return [*shown, f"+{rest}"] if rest > 0 else shown
