"""Colours a Jinja2 template as it is typed, line by line."""

from __future__ import annotations

import re
from enum import IntEnum

from PySide6.QtGui import QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from app.ui.theme import ThemeKeeper

Span = tuple[int, int, str]  # start and length in UTF-16 units, colour role

_LONGEST_LINE = 20_000  # what a person writes is shorter; a pasted blob stays plain
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_OPENING = re.compile(r"\{[{%#]")
_TOKEN = re.compile(
    r"""(?P<string>"[^"]*"|'[^']*')|(?P<number>\b\d[\d_.]*\b)|(?P<filter>\|\s*[^\W\d]\w*)"""
    r"""|(?P<name>[^\W\d]\w*)"""
)
_KEYWORDS = frozenset({
    "and", "as", "block", "break", "call", "context", "continue", "elif", "else", "endblock",
    "endcall", "endfilter", "endfor", "endif", "endmacro", "endraw", "endset", "endwith",
    "false", "filter", "for", "if", "in", "is", "loop", "macro", "none", "not", "or", "raw",
    "recursive", "set", "true", "with", "without", "False", "None", "True",
})  # fmt: skip


class State(IntEnum):
    """What a line begins inside of."""

    TEXT = 0
    VARIABLE = 1
    TAG = 2
    COMMENT = 3


_INSIDE = {"{{": State.VARIABLE, "{%": State.TAG, "{#": State.COMMENT}
_CLOSING = {State.VARIABLE: "}}", State.TAG: "%}", State.COMMENT: "#}"}


def template_spans(line: str, state: State) -> tuple[list[Span], State]:
    """The coloured spans of a line, and what the next line begins inside of."""
    text = _ASTRAL.sub("\ufffd\ufffd", line)  # Qt counts such characters twice
    spans: list[Span] = []
    at = 0
    while at < len(text):
        if state is State.TEXT:
            opening = _OPENING.search(text, at)
            if opening is None:
                break
            state, start, at = _INSIDE[opening[0]], opening.start(), opening.end()
        else:
            start = at
        closing = text.find(_CLOSING[state], at)
        end = len(text) if closing < 0 else closing + 2
        spans += _inner(text, start, end, state)
        at = end
        if closing >= 0:
            state = State.TEXT
    return spans, state


def _inner(text: str, start: int, end: int, state: State) -> list[Span]:
    if state is State.COMMENT:
        return [(start, end - start, "code_comment")]
    spans: list[Span] = [(start, end - start, "code_decorator")]
    for found in _TOKEN.finditer(text, start, end):
        role = {"string": "code_string", "number": "code_number", "filter": "code_keyword"}.get(
            found.lastgroup or "", "code_function"
        )
        if found.lastgroup == "name" and found[0] in _KEYWORDS:
            role = "code_keyword"
        spans.append((found.start(), len(found[0]), role))
    return spans


class TemplateHighlighter(QSyntaxHighlighter):
    """Colours one document, in the colours of the theme in force."""

    def __init__(self, document: QTextDocument, theme: ThemeKeeper) -> None:
        super().__init__(document)
        self._theme = theme
        self._formats: dict[str, QTextCharFormat] = {}
        theme.changed.connect(self._on_theme_changed)

    def _on_theme_changed(self) -> None:
        self._formats.clear()
        self.rehighlight()

    def _format(self, role: str) -> QTextCharFormat:
        if role not in self._formats:
            made = QTextCharFormat()
            made.setForeground(self._theme.color(role))
            if role == "code_function":
                made.setFontWeight(QFont.Weight.DemiBold)
            self._formats[role] = made
        return self._formats[role]

    def highlightBlock(self, text: str) -> None:
        before = self.previousBlockState()
        if len(text) > _LONGEST_LINE:
            self.setCurrentBlockState(State.TEXT)
            return
        spans, state = template_spans(text, State(max(before, 0)))
        for start, length, role in spans:
            self.setFormat(start, length, self._format(role))
        self.setCurrentBlockState(state)
