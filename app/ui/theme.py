"""Colours and sizes: one set of tokens becomes the palette, the style sheet and the icon colours.

Widgets never call `setStyleSheet`; they carry object names and the properties `role`, `kind` and
`sev`, which resources/style.qss and the partials in resources/qss turn into looks.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import resource
from app.settings.schema import Theme

# Type sizes in pixels at 100 %, by what they are for; in the style sheet as $size_NAME.
TYPE_SIZES = {
    "overline": 11,
    "caption": 12,
    "code": 13,
    "ui": 14,
    "prose": 15,
    "h2": 16,
    "h1": 20,
}
# Heights that must grow with the text; in the style sheet as $height_NAME.
HEIGHTS = {"control": 32, "small": 26, "chip": 28, "field": 32, "header": 56, "row": 42}
# Widths that must grow with the text; in the style sheet as $width_NAME.
WIDTHS = {"nav": 56}
# The few pictures that a style sheet must name by file; their grey serves both themes.
ICONS = {"caret_down": "caret-down.svg", "caret_up": "caret-up.svg", "check": "check.svg"}
CODE_FAMILIES = ("JetBrains Mono", "DejaVu Sans Mono")
UI_FAMILY = "Inter"


class ThemeKeeper(QObject):
    """The theme in force.

    Signals:
        changed: colours or sizes are others now; the style sheet is already applied.
    """

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._wanted = Theme.SYSTEM
        self._scale = 100
        self._is_dark = False
        self._applied: tuple[bool, int, bool] | None = None
        self.reduce_motion = False
        self.tokens: Mapping[str, str] = tokens("light")
        # Before the application gets our palette: the only moment its own is to be seen.
        self._native_is_dark = app.palette().color(QPalette.ColorRole.Window).lightness() < 128
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    @property
    def is_dark(self) -> bool:
        """Whether the dark colours are in force."""
        return self._is_dark

    def color(self, role: str) -> QColor:
        """The colour of a role, such as "text2"."""
        return QColor(self.tokens[role])

    def px(self, size: int) -> int:
        """A length that grows with the text size setting."""
        return round(size * self._scale / 100)

    def code_font(self) -> QFont:
        """The font for code, at its scaled size."""
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setFamilies([*CODE_FAMILIES, font.family()])
        font.setPixelSize(self.px(TYPE_SIZES["code"]))
        return font

    def apply(self, theme: Theme, text_scale: int, *, reduce_motion: bool = False) -> None:
        """Take these settings; nothing is repainted when nothing is different."""
        self.reduce_motion = reduce_motion
        self._wanted, self._scale = theme, text_scale
        self._refresh()

    def _refresh(self) -> None:
        hints = self._app.styleHints()
        scheme = {Theme.LIGHT: Qt.ColorScheme.Light, Theme.DARK: Qt.ColorScheme.Dark}
        # Also colours the title bar where the system draws one.
        hints.setColorScheme(scheme.get(self._wanted, Qt.ColorScheme.Unknown))
        self._is_dark = self._resolved()
        high_contrast = (
            hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast
        )
        state = (self._is_dark, self._scale, high_contrast)
        if state == self._applied:
            return
        self._applied = state
        self.tokens = tokens("dark" if self._is_dark else "light", high_contrast=high_contrast)
        self._app.setFont(self._ui_font())
        self._app.setPalette(palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens, self._scale))
        self.changed.emit()

    def _resolved(self) -> bool:
        if self._wanted is not Theme.SYSTEM:
            return self._wanted is Theme.DARK
        scheme = self._app.styleHints().colorScheme()
        if scheme == Qt.ColorScheme.Unknown:  # plain X11 and offscreen never say
            return self._native_is_dark
        return scheme == Qt.ColorScheme.Dark

    def _ui_font(self) -> QFont:
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
        font.setFamilies([UI_FAMILY, font.family()])
        font.setPixelSize(self.px(TYPE_SIZES["ui"]))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def _on_scheme_changed(self) -> None:
        if self._wanted is Theme.SYSTEM:
            self._refresh()


@cache
def tokens(name: str, *, high_contrast: bool = False) -> Mapping[str, str]:
    """The colour tokens of a theme, derived ones included."""
    raw = tomllib.loads(resource(f"themes/{name}.toml").read_text(encoding="utf-8"))
    colors: dict[str, str] = dict(raw["colors"])
    if high_contrast:
        colors |= {"border": colors["text2"], "border_strong": colors["text2"]}
    surface = QColor(colors["surface"])
    alpha = 255 if high_contrast else 244
    colors["veil"] = f"rgba({surface.red()}, {surface.green()}, {surface.blue()}, {alpha})"
    colors["scrim"] = "rgba(0, 0, 0, 115)"
    return colors


def palette(colors: Mapping[str, str]) -> QPalette:
    """The palette for what the style sheet does not reach."""
    role = QPalette.ColorRole
    wanted = {
        role.Window: "bg",
        role.Base: "surface",
        role.AlternateBase: "sunken",
        role.Button: "raised",
        role.ToolTipBase: "raised",
        role.WindowText: "text",
        role.Text: "text",
        role.ButtonText: "text",
        role.ToolTipText: "text",
        role.PlaceholderText: "text3",
        role.Highlight: "accent",
        role.HighlightedText: "on_accent",
        role.Link: "accent_text",
        role.LinkVisited: "accent_text",
        role.Accent: "accent",
        role.Mid: "border",
        role.Dark: "border_strong",
    }
    result = QPalette()
    for each, token in wanted.items():
        result.setColor(each, QColor(colors[token]))
    for each in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, each, QColor(colors["text3"]))
    return result


def style_sheet(colors: Mapping[str, str], scale: int) -> str:
    """The style sheet: resources/style.qss, then resources/qss/*.qss, with tokens filled in."""
    values = dict(colors)
    values |= {
        f"size_{name}": f"{round(size * scale / 100)}px" for name, size in TYPE_SIZES.items()
    }
    values |= {f"height_{name}": f"{round(size * scale / 100)}px" for name, size in HEIGHTS.items()}
    values |= {f"width_{name}": f"{round(size * scale / 100)}px" for name, size in WIDTHS.items()}
    values |= {f"icon_{name}": resource(f"icons/{file}").as_posix() for name, file in ICONS.items()}
    values["code_family"] = ", ".join(f'"{family}"' for family in (*CODE_FAMILIES, "monospace"))
    return Template(_templates()).substitute(values)


@cache
def _templates() -> str:
    partials = sorted(resource("qss").glob("*.qss"))
    files = (resource("style.qss"), *partials)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def set_look(widget: QWidget, name: str, value: str) -> None:
    """Change a property that the style sheet selects on, and show it."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
