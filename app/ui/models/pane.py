"""The models pane: a card for each GGUF file and for each model on a server, and which one is in
use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.base.changes import Topic
from app.base.errors import AppError
from app.engine.options import LoadOptions
from app.modelhub.entities import Endpoint, LocalModel, ModelId
from app.ui.actions import ActionSpec, Reach
from app.ui.models.board import CardState, ModelBoard
from app.ui.models.card import ModelCard
from app.ui.models.details import DetailsSheet
from app.ui.models.endpoint_card import EndpointCard
from app.ui.models.importing import ImportReport, import_files, relocate
from app.ui.models.loading import ModelLoading
from app.ui.models.option_editing import OptionEditing
from app.ui.models.server_cards import ServerCards
from app.ui.models.words import in_use_text
from app.ui.pane import Pane, PaneContext
from app.ui.reveal import show_in_folder
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.info_bar import ACROSS, Bars
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.layout import PageHeader, column

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.engine.host import EngineState
    from app.modelhub.in_use import LoadedModel, ServedModel

_FILTER = "GGUF models (*.gguf *.GGUF);;All files (*)"


@dataclass(frozen=True, slots=True)
class HubState:
    """What the pane shows, read in one go."""

    models: tuple[LocalModel, ...]
    loaded: LoadedModel | None
    engine: EngineState
    defaults: LoadOptions
    endpoints: tuple[Endpoint, ...] = ()
    served: ServedModel | None = None
    lent: frozenset[ModelId] = frozenset()


def read_state(services: Services) -> HubState:
    """Read the lists and what is in use; runs off the GUI thread."""
    models = services.models
    return HubState(
        models.models(),
        models.loaded,
        models.state,
        models.default_options(),
        services.endpoints.endpoints(),
        services.served.in_use,
        frozenset(each.model.id for each in services.lending.opened),
    )


class ModelsPane(Pane):
    """Import, load, unload, inspect and remove models; connect to models on servers."""

    pane_id = "models"
    title = "Models"
    icon = "ph.cube"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._board = ModelBoard()
        self._servers = ServerCards(context, self)
        self._cards: dict[ModelId, ModelCard] = {}
        self._defaults = LoadOptions()
        self._is_reading = False
        self._is_stale = False
        self._early: list[Path] = []

    def build(self) -> None:
        icons = self.context.icons
        self.import_button = Button("Import GGUF", "", icons.icon("ph.upload-simple", "text"))
        self.import_button.clicked.connect(self.choose_files)
        self.connect_button = Button(
            "Connect to a server…", "", icons.icon("ph.hard-drives", "text")
        )
        self.connect_button.clicked.connect(self.connect_server)
        self.header = PageHeader(self.title, self.connect_button, self.import_button)
        self.summary = ElidedLabel("", "caption")
        self._problems_here = Bars(margins=ACROSS)
        self._build_list()
        self._empty = EmptyState(
            icons.icon(self.icon, "accent_text"),
            "No models yet",
            "A model writes answers in its own words: from a GGUF file on this computer, or on a "
            "server of yours. Without one, Cairn answers by quoting the best sentences of your "
            "documents, and that works already.",
            primary=Choice(
                "Import GGUF", self.choose_files, icons.icon("ph.upload-simple", "on_accent")
            ),
            secondary=Choice(
                "Connect to a server…", self.connect_server, icons.icon("ph.hard-drives", "text")
            ),
            caption="or drop a .gguf file anywhere in this window; it stays where it is",
        )
        self._build_pages()

    def ready(self) -> None:
        models = self.services.models
        self._loading = ModelLoading(self.context.jobs, models, self._board, self)
        self._loading.moved.connect(self._show_cards)
        self._loading.ended.connect(self._refresh)
        self._servers.attach(self.services)
        self._servers.moved.connect(self._show_cards)
        self._servers.ended.connect(self._refresh)
        self._editing = OptionEditing(self.context, models, self)
        self._editing.load_requested.connect(self.load)
        self._refresh()
        if self._early:
            self.import_files(self._early)

    def changed(self, topics: frozenset[Topic]) -> None:
        if topics & {Topic.MODELS, Topic.SETTINGS}:
            self._refresh()

    def take_drop(self, paths: Sequence[Path]) -> bool:
        models = [path for path in paths if path.suffix.lower() == ".gguf"]
        if not models:
            return False
        if self.is_ready:
            self.import_files(models)
        else:  # files given at the start wait for the services
            self._early += models
        return True

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        def spec(name: str, title: str, icon: str, run: Callable[[], object]) -> ActionSpec:
            return ActionSpec(
                f"models.{name}", title, "Models", icon, run, pane_id=self.pane_id,
                reach=Reach.WINDOW,
            )  # fmt: skip

        return (
            spec("import", "Import a GGUF model…", "ph.upload-simple", self.choose_files),
            spec("connect", "Connect to a server…", "ph.hard-drives", self.connect_server),
            spec("unload", "Unload the model or disconnect", "ph.power", self.unload),
        )

    def problem_place(self) -> Bars:
        return self._problems_here

    def focus_first(self) -> None:
        if self._is_built and self.import_button.isVisible():
            self.import_button.setFocus()

    @property
    def is_reading(self) -> bool:
        """Whether the list is being read just now."""
        return self._is_reading

    # What a person can start.

    def choose_files(self) -> None:
        """Ask which files to import."""
        self._choose("Import GGUF models", QFileDialog.FileMode.ExistingFiles, self.import_files)

    def import_files(self, paths: Sequence[Path]) -> None:
        """Put these files on the list."""
        self.context.jobs.submit(
            import_files,
            self.services.models,
            tuple(paths),
            owner=self,
            done=self._on_imported,
            failed=self.show_problem,
        )

    def load(self, model_id: int, options: LoadOptions | None = None) -> None:
        """Load a model in place of the one in use, with its own options if none are given."""
        self._loading.load(ModelId(model_id), options)

    def edit_options(self, model_id: int) -> None:
        """Open the sheet with the load options of a model."""
        model = self._model(model_id)
        if model is None:
            return
        in_use = self._board.in_use
        self._editing.open(
            model,
            self._board.options_of(model),
            defaults=self._defaults,
            is_loaded=in_use is not None and in_use.model.id == model.id,
        )

    def cancel_load(self) -> None:
        """Stop loading."""
        self._loading.cancel()

    def unload(self) -> None:
        """Give the memory of the model in use back, or ask its server no more."""
        if not self.is_ready:
            return
        if self._servers.in_use is not None:
            self._servers.disconnect_server()
        else:
            self._loading.unload()

    def connect_server(self) -> None:
        """Ask for the address of a server, and use a model there."""
        if self.is_ready:
            self._servers.connect_new()

    # Building.

    def _build_list(self) -> None:
        cards = QWidget()
        self._list = QVBoxLayout(cards)
        self._list.setContentsMargins(24, 4, 24, 24)
        self._list.setSpacing(12)
        self._list.addStretch(1)
        self._page = QScrollArea()
        self._page.setWidgetResizable(True)
        self._page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page.setFrameShape(QFrame.Shape.NoFrame)
        self._page.setAccessibleName("Models")
        self._page.setWidget(cards)

    def _build_pages(self) -> None:
        stack = QWidget()
        self._pages = QStackedLayout(stack)
        self._waiting = QWidget()
        for page in (self._waiting, self._empty, self._page):
            self._pages.addWidget(page)
        self._summary_line = column(self.summary, margins=(24, 0, 24, 8))
        self.body.addWidget(self.header)
        self.body.addWidget(self._summary_line)
        self.body.addWidget(self._problems_here)
        self.body.addWidget(stack, 1)
        self._show_page(self._waiting)

    def _show_page(self, page: QWidget) -> None:
        self._pages.setCurrentWidget(page)
        self._summary_line.setVisible(page is self._page)
        for button in (self.connect_button, self.import_button):
            button.setVisible(page is self._page)

    def _make_card(self, state: CardState) -> ModelCard:
        card = ModelCard(self.context.icons, state)
        card.load_requested.connect(self.load)
        card.unload_requested.connect(self.unload)
        card.cancel_requested.connect(self.cancel_load)
        card.removal_requested.connect(self._on_removal_requested)
        card.locate_requested.connect(self._on_locate_requested)
        card.details_requested.connect(self._on_details_requested)
        card.reveal_requested.connect(self._on_reveal_requested)
        card.options_requested.connect(self.edit_options)
        card.load_with_requested.connect(self.load)
        card.problem_read.connect(self._on_problem_read)
        return card

    # Showing what the service says.

    def _refresh(self) -> None:
        if self._is_reading:  # one reader is enough; what it misses is read after it
            self._is_stale = True
            return
        self._is_reading = True
        self.context.jobs.submit(
            read_state,
            self.services,
            owner=self,
            done=self._on_state_read,
            failed=self._on_read_failed,
        )

    def _on_state_read(self, state: HubState) -> None:
        self._is_reading = False
        self._defaults = state.defaults
        self._board.take(state.models, state.loaded, state.engine, state.defaults, state.lent)
        self._servers.board.take(state.endpoints, state.served)
        self._show_cards()
        self._loading.estimate(state.models)
        if self._is_stale:
            self._is_stale = False
            self._refresh()

    def _on_read_failed(self, error: AppError) -> None:
        self._is_reading = self._is_stale = False
        self.show_problem(error, Choice("Try again", self._refresh))

    def _show_cards(self) -> None:
        self._board.hold(self._servers.board.is_busy)
        self._servers.board.hold(self._board.is_loading)
        states = self._board.cards()
        for gone in self._cards.keys() - {state.model.id for state in states}:
            self._cards.pop(gone).deleteLater()
        cards: list[ModelCard | EndpointCard] = [self._card(state) for state in states]
        cards += self._servers.show_cards()
        cards.sort(key=_added_at, reverse=True)
        for place, card in enumerate(cards):
            if self._list.indexOf(card) != place:
                self._list.insertWidget(place, card)
        self.summary.set_text(in_use_text(self._board.in_use or self._servers.in_use))
        self._show_page(self._page if cards else self._empty)

    def _card(self, state: CardState) -> ModelCard:
        card = self._cards.get(state.model.id)
        if card is None:
            card = self._cards[state.model.id] = self._make_card(state)
        card.show_state(state)
        return card

    # Answers to what was started.

    def _on_imported(self, report: ImportReport) -> None:
        for error in report.problems:
            self.show_problem(error)
        if not report.imported:
            return
        model = report.imported[0]
        if len(report.imported) > 1:
            self.context.notify.toast(f"{len(report.imported)} models imported.", Severity.OK)
        else:
            load = Choice("Load", partial(self.load, model.id))
            self.context.notify.toast(f"{model.name} imported.", Severity.OK, choice=load)
        self._refresh()

    # What a card asks for.

    def _model(self, model_id: int) -> LocalModel | None:
        return next((each for each in self._board.models if each.id == model_id), None)

    def _on_removal_requested(self, model_id: int) -> None:
        model = self._model(model_id)
        if model is None:
            return
        self.context.jobs.submit(
            self.services.models.remove,
            model.id,
            owner=self,
            done=partial(self._on_removed, model),
            failed=self.show_problem,
        )

    def _on_removed(self, model: LocalModel, _result: object) -> None:
        undo = Choice("Undo", partial(self.import_files, (model.path,)))
        self.context.notify.toast(
            f"{model.name} is off the list. The file stays.",
            choice=undo if model.is_present else None,
        )

    def _on_locate_requested(self, model_id: int) -> None:
        model = self._model(model_id)
        if model is not None:
            title = f"Where is {model.path.name}?"
            self._choose(title, QFileDialog.FileMode.ExistingFile, partial(self._locate, model))

    def _locate(self, model: LocalModel, paths: Sequence[Path]) -> None:
        self.context.jobs.submit(
            relocate,
            self.services.models,
            model,
            paths[0],
            owner=self,
            failed=self.show_problem,
        )

    def _on_details_requested(self, model_id: int) -> None:
        model = self._model(model_id)
        if model is None:
            return
        sheet = DetailsSheet(self.window(), self.context.icons, model.name, str(model.path))
        self.context.jobs.submit(
            self.services.models.inspect,
            model.path,
            owner=sheet,
            done=sheet.show_facts,
            failed=sheet.show_problem,
        )
        sheet.open()

    def _on_reveal_requested(self, model_id: int) -> None:
        model = self._model(model_id)
        try:
            if model is not None:
                show_in_folder(model.path)
        except AppError as error:
            self.show_problem(error)

    def _on_problem_read(self, model_id: int) -> None:
        self._board.forget_problem(ModelId(model_id))

    def _choose(
        self, title: str, mode: QFileDialog.FileMode, take: Callable[[Sequence[Path]], object]
    ) -> None:
        if not self.is_ready:
            return
        dialog = QFileDialog(self, title, "", _FILTER)
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(lambda files: take([Path(file) for file in files]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.is_ready:  # other programs have taken or given back memory meanwhile
            self._loading.estimate(self._board.models)


def _added_at(card: ModelCard | EndpointCard) -> datetime:
    if isinstance(card, EndpointCard):
        return card.state.endpoint.added_at
    return card.state.model.added_at
