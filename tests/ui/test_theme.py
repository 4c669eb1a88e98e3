from __future__ import annotations

import re
from itertools import product
from string import Template

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QPushButton

from app.base.paths import resource
from app.settings.schema import Theme
from app.ui.theme import ThemeKeeper, set_look, style_sheet, tokens

FILLS = ("bg", "surface", "raised", "sunken", "hover", "selected", "user", "code_bg")
READ = [
    *product(("text", "text2"), FILLS),
    *product(("text3",), ("bg", "surface", "raised")),
    *product(("accent_text",), ("bg", "surface", "raised", "selected")),
    *product(("on_accent",), ("accent", "accent_hover")),
    *((name, f"{name}_bg") for name in ("danger", "warn", "ok", "info")),
    *product(("danger", "warn", "ok", "info"), ("surface", "raised")),
    *product(("text", "text2"), ("danger_bg", "warn_bg", "ok_bg", "info_bg")),
    ("text", "mark"),  # marked words are always in the first text colour
    *(
        (f"code_{name}", "code_bg")
        for name in ("keyword", "string", "comment", "number", "function", "decorator")
    ),
]
SEEN = [
    *product(("border_strong", "focus"), ("bg", "surface", "raised")),
    *product(("accent",), ("bg", "surface")),
]


def luminance(color: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(QColor(one)), luminance(QColor(other))))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), READ)
def test_tokens_text_on_its_fill_is_readable(name: str, front: str, back: str):
    colors = tokens(name)
    assert contrast(colors[front], colors[back]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), SEEN)
def test_tokens_edges_on_their_fill_can_be_seen(name: str, front: str, back: str):
    colors = tokens(name)
    assert contrast(colors[front], colors[back]) >= 3


def test_tokens_both_themes_name_the_same_roles():
    assert set(tokens("light")) == set(tokens("dark"))


def test_tokens_high_contrast_draws_borders_as_dark_as_text():
    colors = tokens("light", high_contrast=True)
    assert colors["border"] == colors["border_strong"] == colors["text2"]


@pytest.mark.parametrize("name", ["light", "dark"])
def test_style_sheet_partials_included_fills_every_token(name: str):
    sheet = style_sheet(tokens(name), 100)
    assert "$" not in sheet
    assert "#rail" in sheet
    for file in resource("qss").glob("*.qss"):
        rule = Template(file.read_text(encoding="utf-8")).template.strip()[:1]
        assert rule in sheet


def test_style_sheet_braces_are_balanced_in_every_file():
    for file in (resource("style.qss"), *resource("qss").glob("*.qss")):
        text = re.sub(r"/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.S)
        assert text.count("{") == text.count("}"), file.name


def test_style_sheet_larger_text_scales_type_and_heights():
    sheet = style_sheet(tokens("light"), 150)
    assert "font-size: 18px" in sheet  # caption, 12
    assert "min-height: 48px" in sheet  # control, 32


def test_theme_dark_chosen_changes_palette_and_tells(theme: ThemeKeeper, qapp: QApplication, qtbot):
    with qtbot.waitSignal(theme.changed):
        theme.apply(Theme.DARK, 100)
    assert theme.is_dark
    assert QApplication.palette().window().color() == QColor(tokens("dark")["bg"])
    assert tokens("dark")["bg"] in qapp.styleSheet()


def test_theme_same_again_says_nothing(theme: ThemeKeeper, qtbot):
    with qtbot.assertNotEmitted(theme.changed):
        theme.apply(Theme.LIGHT, 100, reduce_motion=True)


def test_theme_larger_text_grows_font_and_lengths(theme: ThemeKeeper):
    theme.apply(Theme.LIGHT, 150)
    assert QApplication.font().pixelSize() == 21
    assert theme.code_font().pixelSize() == 20
    assert theme.px(32) == 48


def test_theme_system_without_a_word_from_it_keeps_the_native_brightness(theme: ThemeKeeper):
    theme.apply(Theme.SYSTEM, 100)
    assert not theme.is_dark  # offscreen's own palette is light


def test_set_look_new_value_restyles_the_widget(theme: ThemeKeeper, qtbot):
    button = QPushButton("x")
    qtbot.addWidget(button)
    button.ensurePolished()
    set_look(button, "kind", "primary")
    button.ensurePolished()
    assert button.palette().buttonText().color() == theme.color("on_accent")


def test_widgets_in_app_never_set_their_own_style_sheet():
    folder = resource("style.qss").parent.parent / "app" / "ui"
    guilty = [
        file.name
        for file in folder.rglob("*.py")
        if ".setStyleSheet(" in file.read_text(encoding="utf-8") and file.name != "theme.py"
    ]
    assert guilty == []
