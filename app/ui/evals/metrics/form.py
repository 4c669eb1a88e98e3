"""The settings of one metric, made from what its kind can be set to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.evals.metrics.registry import KINDS
from app.evals.suites.parsing import parse_object
from app.evals.suites.suite import BadItem
from app.ui.evals.metrics.reading import JudgeOffer
from app.ui.evals.metrics.rubric import RubricField
from app.ui.evals.metrics.words import SETTINGS, VALUES
from app.ui.evals.suites.item_fields import KeptText
from app.ui.forms.fields import WheelShyBox, plain
from app.ui.pane import PaneContext
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column
from app.ui.widgets.switch import Switch

_NUMBER_WIDTH = 110


class Unreadable(Exception):
    """A field cannot be read; says why, for a person."""


class MetricForm(QWidget):
    """Fields for the settings.

    Signals:
        edited: a person changed one.
    """

    edited = Signal()

    def __init__(self, context: PaneContext, document: Mapping[str, Any]) -> None:
        super().__init__()
        self._context = context
        self._document = dict(document)
        self._values: dict[str, Callable[[], Any]] = {}
        self._judges: tuple[JudgeOffer, ...] = ()
        self._judge_box: WheelShyBox | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 4, 0, 0)
        self._layout.setSpacing(10)
        kind = str(document["metric"])
        defaults = KINDS[kind].type()
        for setting, (title, words) in SETTINGS.get(kind, {}).items():
            default = getattr(defaults, setting)
            self._add(setting, title, words, document.get(setting, default), default)

    @property
    def document(self) -> dict[str, Any]:
        """The metric as it is set; what was not touched stays as it was stored.

        Raises:
            Unreadable: a field cannot be read.
        """
        found = dict(self._document)
        defaults = KINDS[str(found["metric"])].type()
        for setting, value in self._values.items():
            read = value()
            if setting in found or read != _plain(getattr(defaults, setting)):
                found[setting] = read
        return found

    def show_judges(self, judges: Sequence[JudgeOffer]) -> None:
        """Offer these models to judge."""
        box = self._judge_box
        if box is None or tuple(judges) == self._judges:
            return
        wanted = self._judge_name()
        if not any(each.name == wanted for each in judges):
            judges = (*judges, JudgeOffer(f"{wanted} (not there)", wanted, is_there=False))
        self._judges = tuple(judges)
        box.clear()
        for each in judges:
            name = "ph.cube" if each.is_there else "ph.warning"
            box.addItem(self._context.icons.icon(name), each.title)
        box.setCurrentIndex([each.name for each in judges].index(wanted))

    @property
    def judge(self) -> JudgeOffer | None:
        """Which model judges; None where none does, or while it is not known which there are."""
        box = self._judge_box
        return self._judges[box.currentIndex()] if box is not None and self._judges else None

    def _judge_name(self) -> str:
        found = self.judge
        return found.name if found is not None else str(self._document.get("model", ""))

    def _add(self, setting: str, title: str, words: str, value: Any, default: Any) -> None:
        said = [Label(words, "caption", wrap=True)] if words else []
        match default:
            case bool():
                switch = Switch(self._context.theme, title)
                switch.setChecked(bool(value))
                switch.toggled.connect(self.edited)
                self._values[setting] = switch.isChecked
                heading = column(Label(title), *said, spacing=0)
                self._layout.addWidget(_beside(heading, switch))
                return
            case StrEnum():
                field = self._choice(setting, title, default, value)
            case float():
                field = self._number(setting, title, value)
            case str() if setting == "model":
                field = self._model(title)
            case str():
                field = self._line(setting, title, value)
            case _ if setting == "rubric":
                field = self._rubric(value)
            case _:
                field = self._json(setting, title, value, is_list=isinstance(default, tuple))
        heading_label = Label(title)
        heading_label.setBuddy(field)
        if isinstance(default, StrEnum | float):
            self._layout.addWidget(_beside(column(heading_label, *said, spacing=0), field))
        else:
            self._layout.addWidget(column(heading_label, field, *said, spacing=4))

    def _choice(self, setting: str, title: str, default: StrEnum, value: Any) -> QWidget:
        box = WheelShyBox()
        box.setAccessibleName(title)
        names = list(VALUES[setting])
        box.addItems(list(VALUES[setting].values()))
        box.setSizeAdjustPolicy(WheelShyBox.SizeAdjustPolicy.AdjustToContents)
        box.setCurrentIndex(names.index(str(type(default)(value).value)))
        box.activated.connect(self.edited)
        self._values[setting] = lambda: names[box.currentIndex()]
        return box

    def _number(self, setting: str, title: str, value: Any) -> QWidget:
        field = _field(title, plain(value))
        field.setFixedWidth(_NUMBER_WIDTH)
        field.textEdited.connect(self.edited)

        def read() -> float:
            text = field.text().strip().replace(",", ".") or "0"
            try:
                return float(text)
            except ValueError as error:
                raise Unreadable(f"{title}: “{text}” is not a number.") from error

        self._values[setting] = read
        return field

    def _line(self, setting: str, title: str, value: Any) -> QWidget:
        field = _field(title, str(value))
        field.setProperty("code", "true")
        field.textEdited.connect(self.edited)
        self._values[setting] = field.text
        return field

    def _model(self, title: str) -> QWidget:
        box = self._judge_box = WheelShyBox()
        box.setAccessibleName(title)
        box.addItem("Looking…")
        box.activated.connect(self.edited)
        self._values["model"] = self._judge_name
        return box

    def _rubric(self, value: Any) -> QWidget:
        field = RubricField(self._context.icons)
        field.show_rubric(value)
        field.edited.connect(self.edited)
        self._values["rubric"] = lambda: field.rubric
        return field

    def _json(self, setting: str, title: str, value: Any, *, is_list: bool) -> QWidget:
        hint = "[ ]" if is_list else '{"type": "object"}'
        field = KeptText(title, hint, fewest=1, is_code=True)
        field.show_text(json.dumps(_plain(value), ensure_ascii=False, indent=2) if value else "")
        field.edited.connect(self.edited)

        def read() -> Any:
            text = field.text.strip()
            try:
                if is_list:
                    return parse_object(f'{{"list": {text or "[]"}}}')["list"]
                return parse_object(text or "{}")
            except BadItem as error:
                raise Unreadable(f"{title}: {error.message}") from error

        self._values[setting] = read
        return field


def _beside(heading: QWidget, field: QWidget) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    layout.addWidget(heading, 1)
    layout.addWidget(field)
    return holder


def _plain(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case tuple():
            return [dict(each) for each in value]
    return value


def _field(name: str, text: str) -> QLineEdit:
    field = QLineEdit(text)
    field.setAccessibleName(name)
    field.setAcceptDrops(False)
    return field
