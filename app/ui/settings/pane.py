"""The settings pane, generated from the schema. A choice applies at once; nothing to save."""

from __future__ import annotations

from dataclasses import fields
from typing import ClassVar

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

import app
from app.base.changes import Topic
from app.base.errors import AppError
from app.chat.sampling import idle_steps, sampling_from
from app.settings.schema import Settings, group_names
from app.ui.pane import Pane, PaneContext
from app.ui.settings.fields import SettingRow
from app.ui.settings.group import SettingsGroup
from app.ui.settings.lists import OrderControl
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Severity
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import Card, PageHeader, ScrollPage, row

Key = tuple[str, str]
_ALL = ""  # in place of a setting's name: all settings of the group get their defaults


class RestartNeeded(AppError):
    """A setting was changed that only counts at the next start; a note, not a failure."""


class SettingsPane(Pane):
    """All settings, one card a group."""

    pane_id: ClassVar[str] = "settings"
    title: ClassVar[str] = "Settings"
    icon: ClassVar[str] = "ph.gear-six"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._groups: dict[str, SettingsGroup] = {}
        self._waiting: dict[Key, object] = {}
        self._is_storing = False

    def build(self) -> None:
        self.body.addWidget(PageHeader("Settings"))
        page = ScrollPage("Settings", margins=(24, 8, 24, 24), width=780)
        for name in group_names():
            page.body.addWidget(self._make_group(name))
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
        return self._groups[group].rows[name]

    def group(self, name: str) -> SettingsGroup:
        """One group of settings."""
        return self._groups[name]

    def _make_group(self, name: str) -> SettingsGroup:
        group = SettingsGroup(name, self.context.icons, self.context.theme)
        group.edited.connect(lambda setting, value: self._on_edited((name, setting), value))
        group.reset_requested.connect(lambda: self._on_reset_requested(name))
        self._groups[name] = group
        return group

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
        for name, group in self._groups.items():
            group.show_values(getattr(settings, name))
        self._show_idle_steps(settings)

    def _show_idle_steps(self, settings: Settings) -> None:
        order = self.setting_row("sampling", "order").control
        assert isinstance(order, OrderControl)
        order.show_idle(idle_steps(sampling_from(settings.sampling)))

    def _on_edited(self, key: Key, value: object) -> None:
        self.setting_row(*key).show_value(value)
        self._waiting[key] = value
        self._store_next()

    def _on_reset_requested(self, group: str) -> None:
        self._groups[group].show_values(getattr(Settings(), group))
        for key in [each for each in self._waiting if each[0] == group]:
            del self._waiting[key]
        self._waiting[group, _ALL] = None
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
            if key[1] == _ALL:
                services.settings.reset(key[0])
            else:
                services.settings.change(*key, value)
            services.notices.changed(Topic.SETTINGS)

        self.context.jobs.submit(
            store, owner=self, done=lambda _none: self._on_stored(key), failed=self._on_failed
        )

    def _on_stored(self, key: Key) -> None:
        self._is_storing = False
        if not self._waiting:
            self._show(self.services.settings.current)
        spec = next((e for e in fields(getattr(Settings(), key[0])) if e.name == key[1]), None)
        if spec is not None and spec.metadata["restart"]:
            words = f"“{spec.metadata['title']}” takes effect at the next start of Cairn."
            self.show_problem(RestartNeeded(words), severity=Severity.INFO)
        self._store_next()

    def _on_failed(self, error: AppError) -> None:
        self._is_storing = False
        self.show_problem(error)
        self._show(self.services.settings.current)
        self._store_next()
