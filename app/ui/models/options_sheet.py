"""The sheet where a person sets how one model is loaded."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.engine.options import LoadOptions
from app.engine.protocol import Device
from app.modelhub.entities import LocalModel
from app.modelhub.fit import Fit, change_words
from app.modelhub.options import conflict
from app.ui.icons import Icons
from app.ui.models.fit_line import FitLine
from app.ui.models.option_rows import OptionForm
from app.ui.models.words import FIT_SEVERITY, fit_text
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import Divider, ElidedLabel
from app.ui.widgets.layout import ScrollPage, row
from app.ui.widgets.sheet import Sheet

_WIDTH = 720
_HEIGHT = 760
_PAUSE_MS = 300  # after the last change, before the estimate is asked for again


class OptionsSheet(Sheet):
    """Shows options and what they need; knows nothing of where they are kept.

    Signals:
        estimate_wanted: these options were not changed for a moment.
        save_requested: keep these, and load the model if True.
    """

    estimate_wanted = Signal(object)
    save_requested = Signal(object, bool)

    def __init__(
        self,
        window: QWidget,
        icons: Icons,
        theme: ThemeKeeper,
        model: LocalModel,
        options: LoadOptions,
        *,
        defaults: LoadOptions,
        is_loaded: bool,
    ) -> None:
        super().__init__(window, icons, "Load options", width=_WIDTH)
        self._icons = icons
        self._defaults = defaults
        self._bars = Bars()
        self.form = OptionForm(icons, theme, options)
        self.fit = FitLine(icons)
        self.reset = Button("Reset to defaults", "ghost")
        self.save = Button("Save")
        self.load = Button("Save and reload" if is_loaded else "Save and load", "primary")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._lay_out(model)
        self._connect()
        self._show_changed()

    @property
    def options(self) -> LoadOptions:
        """As a person has set them."""
        return self.form.options

    def show_cards(self, cards: tuple[Device, ...]) -> None:
        """Offer what concerns graphics cards."""
        self.form.show_cards(cards)

    def show_fit(self, fit: Fit) -> None:
        """Say what the options need, unless they were changed meanwhile."""
        if fit.options != self.options or conflict(self.options):
            return
        choice = None
        if (smaller := fit.smaller) is not None:
            text = f"Use {change_words(smaller, fit.options)}"
            choice = Choice(text, lambda: self._on_smaller_chosen(smaller))
        self.fit.say(fit_text(fit), FIT_SEVERITY[fit.verdict], choice)

    def show_no_fit(self, error: AppError) -> None:
        """Say why there is no estimate."""
        self.fit.say(f"What it needs is not known: {error.message}", Severity.WARN)

    def show_problem(self, error: AppError) -> None:
        """Say why the options could not be kept."""
        self._set_busy(False)
        self._bars.show_only(InfoBar.for_error(self._icons, error))

    def card_height(self, width: int) -> int:
        return max(_HEIGHT, super().card_height(width))

    def first_focus(self) -> QWidget | None:
        return self.form.rows["context_length"].control.findChild(QWidget)

    def _lay_out(self, model: LocalModel) -> None:
        page = ScrollPage("Load options", margins=(0, 4, 12, 4), width=_WIDTH)
        page.body.addWidget(self.form)
        trained = model.context_length
        reach = f"trained for {trained:,} tokens" if trained else model.path.name
        self.body.setSpacing(10)
        self.body.addWidget(ElidedLabel(f"{model.name} · {reach}", "caption"))
        self.body.addWidget(page, 1)
        self.body.addWidget(self._bars)
        self.body.addWidget(Divider())
        self.body.addWidget(self.fit)
        self.body.addWidget(row(self.reset, None, self.save, self.load))

    def _connect(self) -> None:
        self.form.edited.connect(self._show_changed)
        self.reset.clicked.connect(self._on_reset_clicked)
        self.save.clicked.connect(lambda: self._on_save_clicked(False))
        self.load.clicked.connect(lambda: self._on_save_clicked(True))
        self._pause.timeout.connect(self._on_paused)
        self.closed.connect(self.deleteLater)

    def _show_changed(self, _options: object = None) -> None:
        """The options are others now: check them, and ask what they need once it is quiet."""
        problem = conflict(self.options)
        self.save.setEnabled(not problem)
        self.load.setEnabled(not problem)
        self.reset.setEnabled(self.options != self._defaults)
        if problem:
            self._pause.stop()
            self.fit.say(problem, Severity.DANGER)
        else:
            self.fit.say("Estimating how much memory this needs…")
            self._pause.start()

    def _set_busy(self, is_busy: bool) -> None:
        for part in (self.form, self.reset, self.save, self.load):
            part.setEnabled(not is_busy)

    def _on_paused(self) -> None:
        self.estimate_wanted.emit(self.options)

    def _on_smaller_chosen(self, options: LoadOptions) -> None:
        self.form.show_options(options)
        self._show_changed()

    def _on_reset_clicked(self) -> None:
        self.form.show_options(self._defaults)
        self._show_changed()

    def _on_save_clicked(self, and_load: bool) -> None:
        self._bars.clear()
        self._set_busy(True)
        self.save_requested.emit(self.options, and_load)
