from __future__ import annotations

import gc
import re
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QToolButton

from app.settings.schema import Theme
from app.ui.icons import DISABLED_OPACITY, Icons
from app.ui.theme import ThemeKeeper

UI = Path(__file__).resolve().parents[2] / "app" / "ui"


def strongest(image: QImage) -> QColor:
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return max(pixels, key=lambda color: color.alpha())


def test_icons_every_name_used_in_the_app_exists(icons: Icons):
    used = {
        name
        for file in UI.rglob("*.py")
        for name in re.findall(r'"(ph\.[a-z0-9-]+)"', file.read_text(encoding="utf-8"))
    }
    assert len(used) > 10
    assert used <= icons.names(), used - icons.names()


def test_icon_unknown_name_is_refused_at_once(icons: Icons):
    with pytest.raises(KeyError):
        icons.icon("ph.no-such-thing")


def test_icon_theme_changed_follows_by_itself(icons: Icons, theme: ThemeKeeper):
    icon = icons.icon("ph.cube", "accent_text")
    light = strongest(icon.pixmap(32, 32).toImage())
    theme.apply(Theme.DARK, 100)
    dark = strongest(icon.pixmap(32, 32).toImage())
    assert light.rgb() == QColor("#3049B8").rgb()
    assert dark.rgb() == QColor("#9DB0FF").rgb()


def test_icon_disabled_is_a_pale_form_of_the_faintest_text(icons: Icons, theme: ThemeKeeper):
    image = icons.icon("ph.cube", "text").pixmap(QSize(32, 32), QIcon.Mode.Disabled).toImage()
    drawn, text = strongest(image), theme.color("text3")
    assert drawn.alphaF() == pytest.approx(DISABLED_OPACITY, abs=0.01)
    assert drawn.lightness() == pytest.approx(text.lightness(), abs=2)


def test_icon_on_a_sharp_screen_has_the_screens_pixels(icons: Icons):
    pixmap = icons.icon("ph.cube").pixmap(QSize(20, 20), 2.0)
    assert pixmap.width() == 40
    assert pixmap.devicePixelRatio() == 2.0


def test_icon_squeezed_to_nothing_draws_nothing(icons: Icons):
    for size in (QSize(0, 18), QSize(18, 0), QSize(0, 0)):
        assert icons.icon("ph.trash").pixmap(size, 2.0).isNull()


def test_icon_asked_twice_is_the_same_object(icons: Icons):
    assert icons.icon("ph.cube") is icons.icon("ph.cube")


def test_icon_owns_no_python_engine_that_a_garbage_collection_could_delete(icons: Icons):
    assert "children" not in shiboken6.dump(icons.icon("ph.cube"))


def test_icons_gone_a_widget_still_draws_its_icon(theme: ThemeKeeper, qtbot):
    button = QToolButton()
    qtbot.addWidget(button)
    button.setIcon(Icons(theme).icon("ph.cube", "accent_text"))
    gc.collect()
    image = button.icon().pixmap(32, 32).toImage()
    assert strongest(image).rgb() == theme.color("accent_text").rgb()
