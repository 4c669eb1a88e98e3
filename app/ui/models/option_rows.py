"""The form of the load options sheet, generated from the table of options."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from app.engine.options import LoadOptions, Rope
from app.engine.protocol import Device
from app.ui.icons import Icons
from app.ui.models.option_controls import ListControl, OptionControl, plain_control
from app.ui.models.option_specs import (
    OPTION_GROUPS,
    OptionGroup,
    OptionSpec,
    read_option,
    with_option,
)
from app.ui.models.part_controls import AdaptersControl, CardsControl
from app.ui.theme import ThemeKeeper
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

_WORDS_WIDTH = 220
_ONLY_WITH_SEVERAL = ("devices", "split_mode", "main_gpu", "tensor_split")


class OptionRow(QWidget):
    """Title and help at the left, the control at the right, or below where there is no room.

    Signals:
        edited: a person chose this value.
    """

    edited = Signal(object)

    def __init__(self, spec: OptionSpec, control: OptionControl, theme: ThemeKeeper) -> None:
        super().__init__()
        self.spec = spec
        self.control = control
        self._theme = theme
        control.edited.connect(self.edited)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Label(spec.title))
        if spec.help:
            words.addWidget(Label(spec.help, "caption", wrap=True))
        below = QBoxLayout.Direction.TopToBottom
        self._layout = QBoxLayout(
            below if control.is_wide else QBoxLayout.Direction.LeftToRight, self
        )
        self._layout.setContentsMargins(0, 6, 0, 6)
        self._layout.setSpacing(8 if control.is_wide else 16)
        self._layout.addLayout(words, 1)
        self._layout.addWidget(control)
        if not control.is_wide:
            self._layout.setAlignment(control, Qt.AlignmentFlag.AlignVCenter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if not self.control.is_wide:
            room = event.size().width() - self.control.sizeHint().width()
            is_tight = room < self._theme.px(_WORDS_WIDTH)
            directions, align = QBoxLayout.Direction, Qt.AlignmentFlag
            self._layout.setDirection(
                directions.TopToBottom if is_tight else directions.LeftToRight
            )
            self._layout.setAlignment(
                self.control, align.AlignRight if is_tight else align.AlignVCenter
            )
        super().resizeEvent(event)


class OptionForm(QWidget):
    """All groups of options, for one model.

    Signals:
        edited: the options are others now.

    Attributes:
        rows: by name of the option.
        card_note: says that there is no graphics card.
    """

    edited = Signal(object)

    def __init__(self, icons: Icons, theme: ThemeKeeper, options: LoadOptions) -> None:
        super().__init__()
        self._icons = icons
        self._theme = theme
        self._options = options
        self._cards: tuple[Device, ...] = ()
        self.rows: dict[str, OptionRow] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.card_note = Label("Looking for graphics cards…", "caption", wrap=True)
        self._advanced: list[QWidget] = []
        self.more = FoldButton("Advanced", icons)
        for group in OPTION_GROUPS:
            self._add_group(group)
        self._column.addStretch(1)
        self.more.unfolded.connect(self._on_unfolded)
        if options.rope != Rope():  # what was changed is not hidden
            self.more.set_open(True)
        self._show_rows()

    @property
    def options(self) -> LoadOptions:
        """As a person has set them."""
        return self._options

    def show_options(self, options: LoadOptions) -> None:
        """Show these; tells nobody."""
        self._options = options
        self._show_rows()

    def show_cards(self, cards: tuple[Device, ...]) -> None:
        """Offer what concerns graphics cards, if there are any."""
        self._cards = cards
        note = "" if cards else "No graphics card here that the engine can use."
        self.card_note.setText(note)
        self.card_note.setVisible(bool(note))
        for name in ("devices", "main_gpu"):
            self._replace_control(self.rows[name])
        self._show_rows()

    def _add_group(self, group: OptionGroup) -> None:
        heading = Label(group.title, "h3")
        if group.is_advanced:
            self._column.addSpacing(12)
            self._column.addWidget(row(self.more, None))
            self._advanced.append(heading)
        self._column.addSpacing(12 if self.rows else 0)
        self._column.addWidget(heading)
        if group.needs_card:
            self._column.addWidget(self.card_note)
        for spec in group.specs:
            line = OptionRow(spec, self._make_control(spec), self._theme)
            line.edited.connect(self._editor(spec.name))
            self.rows[spec.name] = line
            self._column.addWidget(line)

    def _make_control(self, spec: OptionSpec) -> OptionControl:
        match spec.name:
            case "adapters":
                return AdaptersControl(spec, self._icons)
            case "devices":
                return CardsControl(self._cards)
            case "main_gpu":
                used = enumerate(self._used_cards())
                names = {place: each.description or each.name for place, each in used}
                return ListControl(spec.title, names or {0: "The first"})
        default = read_option(LoadOptions(), spec.name)
        return plain_control(spec, default, self._icons, self._theme)

    def _replace_control(self, old: OptionRow) -> None:
        new = OptionRow(old.spec, self._make_control(old.spec), self._theme)
        new.edited.connect(self._editor(old.spec.name))
        self._column.replaceWidget(old, new)
        old.hide()
        old.deleteLater()
        self.rows[old.spec.name] = new

    def _used_cards(self) -> tuple[Device, ...]:
        wanted = self._options.devices
        return tuple(each for each in self._cards if not wanted or each.name in wanted)

    def _editor(self, name: str) -> Any:
        return lambda value: self._on_edited(name, value)

    def _on_edited(self, name: str, value: Any) -> None:
        options = with_option(self._options, name, value)
        if options == self._options:
            return
        self._options = options
        if name == "devices":
            self._options = with_option(options, "main_gpu", 0)
            self._replace_control(self.rows["main_gpu"])
        self._show_rows()
        self.edited.emit(self._options)

    def _show_rows(self) -> None:
        is_open = self.more.is_open
        for heading in self._advanced:
            heading.setVisible(is_open)
        for group in OPTION_GROUPS:
            for spec in group.specs:
                line = self.rows[spec.name]
                line.control.show_value(read_option(self._options, spec.name))
                is_there = not group.needs_card or self._matters(spec)
                is_there = is_there and (is_open or not group.is_advanced)
                line.setVisible(is_there and spec.is_shown(self._options))

    def _matters(self, spec: OptionSpec) -> bool:
        least = 2 if spec.name in _ONLY_WITH_SEVERAL else 1
        return len(self._cards) >= least

    def _on_unfolded(self, _is_open: bool) -> None:
        self._show_rows()
