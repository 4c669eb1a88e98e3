"""The messages of a prompt: each a card with its role and its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Signal
from PySide6.QtWidgets import QWidget

from app.engine.messages import Role
from app.prompts.entities import Part
from app.prompts.preview import Problem
from app.ui.pane import PaneContext
from app.ui.prompts.entries import Entry, EntryList
from app.ui.prompts.fields import GrowingText, PickField
from app.ui.prompts.finding_list import FindingList, Remark
from app.ui.prompts.highlighter import TemplateHighlighter
from app.ui.prompts.lint_marks import draw, go_to, mark_of
from app.ui.prompts.section import Section
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.layout import row

if TYPE_CHECKING:
    from app.prompts.lint import Finding

ROLES = {
    Role.SYSTEM: "System",
    Role.USER: "User",
    Role.ASSISTANT: "Assistant",
}
_HINTS = {
    Role.SYSTEM: "How the model shall behave, for the whole chat",
    Role.USER: "What is asked. {{ name }} takes the value of a variable.",
    Role.ASSISTANT: "What the model has answered so far",
}
_SEVERITIES = {"error": Severity.DANGER, "warning": Severity.WARN, "note": Severity.INFO}


def remark_of(finding: Finding, choice: Choice | None = None) -> Remark:
    """A finding in words, with its place in a message."""
    place = mark_of(finding) if finding.part is not None else None
    severity = _SEVERITIES[finding.severity]
    return Remark(finding.message, severity, choice, finding.variable, place)


class PartCard(Entry):
    """One message.

    Signals:
        cursor_moved: the place of the cursor, and the widget it is in.
    """

    cursor_moved = Signal(QWidget, QRect)

    def __init__(self, part: Part, context: PaneContext) -> None:
        super().__init__("message", context.icons)
        self._theme = context.theme
        self._findings: tuple[Remark, ...] = ()
        self._problem: tuple[Remark, ...] = ()
        self.role = PickField("Who says it")
        # A file may have brought a role that cannot be chosen here; it stays.
        own = {part.role: part.role.capitalize()}
        self.role.offer(ROLES if part.role in ROLES else ROLES | own, part.role)
        self.role.edited.connect(self._on_role_edited)
        self.text = GrowingText("Message", is_code=True)
        self.text.show_text(part.text)
        self.text.edited.connect(self.edited)
        self.text.cursor_moved.connect(lambda place: self.cursor_moved.emit(self.text, place))
        self._highlighter = TemplateHighlighter(self.text.document(), context.theme)
        self.findings = FindingList(context.icons)
        self.findings.place_chosen.connect(lambda place: go_to(self.text, place))
        self.body.addWidget(row(self.role, None, self.tools))
        self.body.addWidget(self.text)
        self.body.addWidget(self.findings)
        self._name()

    @property
    def part(self) -> Part:
        """The message as it stands there."""
        return Part(self.role.value, self.text.text)

    def focus_first(self) -> None:
        self.text.setFocus()

    def show_findings(self, findings: Sequence[Finding], declare: Callable[[str], None]) -> None:
        """Show what is wrong in this message."""
        draw(self.text, map(mark_of, findings), self._theme)
        self._findings = tuple(_remarks(findings, declare))
        self._show_remarks()

    def show_problem(self, problem: Problem | None) -> None:
        """Show why it cannot be filled in; None if it can."""
        self._problem = () if problem is None else (Remark(problem.message),)
        self._show_remarks()

    def _show_remarks(self) -> None:
        has_error = any(each.severity is Severity.DANGER for each in self._findings)
        # What stops it is said once: the checks know the place better.
        self.findings.show_remarks(self._findings + (() if has_error else self._problem))

    def _on_role_edited(self) -> None:
        self._name()
        self.edited.emit()

    def _name(self) -> None:
        words = self.role.currentText()
        self.text.setAccessibleName(f"{words} message")
        self.text.setPlaceholderText(_HINTS.get(self.role.value, ""))


def _remarks(findings: Sequence[Finding], declare: Callable[[str], None]) -> list[Remark]:
    made: dict[str, Remark] = {}
    for finding in findings:
        choice = None
        if finding.variable:  # within a message only what is not declared has one
            choice = Choice("Declare it", partial(declare, finding.variable))
        made.setdefault(finding.message, remark_of(finding, choice))
    return list(made.values())


class PartsSection(Section):
    """All messages.

    Signals:
        edited: a person changed something.
        cursor_moved: the place of the cursor, and the widget it is in.
    """

    edited = Signal()
    cursor_moved = Signal(QWidget, QRect)

    def __init__(self, context: PaneContext) -> None:
        super().__init__("Messages", "What is sent to the model, in this order.", context.icons)
        self._context = context
        self.list: EntryList[Part] = EntryList("message", context.icons, self._make, _part)
        self.list.edited.connect(self.edited)
        self.general = FindingList(context.icons)
        add = Button("Add a message", "small", context.icons.icon("ph.plus"))
        add.clicked.connect(self._on_add_clicked)
        for widget in (self.list, self.general, row(add, None)):
            self.body.addWidget(widget)
        self.set_open(True)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The messages as they stand there."""
        return self.list.values

    @property
    def cards(self) -> tuple[PartCard, ...]:
        """One a message, in their order."""
        return tuple(each for each in self.list.entries if isinstance(each, PartCard))

    def show_parts(self, parts: tuple[Part, ...]) -> None:
        """Show others."""
        self.general.show_remarks(())
        self.list.show_values(parts)

    def show_findings(self, findings: Sequence[Finding], declare: Callable[[str], None]) -> None:
        """Show what is wrong at the messages, and below them what is about no single one."""
        for index, card in enumerate(self.cards):
            card.show_findings([each for each in findings if each.part == index], declare)
        general = [each for each in findings if each.part is None and not each.variable]
        self.general.show_remarks(map(remark_of, general if self.cards else ()))

    def show_problem(self, problem: Problem | None) -> None:
        """Show why the prompt cannot be filled in, at the message that is the reason."""
        for index, card in enumerate(self.cards):
            card.show_problem(problem if problem and problem.part == index else None)

    def _make(self, part: Part) -> PartCard:
        card = PartCard(part, self._context)
        card.cursor_moved.connect(self.cursor_moved)
        return card

    def _on_add_clicked(self) -> None:
        used = [each.role for each in self.parts]
        role = Role.ASSISTANT if used and used[-1] is Role.USER else Role.USER
        self.list.add(Part(role if used else Role.SYSTEM, "")).focus_first()


def _part(entry: Entry) -> Part:
    assert isinstance(entry, PartCard)
    return entry.part
