"""The variables of a prompt: each a card with its name, its kind and what the form says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from app.prompts.entities import Variable, VariableKind
from app.ui.pane import PaneContext
from app.ui.prompts.default_field import DefaultField
from app.ui.prompts.entries import Entry, EntryList
from app.ui.prompts.fields import GrowingText, LineField, PickField, titled
from app.ui.prompts.finding_list import FindingList, Remark
from app.ui.prompts.part_edit import remark_of
from app.ui.prompts.section import Section
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.layout import row

if TYPE_CHECKING:
    from app.prompts.lint import Finding

KINDS = {
    VariableKind.TEXT: "Text",
    VariableKind.LONG_TEXT: "Long text",
    VariableKind.NUMBER: "Number",
    VariableKind.CHOICE: "Choice",
    VariableKind.YES_NO: "Yes or no",
    VariableKind.DATE: "Date",
    VariableKind.DOCUMENT: "Document",
}


class VariableCard(Entry):
    """One variable."""

    def __init__(self, variable: Variable, context: PaneContext) -> None:
        super().__init__("variable", context.icons)
        self._variable = variable
        self.name = LineField("Name of the variable", hint="name")
        self.name.setProperty("code", "true")
        self.kind = PickField("Kind of the variable")
        self.label = LineField("Label in the form")
        self.help = LineField("Help in the form", hint="None")
        self.default = DefaultField("Default of the variable")
        self.required = QCheckBox("Needs a value")
        self.findings = FindingList(context.icons)
        self._build()
        self._show()
        self._connect()

    @property
    def variable(self) -> Variable:
        """The variable as it stands there."""
        return self._variable

    @cached_property
    def choices(self) -> GrowingText:
        """The choices, one a line; made when it is first needed."""
        field = GrowingText("Choices, one a line", most=8)
        field.show_text("\n".join(self._variable.choices))
        field.edited.connect(self._on_choices_edited)
        return field

    @cached_property
    def _choices(self) -> QWidget:
        holder = titled("Choices, one a line", self.choices)
        self.body.insertWidget(self.body.indexOf(self._default), holder)
        return holder

    def focus_first(self) -> None:
        self.name.setFocus()

    def _build(self) -> None:
        first = row(titled("Name", self.name), titled("Kind", self.kind))
        second = row(titled("Label", self.label), titled("Help", self.help))
        for line in (first, second):
            layout = line.layout()
            assert isinstance(layout, QHBoxLayout)
            layout.setStretch(0, 1)
            layout.setStretch(1, 1)
        self.body.addWidget(row(self.required, None, self.tools))
        self._default = titled("Default", self.default)
        for widget in (first, second, self._default, self.findings):
            self.body.addWidget(widget)

    def _connect(self) -> None:
        self.name.edited.connect(lambda: self._change(name=self.name.value))
        self.kind.edited.connect(self._on_kind_edited)
        self.label.edited.connect(lambda: self._change(label=self.label.value))
        self.help.edited.connect(lambda: self._change(help=self.help.value))
        self.default.edited.connect(lambda: self._change(default=self.default.value))
        self.required.clicked.connect(lambda is_on: self._change(required=is_on))

    def _show(self) -> None:
        variable = self._variable
        self.name.show_text(variable.name)
        self.kind.offer(KINDS, variable.kind)
        self.label.show_text(variable.label)
        self.help.show_text(variable.help)
        self.required.setChecked(variable.required)
        self._show_default()
        self._say_name()

    def _show_default(self) -> None:
        variable = self._variable
        is_choice = variable.kind is VariableKind.CHOICE
        if is_choice or "_choices" in vars(self):
            self._choices.setVisible(is_choice)
        self.default.show_value(variable.default, variable.kind, variable.choices)

    def _change(self, **values: object) -> None:
        self._variable = replace(self._variable, **values)  # type: ignore[arg-type]  # by name
        self._say_name()
        self.edited.emit()

    def _on_kind_edited(self) -> None:
        self._change(kind=self.kind.value)
        self._show_default()

    def _on_choices_edited(self) -> None:
        lines = (each.strip() for each in self.choices.text.split("\n"))
        self._change(choices=tuple(dict.fromkeys(each for each in lines if each)))
        self._show_default()

    def _say_name(self) -> None:
        self.label.setPlaceholderText(self._variable.name)
        self.required.setAccessibleName(f"{self._variable.name}: needs a value")


class VariablesSection(Section):
    """All variables.

    Signals:
        edited: a person changed something.
    """

    edited = Signal()

    def __init__(self, context: PaneContext) -> None:
        words = "What is filled in anew each time. {{ name }} in a message takes its value."
        super().__init__("Variables", words, context.icons)
        self._to_mend = 0
        self.list: EntryList[Variable] = EntryList(
            "variable", context.icons, lambda each: VariableCard(each, context), _variable
        )
        self.list.edited.connect(self._on_edited)
        add = Button("Add a variable", "small", context.icons.icon("ph.plus"))
        add.clicked.connect(self._on_add_clicked)
        self.body.addWidget(self.list)
        self.body.addWidget(row(add, None))

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables as they stand there."""
        return self.list.values

    @property
    def cards(self) -> tuple[VariableCard, ...]:
        """One a variable, in their order."""
        return tuple(each for each in self.list.entries if isinstance(each, VariableCard))

    def show_variables(self, variables: tuple[Variable, ...]) -> None:
        """Show others; the section is open if there are any."""
        self.list.show_values(variables)
        self.set_open(bool(variables))
        self._count()

    def declare(self, name: str) -> None:
        """Add a variable, as a person does."""
        if all(each.name != name for each in self.variables):
            self.set_open(True)
            self.list.add(Variable(name))

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show what is wrong at the variables."""
        remarks: defaultdict[str, list[Remark]] = defaultdict(list)
        for finding in findings:
            if finding.part is None and (name := finding.variable):
                remarks[name].append(remark_of(finding))
        for card in self.cards:
            card.findings.show_remarks(
                replace(each, choice=Choice("Remove it", partial(self.list.remove, card)))
                if each.severity is Severity.WARN  # it is not used
                else each
                for each in remarks.get(card.variable.name, ())
            )
        self._to_mend = len(remarks)
        self._count()

    def _on_edited(self) -> None:
        self._count()
        self.edited.emit()

    def _count(self) -> None:
        words = str(len(self.variables)) if self.variables else ""
        self.say(f"{words} · {self._to_mend} to mend" if self._to_mend else words)

    def _on_add_clicked(self) -> None:
        taken = {each.name for each in self.variables}
        names = ("text" if number == 1 else f"text_{number}" for number in count(1))
        self.list.add(Variable(next(each for each in names if each not in taken))).focus_first()


def _variable(entry: Entry) -> Variable:
    assert isinstance(entry, VariableCard)
    return entry.variable
