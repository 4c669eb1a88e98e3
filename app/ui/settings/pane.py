"""The settings pane, generated from the schema. A choice applies at once; nothing to save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import ClassVar

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

import app
from app.base.changes import Topic
from app.base.errors import AppError
from app.settings.schema import Settings, group_names, group_title
from app.ui.pane import Pane, PaneContext
from app.ui.settings.fields import SettingRow
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Severity
from app.ui.widgets.labels import Divider, ElidedLabel, Label
from app.ui.widgets.layout import Card, PageHeader, ScrollPage, row

Key = tuple[str, str]


class RestartNeeded(AppError):
    """A setting was changed that only counts at the next start; a note, not a failure."""


class SettingsPane(Pane):
    """All settings, one card a group."""

    pane_id: ClassVar[str] = "settings"
    title: ClassVar[str] = "Settings"
    icon: ClassVar[str] = "ph.gear-six"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._rows: dict[Key, SettingRow] = {}
        self._waiting: dict[Key, object] = {}
        self._is_storing = False

    def build(self) -> None:
        self.body.addWidget(PageHeader("Settings"))
        page = ScrollPage("Settings", margins=(24, 8, 24, 24), width=780)
        for name in group_names():
            page.body.addWidget(Label(group_title(getattr(Settings(), name)), "h3"))
            page.body.addWidget(self._make_card(name))
            page.body.addSpacing(8)
        page.body.addWidget(Label("About", "h3"))
        self._about = Card()
        page.body.addWidget(self._about)
        page.body.addStretch(1)
        self.body.addWidget(page, 1)
        self._show(Settings())
        self.setEnabled(False)  # until the stored values are known

    def ready(self) -> None:
        self.setEnabled(True)
        self._show(self.services.settings.current)
        self._fill_about()

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.SETTINGS in topics and not self._waiting and not self._is_storing:
            self._show(self.services.settings.current)

    def setting_row(self, group: str, name: str) -> SettingRow:
        """The row of one setting."""
        return self._rows[group, name]

    def _make_card(self, group: str) -> Card:
        card = Card(margins=(16, 8, 12, 8))
        card.body.setSpacing(4)
        for index, spec in enumerate(fields(getattr(Settings(), group))):
            if index:
                card.body.addWidget(Divider())
            line = SettingRow(spec, self.context.icons, self.context.theme)
            line.edited.connect(self._editor((group, spec.name)))
            self._rows[group, spec.name] = line
            card.body.addWidget(line)
        return card

    def _editor(self, key: Key) -> Callable[[object], None]:
        return lambda value: self._on_edited(key, value)

    def _fill_about(self) -> None:
        folder = self.services.paths.root
        show = Button("Show in folder", "small")
        show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))))
        where = ElidedLabel(str(folder), "caption")
        where.setSizePolicy(where.sizePolicy().Policy.Expanding, where.sizePolicy().Policy.Fixed)
        self._about.body.addWidget(Label(f"Cairn {app.__version__}"))
        text = "Your data stays in this folder on this computer. Cairn sends nothing anywhere."
        self._about.body.addWidget(Label(text, "caption", wrap=True))
        self._about.body.addWidget(row(where, show))

    def _show(self, settings: Settings) -> None:
        for (group, name), line in self._rows.items():
            line.show_value(getattr(getattr(settings, group), name))

    def _on_edited(self, key: Key, value: object) -> None:
        self._rows[key].show_value(value)
        self._waiting[key] = value
        self._store_next()

    def _store_next(self) -> None:
        """Store one change after the other; two writers at once could lose one."""
        if self._is_storing or not self._waiting:
            return
        key = next(iter(self._waiting))
        value = self._waiting.pop(key)
        services = self.services
        self._is_storing = True

        def store() -> None:
            services.settings.change(*key, value)
            services.notices.changed(Topic.SETTINGS)

        self.context.jobs.submit(
            store, owner=self, done=lambda _none: self._on_stored(key), failed=self._on_failed
        )

    def _on_stored(self, key: Key) -> None:
        self._is_storing = False
        spec = next(each for each in fields(getattr(Settings(), key[0])) if each.name == key[1])
        if spec.metadata["restart"]:
            words = f"“{spec.metadata['title']}” takes effect at the next start of Cairn."
            self.show_problem(RestartNeeded(words), severity=Severity.INFO)
        self._store_next()

    def _on_failed(self, error: AppError) -> None:
        self._is_storing = False
        self.show_problem(error)
        self._show(self.services.settings.current)
        self._store_next()
