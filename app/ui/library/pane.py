"""The library pane: puts the table, the collections and the search together, and asks the service.

What is selected, sorted and found is kept by the widgets; the rules are the service's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLayout, QStackedLayout, QVBoxLayout, QWidget

from app.base.changes import Topic
from app.base.errors import AppError
from app.library.entities import (
    Collection,
    CollectionId,
    Document,
    DocumentId,
    DocumentKind,
    Passage,
    Place,
)
from app.ui.actions import ActionSpec, Reach
from app.ui.amounts import count_text
from app.ui.library.adding import DocumentAdding
from app.ui.library.adding_strip import AddingStrip
from app.ui.library.collection_actions import CollectionActions
from app.ui.library.document_page import DocumentPage
from app.ui.library.labels import display_title
from app.ui.library.rows import Shelf, ShelfKind
from app.ui.library.search import LibrarySearch
from app.ui.library.search_bar import SearchBar
from app.ui.library.search_results import SearchResults
from app.ui.library.sidebar import NARROW_WIDTH, WIDTH, CollectionSidebar
from app.ui.pane import Pane, PaneContext
from app.ui.reveal import show_in_folder
from app.ui.sources.request import SourceRequest
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.info_bar import ACROSS, Bars
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import PageHeader, column

if TYPE_CHECKING:
    from app.library.service import LibraryService

PATIENCE_MS = 300  # a library that opens sooner shows no waiting words
_NARROW = 860  # the collections take less room below this width
_TIGHT = 714  # and none below this one, so that the documents keep theirs
_COMPACT_MAIN = 680
_SMALLEST = QSize(480, 320)


@dataclass(frozen=True, slots=True)
class LibraryState:
    """What the pane shows, read in one go."""

    documents: tuple[Document, ...]
    collections: tuple[Collection, ...]


def read_state(library: LibraryService) -> LibraryState:
    """Read documents and collections; runs off the GUI thread."""
    return LibraryState(library.documents(), library.collections())


class LibraryPane(Pane):
    """Documents, collections, and search in them.

    Signals:
        ask_requested: a tuple of document ids to ask about in a chat.
        source_requested: a SourceRequest to be shown.
    """

    pane_id = "library"
    title = "Library"
    icon = "ph.books"

    ask_requested = Signal(tuple)
    source_requested = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._state = LibraryState((), ())
        self._is_loading = False
        self._is_stale = False
        self._adding = DocumentAdding(self)
        self._shelf_wanted: Shelf | None = None
        self._early: list[Path] = []
        self._shows_documents = False
        self._collections = CollectionActions(self)

    def build(self) -> None:
        icons, theme = self.context.icons, self.context.theme
        self.sidebar = CollectionSidebar(theme, icons)
        self.search_bar = SearchBar(icons)
        self.strip = AddingStrip()
        self.page = DocumentPage(theme, icons)
        self.results = SearchResults(theme, icons)
        self.search = LibrarySearch(self.context.jobs, self.search_bar, self.results, self)
        self._build_header()
        self._build_pages()
        self._lay_out()
        self._connect()
        self._show_page(self._waiting)
        QTimer.singleShot(PATIENCE_MS, self._waiting_words.show)

    def ready(self) -> None:
        self.search_bar.set_mode(self.services.settings.current.library.search_mode)
        self.search.use(self.services.library.retrieve)
        if self._early:
            self.add(self._early)
        self._refresh()

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.DOCUMENTS in topics:
            self._refresh()

    def take_drop(self, paths: Sequence[Path]) -> bool:
        documents = [path for path in paths if path.suffix.lower() != ".gguf"]
        if not documents:
            return False
        if self.is_ready:
            self.add(documents)
        else:  # files given at the start wait for the services
            self._early += documents
        return True

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        def spec(
            name: str, title: str, icon: str, run: Callable[[], object], keys: str = ""
        ) -> Any:
            return ActionSpec(
                f"library.{name}",
                title,
                "Library",
                icon,
                run,
                keys,
                pane_id=self.pane_id,
                reach=Reach.PANE if keys else Reach.WINDOW,
            )

        return (
            spec("add", "Add documents…", "ph.file-plus", self._adding.choose_files),
            spec("add_folder", "Add a folder…", "ph.folder-plus", self._adding.choose_folder),
            spec(
                "search", "Search in documents", "ph.magnifying-glass", self.focus_search, "Ctrl+F"
            ),
            spec("new_collection", "New collection…", "ph.plus", self._collections.create),
        )

    def regions(self) -> tuple[QWidget, ...]:
        if not self._is_built:
            return (self,)
        parts = (self.sidebar, self.header, self.search_bar, self.page, self.results, self._empty)
        return tuple(part for part in parts if part.isVisible())

    def focus_first(self) -> None:
        if self._is_built and self.page.isVisible():
            self.page.table.setFocus()

    def problem_place(self) -> Bars:
        return self._problems_here

    # What a person can start.

    def add(self, paths: Sequence[Path], collection: CollectionId | None = None) -> None:
        """Add files and folders, to the collection shown unless another one is named."""
        home = collection if collection is not None else self.sidebar.shelf.collection_id
        self._adding.add(paths, home, self._problems_here)

    def focus_search(self) -> None:
        """Go to the search field."""
        if self._is_filled:
            self.search_bar.field.setFocus()
            self.search_bar.field.selectAll()

    # Building.

    def _build_header(self) -> None:
        icons = self.context.icons
        add_folder = Button("Add a folder", "", icons.icon("ph.folder-plus", "text"))
        add_files = Button("Add documents", "primary", icons.icon("ph.plus", "on_accent"))
        add_folder.clicked.connect(self._adding.choose_folder)
        add_files.clicked.connect(self._adding.choose_files)
        self._header_buttons = (add_folder, add_files)
        self.header = PageHeader(self.title, add_folder, add_files)

    def _build_pages(self) -> None:
        icons = self.context.icons
        self._empty = EmptyState(
            icons.icon(self.icon, "accent_text"),
            "No documents yet",
            "Add PDFs, Word files, web pages or notes. "
            "They are indexed on this computer and never leave it.",
            primary=Choice(
                "Add documents", self._adding.choose_files, icons.icon("ph.plus", "on_accent")
            ),
            secondary=Choice("Add a folder", self._adding.choose_folder),
            caption="or drop files anywhere in this window",
        )
        self._waiting_words = Label("Opening your library…", "caption")
        self._waiting_words.hide()
        self._waiting = column(self._waiting_words, None, margins=(24, 8, 24, 24))

    def _lay_out(self) -> None:
        stack = QWidget()
        self._pages = QStackedLayout(stack)
        for page in (self._waiting, self._empty, self.page, self.results):
            self._pages.addWidget(page)
        self._problems_here = Bars(margins=ACROSS)
        main = QVBoxLayout()
        main.setSpacing(0)
        main.addWidget(self.header)
        main.addWidget(self._problems_here)
        main.addWidget(self.search_bar)
        main.addWidget(self.strip)
        main.addWidget(stack, 1)
        across = QHBoxLayout()
        across.setSpacing(0)
        across.addWidget(self.sidebar)
        across.addLayout(main, 1)
        self.body.addLayout(across)
        self.body.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)

    def _connect(self) -> None:
        self.context.theme.changed.connect(self._fit)
        self.sidebar.shelf_chosen.connect(self._on_shelf_chosen)
        self.sidebar.creation_requested.connect(self._collections.create)
        self.sidebar.rename_requested.connect(self._collections.rename)
        self.sidebar.deletion_requested.connect(self._collections.delete)
        self._collections.created.connect(self._on_collection_created)
        self.sidebar.documents_dropped.connect(self._move)
        self.sidebar.files_dropped.connect(self.add)
        self.search.began.connect(self._on_search_began)
        self.search.ended.connect(self._on_search_ended)
        self.search.failed.connect(self.show_problem)
        self._adding.files_chosen.connect(self.add)
        self._adding.busy_changed.connect(self.strip.setVisible)
        self.search_bar.field.down_pressed.connect(self._on_search_down)
        self.results.opened.connect(self._on_passage_opened)
        self.page.opened.connect(self._on_document_opened)
        self.page.ask_requested.connect(self.ask_requested)
        self.page.retry_requested.connect(self._retry)
        self.page.cancel_requested.connect(self._cancel)
        self.page.move_requested.connect(self._move)
        self.page.new_collection_requested.connect(self._collections.create)
        self.page.reveal_requested.connect(self._on_reveal_requested)
        self.page.removal_requested.connect(self._on_removal_requested)

    # Showing the library's state.

    @property
    def is_loading(self) -> bool:
        """Whether the library is being read just now."""
        return self._is_loading

    @property
    def _is_filled(self) -> bool:
        return bool(self._state.documents or self._state.collections)

    def _refresh(self) -> None:
        if self._is_loading:  # one reader is enough; what it misses is read after it
            self._is_stale = True
            return
        self._is_loading = True
        self.context.jobs.submit(
            read_state,
            self.services.library,
            owner=self,
            done=self._on_state_read,
            failed=self._on_read_failed,
        )

    def _on_state_read(self, state: LibraryState) -> None:
        self._is_loading = False
        self._state = state
        self.sidebar.show_collections(state.collections, state.documents)
        self.page.show_documents(state.documents, state.collections)
        self.search.set_documents(state.documents)
        self._choose_wanted_shelf()
        if self._pages.currentWidget() is not self.results or not self._is_filled:
            self._show_page(self.page if self._is_filled else self._empty)
        if self._is_stale:
            self._is_stale = False
            self._refresh()

    def _on_read_failed(self, error: AppError) -> None:
        self._is_loading = self._is_stale = False
        self.show_problem(error, Choice("Try again", self._refresh))

    def _choose_wanted_shelf(self) -> None:
        wanted = self._shelf_wanted
        if wanted is not None and self.sidebar.rows.row_of(wanted) is not None:
            self._shelf_wanted = None
            self.sidebar.choose(wanted)

    def _show_page(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)
        self._shows_documents = filled = page in (self.page, self.results)
        self._fit()
        self.search_bar.setVisible(filled)
        for button in self._header_buttons:
            button.setVisible(filled)

    # Doing something with documents.

    def _do(self, fn: Callable[..., object], *args: object) -> None:
        self.context.jobs.submit(fn, *args, owner=self, failed=self.show_problem)

    def _retry(self, ids: tuple[DocumentId, ...]) -> None:
        self._do(self.services.library.retry, ids)

    def _cancel(self, ids: tuple[DocumentId, ...]) -> None:
        self._do(self.services.library.cancel, ids)

    def _move(self, ids: Sequence[DocumentId], home: CollectionId | None) -> None:
        self._do(self.services.library.move, tuple(ids), home)

    def _on_reveal_requested(self, document: Document) -> None:
        try:
            show_in_folder(document.path)
        except AppError as error:
            self.show_problem(error)

    def _on_removal_requested(self, documents: tuple[Document, ...]) -> None:
        ids = tuple(document.id for document in documents)
        what, them = f"“{display_title(documents[0])}”", "it"
        files = "The file itself stays where it is."
        if len(documents) > 1:
            what, them = count_text(len(documents), "document"), "them"
            files = "The files themselves stay where they are."
        sheet = ConfirmSheet(
            self.window(),
            self.context.icons,
            f"Remove {what} from the library?",
            f"Cairn will not search or quote {them} any more. {files}",
            Choice("Remove", partial(self._do, self.services.library.remove, ids)),
            is_dangerous=True,
            back="Keep",
        )
        sheet.open()

    def _on_document_opened(self, document: Document) -> None:
        if document.content is None or document.kind is None:
            return  # not read yet; the panel below says how far it is or why it failed
        page = 1 if document.kind is DocumentKind.PDF else None
        self.source_requested.emit(
            SourceRequest(
                display_title(document),
                document.path,
                document.kind,
                document.content,
                Place(part=0, start=0, end=0, page=page),
            )
        )

    # Searching.

    def _on_search_began(self) -> None:
        self._show_page(self.results)

    def _on_search_ended(self) -> None:
        if self._is_filled:
            self._show_page(self.page)

    def _on_search_down(self) -> None:
        shown = self._pages.currentWidget()
        view = self.results.passages if shown is self.results else self.page.table
        view.setFocus()
        if not view.currentIndex().isValid() and view.model().rowCount():
            view.setCurrentIndex(view.model().index(0, 0))

    def _on_passage_opened(self, passage: Passage) -> None:
        self.source_requested.emit(
            SourceRequest(
                passage.title,
                passage.path,
                passage.kind,
                passage.content,
                passage.place,
                passage.text,
            )
        )

    # Collections.

    def _on_shelf_chosen(self, shelf: Shelf) -> None:
        self.page.show_shelf(shelf)
        self.search.set_shelf(shelf, self.sidebar.shelf_title)

    def _on_collection_created(self, collection: Collection) -> None:
        # It is chosen as soon as the list shows it.
        self._shelf_wanted = Shelf(ShelfKind.COLLECTION, collection.id)
        self._refresh()

    def _fit(self) -> None:
        if self._is_built:
            px = self.context.theme.px
            width = px(NARROW_WIDTH if self.width() < px(_NARROW) else WIDTH)
            tight = self.width() < px(_TIGHT)
            self.sidebar.setFixedWidth(width)
            self.sidebar.setVisible(not tight and self._shows_documents)
            room = self.width() - (0 if tight else width)
            self.page.set_compact(room < px(_COMPACT_MAIN))

    def minimumSizeHint(self) -> QSize:
        return _SMALLEST  # what has no room gives way, see _fit

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
