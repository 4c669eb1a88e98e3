"""The strip above a conversation: its title, the model that answers, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from app.chat.prompt_use import PromptRef
from app.modelhub.in_use import ModelInUse
from app.ui.chat.personas.chip import PersonaChip
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.layout import row
from app.ui.widgets.menus import open_below

NEW_CHAT = "New chat"
_WIDEST_MODEL = 240
_ROOMY = 560  # narrower than this, the persona is only an icon


class ChatHeader(QWidget):
    """The header.

    Signals:
        sidebar_requested: the list of chats shall come or go.
        model_requested: the model was clicked.
        copy_requested, rename_requested, delete_requested: from the menu.
        persona_requested: a persona shall be chosen, or another one.
        persona_update_requested: the newer version of the persona shall be used.
        persona_removed: there shall be none.
    """

    sidebar_requested = Signal()
    model_requested = Signal()
    copy_requested = Signal()
    rename_requested = Signal()
    delete_requested = Signal()
    persona_requested = Signal()
    persona_update_requested = Signal()
    persona_removed = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.setObjectName("header")
        self._sidebar = IconButton(icons.icon("ph.list"), "Show the chats")
        self._sidebar.clicked.connect(self.sidebar_requested)
        self._title = ElidedLabel(NEW_CHAT, "h2")
        self._title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._model = Button("", "chip", icons.icon("ph.cube"))
        self._model.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._model.clicked.connect(self.model_requested)
        self._persona = PersonaChip(icons)
        self._persona.change_requested.connect(self.persona_requested)
        self._persona.update_requested.connect(self.persona_update_requested)
        self._persona.removed.connect(self.persona_removed)
        self._is_stored = False
        self._more = IconButton(icons.icon("ph.dots-three"), "More about this chat")
        self._more.clicked.connect(self._on_more_clicked)
        row(
            self._sidebar,
            self._title,
            self._persona,
            self._model,
            self._more,
            margins=(24, 0, 16, 0),
            into=self,
        )
        self.show_model(None)

    def show_title(self, title: str, *, is_stored: bool) -> None:
        """Show the title of a chat; one that is not stored cannot be renamed or deleted."""
        self._title.set_text(title or NEW_CHAT)
        self._is_stored = is_stored

    def show_persona(self, persona: PromptRef | None, newer: int = 0) -> None:
        """Show what says how to answer; `newer` is the version to change to, if there is one."""
        self._persona.show_persona(persona, newer)

    def show_model(self, used: ModelInUse | None) -> None:
        """Show which model answers."""
        if used is None:
            text, tip = "No model", "No model is loaded: answers quote your documents."
        else:
            # Where it goes matters more than how it is packed, and there is no room for both.
            more = used.where if used.host else used.quantization
            text = " · ".join(part for part in (used.name, more) if part)
            tip = f"{text} writes the answers."
        is_away = used is not None and bool(used.host)
        self._model.setIcon(self._icons.icon("ph.hard-drives" if is_away else "ph.cube"))
        metrics = self._model.fontMetrics()
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, _WIDEST_MODEL)
        self._model.setText(f" {shown}".replace("&", "&&"))
        self._model.setToolTip(f"{tip} Click for your models.")
        self._model.setAccessibleName(tip)

    def offer_sidebar(self, is_offered: bool) -> None:
        """Whether there is a button for the list of chats."""
        self._sidebar.setVisible(is_offered)

    def _on_more_clicked(self) -> None:
        menu = QMenu(self)
        icon = self._icons.icon
        persona = "Change the persona…" if self._persona.has_persona else "Choose a persona…"
        offers = [("ph.user-circle", persona, self.persona_requested)]
        if self._is_stored:
            offers += [
                ("ph.copy", "Copy chat", self.copy_requested),
                ("ph.pencil-simple", "Rename", self.rename_requested),
                ("ph.trash", "Delete…", self.delete_requested),
            ]
        for name, title, signal in offers:
            action = menu.addAction(icon(name), title)
            action.triggered.connect(signal)
        open_below(menu, self._more, to_right_edge=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._persona.set_narrow(event.size().width() < _ROOMY)
