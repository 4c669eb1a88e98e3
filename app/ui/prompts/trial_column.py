"""One column of the playground: what is tried, and the answer as it comes."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.base.errors import AppError
from app.engine.messages import ReasoningDelta, TextDelta
from app.evals.trials import Ended, Phase, TrialEvent, Tried
from app.modelhub.serving import NotAgreed
from app.prompts.diff import Change, Run
from app.ui.forms.model_choice import ModelChoice
from app.ui.pane import PaneContext
from app.ui.prompts.answer_text import AnswerText
from app.ui.prompts.settings_choice import SettingsChoice
from app.ui.prompts.trial_words import facts_text, model_text
from app.ui.prompts.version_choice import VersionChoice
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.info_bar import Bars, InfoBar, announce
from app.ui.widgets.labels import Divider, Label
from app.ui.widgets.layout import Card, row

_PHASES = {Phase.LOADING: "Loading the model", Phase.READING: "Reading the prompt"}
_STOPPING = "Stopping"
_QUIET_S = 2.0  # before seconds are counted


class TrialColumn(Card):
    """A letter, three choices, and below them what came of the last run.

    Attributes:
        tried: the last answer, whole or stopped; None while there is none.

    Signals:
        chosen: another version or model is chosen, or the model can or cannot answer now.
        agreed: documents may be sent to the server that is chosen here.
        models_wanted: a person wants to load a model.
        kept: a `Tried` shall become a test case.
    """

    chosen = Signal()
    agreed = Signal()
    models_wanted = Signal()
    kept = Signal(object)

    def __init__(self, context: PaneContext, letter: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.letter = letter
        self.tried: Tried | None = None
        self._began = 0.0
        self._stage = ""
        self._said = ""
        self.version = VersionChoice(f"{letter}: version")
        self.model = ModelChoice(context, f"{letter}: model")
        self.settings = SettingsChoice(letter)
        self.version.changed.connect(self.chosen)
        self.model.changed.connect(self._on_model_changed)
        title = Label(letter, "h2")
        title.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.body.addWidget(row(title, self.version, spacing=12))
        self.body.addWidget(self.model)
        self.body.addWidget(self._build_notice())
        self.body.addWidget(self.settings)
        self.body.addWidget(Divider())
        self._bars = Bars()
        self.body.addWidget(self._bars)
        self._build_answer()
        self.body.addStretch(1)
        self._on_model_changed()
        self.clear()

    @property
    def is_running(self) -> bool:
        """Whether its answer is on its way."""
        return bool(self._stage)

    @property
    def text(self) -> str:
        """The answer so far."""
        return self._said

    def clear(self) -> None:
        """Forget the last answer."""
        self.tried, self._said, self._stage = None, "", ""
        self._bars.clear()
        self._answer.show_text("")
        self._thoughts.show_text("")
        for widget in (self._answer, self._fold, self._thoughts, self._facts, self._offers):
            widget.hide()
        self._fold.set_open(False)
        self._state.setText(f"The answer of {self.letter} comes here.")
        self._state.show()

    def begin(self) -> None:
        """A trial starts."""
        self.clear()
        self._began = time.monotonic()
        self._enter("Starting")

    def receive(self, event: TrialEvent) -> None:
        """Something happened in the trial; after Stop only its end counts."""
        if not self._stage or (self._stage == _STOPPING and not isinstance(event, Ended)):
            return
        match event:
            case Phase():
                self._enter(_PHASES[event])
            case ReasoningDelta(text):
                self._enter("Thinking")
                self._thoughts.append(text)
                self._fold.show()
            case TextDelta(text):
                self._enter("Writing")
                self._said += text
                self._answer.append(text)
                self._answer.show()
            case Ended(tried, error):
                self._end(tried, error)

    def advance(self) -> None:
        """Count the seconds."""
        if self._stage:
            seconds = time.monotonic() - self._began
            more = f" · {seconds:.0f} s" if seconds >= _QUIET_S else "…"
            self._state.setText(f"{self._stage}{more}")

    def fail(self, error: AppError) -> None:
        """The trial broke off without a word of its own."""
        self._end(None, error)

    def show_stopping(self) -> None:
        """Stop was pressed."""
        if self._stage:
            self._enter(_STOPPING)

    def mark(self, runs: tuple[Run, ...], change: Change) -> None:
        """Mark the words that only this answer has; without runs it is plain again."""
        if runs:
            self._answer.show_runs([each for each in runs if each.change in (Change.EQUAL, change)])
        else:
            self._answer.show_text(self._said)

    def _build_notice(self) -> QWidget:
        self._notice = InfoBar(
            self._context.icons,
            "There is no model here that could answer.",
            Severity.WARN,
            hint="Load one, or choose another.",
            choice=Choice("Models", self.models_wanted.emit),
            closable=False,
        )
        self._notice.hide()
        return self._notice

    def _build_answer(self) -> None:
        icons = self._context.icons
        self._state = Label("", "body2", wrap=True)
        self._fold = FoldButton("Thoughts", icons)
        self._thoughts = AnswerText(self._context.theme, f"Thoughts of {self.letter}")
        self._thoughts.setProperty("kind", "thoughts")
        self._fold.unfolded.connect(self._thoughts.setVisible)
        self._answer = AnswerText(self._context.theme, f"Answer of {self.letter}")
        self._facts = Label("", "caption", wrap=True)
        copy = Button("Copy", "small", icons.icon("ph.copy"))
        copy.setAccessibleName(f"Copy the answer of {self.letter}")
        copy.clicked.connect(self._on_copy_clicked)
        keep = Button("Save as test case", "small", icons.icon("ph.test-tube"))
        keep.setAccessibleName(f"Save the answer of {self.letter} as a test case")
        keep.setToolTip("The question goes into a suite, with this answer as the right one")
        keep.clicked.connect(lambda: self.kept.emit(self.tried))
        self._offers = row(copy, keep, None)
        for widget in (self._state, self._fold, self._thoughts, self._answer, self._facts):
            self.body.addWidget(widget)
        self.body.addWidget(self._offers)

    def _enter(self, stage: str) -> None:
        if stage != self._stage:
            self._stage = stage
            self.advance()

    def _end(self, tried: Tried | None, error: AppError | None) -> None:
        if not self._stage:
            return
        self._stage, self.tried = "", tried
        self._state.setVisible(tried is None and error is None)
        self._state.setText("Stopped before anything was said.")
        if error is not None:
            self._say_error(error)
        if tried is not None:
            self._show_tried(tried)
        announce(self, f"{self.letter}: {error or (self._facts.text() if tried else 'stopped')}")

    def _show_tried(self, tried: Tried) -> None:
        self._said = tried.generated.text
        self._answer.show_text(self._said)
        self._answer.setVisible(bool(self._said))
        if tried.generated.reasoning:
            self._thoughts.show_text(tried.generated.reasoning)
            self._fold.show()
        self._facts.setText(f"{facts_text(tried)}\n{model_text(tried)}")
        self._facts.show()
        self._offers.setVisible(bool(self._said))
        if tried.generated.problem:
            bar = InfoBar(self._context.icons, tried.generated.problem, Severity.WARN)
            self._bars.show_only(bar)
        elif not self._said:
            self._state.setText("The model said nothing.")
            self._state.show()

    def _say_error(self, error: AppError) -> None:
        choice = None
        if isinstance(error, NotAgreed):
            choice = Choice("Send it", self.agreed.emit)
            error = AppError(error.message)
        self._bars.show_only(InfoBar.for_error(self._context.icons, error, choice))

    def _on_model_changed(self) -> None:
        self._notice.setVisible(not self.model.chosen.can_answer)
        self.chosen.emit()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._said)
        self._context.notify.toast(f"The answer of {self.letter} was copied.", Severity.OK)
