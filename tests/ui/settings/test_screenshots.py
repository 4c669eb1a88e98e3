"""Pictures of the settings pane, to be looked at."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QScrollArea

from app.base.paths import DataPaths
from app.settings.schema import Theme
from app.ui.pane import PaneContext
from app.ui.settings.pane import SettingsPane
from app.ui.theme import ThemeKeeper
from tests.ui.shell import fake_services

LOOKS = {
    "light": (Theme.LIGHT, 1000),
    "dark": (Theme.DARK, 1000),
    "narrow": (Theme.LIGHT, 520),
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["folded", "advanced"])
def test_sampling(
    context: PaneContext,
    paths: DataPaths,
    theme: ThemeKeeper,
    qtbot,
    screenshot,
    look: str,
    name: str,
):
    chosen, width = LOOKS[look]
    theme.apply(chosen, 100, reduce_motion=True)
    services = fake_services(paths)
    settings = services.settings
    if name == "advanced":
        settings.change("sampling", "top_k", 20)
        settings.change("sampling", "stop", ("###", "\n\nUser:"))
        settings.change("sampling", "dry_multiplier", 0.8)
        order = ("temperature", "penalties", "dry", "top_k", "typical", "top_p", "min_p", "xtc")
        settings.change("sampling", "order", order)
    pane = SettingsPane(context)
    pane.resize(width, 3000 if name == "advanced" else 1400)
    qtbot.addWidget(pane)
    pane.show()
    pane.attach(services)
    group = pane.group("sampling")
    if name == "advanced":
        group.unfold()
    QApplication.sendPostedEvents()
    area = pane.findChildren(QScrollArea)[0]
    qtbot.waitUntil(lambda: group.height() > 500)
    area.verticalScrollBar().setValue(group.y() - 8)
    assert screenshot(pane, f"settings_sampling_{name}_{look}").exists()
