"""Cards of the first screen: the ready-made evaluations, a run, a suite."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.evals.runs.entities import Run, RunState, StoredSuite
from app.ui.amounts import count_text, day_text
from app.ui.evals.words import amount_words, left_open, state_severity, state_words, what_words
from app.ui.icons import Icons
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, IconLabel, Label, Tag
from app.ui.widgets.layout import Card
from app.ui.widgets.progress import ProgressBar

_TARGET = 28  # pixels; the least that is easily hit


class ReadyCard(Card):
    """A ready-made evaluation.

    Signals:
        wanted: its button was pressed.
    """

    wanted = Signal()

    def __init__(self, icons: Icons, icon: str, title: str, text: str, button: str) -> None:
        super().__init__(margins=(16, 14, 16, 16))
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(IconLabel(icons.icon(icon, "accent_text"), 18, disc=32))
        head.addWidget(Label(title, "h2"), 1)
        self.button = Button(button)
        self.button.setAccessibleName(f"{title} {button}")
        self.button.clicked.connect(self.wanted)
        self.body.addLayout(head)
        words = Label(text, "body2", wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(words, 1)
        self.body.addSpacing(4)
        self.body.addWidget(self.button)


class RowCard(Card):
    """A card that opens what it stands for, with a menu at its right.

    Signals:
        opened: by a click, Enter or Space.
        menu_wanted: the place for the menu, in global coordinates.
    """

    opened = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, icons: Icons, what: str) -> None:
        super().__init__(margins=(16, 12, 10, 12))
        self.setObjectName("evalRow")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        self._what = what
        self.name = ElidedLabel("", "h3")
        self.facts = ElidedLabel("", "caption")
        self.more = IconButton(icons.icon("ph.dots-three-bold", "text"), "More")
        self.more.setMinimumSize(_TARGET, _TARGET)  # also while a list that grew is laid out
        self.more.clicked.connect(self._on_more_clicked)
        self.head = QHBoxLayout()
        self.head.setSpacing(8)
        self.head.addWidget(self.name, 1)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addLayout(self.head)
        words.addWidget(self.facts)
        self.line = QHBoxLayout()
        self.line.setSpacing(8)
        self.line.addLayout(words, 1)
        self.line.addWidget(self.more, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.setSpacing(6)
        self.body.addLayout(self.line)

    def show_name(self, name: str, *facts: str) -> None:
        """Show what it is called, and what else a screen reader says of it."""
        self.name.set_text(name)
        self.more.setAccessibleName(f"More about {name}")
        self.setAccessibleName(", ".join(filter(None, (f"{self._what} {name}", *facts))))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self.opened.emit()

    def _on_more_clicked(self) -> None:
        self.menu_wanted.emit(self.more.mapToGlobal(QPoint(0, self.more.height() + 4)))

    def _on_menu_requested(self, place: QPoint) -> None:
        self.menu_wanted.emit(self.mapToGlobal(place))


class RunCard(RowCard):
    """A run as the list shows it.

    Signals:
        resume_wanted, discard_wanted: of a run that was not finished.
    """

    resume_wanted = Signal()
    discard_wanted = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "Run")
        self.state = Tag("")
        self.head.addWidget(self.state)
        self.bar = ProgressBar("Answers")
        self.best = ElidedLabel("")
        self.open_words = Label("", "body2", wrap=True)
        self.resume = Button("Resume", "small", icons.icon("ph.play"))
        self.resume.clicked.connect(self.resume_wanted)
        self.discard = Button("Discard", "small")
        self.discard.clicked.connect(self.discard_wanted)
        self.body.addWidget(self.best)
        self.body.addWidget(self.bar)
        self.left = QWidget()
        line = QHBoxLayout(self.left)
        line.setContentsMargins(0, 2, 6, 0)
        line.addWidget(self.open_words, 1)
        line.addWidget(self.resume)
        line.addWidget(self.discard)
        self.body.addWidget(self.left)

    def show_run(self, run: Run, best: str, now: datetime) -> None:
        """Show a run as it is now, with its best score in words."""
        when = day_text(run.created_at, now)
        self.state.setText(state_words(run))
        set_look(self.state, "sev", state_severity(run))
        facts = [what_words(run), amount_words(run), when]
        if run.problems:
            facts.insert(2, f"{run.problems:,} without an answer")
        self.facts.set_text(" · ".join(facts))
        self.best.set_text(best or (run.problem if run.state is RunState.FAILED else ""))
        self.best.setVisible(bool(self.best.whole_text))
        self.bar.setVisible(run.state.is_active)
        self.bar.setAccessibleName(f"Answers of {run.name}")
        self.bar.show_progress(run.samples, run.total)
        words = left_open(run)
        self.left.setVisible(bool(words))
        self.open_words.setText(words)
        self.resume.setAccessibleName(f"Resume {run.name}")
        self.discard.setAccessibleName(f"Discard {run.name}")
        self.show_name(run.name, state_words(run), amount_words(run), when, best, words)


class SuiteCard(RowCard):
    """A suite as the list shows it.

    Signals:
        run_wanted: it should be run.
    """

    run_wanted = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__(icons, "Suite")
        self.run_button = Button("Evaluate…", "small")
        self.run_button.clicked.connect(self.run_wanted)
        self.line.insertWidget(1, self.run_button)  # beside the menu

    def show_suite(self, suite: StoredSuite, last: Run | None, now: datetime) -> None:
        """Show a suite as it is now, with its newest run."""
        ran = "never run" if last is None else f"last run {day_text(last.created_at, now)}"
        facts = f"{count_text(suite.items, 'item')} · {ran}"
        about = f" · {suite.description}" if suite.description else ""
        self.facts.set_text(facts + about)
        self.run_button.setAccessibleName(f"Evaluate on {suite.name}")
        self.run_button.setEnabled(suite.items > 0)
        self.run_button.setToolTip("" if suite.items else "Add items to it first.")
        self.show_name(suite.name, facts)
