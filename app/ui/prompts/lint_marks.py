"""Finds what is wrong with a prompt off the GUI thread, and marks it where it is in a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

from app.engine.messages import Role
from app.prompts.entities import Content, Part
from app.ui.theme import ThemeKeeper

if TYPE_CHECKING:
    from app.prompts.lint import Finding

COLORS = {"error": "danger", "warning": "warn", "note": "info"}
_MOST_MARKS = 200


@dataclass(frozen=True, slots=True)
class Findings:
    """All that is wrong with a prompt; `schema` is about its output schema alone."""

    prompt: tuple[Finding, ...]
    schema: tuple[Finding, ...]


def find(content: Content) -> Findings:
    """Look at a prompt; takes up to seconds for a very long one."""
    from app.prompts.lint import lint  # Jinja and jsonschema, for a job

    schema = content.output_schema
    alone = Content((Part(Role.USER, "."),), output_schema=schema)
    return Findings(
        lint(replace(content, output_schema=None)), () if schema is None else lint(alone)
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text.

    Attributes:
        line, column: from 1; column 0 is the whole line.
        length: in characters; 0 goes to the end of the line.
        role: of the colour.
    """

    line: int
    column: int = 0
    length: int = 0
    role: str = "danger"


def mark_of(finding: Finding) -> Mark | None:
    """Where a finding is; None if it has no place in a text."""
    if not finding.line:
        return None
    length = len(finding.variable) if finding.column else 0
    return Mark(finding.line, finding.column, length, COLORS[finding.severity])


def draw(edit: QPlainTextEdit, marks: Iterable[Mark | None], theme: ThemeKeeper) -> None:
    """Draw a wavy line under these places, and no others."""
    drawn: list[QTextEdit.ExtraSelection] = []
    for each in islice(filter(None, marks), _MOST_MARKS):
        cursor = _at(edit, each)
        if cursor is None:
            continue
        wave = QTextCharFormat()
        wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        wave.setUnderlineColor(theme.color(each.role))
        selection = QTextEdit.ExtraSelection()
        selection.cursor, selection.format = cursor, wave
        drawn.append(selection)
    edit.setExtraSelections(drawn)


def go_to(edit: QPlainTextEdit, mark: Mark) -> None:
    """Put the cursor at a place; at the end if the text has become shorter."""
    edit.setFocus(Qt.FocusReason.OtherFocusReason)
    cursor = _at(edit, mark)
    if cursor is None:
        edit.moveCursor(QTextCursor.MoveOperation.End)
        return
    cursor.setPosition(cursor.selectionStart())
    edit.setTextCursor(cursor)
    edit.ensureCursorVisible()


def _at(edit: QPlainTextEdit, mark: Mark) -> QTextCursor | None:
    """What a mark is under, selected; None if there is no such line any more."""
    block = edit.document().findBlockByNumber(mark.line - 1)
    if not block.isValid():
        return None
    line, first = block.text(), max(mark.column - 1, 0)
    end = first + mark.length if mark.length else len(line)
    cursor = QTextCursor(block)
    cursor.setPosition(block.position() + _qt_length(line[:first]))
    cursor.setPosition(block.position() + _qt_length(line[:end]), QTextCursor.MoveMode.KeepAnchor)
    return cursor


def _qt_length(text: str) -> int:
    """Length as Qt counts it, in UTF-16 units."""
    return len(text) + sum(each > "\uffff" for each in text)
