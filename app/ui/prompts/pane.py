"""The prompts pane: the prompts there are, and the one that is written, tried or looked back on.

It puts the parts together. What is typed is the `ShownPrompt`'s; what is done to prompts and to
versions is the actions'.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QWidget

from app.base.changes import Topic
from app.base.errors import AppError
from app.prompts.entities import Prompt, PromptId
from app.ui.actions import ActionSpec, Reach
from app.ui.pane import Pane, PaneContext
from app.ui.prompts.importing import is_prompt_file
from app.ui.prompts.page import WRITE
from app.ui.prompts.prompt_actions import PromptActions
from app.ui.prompts.reading import Shelf, read_shelf
from app.ui.prompts.shown_prompt import ShownPrompt
from app.ui.prompts.version_actions import VersionActions
from app.ui.prompts.view import PromptsView
from app.ui.widgets.choice import Choice
from app.ui.widgets.info_bar import Bars
from app.ui.widgets.menus import pop_up

log = logging.getLogger(__name__)

_SHOWN = "prompts/shown"


class PromptsPane(Pane):
    """Prompts, their drafts and their versions.

    Signals:
        test_case_wanted: an `Item` to put into a suite.
    """

    pane_id: ClassVar[str] = "prompts"
    title: ClassVar[str] = "Prompts"
    icon: ClassVar[str] = "ph.article"
    drop_title: ClassVar[str] = "Drop prompt files to import them"

    test_case_wanted = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._shelf: Shelf | None = None
        self._is_reading = False
        self._is_stale = False
        self._early: list[Path] = []

    # Hooks

    def build(self) -> None:
        self.view = PromptsView(self.context, self.icon)
        self.body.addWidget(self.view)
        self.shown = ShownPrompt(self, self.view)
        self.prompt_actions = PromptActions(self, self.shown.drafts)
        self.version_actions = VersionActions(self, self.shown.drafts)
        self._connect_list()
        self._connect_page()

    def ready(self) -> None:
        self.shown.attach(self.services)
        self._refresh()
        if self._early:
            self.prompt_actions.import_files(self._early)

    def changed(self, topics: frozenset[Topic]) -> None:
        if Topic.PROMPTS in topics:
            self._refresh()
            self.shown.reload()
        if Topic.EVALS in topics:
            self.shown.scores_changed()
        if Topic.MODELS in topics:
            self.view.editor.models_changed()
            self.view.playground.models_changed()

    def take_drop(self, paths: Sequence[Path]) -> bool:
        if not any(map(is_prompt_file, paths)):
            return False
        if self.is_ready:
            self.prompt_actions.import_files(paths)
        else:  # files given at the start wait for the services
            self._early += paths
        return True

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        def spec(
            name: str,
            title: str,
            icon: str,
            run: Callable[[], object],
            enabled_when: Callable[[], bool] = lambda: True,
            keys: str = "",
        ) -> ActionSpec:
            reach = Reach.PANE if keys else Reach.WINDOW
            return ActionSpec(
                f"prompts.{name}", title, "Prompts", icon, run, keys, self.pane_id, reach,
                enabled_when,
            )  # fmt: skip

        return (
            spec("new", "New prompt…", "ph.plus", self.new_prompt),
            spec("import", "Import prompts…", "ph.file-arrow-down", self._import),
            spec(
                "keep", "Keep as version…", "ph.floppy-disk", self._keep, self._has_draft, "Ctrl+S"
            ),
            spec("discard", "Discard draft", "ph.trash", self._discard, self._can_discard),
            spec("search", "Search prompts", "ph.magnifying-glass", self._search, keys="Ctrl+F"),
        )

    def can_close(self) -> str | None:
        if not self.is_ready:
            return None
        try:
            self.shown.drafts.save_now()
        except AppError as error:
            return f"A prompt could not be saved: {error} What you wrote last would be lost."
        return None

    def close_down(self) -> None:
        if not self.is_ready:
            return
        self.view.playground.stop()
        if self.shown.wanted is not None:
            self.context.state.remember(_SHOWN, [self.shown.wanted])
        try:
            self.shown.drafts.save_now()
        except AppError as error:
            log.error("a prompt could not be saved at the end: %s", error)

    def regions(self) -> tuple[QWidget, ...]:
        return self.view.regions if self._is_built else (self,)

    def focus_first(self) -> None:
        if self._is_built:
            self.view.sidebar.list.setFocus()

    def problem_place(self) -> Bars:
        return self.view.problems

    # What a person can start

    def new_prompt(self) -> None:
        """Ask for a name, and begin a prompt in the folder that is looked at."""
        if self.is_ready:
            folder = self.view.sidebar.query.folder
            self.prompt_actions.create(folder or "", self._folders)

    def show_prompt(self, prompt_id: PromptId) -> None:
        """Show a prompt to be written."""
        self.view.page.switch.choose(WRITE)
        self._on_appeared(prompt_id)

    def _search(self) -> None:
        self.view.sidebar.search.setFocus()
        self.view.sidebar.search.selectAll()

    # Building

    def _connect_list(self) -> None:
        view, sidebar, actions = self.view, self.view.sidebar, self.prompt_actions
        view.new_requested.connect(self.new_prompt)
        view.import_requested.connect(self._import)
        sidebar.chosen.connect(self.shown.open)
        sidebar.query_changed.connect(self._refresh)
        sidebar.rename_requested.connect(self._edit_details)
        sidebar.delete_requested.connect(actions.delete)
        sidebar.menu_requested.connect(self._offer)
        actions.created.connect(self.show_prompt)
        actions.appeared.connect(self._on_appeared)
        actions.left.connect(self._on_left)

    def _connect_page(self) -> None:
        page, history, versions = self.view.page, self.view.history, self.version_actions
        self.shown.opened.connect(self._on_opened)
        self.shown.vanished.connect(self._on_left)
        self.view.playground.test_case_wanted.connect(self.test_case_wanted)
        page.details_requested.connect(self._for_shown(self._edit_details))
        page.menu_requested.connect(self._for_shown(self._offer))
        page.keep_requested.connect(self._keep)
        page.discard_requested.connect(self._discard)
        history.revert_requested.connect(self._for_shown(versions.revert))
        history.label_put.connect(self._for_shown(versions.put_label))
        history.label_taken.connect(self._for_shown(versions.take_label))
        history.label_wanted.connect(self._for_shown(versions.ask_label))
        history.reference_wanted.connect(self._for_shown(self.prompt_actions.copy_reference))
        history.failed.connect(self.show_problem)
        versions.written.connect(self._on_written)

    def _for_shown(self, do: Callable[..., object]) -> Callable[..., None]:
        """Have something done to the prompt that is shown, if there is one."""

        def call(*args: object) -> None:
            if self.shown.prompt is not None:
                do(self.shown.prompt, *args)

        return call

    # Showing what is stored

    @property
    def _folders(self) -> Sequence[str]:
        return tuple(self._shelf.folders) if self._shelf is not None else ()

    def _refresh(self) -> None:
        if self._is_reading:  # one reader is enough; what it misses is read after it
            self._is_stale = True
            return
        self._is_reading = True
        self.context.jobs.submit(
            read_shelf,
            self.services.prompts,
            self.view.sidebar.query,
            owner=self,
            done=self._on_shelf_read,
            failed=self._on_read_failed,
        )

    def _on_shelf_read(self, shelf: Shelf) -> None:
        self._is_reading = False
        self._shelf = shelf
        self.view.sidebar.show_shelf(shelf)
        if not shelf.prompts and not self.shown.holds_unsaved:
            self.shown.leave()
            self.view.show_empty()
        elif self.shown.wanted is None:
            self.shown.open(self._first(shelf))
        if self._is_stale:
            self._is_stale = False
            self._refresh()

    def _on_read_failed(self, error: AppError) -> None:
        self._is_reading = self._is_stale = False
        self.show_problem(error, Choice("Try again", self._refresh))

    def _first(self, shelf: Shelf) -> PromptId:
        last = (PromptId(each) for each in self.context.state.numbers(_SHOWN))
        candidates = (*last, *(each.id for each in shelf.found), *shelf.prompts)
        return next(each for each in candidates if each in shelf.prompts)

    def _on_opened(self, prompt_id: PromptId) -> None:
        self.view.show_prompts()
        self.view.sidebar.select(prompt_id)

    def _on_written(self, _prompt_id: PromptId) -> None:
        self._refresh()
        self.shown.reload()

    # What a person does

    def _edit_details(self, prompt: Prompt) -> None:
        self.prompt_actions.edit_details(prompt, self._folders)

    def _offer(self, prompt: Prompt, place: QPoint) -> None:
        pop_up(self.prompt_actions.make_menu(prompt, self._folders), place)

    def _import(self) -> None:
        if self.is_ready:
            self.prompt_actions.choose_files()

    def _keep(self) -> None:
        self._for_shown(self.version_actions.keep)()

    def _has_draft(self) -> bool:
        return self.is_ready and self.shown.has_draft

    def _discard(self) -> None:
        self._for_shown(self.version_actions.discard)()

    def _can_discard(self) -> bool:
        prompt = self.shown.prompt if self._has_draft() else None
        return prompt is not None and prompt.latest > 0

    def _on_appeared(self, prompt_id: PromptId) -> None:
        self.view.sidebar.show_all()
        self.shown.open(prompt_id)
        self._refresh()

    def _on_left(self, prompt_id: PromptId) -> None:
        if self.shown.wanted in (None, prompt_id):
            neighbour = self.view.sidebar.items.neighbour(prompt_id)
            if neighbour is not None:
                self.shown.open(neighbour)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self.is_ready:
            self.shown.drafts.flush()
