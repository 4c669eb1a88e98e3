"""How an agent is set up: who it is, what answers, what it may use, and how far it may go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.agents.drafts import LONGEST_NAME, AgentDraft
from app.agents.entities import GrantedFolder
from app.agents.errors import NameTaken
from app.base.errors import AppError
from app.modelhub.borrowing import Wanted
from app.ui.agents.folder_rows import FolderRows
from app.ui.agents.number_fields import BudgetFields, SamplingChoice
from app.ui.agents.reach_fields import CollectionRows, GrantRows
from app.ui.agents.reading import AgentFacts, PromptTaken
from app.ui.agents.tool_rows import ToolRows
from app.ui.agents.words import one_line
from app.ui.forms.long_text import LongText
from app.ui.forms.model_choice import IN_USE, ModelChoice
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage, column, row

if TYPE_CHECKING:
    from app.bootstrap import Services


class AgentEditor(ScrollPage):
    """One long form. Showing an agent emits nothing.

    Signals:
        edited: a person changed something; `draft` is how it is now.
        prompt_requested: instructions are to be taken from a prompt.
        revoked: a `Grant` to take back.
        delete_requested: the agent is to go.
    """

    edited = Signal()
    prompt_requested = Signal()
    revoked = Signal(object)
    delete_requested = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__("Set up", parent, margins=(24, 16, 24, 24))
        self._context = context
        self._draft = AgentDraft("")
        self._is_showing = False
        self._unlisted: Wanted | None = None
        self.body.setSpacing(22)
        self._build_who()
        self._build_model()
        self._build_reach()
        self._build_limits()
        self.body.addStretch(1)

    @property
    def draft(self) -> AgentDraft:
        """The agent as it is written now, not yet checked."""
        wanted = self._unlisted or self.model.wanted
        return replace(
            self._draft,
            name=self.name.text(),
            instructions=self.instructions.toPlainText(),
            model=wanted.model,
            endpoint=wanted.endpoint,
            sampling=self.sampling.sampling,
            tools=self.tools.policies,
            folders=self.folders.folders,
            collections=self.collections.chosen,
            budgets=self.budgets.budgets,
        )

    def attach(self, services: Services) -> None:
        """The models can be listed now."""
        self.model.attach(services)

    def show_draft(self, draft: AgentDraft, facts: AgentFacts) -> None:
        """Show an agent."""
        self._is_showing = True
        self._draft = draft
        if self.name.text() != draft.name:
            self.name.setText(draft.name)
        if self.instructions.toPlainText() != draft.instructions:
            self.instructions.setPlainText(draft.instructions)
        self._say_prompt(facts.prompt if draft.prompt else "")
        self._choose_model(Wanted(draft.model, draft.endpoint))
        self.sampling.show_sampling(draft.sampling)
        self.tools.show_tools((*facts.own, *facts.served), draft.tools)
        self._trouble.setText(str(facts.trouble or ""))
        self._trouble.setVisible(facts.trouble is not None)
        self.folders.show_folders(draft.folders)
        self.collections.show_collections(facts.collections, draft.collections)
        self.budgets.show_budgets(draft.budgets)
        titles = {each.name: each.title for each in (*facts.own, *facts.served)}
        self.grants.show_grants(facts.grants, lambda name: one_line(titles.get(name, name)))
        self._is_showing = False

    def show_problem(self, error: AppError | None) -> None:
        """Say at the field why the agent cannot be kept as it is; None takes that away."""
        words = "" if error is None else f"Not saved: {error}"
        is_name = isinstance(error, NameTaken) or " name" in words.partition(".")[0]
        is_text = "instructions" in words.partition(".")[0]
        places = {self._name_problem: is_name, self._text_problem: is_text}
        places[self._problem] = not (is_name or is_text)
        for label, is_here in places.items():
            label.setText(words if is_here else "")
            label.setVisible(bool(words) and is_here)

    def take_instructions(self, text: str, taken: PromptTaken) -> None:
        """Take instructions from a version of a prompt."""
        self._is_showing = True
        self.instructions.setPlainText(text)
        self._is_showing = False
        self._draft = replace(self._draft, prompt=(taken.prompt, taken.number))
        self._say_prompt(taken.reference)
        self.edited.emit()

    def grant(self, folder: GrantedFolder) -> None:
        """Give the agent a folder."""
        self.folders.grant(folder)

    # Its parts

    def _build_who(self) -> None:
        self._problem = _problem()
        self.name = QLineEdit()
        self.name.setAccessibleName("Name")
        self.name.setPlaceholderText("What it is for")
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setAcceptDrops(False)
        self.name.textEdited.connect(self._on_edited)
        self._name_problem = _problem()
        self.instructions = LongText(fewest=6)
        self.instructions.setAccessibleName("Instructions")
        self.instructions.setPlaceholderText("What it should do, and how, in short sentences")
        self.instructions.textChanged.connect(self._on_text_changed)
        self._text_problem = _problem()
        self._prompt = Label("", "caption")
        take = Button("Take from a prompt…", "small", self._context.icons.icon("ph.article"))
        take.clicked.connect(self.prompt_requested)
        self._section("Name", self._problem, self.name, self._name_problem)
        below = row(self._prompt, None, take)
        self._section("Instructions", self.instructions, self._text_problem, below)

    def _build_model(self) -> None:
        self.model = ModelChoice(self._context, "Model")
        self.model.changed.connect(self._on_model_changed)
        words = "The model that it was given is not in the list. Choose another one."
        self._model_problem = Label(words, "danger", wrap=True)
        self._model_problem.hide()
        self.sampling = SamplingChoice(self._context.theme)
        self.sampling.edited.connect(self._on_edited)
        self._section("Model", self.model, self._model_problem, self.sampling)

    def _build_reach(self) -> None:
        icons = self._context.icons
        self.tools = ToolRows(icons)
        self.tools.edited.connect(self._on_edited)
        self._trouble = _problem()
        words = "Whatever is set here, what others wrote can never make it change or send unasked."
        self._section("Tools", Label(words, "caption", wrap=True), self._trouble, self.tools)
        self.folders = FolderRows(icons)
        self.folders.edited.connect(self._on_edited)
        self._section("Folders", self.folders)
        self.collections = CollectionRows()
        self.collections.edited.connect(self._on_edited)
        self._section("Library", self.collections)

    def _build_limits(self) -> None:
        self.budgets = BudgetFields(self._context.theme)
        self.budgets.edited.connect(self._on_edited)
        words = Label("A run ends at the first of these, with the best answer it has.", "caption")
        words.setWordWrap(True)
        self._section("Limits", words, self.budgets)
        self.grants = GrantRows()
        self.grants.revoked.connect(self.revoked)
        self._section("Always allowed", self.grants)
        delete = Button(
            "Delete this agent", "danger", self._context.icons.icon("ph.trash", "danger")
        )
        delete.clicked.connect(self.delete_requested)
        self.body.addWidget(row(delete, None))

    def _section(self, title: str, *parts: QWidget) -> None:
        heading = Label(title, "h3")
        self.body.addWidget(column(heading, *parts, spacing=8))

    # What a person does

    def _choose_model(self, wanted: Wanted) -> None:
        """Show the model; one that is not listed (yet) is kept until another is chosen."""
        self.model.choose(wanted)
        self._unlisted = None if self.model.wanted == wanted else wanted
        self._model_problem.setVisible(self._unlisted is not None)

    def _on_model_changed(self) -> None:
        if self._is_showing:
            return
        unlisted = self._unlisted
        if unlisted is not None and self.model.wanted == IN_USE:  # the list was read
            self._is_showing = True
            self._choose_model(unlisted)
            self._is_showing = False
        elif self.model.wanted != Wanted(self._draft.model, self._draft.endpoint):
            self._choose_model(self.model.wanted)
            self._on_edited()

    def _on_text_changed(self) -> None:
        if not self._is_showing:
            self._draft = replace(self._draft, prompt=None)
            self._say_prompt("")
            self._on_edited()

    def _say_prompt(self, reference: str) -> None:
        self._prompt.setText(f"Taken from {reference}" if reference else "")

    def _on_edited(self) -> None:
        if not self._is_showing:
            self.edited.emit()


def _problem() -> Label:
    label = Label("", "danger", wrap=True)
    label.hide()
    return label
