"""The sheet that says how an answer was made."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.base.errors import AppError
from app.chat.entities import AnswerRecord, Message
from app.ui.chat.answer_facts import (
    Fact,
    FactSection,
    facts_text,
    prompt_text,
    sections_of,
)
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet

_WIDTH, _HEIGHT = 680, 720
_NAME_WIDTH = 190
_PROMPT_HEIGHT = 220
_SLACK = 16  # borders, and what buttons take more once they are drawn


class DetailsSheet(Sheet):
    """Opens at once with what is known; what was sent follows when it was read. Used once."""

    def __init__(self, window: QWidget, icons: Icons, message: Message) -> None:
        super().__init__(window, icons, "How this answer was made", width=_WIDTH)
        self._icons = icons
        record = message.record
        self._sections = sections_of(record) if record is not None else ()
        self._content = QVBoxLayout()
        self._content.setContentsMargins(0, 0, 8, 0)
        self._content.setSpacing(6)
        for section in self._sections:
            self._add_section(section)
        self.prompt = QPlainTextEdit()
        self.prompt.setObjectName("report")
        self.prompt.setReadOnly(True)
        self.prompt.setAccessibleName("What was sent to the model")
        self.prompt.setTabChangesFocus(True)
        self.prompt.setMinimumHeight(_PROMPT_HEIGHT)
        self._prompt_title = _heading("What was sent, word for word")
        for part in (self._prompt_title, self.prompt):
            part.hide()
            self._content.addWidget(part)
        self._content.addStretch(1)
        self.copy = Button("Copy all", "", icons.icon("ph.copy"))
        self.copy.clicked.connect(self._on_copy_clicked)
        self.body.setSpacing(12)
        self._bars = Bars()
        self._bars.reshaped.connect(self.place)
        self._facts = _FactsArea(self._content)
        self.body.addWidget(self._bars)
        self.body.addWidget(self._facts, 1)
        self.body.addWidget(row(None, self.copy))
        self.closed.connect(self.deleteLater)

    def show_record(self, record: AnswerRecord | None) -> None:
        """Show what was sent to the model, now that it was read."""
        text = prompt_text(record.turns, record.pictures) if record is not None else ""
        self.prompt.setPlainText(text)
        for part in (self._prompt_title, self.prompt):
            part.setVisible(bool(text))
        self._facts.fit()
        self.place()

    def show_problem(self, error: AppError) -> None:
        """Say why what was sent cannot be shown."""
        self._bars.show_only(InfoBar.for_error(self._icons, error))

    def first_focus(self) -> QWidget | None:
        return self.copy

    def card_height(self, width: int) -> int:
        left, top, right, bottom = _margins(self.card)
        inner = self._facts.wanted_height(width - left - right - 8)
        bars = 0 if self._bars.isHidden() else self._bars.heightForWidth(width - left - right)
        parts = (self.header.sizeHint().height(), bars, inner, self.copy.sizeHint().height())
        gaps = (3 if bars else 2) * self.body.spacing() + _SLACK
        return min(_HEIGHT, top + sum(parts) + gaps + bottom)

    def _add_section(self, section: FactSection) -> None:
        self._content.addWidget(_heading(section.title))
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, _NAME_WIDTH)
        grid.setColumnStretch(1, 1)
        for index, fact in enumerate(section.facts):
            name = Label(fact.name, "body2", wrap=True)
            name.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(name, index, 0)
            grid.addWidget(_value(fact), index, 1)
        self._content.addLayout(grid)
        if section.note:
            self._content.addWidget(_selectable(Label(section.note, "body2", wrap=True)))

    def _on_copy_clicked(self) -> None:
        text = facts_text(self._sections, self.prompt.toPlainText())
        QGuiApplication.clipboard().setText(text)
        self.copy.setText(" Copied")


class _FactsArea(QScrollArea):
    """Scrolls a column whose height depends on its width, which scroll areas do not ask for."""

    def __init__(self, content: QVBoxLayout) -> None:
        super().__init__()
        self._content = content
        self._inner = QWidget()
        self._inner.setLayout(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Facts about this answer")
        self.setWidget(self._inner)

    def wanted_height(self, width: int) -> int:
        """The height that would show all of it."""
        bar = self.verticalScrollBar().sizeHint().width()
        return self._content.totalHeightForWidth(width - bar)

    def fit(self) -> None:
        """Give the column the height it takes at this width."""
        height = self._content.totalHeightForWidth(self.viewport().width())
        self._inner.setMinimumHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()


def _margins(card: QWidget) -> tuple[int, int, int, int]:
    layout = card.layout()
    assert layout is not None
    margins = layout.contentsMargins()
    return margins.left(), margins.top(), margins.right(), margins.bottom()


def _heading(text: str) -> Label:
    heading = Label(text, "h3")
    heading.setContentsMargins(0, 10, 0, 0)
    return heading


def _value(fact: Fact) -> Label:
    if fact.is_code:
        return ElidedLabel(fact.value, "code", mode=Qt.TextElideMode.ElideMiddle)
    return _selectable(Label(fact.value, wrap=True))


def _selectable(label: Label) -> Label:
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
