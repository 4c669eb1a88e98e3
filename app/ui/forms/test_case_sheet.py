"""The sheet that makes a test case of something that was asked: which suite, and what is right."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.evals.entities import Item
from app.evals.runs.entities import StoredSuite, SuiteId
from app.ui.forms.case_draft import OWN_SUITE, CaseDraft
from app.ui.forms.fields import WheelShyBox
from app.ui.forms.form_sheet import FormSheet
from app.ui.forms.target_fields import TargetFields
from app.ui.forms.turn_editor import TurnEditor
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label

_NEW = "New suite…"
_NO_TARGET = "Leave it empty where a rule or an AI judge decides."


class CaseSheet(FormSheet):
    """Everything is filled in already; a person may change all of it. Used once.

    Signals:
        saved: an `Item`, and the `SuiteId` or the name of a new suite that it belongs into.
            Whoever listens calls `dismiss` or `refuse`.
    """

    saved = Signal(object, object)

    def __init__(self, window: QWidget, icons: Icons, theme: ThemeKeeper, draft: CaseDraft) -> None:
        super().__init__(window, icons, "Make a test case", "Save test case")
        self._draft = draft
        self.suite = WheelShyBox()
        self.suite.setPlaceholderText("Reading the suites…")
        self.add_field("Suite", self.suite)
        self.name = QLineEdit(OWN_SUITE)
        self.name.setAcceptDrops(False)
        self._name_field = self.add_field("Name of the new suite", self.name)
        self._name_field.hide()
        self.turns = TurnEditor(draft.turns, theme, with_earlier=draft.keeps_earlier)
        self.add(self.turns)
        if draft.note:
            self.add(Label(draft.note, "caption", wrap=True))
        self.targets = TargetFields(draft.targets, icons)
        self.add_field("Right answer", self.targets, _NO_TARGET)
        self.tags = QLineEdit(", ".join(draft.tags))
        self.tags.setAcceptDrops(False)
        self.tags.setPlaceholderText("Such as contracts, dates")
        self.add_field("Tags, with commas between them", self.tags)
        self.suite.currentIndexChanged.connect(self._on_suite_chosen)
        for signal in (self.name.textChanged, self.turns.changed):
            signal.connect(self._show_state)
        self.confirm.clicked.connect(self._on_confirmed)
        self._show_state()

    def show_suites(self, suites: tuple[StoredSuite, ...], chosen: SuiteId | None) -> None:
        """Offer these, and a new one; without any, a new one is what is left."""
        self.suite.clear()
        for each in suites:
            self.suite.addItem(each.name, each.id)
        self.suite.addItem(_NEW, None)
        # At first a suite of one's own: the others are samples, or about something else.
        own = self.suite.findText(OWN_SUITE, Qt.MatchFlag.MatchFixedString)
        found = self.suite.findData(chosen) if chosen is not None else own
        self.suite.setCurrentIndex(found if found >= 0 else self.suite.count() - 1)
        self._show_state()

    def item(self) -> Item:
        """What is written there, still without a key."""
        tags = (" ".join(each.split()) for each in self.tags.text().split(","))
        return Item(
            "",
            self.turns.turns,
            self.targets.targets,
            tuple(dict.fromkeys(each for each in tags if each)),
            self._draft.metadata,
        )

    def first_focus(self) -> QWidget | None:
        return self.turns.question

    @property
    def _is_new(self) -> bool:
        return self.suite.count() > 0 and self.suite.currentData() is None

    def _on_suite_chosen(self) -> None:
        self._name_field.setVisible(self._is_new)
        self._show_state()

    def _show_state(self) -> None:
        has_place = self.suite.count() > 0 and bool(not self._is_new or self.name.text().strip())
        self.confirm.setEnabled(has_place and bool(self.turns.question.toPlainText().strip()))

    def _on_confirmed(self) -> None:
        self.confirm.setEnabled(False)  # until there is an answer
        self.clear_problem()
        place = self.name.text().strip() if self._is_new else self.suite.currentData()
        self.saved.emit(self.item(), place)
