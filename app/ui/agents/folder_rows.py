"""The folders that an agent may work in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from app.agents.entities import GrantedFolder
from app.ui.forms.fields import WheelShyBox
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, IconLabel, Label
from app.ui.widgets.layout import row

_ACCESS = ("Read", "Read and change")


class FolderRows(QWidget):
    """A row for each folder, and a way to add one.

    Signals:
        edited: a person changed them; `folders` says all.
    """

    edited = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._folders: tuple[GrantedFolder, ...] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        self._none = Label("None. Tools for files need one.", "body2")
        self.add_button = Button("Add a folder…", "", icons.icon("ph.folder-plus"))
        self.add_button.clicked.connect(self.choose)
        self._layout.addWidget(self._none)
        self._layout.addLayout(self._rows)
        self._layout.addWidget(row(self.add_button, Label("or drop one here", "caption"), None))

    @property
    def folders(self) -> tuple[GrantedFolder, ...]:
        """All of them."""
        return self._folders

    def show_folders(self, folders: Sequence[GrantedFolder]) -> None:
        """Show these."""
        if tuple(folders) == self._folders and self._rows.count() == len(folders):
            return
        self._folders = tuple(folders)
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for at, folder in enumerate(self._folders):
            self._rows.addWidget(self._row(at, folder))
        self._none.setVisible(not self._folders)

    def grant(self, folder: GrantedFolder) -> None:
        """Add a folder, or change what may be done in it."""
        others = [each for each in self._folders if each.path != folder.path]
        self._change((*others, folder))

    def choose(self) -> None:
        """Ask which folder to add; the agent may only read it until it is said otherwise."""
        dialog = QFileDialog(self, "Add a folder")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda path: self.grant(GrantedFolder(Path(path))))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _row(self, at: int, folder: GrantedFolder) -> QWidget:
        icon = IconLabel(self._icons.icon("ph.folder"))
        path = ElidedLabel(str(folder.path), mode=Qt.TextElideMode.ElideMiddle)
        access = WheelShyBox()
        access.addItems(list(_ACCESS))
        access.setCurrentIndex(folder.can_write)
        access.setFixedWidth(186)
        access.setAccessibleName(f"{folder.path}: what may be done")
        access.activated.connect(partial(self._on_access_chosen, at))
        gone = IconButton(self._icons.icon("ph.x"), f"Take {folder.path.name} away", size=14)
        gone.clicked.connect(partial(self._on_removed, at))
        holder = row(icon, path, access, gone)
        layout = holder.layout()
        assert layout is not None  # row() has just made it
        layout.setStretch(1, 1)  # type: ignore[attr-defined]  # it is a box
        return holder

    def _on_access_chosen(self, at: int, index: int) -> None:
        changed = list(self._folders)
        changed[at] = GrantedFolder(changed[at].path, can_write=index == 1)
        self._change(tuple(changed))

    def _on_removed(self, at: int) -> None:
        self._change((*self._folders[:at], *self._folders[at + 1 :]))

    def _change(self, folders: tuple[GrantedFolder, ...]) -> None:
        self.show_folders(folders)
        self.edited.emit()
