"""Lists of the agent editor: what of the library it may search, and what it may use unasked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from app.agents.approvals import Grant
from app.library.entities import Collection, CollectionId
from app.ui.agents.words import of_server, one_line
from app.ui.amounts import count_text
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row


class CollectionRows(QWidget):
    """What of the library may be searched.

    Signals:
        edited: a person chose others.
    """

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._chosen: tuple[CollectionId, ...] = ()
        self._shown: object = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._words = Label("", "body2", wrap=True)
        self._layout.addWidget(self._words)
        self._rows = QVBoxLayout()
        self._layout.addLayout(self._rows)

    @property
    def chosen(self) -> tuple[CollectionId, ...]:
        """Those that are ticked; empty for all of the library."""
        return self._chosen

    def show_collections(
        self, collections: Sequence[Collection], chosen: Sequence[CollectionId]
    ) -> None:
        """Show these."""
        shown = (tuple(collections), tuple(chosen))
        if shown == self._shown:
            return
        self._shown = shown
        self._chosen = tuple(chosen)
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for each in collections:
            words = f"{one_line(each.name)} · {count_text(each.documents, 'document')}"
            tick = QCheckBox(words.replace("&", "&&"))
            tick.setChecked(each.id in self._chosen)
            tick.toggled.connect(partial(self._on_toggled, each.id))
            self._rows.addWidget(tick)
        self._say(bool(collections))

    def _say(self, has_some: bool) -> None:
        if not has_some:
            self._words.setText("All of it. There are no collections to choose from.")
        elif self._chosen:
            self._words.setText("Only what is ticked.")
        else:
            self._words.setText("All of it, unless you tick collections.")

    def _on_toggled(self, collection: CollectionId, is_on: bool) -> None:
        others = tuple(each for each in self._chosen if each != collection)
        self._chosen = (*others, collection) if is_on else others
        self._say(has_some=True)
        if isinstance(self._shown, tuple):
            self._shown = (self._shown[0], self._chosen)
        self.edited.emit()


class GrantRows(QWidget):
    """What the agent may use without asking, each with a way to take that back.

    Signals:
        revoked: a `Grant`.
    """

    revoked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)

    def show_grants(self, grants: Sequence[Grant], title: Callable[[str], str]) -> None:
        """Show these; `title` gives the words for the name of a tool."""
        while (item := self._layout.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if not grants:
            self._layout.addWidget(Label("Nothing yet. It asks as its tools say.", "body2"))
        for grant in grants:
            until = "until Cairn is closed" if grant.until_closed else "for good"
            words = f"{title(grant.tool)}, {of_server(grant.server)}, {until}"
            revoke = Button("Revoke", "small")
            revoke.setAccessibleName(f"Revoke: {words}")
            revoke.clicked.connect(partial(self._on_revoked, grant))
            self._layout.addWidget(row(Label(words, wrap=True), None, revoke))

    def _on_revoked(self, grant: Grant) -> None:
        self.revoked.emit(grant)
