"""Menus about selected documents: what can be done with them, and where they can go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.library.entities import Collection, CollectionId, Document
from app.ui.icons import Icons
from app.ui.library.selection_panel import SelectionPanel, can_be_asked, can_be_retried

Move = Callable[[CollectionId | None], object]


def fill_move_menu(
    menu: QMenu,
    icons: Icons,
    collections: Sequence[Collection],
    documents: Sequence[Document],
    *,
    move: Move,
    create: Callable[[], object],
) -> None:
    """List the collections that documents can be moved to."""
    homes = {document.collection_id for document in documents}
    for each in sorted(collections, key=lambda collection: collection.name.casefold()):
        # An ampersand in a menu marks a shortcut; a name has none.
        name = each.name.replace("&", "&&")
        action = menu.addAction(icons.icon("ph.folder-simple"), name)
        action.setEnabled(homes != {each.id})
        action.triggered.connect(lambda _checked=False, id=each.id: move(id))
    if collections:
        menu.addSeparator()
    if homes != {None}:
        out = menu.addAction(icons.icon("ph.tray"), "Take out of its collection")
        out.triggered.connect(lambda: move(None))
    new = menu.addAction(icons.icon("ph.plus"), "New collection…")
    new.triggered.connect(lambda _checked=False: create())


def selection_menu(
    parent: QWidget, icons: Icons, documents: Sequence[Document], panel: SelectionPanel
) -> tuple[QMenu, QMenu]:
    """The context menu of the table, and its submenu for moving, which is still empty.

    Its entries press the buttons of the panel, so that both always do the same.
    """
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def add(icon: str, text: str, run: Callable[[], object], *, shown: bool = True) -> QAction:
        action = menu.addAction(icons.icon(icon), text)
        action.triggered.connect(lambda _checked=False: run())
        action.setVisible(shown)
        return action

    one = len(documents) == 1
    ask = add("ph.chat", "Ask about this" if one else "Ask about these", panel.ask_requested.emit)
    ask.setEnabled(any(can_be_asked(each) for each in documents))
    add("ph.folder-open", "Show in folder", panel.reveal_requested.emit, shown=one)
    retry = any(can_be_retried(each) for each in documents)
    add("ph.arrow-clockwise", "Retry", panel.retry_requested.emit, shown=retry)
    pending = any(each.status.is_pending for each in documents)
    add("ph.x", "Cancel", panel.cancel_requested.emit, shown=pending)
    moves = menu.addMenu(icons.icon("ph.folder-simple"), "Move to")
    menu.addSeparator()
    add("ph.trash", "Remove from library…", panel.removal_requested.emit)
    return menu, moves
