"""Creating, renaming and deleting collections: the question, then the service."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.library.entities import Collection, CollectionId, DocumentId
from app.ui.amounts import count_text
from app.ui.library.name_sheet import NameSheet
from app.ui.library.shelf_items import ShelfRow
from app.ui.pane import Pane
from app.ui.widgets.choice import Choice
from app.ui.widgets.confirm import ConfirmSheet

if TYPE_CHECKING:
    from app.library.service import LibraryService


def create_with(
    library: LibraryService, name: str, documents: tuple[DocumentId, ...]
) -> Collection:
    """Make a collection and move documents into it; runs off the GUI thread."""
    collection = library.create_collection(name)
    if documents:
        library.move(documents, collection.id)
    return collection


class CollectionActions(QObject):
    """Asks in the pane's window and tells the pane what went wrong.

    Signals:
        created: the new Collection.
    """

    created = Signal(object)

    def __init__(self, pane: Pane) -> None:
        super().__init__(pane)
        self._pane = pane

    def create(self, documents: tuple[DocumentId, ...] = ()) -> None:
        """Ask for a name, make the collection, and move these documents into it."""
        if not self._pane.is_ready:
            return
        sheet = self._name_sheet("New collection", "Create collection")
        sheet.given.connect(partial(self._create_named, sheet, documents))
        sheet.open()

    def rename(self, row: ShelfRow) -> None:
        """Ask for another name."""
        if row.shelf is None or row.shelf.collection_id is None:
            return
        sheet = self._name_sheet("Rename collection", "Rename", row.title)
        sheet.given.connect(partial(self._rename_to, sheet, row.shelf.collection_id))
        sheet.open()

    def delete(self, row: ShelfRow) -> None:
        """Ask once, then delete the collection; its documents stay in the library."""
        if row.shelf is None or row.shelf.collection_id is None:
            return
        held = "It is empty."
        if row.count:
            stay = "stays" if row.count == 1 else "stay"
            held = f"Its {count_text(row.count, 'document')} {stay} in the library."
        sheet = ConfirmSheet(
            self._pane.window(),
            self._pane.context.icons,
            f"Delete the collection “{row.title}”?",
            held,
            Choice("Delete collection", partial(self._delete, row.shelf.collection_id)),
            is_dangerous=True,
        )
        sheet.open()

    def _name_sheet(self, title: str, confirm: str, name: str = "") -> NameSheet:
        pane = self._pane
        return NameSheet(pane.window(), pane.context.icons, title, confirm=confirm, name=name)

    def _create_named(self, sheet: NameSheet, documents: tuple[DocumentId, ...], name: str) -> None:
        self._pane.context.jobs.submit(
            create_with,
            self._pane.services.library,
            name,
            documents,
            owner=sheet,
            done=partial(self._on_created, sheet),
            failed=sheet.refuse,
        )

    def _on_created(self, sheet: NameSheet, collection: Collection) -> None:
        sheet.dismiss()
        self.created.emit(collection)

    def _rename_to(self, sheet: NameSheet, collection: CollectionId, name: str) -> None:
        self._pane.context.jobs.submit(
            self._pane.services.library.rename_collection,
            collection,
            name,
            owner=sheet,
            done=lambda _nothing: sheet.dismiss(),
            failed=sheet.refuse,
        )

    def _delete(self, collection: CollectionId) -> None:
        self._pane.context.jobs.submit(
            self._pane.services.library.delete_collection,
            collection,
            owner=self._pane,
            failed=self._pane.show_problem,
        )
