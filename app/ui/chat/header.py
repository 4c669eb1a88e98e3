"""The strip above a conversation: its title, the model that answers, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from app.modelhub.in_use import ModelInUse
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.layout import row

NEW_CHAT = "New chat"
_WIDEST_MODEL = 240


class ChatHeader(QWidget):
    """The header.

    Signals:
        sidebar_requested: the list of chats shall come or go.
        model_requested: the model was clicked.
        copy_requested, rename_requested, delete_requested: from the menu.
    """

    sidebar_requested = Signal()
    model_requested = Signal()
    copy_requested = Signal()
    rename_requested = Signal()
    delete_requested = Signal()

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
        self._more = IconButton(icons.icon("ph.dots-three"), "More about this chat")
        self._more.clicked.connect(self._on_more_clicked)
        row(
            self._sidebar,
            self._title,
            self._model,
            self._more,
            margins=(24, 0, 16, 0),
            into=self,
        )
        self.show_model(None)

    def show_title(self, title: str, *, is_stored: bool) -> None:
        """Show the title of a chat; one that is not stored offers no menu."""
        self._title.set_text(title or NEW_CHAT)
        self._more.setVisible(is_stored)

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
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        icon = self._icons.icon
        for name, title, signal in (
            ("ph.copy", "Copy chat", self.copy_requested),
            ("ph.pencil-simple", "Rename", self.rename_requested),
            ("ph.trash", "Delete…", self.delete_requested),
        ):
            action = menu.addAction(icon(name), title)
            action.triggered.connect(signal)
        corner = QPoint(self._more.width() - menu.sizeHint().width(), self._more.height() + 4)
        menu.popup(self._more.mapToGlobal(corner))
