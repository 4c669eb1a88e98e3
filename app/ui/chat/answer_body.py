"""The text of a message as a column of prose, code and tables; it can grow while it is written."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.ui.chat.look import Look
from app.ui.text.code_view import CodeView
from app.ui.text.markdown import Block, BlockStream, Code, Prose, Table, join, parse
from app.ui.text.table_view import TableView
from app.ui.text.text_view import ProseSegment

_GAP = 10

Segment = ProseSegment | CodeView | TableView


class AnswerBody(QWidget):
    """Markdown on screen.

    Signals:
        citation_requested: the number of the chip that was clicked.
        link_requested: the address that was clicked.
        reshaped: the height is another one now, by a click.
    """

    citation_requested = Signal(int)
    link_requested = Signal(str)
    reshaped = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._citations: Mapping[int, str] | None = None
        self._segments: list[Segment] = []
        self._stream = BlockStream()
        self._committed: list[Block] = []
        self._tail: tuple[Block, ...] = ()
        self._tail_segment: Segment | None = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The pieces, from the top."""
        return tuple(self._segments)

    def feed(self, delta: str) -> None:
        """Add text that was just written."""
        step = self._stream.feed(delta)
        for block in step.committed:
            self._show(block, is_final=True)
        self._committed.extend(step.committed)
        for block in step.tail:
            self._show(block, is_final=False)
        if not step.tail:
            self._drop_tail()
        self._tail = step.tail

    def finish(self, text: str, citations: Mapping[int, str]) -> None:
        """Show the whole text; what the stream showed already stays as it is."""
        blocks = parse(text)
        shown = join((*self._committed, *self._tail))
        self._citations = citations
        if shown != blocks or len(self._segments) != len(blocks):
            self._rebuild(blocks)
        else:
            self._settle(blocks)
        self._committed, self._tail, self._tail_segment = list(blocks), (), None
        for segment in self._segments:
            if not isinstance(segment, CodeView):
                segment.offer_links()

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        top = 0
        for segment in self._segments:
            if top:
                top += self._look.theme.px(_GAP)
            segment.move(0, top)
            top += segment.fit(width)
        self.setFixedSize(width, max(top, 1))
        return top

    def _settle(self, blocks: tuple[Block, ...]) -> None:
        """Give the chips what they stand for; all else is right already."""
        for index, block in enumerate(blocks):
            if _cites(block):
                self._replace(index, block)
            elif isinstance(block, Code):
                segment = self._segments[index]
                assert isinstance(segment, CodeView)
                segment.set_code(block)

    def _rebuild(self, blocks: tuple[Block, ...]) -> None:
        for segment in self._segments:
            _discard(segment)
        self._segments = [self._make(block) for block in blocks]
        for segment in self._segments:
            segment.show()

    def _replace(self, index: int, block: Block) -> None:
        _discard(self._segments[index])
        self._segments[index] = self._make(block)
        self._segments[index].show()

    def _show(self, block: Block, *, is_final: bool) -> None:
        match block:
            case Prose():
                segment: Segment = self._show_prose(block, is_final=is_final)
            case Code():
                segment = self._tail_code() or self._add(block)
                assert isinstance(segment, CodeView)
                segment.set_code(block)
            case Table():
                segment = self._tail_table() or self._add(block)
                assert isinstance(segment, TableView)
                segment.set_table(block)
        self._tail_segment = None if is_final else segment

    def _show_prose(self, block: Prose, *, is_final: bool) -> ProseSegment:
        if not isinstance(self._tail_segment, ProseSegment):
            self._drop_tail()
        last = self._segments[-1] if self._segments else None
        if not isinstance(last, ProseSegment):
            last = ProseSegment(self._look.prose, self._citations, self)
            self._connect(last)
            self._segments.append(last)
            last.show()
        if is_final:
            last.commit(block)
        else:
            last.set_tail(block)
        return last

    def _tail_code(self) -> CodeView | None:
        return self._tail_segment if isinstance(self._tail_segment, CodeView) else None

    def _tail_table(self) -> TableView | None:
        return self._tail_segment if isinstance(self._tail_segment, TableView) else None

    def _add(self, block: Block) -> Segment:
        self._drop_tail()
        segment = self._make(block)
        self._segments.append(segment)
        segment.show()
        return segment

    def _drop_tail(self) -> None:
        """Take the tail away: it turned out to be something else."""
        tail, self._tail_segment = self._tail_segment, None
        if tail is None:
            return
        if isinstance(tail, ProseSegment):
            tail.set_tail(None)
            if not tail.document().isEmpty():
                return
        self._segments.remove(tail)
        _discard(tail)

    def _make(self, block: Block) -> Segment:
        match block:
            case Prose():
                prose = ProseSegment(self._look.prose, self._citations, self)
                prose.commit(block)
                return self._connect(prose)
            case Code():
                code = CodeView(block, self._look.theme, self._look.icons, self)
                code.reshaped.connect(self.reshaped)
                return code
            case Table():
                table = TableView(block, self._look.prose, self._citations, self)
                table.reshaped.connect(self.reshaped)
                return self._connect(table)

    def _connect(self, segment: ProseSegment | TableView) -> Segment:
        segment.citation_requested.connect(self.citation_requested)
        segment.link_requested.connect(self.link_requested)
        return segment


def _cites(block: Block) -> bool:
    match block:
        case Prose():
            inline = [child for token in block.tokens for child in token.children or ()]
        case Table():
            inline = [
                token for row in (block.header, *block.rows) for cell in row for token in cell
            ]
        case Code():
            return False
    return any(token.type == "citation" for token in inline)


def _discard(segment: QWidget) -> None:
    segment.hide()
    segment.deleteLater()
