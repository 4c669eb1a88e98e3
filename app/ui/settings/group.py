"""One group of settings: its heading, a way back to the defaults, and a card with its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.settings.schema import Settings, group_title
from app.ui.icons import Icons
from app.ui.settings.fields import SettingRow
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Divider, Label
from app.ui.widgets.layout import Card, row


class SettingsGroup(QWidget):
    """Made from the schema.

    Signals:
        edited: a person chose a value: the setting's name and the value.
        reset_requested: every setting of the group shall have its default.
    """

    edited = Signal(str, object)
    reset_requested = Signal()

    def __init__(self, name: str, icons: Icons, theme: ThemeKeeper) -> None:
        super().__init__()
        self._defaults = getattr(Settings(), name)
        self._icons, self._theme = icons, theme
        self.rows: dict[str, SettingRow] = {}
        title = group_title(self._defaults)
        self.reset = Button("Reset to defaults", "bar")
        self.reset.setAccessibleName(f"Reset “{title}” to its defaults")
        self.reset.clicked.connect(self.reset_requested)
        keep = self.reset.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keep)
        self.reset.hide()
        self._card = Card(margins=(16, 8, 12, 8))
        self._card.body.setSpacing(4)
        specs = fields(self._defaults)
        self._fill(self._card.body, [each for each in specs if not each.metadata["advanced"]])
        self._advanced = [each for each in specs if each.metadata["advanced"]]
        if self._advanced:
            self._add_fold()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(row(Label(title, "h3"), None, self.reset))
        layout.addWidget(self._card)

    def show_values(self, section: object) -> None:
        """Show the stored values of the group."""
        for name, line in self.rows.items():
            line.show_value(getattr(section, name))
        self.reset.setVisible(section != self._defaults)
        changed = [
            each
            for each in self._advanced
            if self.rows[each.name].is_changed(getattr(section, each.name))
        ]
        if self._advanced:
            words = f"Advanced · {len(changed)} changed" if changed else "Advanced"
            self.fold.set_words(words)

    def unfold(self) -> None:
        """Show the advanced settings too."""
        if self._advanced:
            self.fold.set_open(True)
            self._more.show()

    def _add_fold(self) -> None:
        self.fold = FoldButton("Advanced", self._icons)
        self._more = QWidget()
        inner = QVBoxLayout(self._more)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        self._fill(inner, self._advanced)
        self._more.hide()
        self.fold.unfolded.connect(self._more.setVisible)
        self._card.body.addWidget(Divider())
        self._card.body.addWidget(self.fold)
        self._card.body.addWidget(self._more)

    def _fill(self, into: QVBoxLayout, specs: list[Field[Any]]) -> None:
        for index, spec in enumerate(specs):
            if index:
                into.addWidget(Divider())
            if spec.metadata["section"]:
                heading = Label(spec.metadata["section"].upper(), "overline")
                heading.setContentsMargins(0, 10, 0, 0)
                into.addWidget(heading)
            line = SettingRow(spec, self._icons, self._theme)
            line.edited.connect(self._editor(spec.name))
            self.rows[spec.name] = line
            into.addWidget(line)

    def _editor(self, name: str) -> Callable[[object], None]:
        return lambda value: self.edited.emit(name, value)
