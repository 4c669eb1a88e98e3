"""Asks what an agent may do in a folder that was dropped on it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.agents.entities import GrantedFolder
from app.ui.agents.words import one_line
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet


class FolderSheet(Sheet):
    """Used once; nothing is granted unless one of its two answers is chosen.

    Signals:
        granted: the `GrantedFolder`.
    """

    granted = Signal(object)

    def __init__(self, window: QWidget, icons: Icons, agent: str, path: Path) -> None:
        super().__init__(window, icons, "Let this agent use the folder?", width=480)
        words = (
            f"“{one_line(agent, 64)}” would get {path} and everything in it. Whether it asks you "
            "each time is set with its tools."
        )
        self.back = Button("Cancel")
        self.back.clicked.connect(self.dismiss)
        self.read = Button("May read")
        self.read.clicked.connect(partial(self._on_granted, GrantedFolder(path)))
        self.change = Button("May read and change")
        self.change.clicked.connect(partial(self._on_granted, GrantedFolder(path, can_write=True)))
        self.body.setSpacing(20)
        self.body.addWidget(Label(words, "body2", wrap=True))
        self.body.addWidget(row(None, self.back, self.read, self.change))
        self.closed.connect(self.deleteLater)

    def first_focus(self) -> QWidget | None:
        return self.back

    def _on_granted(self, folder: GrantedFolder) -> None:
        self.dismiss()
        self.granted.emit(folder)
