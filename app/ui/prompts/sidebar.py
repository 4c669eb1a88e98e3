"""The left column: new, import, search, a folder or a tag, and the prompts that fit."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.prompts.entities import PromptId
from app.ui.icons import Icons
from app.ui.prompts.items import PromptItems
from app.ui.prompts.reading import EVERYTHING, Query, Shelf
from app.ui.prompts.row_delegate import RowDelegate
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.menus import open_below

WIDTH = 268
NARROW_WIDTH = 208
SEARCH_AFTER_MS = 150
_INDENT = "    "


class PromptList(QListView):
    """The prompts, with keys for what is done to them.

    Signals:
        key_pressed: F2 or Delete, with the list in focus.
        moved: another row is current.
    """

    key_pressed = Signal(int)
    moved = Signal()

    def currentChanged(
        self,
        current: QModelIndex | QPersistentModelIndex,
        previous: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().currentChanged(current, previous)
        self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Delete):
            self.key_pressed.emit(event.key())
        else:
            super().keyPressEvent(event)


class PromptSidebar(QFrame):
    """Finds and chooses prompts.

    Signals:
        new_requested, import_requested: a person wants one.
        chosen: the `PromptId` of another prompt.
        query_changed: other prompts are wanted in the list.
        rename_requested, delete_requested: the `Prompt`.
        menu_requested: the `Prompt` and a global position.
    """

    new_requested = Signal()
    import_requested = Signal()
    chosen = Signal(object)
    query_changed = Signal()
    rename_requested = Signal(object)
    delete_requested = Signal(object)
    menu_requested = Signal(object, QPoint)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self._icons = icons
        self._current: PromptId | None = None
        self._is_filling = False
        self._query = EVERYTHING
        self._shelf = Shelf({}, (), {}, {})
        self.items = PromptItems()
        self.items.setParent(self)
        self._timer = QTimer(self, singleShot=True, interval=SEARCH_AFTER_MS)
        self._timer.timeout.connect(self._on_typed)
        self._nothing = Label("", "caption", wrap=True)
        self._nothing.setContentsMargins(8, 4, 8, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._build_top())
        layout.addWidget(self._build_search())
        layout.addWidget(self._build_filter())
        layout.addWidget(self._nothing)
        layout.addWidget(self._build_list(theme), 1000)
        layout.addStretch(1)  # takes the room when there is no list
        self._nothing.hide()

    @property
    def query(self) -> Query:
        """Which prompts are wanted in the list."""
        return self._query

    def show_shelf(self, shelf: Shelf) -> None:
        """Show the prompts that fit the query, keeping the current row."""
        self._shelf = shelf
        self._is_filling = True
        self.items.set_prompts(shelf.found)
        self._is_filling = False
        self._mark()
        words = "No prompt has these words here. Try others, or look in all prompts."
        self._nothing.setText(words if self._query.search else "No prompt is here any more.")
        self._nothing.setVisible(not shelf.found)
        self.list.setVisible(bool(shelf.found))

    def select(self, prompt_id: PromptId | None) -> None:
        """Mark the prompt that is shown."""
        self._current = prompt_id
        self._mark()

    def show_all(self) -> None:
        """Forget the search, the folder and the tag."""
        self.search.clear()
        self._timer.stop()
        self._ask(EVERYTHING)

    def make_filter_menu(self) -> QMenu:
        """Everything, the folders and the tags, with how many prompts each has."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offer(menu, f"All prompts ({len(self._shelf.prompts)})", "ph.files", EVERYTHING)
        self._add_heading(menu, "Folders", self._shelf.folders)
        for path, count in self._shelf.folders.items():
            words = f"{_INDENT * path.count('/')}{path.rpartition('/')[2]} ({count})"
            self._offer(menu, words, "ph.folder-simple", Query(folder=path))
        self._add_heading(menu, "Tags", self._shelf.tags)
        for tag, count in self._shelf.tags.items():
            self._offer(menu, f"{tag} ({count})", "ph.tag", Query(tag=tag))
        return menu

    def _add_heading(self, menu: QMenu, title: str, names: Collection[str]) -> None:
        if names:
            menu.addSeparator()
            menu.addAction(title).setEnabled(False)

    def _offer(self, menu: QMenu, words: str, icon: str, query: Query) -> None:
        action = menu.addAction(self._icons.icon(icon), words.replace("&", "&&"))
        action.triggered.connect(lambda: self._ask(query.searching(self._query.search)))

    def _build_top(self) -> QWidget:
        self.new_button = Button("New prompt", "primary", self._icons.icon("ph.plus", "on_accent"))
        policy = self.new_button.sizePolicy()
        self.new_button.setSizePolicy(policy.Policy.Expanding, policy.verticalPolicy())
        self.new_button.clicked.connect(self.new_requested)
        self.import_button = IconButton(self._icons.icon("ph.file-arrow-down"), "Import prompts")
        self.import_button.clicked.connect(self.import_requested)
        return row(self.new_button, self.import_button, spacing=4)

    def _build_search(self) -> QLineEdit:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search prompts")
        self.search.setAccessibleName("Search prompts")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(
            self._icons.icon("ph.magnifying-glass", "text3"),
            QLineEdit.ActionPosition.LeadingPosition,
        )
        self.search.textChanged.connect(self._timer.start)
        return self.search

    def _build_filter(self) -> Button:
        self.filter_button = Button("All prompts", "filter", self._icons.icon("ph.funnel"))
        policy = self.filter_button.sizePolicy()
        self.filter_button.setSizePolicy(policy.Policy.Ignored, policy.verticalPolicy())
        self.filter_button.clicked.connect(self._on_filter_clicked)
        return self.filter_button

    def _build_list(self, theme: ThemeKeeper) -> PromptList:
        self.list = PromptList()
        self.list.setObjectName("prompts")
        self.list.setAccessibleName("Prompts")
        self.list.setModel(self.items)
        self.list.setItemDelegate(RowDelegate(theme, self._icons, self.list))
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._on_menu_requested)
        self.list.moved.connect(self._on_moved)
        self.list.key_pressed.connect(self._on_key_pressed)
        return self.list

    def _mark(self) -> None:
        index = self.items.index_of(self._current)
        flag = QItemSelectionModel.SelectionFlag
        self._is_filling = True
        self.list.selectionModel().setCurrentIndex(index, flag.ClearAndSelect)
        self._is_filling = False
        if index.isValid():
            self.list.scrollTo(index)

    def _ask(self, query: Query) -> None:
        if query == self._query:
            return
        self._query = query
        self.filter_button.setText(f" {query.place}")
        self.filter_button.setAccessibleName(f"Folder or tag: {query.place}")
        self.query_changed.emit()

    def _on_typed(self) -> None:
        self._ask(self._query.searching(self.search.text().strip()))

    def _on_filter_clicked(self) -> None:
        open_below(self.make_filter_menu(), self.filter_button)

    def _on_moved(self) -> None:
        prompt = self.items.prompt(self.list.currentIndex())
        if not self._is_filling and prompt is not None and prompt.id != self._current:
            self._current = prompt.id
            self.chosen.emit(prompt.id)

    def _on_key_pressed(self, key: int) -> None:
        prompt = self.items.prompt(self.list.currentIndex())
        if prompt is not None:
            wanted = self.rename_requested if key == Qt.Key.Key_F2 else self.delete_requested
            wanted.emit(prompt)

    def _on_menu_requested(self, place: QPoint) -> None:
        prompt = self.items.prompt(self.list.indexAt(place))
        if prompt is not None:
            self.menu_requested.emit(prompt, self.list.viewport().mapToGlobal(place))
