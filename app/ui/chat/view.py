"""How the parts of the chat pane lie beside each other, in wide and in narrow windows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.ui.chat.composer import Composer
from app.ui.chat.header import ChatHeader
from app.ui.chat.sidebar import WIDTH as SIDEBAR_WIDTH
from app.ui.chat.sidebar import Sidebar
from app.ui.chat.sources.view import SourceView
from app.ui.chat.transcript import COLUMN_WIDTH, Transcript
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.info_bar import ACROSS, Bars
from app.ui.widgets.labels import Label

# The narrowest conversation that is still good to read in.
_COMFORTABLE = 500
_NARROWEST = 360
_SOURCE_SHARE = 0.46


class ChatView(QWidget):
    """The widgets of the chat pane."""

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._sidebar_wanted: bool | None = None  # None: when there is room
        self._source_width = 0
        self.sidebar = Sidebar(theme, icons)
        self.header = ChatHeader(icons)
        self.transcript = Transcript(theme, icons)
        self.composer = Composer(icons)
        self.pending = Label("", "caption")
        self.source = SourceView(theme, icons)
        self.source.hide()
        self.problems = Bars(margins=ACROSS)
        self.bars = Bars()
        self.header.sidebar_requested.connect(self.toggle_sidebar)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self._main = self._build_main()
        self.splitter.addWidget(self._main)
        self.splitter.addWidget(self.source)
        self.splitter.setStretchFactor(0, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.sidebar)
        layout.addWidget(self.splitter, 1)

    def show_start(self, page: QWidget) -> None:
        """Show this instead of a conversation."""
        old = self._stack.widget(1)
        self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        if old is not None:
            self._stack.removeWidget(old)
            old.deleteLater()

    def show_transcript(self) -> None:
        """Show the conversation."""
        self._stack.setCurrentIndex(0)

    @property
    def shows_start(self) -> bool:
        """Whether the start page is shown."""
        return self._stack.currentIndex() > 0

    def toggle_sidebar(self) -> None:
        """Show or hide the list of chats."""
        self._sidebar_wanted = self.sidebar.isHidden()
        self.arrange()

    def show_source(self) -> None:
        """Make room for the source: as much as last time, else nearly half."""
        self.source.show()
        self.arrange()
        sizes = self.splitter.sizes()
        if not self._source_width:
            self._source_width = round(sum(sizes) * _SOURCE_SHARE)
        self.splitter.setSizes([sum(sizes) - self._source_width, self._source_width])

    def hide_source(self) -> None:
        """Take the source away."""
        if self._main.isVisible():
            self._source_width = self.source.width()
        self.source.hide()
        self.arrange()

    @property
    def source_width(self) -> int:
        """The width of the source, to be remembered; 0 if it was never shown."""
        return self.source.width() if self.source.isVisible() else self._source_width

    def set_source_width(self, width: int) -> None:
        """The width the source shall have when it is shown."""
        self._source_width = width

    def narrow_again(self) -> None:
        """A chat was chosen: in a narrow window its list has done its service."""
        if self._sidebar_wanted and not self._has_room():
            self._sidebar_wanted = None
            self.arrange()

    def arrange(self) -> None:
        """Decide what there is room for."""
        wanted = self._sidebar_wanted
        has_room = self._has_room()
        self.sidebar.setVisible(has_room if wanted is None else wanted)
        self.header.offer_sidebar(not has_room or wanted is False)
        beside = self.width() - (SIDEBAR_WIDTH if not self.sidebar.isHidden() else 0)
        needed = _NARROWEST + self.source.minimumWidth()
        self._main.setVisible(self.source.isHidden() or beside >= needed)

    def _has_room(self) -> bool:
        source = 0 if self.source.isHidden() else self.source.minimumWidth()
        return self.width() >= SIDEBAR_WIDTH + _COMFORTABLE + source

    def _build_main(self) -> QWidget:
        main = QWidget()
        main.setMinimumWidth(280)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.transcript)
        layout = QVBoxLayout(main)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.problems)
        layout.addWidget(self._stack, 1)
        layout.addLayout(self._build_bottom())
        return main

    def _build_bottom(self) -> QHBoxLayout:
        self._bottom = QWidget()
        column = QVBoxLayout(self._bottom)
        column.setContentsMargins(0, 4, 0, 16)
        column.setSpacing(6)
        column.addWidget(self.bars)
        column.addWidget(self.pending)
        column.addWidget(self.composer)
        around = QHBoxLayout()
        # As the transcript's column: the same margins, and room for its scroll bar.
        bar = self.transcript.verticalScrollBar().sizeHint().width()
        around.setContentsMargins(24, 0, 24 + bar, 0)
        around.addStretch(1)
        around.addWidget(self._bottom, 1000)
        around.addStretch(1)
        self._bottom.setMaximumWidth(self._theme.px(COLUMN_WIDTH))
        self._theme.changed.connect(self._on_theme_changed)
        return around

    def _on_theme_changed(self) -> None:
        self._bottom.setMaximumWidth(self._theme.px(COLUMN_WIDTH))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()
