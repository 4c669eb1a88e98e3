"""How the answer of a trial is drawn: as the version says, as Settings say, or otherwise."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLineEdit, QVBoxLayout, QWidget

from app.evals.trials import SettingsFrom, TrialSettings
from app.ui.forms.fields import WheelShyBox
from app.ui.widgets.labels import Label

_TITLES = {
    SettingsFrom.VERSION: "Sampling as the version says",
    SettingsFrom.SETTINGS: "Sampling as in Settings",
    SettingsFrom.OWN: "Sampling of its own",
}
_HOTTEST, _LONGEST, _LAST_SEED = 5.0, 1_000_000, 2**31 - 1


class SettingsChoice(QWidget):
    """A choice, and three fields for an own one; an empty field leaves its value as it is."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = WheelShyBox()
        self._box.setAccessibleName(f"{name}: sampling")
        for source, title in _TITLES.items():
            self._box.addItem(title, source)
        self._box.currentIndexChanged.connect(self._show_own)
        self._temperature = self._field(name, "Temperature", "0 to 5")
        self._longest = self._field(name, "Longest answer", "tokens")
        self._seed = self._field(name, "Seed", "whole number")
        self._problem = Label("", "danger", wrap=True)
        self._problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._box)
        layout.addWidget(self._build_own())
        layout.addWidget(self._problem)
        self._show_own()

    def read(self) -> TrialSettings | None:
        """What is chosen; None when a field holds no such number, which is then said."""
        source = SettingsFrom(self._box.currentData())
        if source is not SettingsFrom.OWN:
            return TrialSettings(source)
        try:
            settings = TrialSettings(
                source,
                _number(self._temperature, 0.0, _HOTTEST),
                _whole(self._longest, 1, _LONGEST),
                _whole(self._seed, 0, _LAST_SEED),
            )
        except ValueError as error:
            self._say(str(error))
            return None
        self._say("")
        return settings

    def _field(self, name: str, title: str, hint: str) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(f"{name}: {title.lower()}")
        field.setPlaceholderText(hint)
        field.setAcceptDrops(False)
        field.textEdited.connect(lambda _text: self._say(""))
        return field

    def _build_own(self) -> QWidget:
        self._own = QWidget()
        grid = QGridLayout(self._own)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        titled = (
            ("Temperature", self._temperature),
            ("Longest answer", self._longest),
            ("Seed", self._seed),
        )
        for at, (title, field) in enumerate(titled):
            label = Label(title, "caption")
            label.setBuddy(field)
            grid.addWidget(label, 0, at)
            grid.addWidget(field, 1, at)
        return self._own

    def _show_own(self) -> None:
        self._own.setVisible(self._box.currentData() == SettingsFrom.OWN)
        self._say("")

    def _say(self, words: str) -> None:
        self._problem.setText(words)
        self._problem.setVisible(bool(words))


def _number(field: QLineEdit, low: float, high: float) -> float | None:
    text = field.text().strip()
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise ValueError(f"Temperature: write a number from {low:g} to {high:g}.")
    return value


def _whole(field: QLineEdit, low: int, high: int) -> int | None:
    text = field.text().strip()
    if not text:
        return None
    if not text.isdecimal() or not low <= int(text) <= high:
        name = field.accessibleName().rpartition(": ")[2].capitalize()
        raise ValueError(f"{name}: write a whole number from {low:,} to {high:,}.")
    return int(text)
