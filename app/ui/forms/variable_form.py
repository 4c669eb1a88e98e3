"""The form that a prompt is filled in with."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.prompts.entities import Variable, VariableKind
from app.prompts.variables import check
from app.ui.forms.document_field import DocumentField
from app.ui.forms.fields import ValueField, make_field
from app.ui.pane import PaneContext
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.slices import Slices

if TYPE_CHECKING:
    from app.library.service import LibraryService

_AT_ONCE = 8  # fields


@dataclass(slots=True)
class _Row:
    variable: Variable
    holder: QWidget
    field: ValueField
    problem: Label
    untouched: object

    def say(self, words: str) -> None:
        self.problem.setText(words)
        self.problem.setVisible(bool(words))


class VariableForm(QWidget):
    """A field for each variable; of many, the last ones come a moment later.

    What was filled in outlives another set of variables.

    Signals:
        changed: a value is another one.
        submitted: Enter was pressed in a field of one line.
        completed: the last ones of many fields have come.
    """

    changed = Signal()
    completed = Signal()
    submitted = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._library: LibraryService | None = None
        self._rows: dict[str, _Row] = {}
        self._remembered: dict[str, object] = {}
        self._variables: tuple[Variable, ...] | None = None
        self._coming: deque[Variable] = deque()
        self._slices = Slices(self._make_next, self)
        self._slices.ended.connect(self.completed)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(14)
        self._nothing = Label("This prompt has nothing to fill in.", "body2", wrap=True)
        self._layout.addWidget(self._nothing)

    def attach(self, library: LibraryService) -> None:
        """Documents can be chosen from the library now."""
        self._library = library
        for each in self._rows.values():
            if isinstance(each.field, DocumentField):
                each.field.attach(library)

    def show_variables(self, variables: Sequence[Variable], keep: bool = True) -> None:
        """Make the fields.

        Args:
            variables: what is asked for.
            keep: what a person has filled in stays under its name; else all begin anew.
        """
        if not keep:
            self._remembered.clear()
        elif self._variables == tuple(variables):
            return
        else:
            self._remembered |= self._touched()
        self._clear()
        self._variables = tuple(variables)
        self._coming = deque(variables)
        for _variable in self._variables[:_AT_ONCE]:
            self._make_next()
        self._slices.start() if self._coming else self._slices.stop()
        self._nothing.setVisible(not self._rows)

    def values(self) -> dict[str, object]:
        """What stands in the fields, by the names of the variables, not yet checked.

        A field that has not come yet has None, which is to say its default.
        """
        coming = {each.name: self._remembered.get(each.name) for each in self._coming}
        return {name: each.field.value() for name, each in self._rows.items()} | coming

    def filled(self) -> dict[str, object]:
        """What a person has filled in, here or for other variables, by name."""
        return self._remembered | self._touched()

    def set_values(self, values: Mapping[str, object]) -> None:
        """Fill fields in; names that are not asked for are kept for when they are."""
        self._remembered |= values
        for name in values.keys() & self._rows.keys():
            self._rows[name].field.set_value(values[name])

    def problems(self) -> dict[str, str]:
        """Check what is filled in. What is wrong is shown at the fields, and given by name."""
        self._slices.finish()
        found = dict(check(self._variables or (), self.values()).problems)
        for name, each in self._rows.items():
            each.say(found.get(name, ""))
        if first := next((each for name, each in self._rows.items() if name in found), None):
            first.field.setFocus()
        return found

    def _make_next(self) -> bool:
        variable = self._coming.popleft()
        made = self._rows[variable.name] = self._make_row(variable)
        self._layout.addWidget(made.holder)
        made.holder.show()  # at once, so that it can take the focus
        if variable.name in self._remembered:
            made.field.set_value(self._remembered[variable.name])
        made.field.changed.connect(lambda: self._on_changed(variable.name))
        made.field.submitted.connect(self.submitted)
        return bool(self._coming)

    def _make_row(self, variable: Variable) -> _Row:
        field = self._make_field(variable)
        title = Label(variable.label or variable.name, "h3")
        title.setBuddy(field.editor)
        optional = Label("" if variable.required else "can be left empty", "caption")
        problem = Label("", "danger", wrap=True)
        problem.hide()
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        if field.beside_name:
            inside.addWidget(row(title, None, field))
        else:
            inside.addWidget(row(title, optional, None))
            inside.addWidget(field)
        if variable.help:
            field.editor.setAccessibleDescription(variable.help)
            inside.addWidget(Label(variable.help, "caption", wrap=True))
        inside.addWidget(problem)
        return _Row(variable, holder, field, problem, field.value())

    def _make_field(self, variable: Variable) -> ValueField:
        context = self._context
        if variable.kind is not VariableKind.DOCUMENT:
            return make_field(variable, context.theme)
        name = variable.label or variable.name
        field = DocumentField(name, context.jobs, context.theme, context.icons, self._library)
        field.set_value(variable.default)
        return field

    def _touched(self) -> dict[str, object]:
        values = {name: (each.field.value(), each.untouched) for name, each in self._rows.items()}
        return {name: now for name, (now, before) in values.items() if now != before}

    def _clear(self) -> None:
        for each in self._rows.values():
            self._layout.removeWidget(each.holder)
            each.holder.hide()
            each.holder.deleteLater()
        self._rows.clear()

    def _on_changed(self, name: str) -> None:
        self._rows[name].say("")
        self.changed.emit()
