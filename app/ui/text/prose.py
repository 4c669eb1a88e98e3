"""Writes Markdown tokens at the end of a QTextDocument, block by block.

It goes through a cursor and not through HTML: nothing in a text can reach Qt's HTML reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextList,
    QTextListFormat,
)
from PySide6.QtWidgets import QApplication

from app.ui.theme import TYPE_SIZES, ThemeKeeper

if TYPE_CHECKING:
    from markdown_it.token import Token

CITATION_SCHEME = "cite:"
CITATION = QTextFormat.Property.UserProperty + 1  # the number, on the characters of a chip
QUOTE_DEPTH = QTextFormat.Property.UserProperty + 2  # on a block
RULE = QTextFormat.Property.UserProperty + 3  # on a block: a line across

_HEADING_SIZES = {1: 20, 2: 18, 3: 16}
_BULLETS = (
    QTextListFormat.Style.ListDisc,
    QTextListFormat.Style.ListCircle,
    QTextListFormat.Style.ListSquare,
)
_PARAGRAPH_GAP, _ITEM_GAP, _HEADING_GAP = 10, 4, 16
_LINE_HEIGHT_PERCENT = 130.0
_QUOTE_INDENT = 16


@dataclass
class ProseStyle:
    """Text formats in the colours and sizes of the theme; made once for each theme."""

    theme: ThemeKeeper

    @cached_property
    def font(self) -> QFont:
        """The font of running text."""
        return self.sized_font(TYPE_SIZES["prose"])

    def sized_font(self, size: int) -> QFont:
        """The text font at another size."""
        font = QFont(QApplication.font())
        font.setPixelSize(self.theme.px(size))
        return font

    @cached_property
    def plain(self) -> QTextCharFormat:
        """Running text."""
        made = QTextCharFormat()
        made.setForeground(self.theme.color("text"))
        return made

    @cached_property
    def code(self) -> QTextCharFormat:
        """Code within running text."""
        made = QTextCharFormat(self.plain)
        font = self.theme.code_font()
        made.setFontFamilies(font.families())
        made.setProperty(QTextFormat.Property.FontPixelSize, font.pixelSize())
        made.setBackground(self.theme.color("sunken"))
        return made

    @cached_property
    def citation(self) -> QTextCharFormat:
        """The number in a citation chip; the chip is painted by the view."""
        made = QTextCharFormat(self.plain)
        made.setProperty(QTextFormat.Property.FontPixelSize, self.theme.px(11))
        made.setFontWeight(QFont.Weight.DemiBold)
        made.setForeground(self.theme.color("accent_text"))
        return made

    def heading(self, level: int) -> QTextCharFormat:
        """The text of a heading."""
        made = QTextCharFormat(self.plain)
        size = _HEADING_SIZES.get(level, TYPE_SIZES["prose"])
        made.setProperty(QTextFormat.Property.FontPixelSize, self.theme.px(size))
        made.setFontWeight(QFont.Weight.DemiBold)
        return made


@dataclass(slots=True)
class _ListLevel:
    format: QTextListFormat
    list: QTextList | None = None


@dataclass(slots=True)
class _Marks:
    """Which inline formats are open."""

    strong: int = 0
    emphasis: int = 0
    strike: int = 0
    links: list[str] = field(default_factory=list)


class ProseWriter:
    """Writes at the end of a document.

    Args:
        citations: what each number stands for, in words; None while that is not known yet.
    """

    def __init__(
        self,
        document: QTextDocument,
        style: ProseStyle,
        citations: Mapping[int, str] | None = None,
    ) -> None:
        self._style = style
        self._citations = citations
        self._cursor = QTextCursor(document)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        self._is_first = document.isEmpty()
        self._lists: list[_ListLevel] = []
        self._item_pending = False
        self._quotes = 0
        self._base = style.plain
        self._marks = _Marks()
        self._after_citation = False

    @classmethod
    def into(
        cls,
        cursor: QTextCursor,
        style: ProseStyle,
        citations: Mapping[int, str] | None,
        base: QTextCharFormat,
    ) -> ProseWriter:
        """A writer for inline text at a cursor, such as in a table's cell."""
        writer = cls(cursor.document(), style, citations)
        writer._cursor = cursor
        writer._base = base
        return writer

    def write(self, tokens: Sequence[Token]) -> None:
        """Append these blocks."""
        self._cursor.beginEditBlock()
        for token in tokens:
            handler = self._HANDLERS.get(token.type)
            if handler is not None:
                handler(self, token)
        self._cursor.endEditBlock()

    def write_inline(self, tokens: Sequence[Token]) -> None:
        """Append inline tokens to the current block."""
        for token in tokens:
            handler = self._INLINE.get(token.type)
            if handler is not None:
                handler(self, token)
            self._after_citation = token.type == "citation"

    def write_plain(self, text: str) -> None:
        """Append text as it is, as one paragraph that keeps its line breaks."""
        self._cursor.beginEditBlock()
        self._start_block(_PARAGRAPH_GAP)
        self._cursor.insertText(text.replace("\n", "\u2028"), self._style.plain)
        self._cursor.endEditBlock()

    def _start_block(self, gap: int) -> None:
        px = self._style.theme.px
        made = QTextBlockFormat()
        height = QTextBlockFormat.LineHeightTypes.ProportionalHeight
        made.setLineHeight(_LINE_HEIGHT_PERCENT, height.value)
        made.setTopMargin(0 if self._is_first else px(gap))
        if self._quotes:
            made.setLeftMargin(px(_QUOTE_INDENT) * self._quotes)
            made.setProperty(QUOTE_DEPTH, self._quotes)
        if self._lists and not self._item_pending:
            made.setIndent(len(self._lists))
        if self._is_first:
            self._cursor.setBlockFormat(made)
            self._is_first = False
        else:
            self._cursor.insertBlock(made, self._style.plain)
        if self._lists and self._item_pending:
            self._join_list(self._lists[-1])

    def _join_list(self, level: _ListLevel) -> None:
        self._item_pending = False
        # The marker takes the block's character format: without one it would be the old block's.
        self._cursor.setBlockCharFormat(self._style.plain)
        if level.list is None:
            level.list = self._cursor.createList(level.format)
        else:
            level.list.add(self._cursor.block())

    def _on_paragraph(self, token: Token) -> None:
        is_next_item = self._item_pending and self._lists[-1].list is not None
        nested = self._item_pending and len(self._lists) > 1
        is_close = token.hidden and (is_next_item or nested)
        self._start_block(_ITEM_GAP if is_close else _PARAGRAPH_GAP)

    def _on_heading(self, token: Token) -> None:
        self._start_block(_HEADING_GAP)
        self._base = self._style.heading(int(token.tag[1:]))

    def _on_heading_end(self, _token: Token) -> None:
        self._base = self._style.plain

    def _on_inline(self, token: Token) -> None:
        self._marks = _Marks()
        self.write_inline(token.children or ())

    def _on_bullet_list(self, _token: Token) -> None:
        made = QTextListFormat()
        made.setStyle(_BULLETS[min(len(self._lists), len(_BULLETS) - 1)])
        self._open_list(made)

    def _on_ordered_list(self, token: Token) -> None:
        made = QTextListFormat()
        made.setStyle(QTextListFormat.Style.ListDecimal)
        made.setStart(int(token.attrGet("start") or 1))
        self._open_list(made)

    def _open_list(self, made: QTextListFormat) -> None:
        made.setIndent(len(self._lists) + 1)
        self._lists.append(_ListLevel(made))

    def _on_list_end(self, _token: Token) -> None:
        self._lists.pop()
        self._item_pending = False

    def _on_item(self, _token: Token) -> None:
        self._item_pending = True

    def _on_quote(self, _token: Token) -> None:
        self._quotes += 1
        self._item_pending = False

    def _on_quote_end(self, _token: Token) -> None:
        self._quotes -= 1

    def _on_rule(self, _token: Token) -> None:
        self._start_block(_PARAGRAPH_GAP)
        made = self._cursor.blockFormat()
        made.setProperty(RULE, True)
        self._cursor.setBlockFormat(made)

    def _on_code(self, token: Token) -> None:
        self._start_block(_PARAGRAPH_GAP)
        text = token.content.rstrip("\n").replace("\n", "\u2028")
        self._cursor.insertText(text, self._style.code)

    def _on_row(self, _token: Token) -> None:
        self._start_block(_ITEM_GAP)

    def _on_cell(self, _token: Token) -> None:
        if not self._cursor.atBlockStart():
            self._cursor.insertText("  |  ", self._style.plain)

    def _format(self) -> QTextCharFormat:
        marks = self._marks
        if not (marks.strong or marks.emphasis or marks.strike or marks.links):
            return self._base
        made = QTextCharFormat(self._base)
        if marks.strong:
            made.setFontWeight(QFont.Weight.DemiBold)
        made.setFontItalic(marks.emphasis > 0)
        made.setFontStrikeOut(marks.strike > 0)
        if marks.links:
            self._mark_link(made, marks.links[-1])
        return made

    def _mark_link(self, made: QTextCharFormat, target: str) -> None:
        made.setAnchor(True)
        made.setAnchorHref(target)
        made.setToolTip(target)
        made.setForeground(self._style.theme.color("accent_text"))
        made.setFontUnderline(True)

    def _on_text(self, token: Token) -> None:
        self._cursor.insertText(token.content, self._format())

    def _on_soft_break(self, _token: Token) -> None:
        self._cursor.insertText(" ", self._format())

    def _on_hard_break(self, _token: Token) -> None:
        self._cursor.insertText("\u2028", self._format())

    def _on_inline_code(self, token: Token) -> None:
        self._cursor.insertText(token.content, self._style.code)

    def _on_image(self, token: Token) -> None:
        # Pictures are never fetched: what they are called has to do.
        made = QTextCharFormat(self._style.plain)
        made.setForeground(self._style.theme.color("text2"))
        made.setFontItalic(True)
        self._cursor.insertText(f"[picture: {token.content or 'no description'}]", made)

    def _on_citation(self, token: Token) -> None:
        number = int(token.content)
        if self._citations is not None and number not in self._citations:
            self._cursor.insertText(f"[{token.content}]", self._format())
            return
        if self._after_citation:
            self._cursor.insertText("\u2004", self._style.plain)
        made = QTextCharFormat(self._style.citation)
        made.setProperty(CITATION, number)
        if self._citations is not None:
            made.setAnchor(True)
            made.setAnchorHref(f"{CITATION_SCHEME}{number}")
            made.setToolTip(self._citations[number])
        # No-break spaces: the chip's round ends, and it stays in one piece.
        self._cursor.insertText(f"\u00a0{number}\u00a0", made)

    def _on_strong(self, token: Token) -> None:
        self._marks.strong += token.nesting

    def _on_emphasis(self, token: Token) -> None:
        self._marks.emphasis += token.nesting

    def _on_strike(self, token: Token) -> None:
        self._marks.strike += token.nesting

    def _on_link(self, token: Token) -> None:
        if token.nesting > 0:
            self._marks.links.append(str(token.attrGet("href") or ""))
        elif self._marks.links:
            self._marks.links.pop()

    _HANDLERS: ClassVar[dict[str, Callable[[ProseWriter, Token], None]]] = {
        "paragraph_open": _on_paragraph,
        "heading_open": _on_heading,
        "heading_close": _on_heading_end,
        "inline": _on_inline,
        "bullet_list_open": _on_bullet_list,
        "bullet_list_close": _on_list_end,
        "ordered_list_open": _on_ordered_list,
        "ordered_list_close": _on_list_end,
        "list_item_open": _on_item,
        "blockquote_open": _on_quote,
        "blockquote_close": _on_quote_end,
        "hr": _on_rule,
        "fence": _on_code,
        "code_block": _on_code,
        "tr_open": _on_row,
        "th_open": _on_cell,
        "td_open": _on_cell,
    }
    _INLINE: ClassVar[dict[str, Callable[[ProseWriter, Token], None]]] = {
        "text": _on_text,
        "softbreak": _on_soft_break,
        "hardbreak": _on_hard_break,
        "code_inline": _on_inline_code,
        "image": _on_image,
        "citation": _on_citation,
        "strong_open": _on_strong,
        "strong_close": _on_strong,
        "em_open": _on_emphasis,
        "em_close": _on_emphasis,
        "s_open": _on_strike,
        "s_close": _on_strike,
        "link_open": _on_link,
        "link_close": _on_link,
    }
