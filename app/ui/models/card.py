"""One model: what it is, what state it is in, and what can be done with it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.engine.options import LoadOptions
from app.modelhub.fit import change_words
from app.ui.icons import Icons
from app.ui.models.board import CardState, CardStatus, LoadStep
from app.ui.models.capability_tags import CapabilityTags
from app.ui.models.fit_line import FitLine
from app.ui.models.words import (
    FIT_SEVERITY,
    UNKNOWN_QUANTIZATION,
    engine_text,
    facts_text,
    fit_text,
    memory_text,
)
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.labels import ElidedLabel, Label, Tag
from app.ui.widgets.menus import Entry
from app.ui.widgets.progress import ProgressBar
from app.ui.widgets.title_card import TitleCard

_STEPS = {
    LoadStep.CHECKING: "Checking the file…",
    LoadStep.READING: "Loading… Large models take a while the first time.",
}
_BUSY_WORDS = {
    CardStatus.CANCELLING: "Cancelling…",
    CardStatus.UNLOADING: "Giving its memory back…",
}


class ModelCard(TitleCard):
    """Shows a CardState. All signals carry the model's id.

    Signals:
        load_requested, unload_requested, cancel_requested, removal_requested, locate_requested,
        details_requested, reveal_requested, options_requested: what the buttons and the menu
            offer.
        load_with_requested: load with these LoadOptions, and keep them if that works.
        problem_read: the problem was dismissed.
    """

    load_requested = Signal(int)
    unload_requested = Signal(int)
    cancel_requested = Signal(int)
    removal_requested = Signal(int)
    locate_requested = Signal(int)
    details_requested = Signal(int)
    reveal_requested = Signal(int)
    options_requested = Signal(int)
    load_with_requested = Signal(int, object)
    problem_read = Signal(int)

    def __init__(self, icons: Icons, state: CardState, parent: QWidget | None = None) -> None:
        super().__init__(icons, "ph.cube", ElidedLabel("", "h2"), parent)
        self.quantization = Tag("")
        self.in_use = Tag("In use", "ok")
        self.lent = Tag("At work", "info")
        self.lent.setToolTip(
            "Loaded for an evaluation, a comparison or an agent. Its memory is given back after."
        )
        self.button = Button("Load", "primary")
        self.add_tags(self.quantization, self.in_use, self.lent)
        self.add_controls(self.button)
        self._state: CardState | None = None
        self._id = int(state.model.id)
        self._bar_shown: tuple[str, str, LoadOptions | None] | None = None
        self.capabilities = CapabilityTags(self.line, self.tags_end)
        self.facts = ElidedLabel("", "caption")
        self.engine = Label("", "caption", wrap=True)
        self.fit = FitLine(icons)
        self.progress = ProgressBar("Loading")
        for part in (self.facts, self.engine, self.fit):
            self.below.addWidget(part)
        self.under.insertWidget(0, self.progress)
        self.button.clicked.connect(self._on_clicked)
        self.show_state(state)

    @property
    def state(self) -> CardState:
        """What is shown."""
        assert self._state is not None  # set by the constructor
        return self._state

    def show_state(self, state: CardState) -> None:
        """Show another state of the same model."""
        if state == self._state:
            return
        self._state = state
        model = state.model
        self.name.set_text(model.name)
        self.quantization.setText(model.quantization)
        self.quantization.setVisible(model.quantization not in ("", UNKNOWN_QUANTIZATION))
        self.facts.set_text(facts_text(model))
        self.more.setAccessibleName(f"More about {model.name}")
        self.in_use.setVisible(state.status is CardStatus.IN_USE)
        self.lent.setVisible(state.is_lent)
        self.capabilities.show_facts(state.facts)
        self._show_engine(state)
        self._show_fit(state)
        self._show_button(state)
        self._show_problem(state)

    def offered(self) -> tuple[Entry, ...]:
        is_there = self.state.status is not CardStatus.MISSING
        is_busy = bool(_busy_words(self.state))
        entries = (
            ("ph.sliders-horizontal", "Load options…", self.options_requested, is_there),
            ("ph.list-bullets", "Details", self.details_requested, is_there),
            ("ph.folder-open", "Show in folder", self.reveal_requested, is_there),
            (
                "ph.trash",
                "Remove from the list (the file stays)",
                self.removal_requested,
                not is_busy,
            ),
        )
        return tuple(
            Entry(icon, words, partial(signal.emit, self._id), can)
            for icon, words, signal, can in entries
        )

    def _show_engine(self, state: CardState) -> None:
        busy = _busy_words(state)
        self.engine.setText(busy or (engine_text(state.facts) if state.facts else ""))
        self.engine.setVisible(bool(self.engine.text()))
        self.progress.setVisible(bool(busy))
        self.progress.setAccessibleName(f"Loading {state.model.name}")
        self.progress.show_progress(0, 0)

    def _show_fit(self, state: CardState) -> None:
        """What it takes, or would; nothing while it comes, goes or is not there."""
        if state.status is CardStatus.IN_USE and state.facts is not None:
            self.fit.say(memory_text(state.facts, state.expected_bytes))
        elif state.status is not CardStatus.IDLE:
            self.fit.say("")
        elif state.fit is not None:
            fit = state.fit
            is_offered = state.may_load and state.smaller is None
            choice = self._load_with(state, fit.smaller) if is_offered else None
            self.fit.say(fit_text(fit), FIT_SEVERITY[fit.verdict], choice)
        elif state.no_fit and state.problem is None:
            self.fit.say(state.no_fit, Severity.WARN)
        else:
            self.fit.say("")

    def _load_with(self, state: CardState, options: LoadOptions | None) -> Choice | None:
        if options is None:
            return None
        words = f"Load with {change_words(options, state.options)}"
        return Choice(words, lambda: self.load_with_requested.emit(self._id, options))

    def _show_button(self, state: CardState) -> None:
        text, kind = {
            CardStatus.IDLE: ("Load", "primary"),
            CardStatus.LOADING: ("Cancel", ""),
            CardStatus.CANCELLING: ("Cancel", ""),
            CardStatus.IN_USE: ("Unload", ""),
            CardStatus.UNLOADING: ("Unload", ""),
            CardStatus.MISSING: ("Locate…", ""),
        }[state.status]
        self.button.setText(text)
        self.button.setAccessibleName(f"{text} {state.model.name}")
        set_look(self.button, "kind", kind)
        waits = state.status in (CardStatus.CANCELLING, CardStatus.UNLOADING)
        held = state.status in (CardStatus.IDLE, CardStatus.IN_USE) and not state.may_load
        waits = waits or (state.status is CardStatus.LOADING and not state.can_cancel)
        self.button.setEnabled(not waits and not held)
        self.button.setToolTip("Another model is being put in use." if held else "")

    def _show_problem(self, state: CardState) -> None:
        problem, severity = state.problem, Severity.DANGER
        if state.status is CardStatus.MISSING:
            problem, severity = _missing(state), Severity.WARN
        shown = (problem.message, problem.hint, state.smaller) if problem is not None else None
        if shown == self._bar_shown:
            return
        self.bars.clear()
        self._bar_shown = shown
        if problem is None:
            return
        missing = state.status is CardStatus.MISSING
        choice = self._load_with(state, state.smaller)
        if missing:
            choice = Choice("Remove", lambda: self.removal_requested.emit(self._id))
        elif choice is None:
            again = "Load again" if state.has_died else "Try again"
            choice = Choice(again, lambda: self.load_requested.emit(self._id))
        bar = InfoBar(
            self._icons,
            problem.message,
            severity,
            hint=problem.hint,
            choice=choice,
            closable=not missing,
        )
        bar.closed.connect(self._on_problem_closed)
        self.bars.add(bar)

    def _on_problem_closed(self) -> None:
        self._bar_shown = None
        self.problem_read.emit(self._id)

    def _on_clicked(self) -> None:
        signal = {
            CardStatus.IDLE: self.load_requested,
            CardStatus.LOADING: self.cancel_requested,
            CardStatus.IN_USE: self.unload_requested,
            CardStatus.MISSING: self.locate_requested,
        }.get(self.state.status)
        if signal is not None:
            signal.emit(self._id)


def _busy_words(state: CardState) -> str:
    if state.status is CardStatus.LOADING:
        return _STEPS[state.step]
    return _BUSY_WORDS.get(state.status, "")


def _missing(state: CardState) -> AppError:
    path = state.model.path
    return AppError(
        f"{path.name} is not in {path.parent} any more.",
        "If it was moved, locate it. If its drive is not connected, connect it.",
    )
