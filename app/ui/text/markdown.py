"""Markdown to blocks, whole or as it streams in. Knows nothing of Qt.

HTML in the text stays text, and `[3]` is a citation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

_CITATION = re.compile(r"\[\s*(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\s*\]")
_FENCE = re.compile(r"`{3,}|~{3,}")


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs, headings, lists and quotes in a row; `tokens` say how they are drawn."""

    source: str
    tokens: tuple[Token, ...] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Code:
    """A code block. `is_open`: the closing fence has not come (yet)."""

    language: str
    text: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every cell is the inline tokens of its text."""

    source: str
    header: tuple[tuple[Token, ...], ...] = field(compare=False)
    rows: tuple[tuple[tuple[Token, ...], ...], ...] = field(compare=False)
    alignments: tuple[str, ...] = ()


Block = Prose | Code | Table


@dataclass(frozen=True, slots=True)
class StreamStep:
    """What a piece of streamed text changed.

    Attributes:
        committed: blocks that are final now, to append once.
        tail: what follows them for the moment, to replace each time.
    """

    committed: tuple[Block, ...]
    tail: tuple[Block, ...]


def parse(text: str) -> tuple[Block, ...]:
    """All blocks of a whole text."""
    lines = text.split("\n")
    units = _units(_parser().parse(text))
    return join(tuple(_block(unit, lines) for unit in units))


class BlockStream:
    """Parses a growing text without ever going back over what is final."""

    def __init__(self) -> None:
        self._pending = ""
        self._fence: _OpenFence | None = None

    def feed(self, delta: str) -> StreamStep:
        """Take more text."""
        self._pending += delta
        if self._fence is not None:
            # The usual long tail: code. Reading only the new lines keeps its cost flat.
            code = self._fence.grow(delta)
            if code is not None:
                return StreamStep((), (code,))
            self._fence = None
        return self._parse_pending()

    def _parse_pending(self) -> StreamStep:
        lines = self._pending.split("\n")
        units = _units(_parser().parse(self._pending))
        if not units:
            return StreamStep((), ())
        blocks = tuple(_block(unit, lines) for unit in units)
        start = _first_line(units[-1])
        self._pending = "\n".join(lines[start:])
        tail = blocks[-1]
        if isinstance(tail, Code) and tail.is_open:
            if len(lines) - start < 2:
                # The language may be half written.
                return StreamStep(join(blocks[:-1]), ())
            self._fence = _OpenFence.of(tail, lines[start:])
        return StreamStep(join(blocks[:-1]), (tail,))


class _OpenFence:
    """A code block whose end is awaited."""

    def __init__(self, language: str, body: str, marker: str) -> None:
        self._language = language
        self._body = body
        self._closing = _closing(marker)
        self._line = body.rpartition("\n")[2]

    @classmethod
    def of(cls, code: Code, lines: Sequence[str]) -> _OpenFence | None:
        """Follow the block on these lines; None if that takes a parser."""
        opening = _FENCE.match(lines[0])
        # An indented fence takes that indent off every line.
        if opening is None:
            return None
        return cls(code.language, "\n".join(lines[1:]), opening[0])

    def grow(self, delta: str) -> Code | None:
        """The block with more text, or None when its end may have come."""
        if "\r" in delta or "\0" in delta:
            return None
        *whole, rest = (self._line + delta).split("\n")
        if any(self._closing.match(line) for line in (*whole, rest)):
            return None
        self._line = rest
        self._body += delta
        return Code(self._language, self._body.removesuffix("\n"), is_open=True)


def _units(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens of each top-level block."""
    units: list[list[Token]] = []
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            units.append([])
        units[-1].append(token)
    return units


def _first_line(unit: Sequence[Token]) -> int:
    return unit[0].map[0] if unit[0].map else 0


def _block(unit: Sequence[Token], lines: Sequence[str]) -> Block:
    first = unit[0]
    start, end = first.map or (0, len(lines))
    if first.type == "fence":
        return _fence(first, lines[start:end])
    if first.type == "code_block":
        return Code("", first.content.rstrip("\n"))
    source = "\n".join(lines[start:end]).rstrip()
    if first.type == "table_open":
        return _table(unit, source)
    return Prose(source, tuple(unit))


def _fence(token: Token, lines: Sequence[str]) -> Code:
    words = token.info.split()
    is_closed = len(lines) > 1 and _closing(token.markup).match(lines[-1]) is not None
    return Code(words[0] if words else "", token.content.removesuffix("\n"), not is_closed)


def _closing(marker: str) -> re.Pattern[str]:
    """The line that ends a block fenced with `marker`."""
    return re.compile(rf" {{0,3}}{re.escape(marker[0])}{{{len(marker)},}}[ \t]*$")


def _table(unit: Sequence[Token], source: str) -> Table:
    rows: list[list[tuple[Token, ...]]] = []
    alignments: list[str] = []
    for token in unit:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "th_open":
            alignments.append(str(token.attrGet("style") or "").removeprefix("text-align:"))
        elif token.type == "inline":
            rows[-1].append(tuple(token.children or ()))
    header, *body = (tuple(row) for row in rows)
    return Table(source, header, tuple(body), tuple(alignments))


def join(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Blocks with neighbouring prose made one, so that it is one text to select in."""
    joined: list[Block] = []
    for is_prose, group in groupby(blocks, lambda block: isinstance(block, Prose)):
        if not is_prose:
            joined.extend(group)
            continue
        run = [block for block in group if isinstance(block, Prose)]
        tokens = tuple(token for block in run for token in block.tokens)
        joined.append(Prose("\n\n".join(block.source for block in run), tokens))
    return tuple(joined)


def _citation_rule(state: StateInline, silent: bool) -> bool:
    found = _CITATION.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        for number in re.findall(r"\d+", found[1]):
            token = state.push("citation", "", 0)
            token.content = number
            token.meta = {"number": int(number)}
    state.pos = found.end()
    return True


def warm_up() -> None:
    """Load the parser in a quiet moment, so that the first answer does not have to."""
    _parser()


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # 20 ms that the first paint does not need

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # "[1]: Contract.pdf" at the end of an answer is a list of sources, not a hidden definition.
    parser.disable(["reference", "html_block", "html_inline"])
    parser.inline.ruler.before("link", "citation", _citation_rule)
    return parser
