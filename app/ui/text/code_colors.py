"""Colours for code: Pygments tokens as spans on lines, put on a document in slices of a few ms."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QTextBlock, QTextCharFormat, QTextDocument, QTextLayout

from app.ui.theme import ThemeKeeper

Span = tuple[int, int, str]  # start in the line, length, colour role

_SLICE_S = 0.005
_LONGEST_CODE = 300_000
# Some lexers take quadratic time on a long line; a model can write one.
_LONGEST_LINE = 2_000
_ROLES = (
    ("Comment", "code_comment"),
    ("Literal.String", "code_string"),
    ("Literal.Number", "code_number"),
    ("Name.Decorator", "code_decorator"),
    ("Name.Function", "code_function"),
    ("Name.Class", "code_function"),
    ("Name.Tag", "code_keyword"),
    ("Name.Attribute", "code_function"),
    ("Name.Builtin", "code_function"),
    ("Keyword", "code_keyword"),
    ("Operator.Word", "code_keyword"),
)


def language_title(language: str) -> str:
    """What a code block's language is called: "python" is Python, "" is Code."""
    if not language:
        return "Code"
    lexer = _lexer(language)
    return str(lexer.name) if lexer is not None else language[:24]


def colored_lines(code: str, language: str) -> Iterator[tuple[Span, ...]]:
    """The spans of each line, one line after the other; none for an unknown language."""
    lexer = _lexer(language)
    if lexer is None or len(code) > _LONGEST_CODE:
        return
    if max(map(len, code.split("\n")), default=0) > _LONGEST_LINE:
        return
    line: list[Span] = []
    column = 0
    for kind, text in lexer.get_tokens(code):
        role = _role(str(kind))
        for index, piece in enumerate(text.split("\n")):
            if index:
                yield tuple(line)
                line, column = [], 0
            if role and piece:
                line.append((column, len(piece), role))
            column += len(piece)
    yield tuple(line)


def warm_up() -> None:
    """Load Pygments in a quiet moment: 30 ms that the first code block shall not take."""
    _lexer("python")


def _lexer(language: str) -> Any:
    # Pygments is imported with the first code block, not with the first paint.
    from pygments.lexers import get_lexer_by_name

    if language.lower() not in _known_languages():
        return None
    return get_lexer_by_name(language, stripnl=False, ensurenl=False)


@cache
def _known_languages() -> frozenset[str]:
    # Asking Pygments for a language it does not know searches every installed package for plug-ins.
    from pygments.lexers import get_all_lexers

    return frozenset(
        alias
        for _name, aliases, _files, _types in get_all_lexers(plugins=False)
        for alias in aliases
    )


def _role(kind: str) -> str:
    name = kind.removeprefix("Token.")
    return next((role for prefix, role in _ROLES if name.startswith(prefix)), "")


class CodeColorist(QObject):
    """Colours one document; `color` again starts over."""

    def __init__(self, document: QTextDocument, theme: ThemeKeeper) -> None:
        super().__init__(document)
        self._document = document
        self._theme = theme
        self._lines: Iterator[tuple[Span, ...]] = iter(())
        self._block = QTextBlock()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_busy(self) -> bool:
        """Whether lines are left to colour."""
        return self._timer.isActive()

    def color(self, code: str, language: str) -> None:
        """Colour the document, which shows `code`; what takes longer goes on between events."""
        self._lines = colored_lines(code, language)
        self._block = self._document.firstBlock()
        self._timer.stop()
        if self._slice():
            self._timer.start()

    def stop(self) -> None:
        """Leave the rest as it is."""
        self._timer.stop()

    def _go_on(self) -> None:
        if not self._slice():
            self._timer.stop()

    def _slice(self) -> bool:
        until = time.perf_counter() + _SLICE_S
        while self._block.isValid():
            spans = next(self._lines, None)
            if spans is None:
                return False
            self._put(spans)
            self._block = self._block.next()
            if time.perf_counter() > until:
                return True
        return False

    def _put(self, spans: tuple[Span, ...]) -> None:
        formats = []
        for start, length, role in spans:
            made = QTextLayout.FormatRange()
            made.start, made.length, made.format = start, length, self._format(role)
            formats.append(made)
        layout = self._block.layout()
        if not formats and not layout.formats():
            return
        layout.setFormats(formats)
        self._document.markContentsDirty(self._block.position(), self._block.length())

    def _format(self, role: str) -> QTextCharFormat:
        made = QTextCharFormat()
        made.setForeground(self._theme.color(role))
        return made
