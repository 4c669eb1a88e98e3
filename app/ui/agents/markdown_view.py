"""What a model says, as prose, code and tables; it can grow while it is written."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.ui.pane import PaneContext
from app.ui.text.code_view import CodeView
from app.ui.text.markdown import Block, BlockStream, Code, Prose, Table, parse
from app.ui.text.prose import ProseStyle
from app.ui.text.table_view import TableView
from app.ui.text.text_view import ProseSegment

_GAP = 10

Segment = ProseSegment | CodeView | TableView


class MarkdownView(QWidget):
    """Is as high as its text at the width it has.

    Signals:
        citation_requested: the number of the chip that was clicked.
    """

    citation_requested = Signal(int)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._style = ProseStyle(context.theme)
        self._citations: Mapping[int, str] | None = None
        self._stream = BlockStream()
        self._segments: list[Segment] = []
        self._tail: Segment | None = None  # the last segment, while it is not final
        self._text = ""
        context.theme.changed.connect(self._on_theme_changed)

    @property
    def text(self) -> str:
        """What is shown."""
        return self._text

    def feed(self, delta: str) -> None:
        """Add text that was just written."""
        self._text += delta
        step = self._stream.feed(delta)
        if self._tail is None or step.committed or not _grow(self._tail, step.tail):
            if self._tail is not None:
                self._drop(1)
            self._segments += [self._make(block) for block in step.committed]
            self._segments += [self._make(block, is_final=False) for block in step.tail]
            self._tail = self._segments[-1] if step.tail else None
        self._fit()

    def show_text(self, text: str, citations: Mapping[int, str] | None = None) -> None:
        """Show a whole text."""
        self._text, self._citations = text, citations
        self._clear()
        self._segments = [self._make(block) for block in parse(text)]
        for segment in self._segments:
            if not isinstance(segment, CodeView):
                segment.offer_links()
        self._fit()

    def _clear(self) -> None:
        self._drop(len(self._segments))
        self._stream, self._tail = BlockStream(), None

    def _drop(self, number: int) -> None:
        for _each in range(number):
            segment = self._segments.pop()
            segment.hide()
            segment.deleteLater()

    def _make(self, block: Block, *, is_final: bool = True) -> Segment:
        made: Segment
        match block:
            case Prose():
                made = ProseSegment(self._style, self._citations, self)
                made.commit(block) if is_final else made.set_tail(block)
            case Code():
                made = CodeView(block, self._context.theme, self._context.icons, self)
                made.reshaped.connect(self._fit)
            case Table():
                made = TableView(block, self._style, self._citations, self)
                made.reshaped.connect(self._fit)
        if not isinstance(made, CodeView):
            made.citation_requested.connect(self.citation_requested)
        made.show()
        return made

    def _fit(self) -> None:
        width, top = self.width(), 0
        for segment in self._segments:
            if top:
                top += self._context.theme.px(_GAP)
            segment.move(0, top)
            top += segment.fit(width)
        if top != self.height():
            self.setFixedHeight(max(top, 1))

    def _on_theme_changed(self) -> None:
        self._style = ProseStyle(self._context.theme)
        if self._tail is None:
            self.show_text(self._text, self._citations)
        else:
            text, self._text = self._text, ""
            self._clear()
            self.feed(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()


def _grow(segment: Segment, blocks: tuple[Block, ...]) -> bool:
    """Show in a segment what it has become; False if it has become something else."""
    match segment, blocks:
        case ProseSegment(), (Prose() as prose,):
            segment.set_tail(prose)
        case CodeView(), (Code() as code,):
            segment.set_code(code)
        case TableView(), (Table() as table,):
            segment.set_table(table)
        case _:
            return False
    return True
