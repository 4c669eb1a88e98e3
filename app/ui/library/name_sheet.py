"""The sheet that asks for the name of a collection."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.forms.words_sheet import WordsSheet
from app.ui.icons import Icons

_LONGEST_NAME = 120


class NameSheet(WordsSheet):
    """Gives the name. Used once."""

    def __init__(
        self, window: QWidget, icons: Icons, title: str, *, confirm: str, name: str = ""
    ) -> None:
        super().__init__(
            window,
            icons,
            title,
            name="Name of the collection",
            placeholder="Name, such as a client or a subject",
            confirm=confirm,
        )
        self.field.setMaxLength(_LONGEST_NAME)
        self.field.setText(name)
        self.field.selectAll()
