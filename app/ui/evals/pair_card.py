"""What judges found of candidates side by side: a card for each pair."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from app.evals.runs.entities import Run
from app.ui.evals.card_list import CardList
from app.ui.evals.pair_words import counting, counts, judged_by, pair_title
from app.ui.evals.reading import ShownPair
from app.ui.evals.words import can_be_judged
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.choice import Severity
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import Card, row
from app.ui.widgets.progress import ProgressBar

_NONE = (
    "A model can read the answers of two candidates next to each other and say which are better. "
    "It sees each pair in both orders; a verdict that changes with the order counts for neither."
)


_TARGET = 28


class PairCard(Card):
    """Shows a ShownPair.

    Signals:
        remove_wanted: what the judge found shall go.
    """

    remove_wanted = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._warned: tuple[str, ...] = ()
        self.title = ElidedLabel("", "h3")
        self.judge = Label("", "caption", wrap=True)
        self.sentence = Label("", wrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.counting = Label("", "body2", wrap=True)
        self.cause = Label("", "body2", wrap=True)
        self.remove = IconButton(icons.icon("ph.trash"), "Remove", size=16)
        self.remove.setMinimumSize(_TARGET, _TARGET)  # also while a card that is new is laid out
        self.remove.clicked.connect(self.remove_wanted)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2)
        self._rows: list[tuple[Label, ProgressBar, Label]] = []
        self._warnings = Bars()
        head = row(self.title, self.remove)
        head.layout().setStretch(0, 1)  # type: ignore[union-attr]  # it is a QHBoxLayout
        for part in (head, self.judge, self.sentence):
            self.body.addWidget(part)
        self.body.addLayout(self._grid)
        self.body.addWidget(self.counting)
        self.body.addWidget(self.cause)
        self.body.addWidget(self._warnings)

    def show_pair(self, pair: ShownPair, *, is_active: bool) -> None:
        """Show it as it is now."""
        result = pair.result
        self.title.set_text(pair_title(result))
        self.judge.setText(judged_by(result))
        self.sentence.setText(result.sentence)
        self.remove.setAccessibleName(f"Remove what the judge found of {pair_title(result)}")
        self.remove.setEnabled(not is_active)
        self._show_counts(counts(result))
        for label, words in ((self.counting, counting(result)), (self.cause, _cause(pair))):
            label.setText(words)
            label.setVisible(bool(words))
        self._warn(result.warnings)

    @property
    def count_words(self) -> tuple[str, ...]:
        """What is said how often."""
        rows = (each for each in self._rows if not each[0].isHidden())
        return tuple(f"{number.text()} {words.text()}" for words, _bar, number in rows)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the judge doubtful."""
        return self._warned

    def _show_counts(self, said: tuple[tuple[str, int], ...]) -> None:
        total = sum(count for _words, count in said)
        while len(self._rows) < len(said):
            parts = Label("", wrap=True), ProgressBar(""), Label("")
            parts[2].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, part in enumerate(parts):
                self._grid.addWidget(part, len(self._rows), column)
            self._rows.append(parts)
        for at, parts in enumerate(self._rows):
            for part in parts:
                part.setVisible(at < len(said))
            if at < len(said):
                words, count = said[at]
                parts[0].setText(words)
                parts[1].setAccessibleName(words)
                parts[1].show_progress(count, max(total, 1))
                parts[2].setText(f"{count:,}")

    def _warn(self, warnings: tuple[str, ...]) -> None:
        if warnings == self._warned:
            return
        self._warned = warnings
        self._warnings.clear()
        for each in warnings:
            self._warnings.add(InfoBar(self._icons, each, Severity.WARN, closable=False))


class PairSection(QWidget):
    """The pairs of a run, and the way to more.

    Signals:
        judge_wanted: a person wants a model to judge.
        remove_wanted: a `PairResult` that shall go.
    """

    judge_wanted = Signal()
    remove_wanted = Signal(object)

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._is_active = False
        self._by_id: dict[int, ShownPair] = {}
        self.judge = Button("Let a model judge…", "", icons.icon("ph.scales"))
        self.judge.setAccessibleName("Let a model judge side by side")
        self.judge.clicked.connect(self.judge_wanted)
        self.nothing = Label(_NONE, "body2", wrap=True)
        self.pairs: CardList[ShownPair, PairCard] = CardList(
            lambda pair: pair.result.pairing.id, self._card, self._update, lambda: None
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(row(Label("Side by side", "h2"), None, self.judge))
        layout.addWidget(self.nothing)
        layout.addLayout(self.pairs.layout)

    def show_pairs(self, run: Run, pairs: Sequence[ShownPair]) -> None:
        """Show these."""
        self._is_active = run.state.is_active
        self._by_id = {each.result.pairing.id: each for each in pairs}
        self.setVisible(can_be_judged(run))
        self.judge.setEnabled(not run.state.is_active)
        self.nothing.setVisible(not pairs)
        self.pairs.show(pairs)

    def _card(self, pair: ShownPair) -> PairCard:
        card, key = PairCard(self._icons), pair.result.pairing.id
        self._update(card, pair)
        card.remove_wanted.connect(lambda: self.remove_wanted.emit(self._by_id[key].result))
        return card

    def _update(self, card: PairCard, pair: ShownPair) -> None:
        card.show_pair(pair, is_active=self._is_active)


def _cause(pair: ShownPair) -> str:
    return f"The commonest reason for not judging: {pair.cause}" if pair.cause else ""
