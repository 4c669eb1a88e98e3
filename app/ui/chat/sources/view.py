"""A source beside the chat: the page or the part of a document, with the passage marked.

It asks for pages and texts by signals and gets them by calls; it knows no service.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from app.base.errors import AppError
from app.library.entities import DocumentKind, PagePicture
from app.ui.chat.sources.page_canvas import PageCanvas
from app.ui.chat.sources.text import SourceText, passage_span
from app.ui.icons import Icons
from app.ui.sources.request import SourceRequest
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import Bars, InfoBar, announce
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import row

_ZOOMS = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
_FIT = _ZOOMS.index(1.0)
_PAGE_MARGIN = 16
_SETTLE_MS = 150
_NOT_MARKED = "The passage is not on this page word for word. The file may have changed since."
_NOT_IN_TEXT = "The passage is not in this part word for word. The file may have changed since."


@dataclass(frozen=True, slots=True)
class PageWish:
    """A page to be rendered; `number` is 1-based, `width` in device pixels."""

    request: SourceRequest
    number: int
    width: int


@dataclass(frozen=True, slots=True)
class PartWish:
    """The text of a 0-based part."""

    request: SourceRequest
    part: int


class _Shows(Enum):
    PAGE = auto()
    TEXT = auto()


class SourceView(QFrame):
    """The panel.

    Signals:
        page_wanted, part_wanted: a `PageWish` or `PartWish` to be answered by `show_page`,
            `show_part` or `show_failure`.
        open_requested: the `Path` to open in the system's viewer.
        closed: it was closed.
    """

    page_wanted = Signal(object)
    part_wanted = Signal(object)
    open_requested = Signal(object)
    closed = Signal()

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._request: SourceRequest | None = None
        self._shows = _Shows.TEXT
        self._part = 0
        self._parts = 0
        self._zoom = _FIT
        self._wish: PageWish | PartWish | None = None
        self.setObjectName("source")
        self.setMinimumWidth(320)
        self._canvas = PageCanvas()
        self._text = SourceText()
        self._text.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(self._build_header())
        self._layout.addWidget(self._build_tools())
        self._notices = Bars(margins=(16, 0, 16, 12))
        self._layout.addWidget(self._notices)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_page())
        self._stack.addWidget(self._text)
        self._layout.addWidget(self._stack, 1)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._want)
        theme.changed.connect(self._on_theme_changed)

    @property
    def request(self) -> SourceRequest | None:
        """What is shown."""
        return self._request

    @property
    def shows_marked_page(self) -> bool:
        """Whether a page is drawn and the passage is marked on it."""
        is_drawn = self._stack.currentIndex() == 0 and self._canvas.has_picture
        return is_drawn and self._canvas.first_mark() is not None

    def open(self, request: SourceRequest, parts: int) -> None:
        """Show a passage in a document of so many pages or parts; 0 when that is not known."""
        self._request, self._parts, self._zoom = request, parts, _FIT
        self._title.set_text(request.title)
        self._title.setToolTip(str(request.path))
        place = request.place
        self._shows = (
            _Shows.PAGE
            if request.kind is DocumentKind.PDF and place.page is not None
            else _Shows.TEXT
        )
        self._go_to(place.page - 1 if self._shows is _Shows.PAGE and place.page else place.part)
        announce(self, f"{request.title}, {place.label}")

    def show_page(self, wish: PageWish, picture: PagePicture) -> None:
        """A page that was wanted."""
        if wish != self._wish:
            return
        self._set_notice(None)
        self._stack.setCurrentIndex(0)
        is_new = not self._canvas.has_picture
        self._canvas.set_picture(picture, self._page_width())
        mark = self._canvas.first_mark()
        is_cited = wish.number == wish.request.place.page and wish.request.quote
        if is_cited and mark is None:
            self._set_notice(self._note(_NOT_MARKED))
        if is_new:
            bar = self._scroll.verticalScrollBar()
            height = self._scroll.viewport().height()
            bar.setValue(int(mark.top() - height / 3) if mark is not None else 0)

    def show_part(self, wish: PartWish, text: str) -> None:
        """A text that was wanted."""
        if wish != self._wish:
            return
        self._set_notice(None)
        request = wish.request
        is_cited = wish.part == request.place.part
        span = passage_span(text, request.place, request.quote) if is_cited else None
        if is_cited and request.quote and span is None:
            self._set_notice(self._note(_NOT_IN_TEXT))
        font = self._theme.code_font() if request.kind is DocumentKind.CODE else self.font()
        self._text.setFont(font)
        self._text.show_text(text, span, self._theme.color("mark"))
        self._stack.setCurrentIndex(1)

    def show_failure(self, wish: PageWish | PartWish, error: AppError) -> None:
        """What was wanted cannot be shown: say why, and show at least the quote."""
        if wish != self._wish:
            return
        choice = None
        if isinstance(wish, PageWish):
            choice = Choice("Show its text", self._show_as_text)
        bar = InfoBar(
            self._icons,
            error.message,
            Severity.WARN,
            hint=error.hint,
            choice=choice,
            closable=False,
        )
        self._set_notice(bar)
        self._canvas.clear()
        quote = wish.request.quote
        self._text.show_text(f"“{quote.strip()}”" if quote else "", None, self._theme.color("mark"))
        self._stack.setCurrentIndex(1)
        announce(self, bar.text)

    def _build_header(self) -> QWidget:
        self._title = ElidedLabel("", "h3", mode=Qt.TextElideMode.ElideMiddle)
        self._place = Label("", "caption")
        outside = IconButton(
            self._icons.icon("ph.arrow-square-out"), "Open in the system's viewer", size=16
        )
        outside.clicked.connect(self._on_open_clicked)
        self._close = IconButton(self._icons.icon("ph.x"), "Close the source", size=16)
        self._close.clicked.connect(self.closed)
        header = QWidget()
        header.setObjectName("header")
        row(self._title, outside, self._close, margins=(16, 0, 8, 0), spacing=4, into=header)
        layout = header.layout()
        assert layout is not None
        self._title.setSizePolicy(
            self._title.sizePolicy().Policy.Expanding, self._title.sizePolicy().Policy.Fixed
        )
        return header

    def _build_tools(self) -> QWidget:
        def tool(icon: str, tip: str, size: int = 16) -> IconButton:
            return IconButton(self._icons.icon(icon), tip, size=size)

        self._back = tool("ph.caret-left", "Previous page")
        self._back.clicked.connect(lambda _checked=False: self._go_to(self._part - 1))
        self._on = tool("ph.caret-right", "Next page")
        self._on.clicked.connect(lambda _checked=False: self._go_to(self._part + 1))
        self._out = tool("ph.magnifying-glass-minus", "Smaller")
        self._out.clicked.connect(lambda _checked=False: self._set_zoom(self._zoom - 1))
        self._in = tool("ph.magnifying-glass-plus", "Larger")
        self._in.clicked.connect(lambda _checked=False: self._set_zoom(self._zoom + 1))
        self._fit = tool("ph.frame-corners", "Fit the width")
        self._fit.clicked.connect(lambda _checked=False: self._set_zoom(_FIT))
        return row(
            self._back,
            self._place,
            self._on,
            None,
            self._out,
            self._in,
            self._fit,
            margins=(10, 0, 8, 8),
            spacing=4,
        )

    def _build_page(self) -> QScrollArea:
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._scroll.setAccessibleName("Page of the document")
        self._scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scroll.setWidget(self._canvas)
        self._scroll.viewport().installEventFilter(self)
        return self._scroll

    def _go_to(self, part: int) -> None:
        if part < 0 or (self._parts and part >= self._parts):
            return
        self._part = part
        self._canvas.clear()
        self._show_place()
        self._want()

    def _show_place(self) -> None:
        request = self._request
        if request is None:
            return
        is_page = self._shows is _Shows.PAGE
        noun = "Page" if is_page else "Part"
        total = f" of {self._parts:,}" if self._parts else ""
        label = f"{noun} {self._part + 1:,}{total}"
        if self._part == request.place.part and not is_page and request.place.section:
            label = request.place.section
        self._place.setText(label if len(label) <= 40 else f"{label[:39]}…")
        self._back.setEnabled(self._part > 0)
        self._on.setEnabled(not self._parts or self._part + 1 < self._parts)
        for tool in (self._out, self._in, self._fit):
            tool.setVisible(is_page)
        self._out.setEnabled(self._zoom > 0)
        self._in.setEnabled(self._zoom < len(_ZOOMS) - 1)

    def _want(self) -> None:
        request = self._request
        if request is None or not self.isVisible():
            return
        if self._shows is _Shows.PAGE:
            width = round(self._page_width() * self.devicePixelRatioF())
            self._wish = PageWish(request, self._part + 1, width)
            self.page_wanted.emit(self._wish)
        else:
            self._wish = PartWish(request, self._part)
            self.part_wanted.emit(self._wish)

    def _page_width(self) -> int:
        # The scroll bar's width is set aside always, or fitting would flip back and forth.
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        return max(160, round((self._scroll.width() - bar - _PAGE_MARGIN) * _ZOOMS[self._zoom]))

    def _set_zoom(self, zoom: int) -> None:
        self._zoom = min(max(zoom, 0), len(_ZOOMS) - 1)
        self._canvas.set_width(self._page_width())
        self._show_place()
        self._settle.start()

    def _show_as_text(self) -> None:
        if self._request is not None:
            self._shows = _Shows.TEXT
            self._go_to(self._request.place.part)

    def _note(self, text: str) -> InfoBar:
        return InfoBar(self._icons, text, Severity.INFO, closable=False)

    def _set_notice(self, bar: InfoBar | None) -> None:
        self._notices.clear()
        if bar is not None:
            self._notices.add(bar)

    def _on_open_clicked(self) -> None:
        if self._request is not None:
            self.open_requested.emit(self._request.path)

    def _on_theme_changed(self) -> None:
        if self._shows is _Shows.TEXT:
            self._want()

    def focus_content(self) -> None:
        """Put the focus where the arrow keys scroll."""
        content = self._scroll if self._shows is _Shows.PAGE else self._text
        content.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self._shows is _Shows.PAGE:
            self._canvas.set_width(self._page_width())
            self._settle.start()
        if isinstance(event, QWheelEvent) and watched is self._scroll.viewport():
            return self._wheel_zoomed(event)
        return False

    def _wheel_zoomed(self, event: QWheelEvent) -> bool:
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            return False
        self._set_zoom(self._zoom + (1 if event.angleDelta().y() > 0 else -1))
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
