"""The sheet where a person changes what a server is: nothing in it starts anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.agents.mcp.config import URL_KEYS
from app.base.errors import AppError
from app.ui.agents.servers.fields import AddressFields, ProgramFields
from app.ui.agents.servers.sheet import ServerSheet
from app.ui.agents.servers.words import one_line
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label

_ABOUT: Final = (
    "If this changes what runs or where it is, the server is stopped, and you are asked again "
    "before it is started."
)


class ChangeSheet(ServerSheet):
    """The fields of a program or of an address, filled in. Used once.

    Signals:
        changed: the ServerDraft of what is other now. Whoever listens calls `dismiss` or
            `show_problem`.
    """

    changed = Signal(object)

    def __init__(
        self,
        window: QWidget,
        icons: Icons,
        theme: ThemeKeeper,
        server: str,
        values: Mapping[str, Any],
    ) -> None:
        super().__init__(window, icons, f"Change “{one_line(server)}”", width=640)
        self._server, self._values = server, values
        is_address = any(values.get(key) for key in URL_KEYS)
        self.fields = AddressFields(icons) if is_address else ProgramFields(icons, theme)
        self.fields.show_entry(values)
        self.fields.resized.connect(self._on_resized)
        self.fields.submitted.connect(self._on_save_clicked)
        self.back.setText("Cancel")
        self.back.setAccessibleName("Cancel")
        self.save = Button("Save", "primary")
        self.save.clicked.connect(self._on_save_clicked)
        self.content.addWidget(Label(_ABOUT, "body2", wrap=True))
        self.content.addWidget(self.fields)
        self.finish(self.save)

    def first_focus(self) -> QWidget | None:
        fields = self.fields
        return fields.url if isinstance(fields, AddressFields) else fields.command

    def show_problem(self, error: AppError) -> None:
        self.save.setEnabled(True)
        super().show_problem(error)

    def dismiss(self) -> None:
        self.fields.forget()
        super().dismiss()

    def _on_resized(self) -> None:
        QTimer.singleShot(0, self, self.show_focus)

    def _on_save_clicked(self) -> None:
        if not self.save.isEnabled():
            return
        self.drop_problem()
        try:
            draft = self.fields.changes(self._server, self._values)
        except AppError as error:
            self.show_problem(error)
            return
        self.save.setEnabled(False)
        self.changed.emit(draft)
