"""The fields of a new evaluation: what is asked, which models, which prompts and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.evals.runs.entities import ModelChoice, RunPlan, StoredSuite, SuiteId, Task
from app.evals.runs.planning import default_settings
from app.modelhub.borrowing import Wanted
from app.modelhub.entities import Endpoint, LocalModel, ModelId
from app.modelhub.in_use import LoadedModel
from app.prompts.entities import Prompt
from app.ui.evals.metrics.picker import MetricPicker
from app.ui.evals.metrics.words import name_of
from app.ui.evals.new_run.forecast import NO_SUITE, RunDraft
from app.ui.evals.new_run.model_list import ModelChecklist
from app.ui.evals.new_run.prompts import PromptList, PromptPair
from app.ui.evals.new_run.settings import ItemsField, SettingsField
from app.ui.evals.new_run.text import READ_METRICS
from app.ui.evals.presets import Preset
from app.ui.forms.document_field import DocumentField
from app.ui.forms.fields import WheelShyBox
from app.ui.forms.model_choice import ModelChoice as ModelBox
from app.ui.pane import PaneContext
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column, row

if TYPE_CHECKING:
    from app.bootstrap import Services

_MY_TEXT = "A text of mine"
_INTROS = {
    Preset.NONE: "Every model answers every item, with every prompt; then each answer is scored.",
    Preset.WHICH_QUANT: (
        "Each file reads a text of yours. Perplexity says how surprised a model is by each next "
        "token: the nearer a small file stays to the largest one, the less it has lost. Size and "
        "speed stand beside it; speed is measured by writing on for a few words."
    ),
    Preset.BETTER_PROMPT: (
        "One model answers the same items with two versions of a prompt. The differences item by "
        "item show whether the later version is better, or whether there are too few to tell."
    ),
}
_TEXT = "A few pages like those you work with. It stays on this computer, stored as a suite."
_SEVERAL_MODELS = (
    "These are files of different models: compare them by bits per byte. Perplexity only compares "
    "files of one model."
)


@dataclass(frozen=True, slots=True)
class Offers:
    """What can be chosen from; `suite` is what is chosen to begin with."""

    suites: tuple[StoredSuite, ...]
    models: tuple[LocalModel, ...]
    endpoints: tuple[Endpoint, ...]
    prompts: tuple[Prompt, ...]
    in_use: ModelId | None


def read_offers(services: Services) -> Offers:
    """Everything there is; runs off the GUI thread."""
    used = services.models.in_use
    return Offers(
        tuple(each for each in services.evals.suites.suites() if each.items),
        services.models.models(),
        services.endpoints.endpoints(),
        tuple(each for each in services.prompts.prompts() if each.latest),
        used.model.id if isinstance(used, LoadedModel) else None,
    )


class RunFields(QWidget):
    """Asks for a run. What a preset does not ask for has no field.

    Signals:
        changed: something is chosen or written otherwise, or a check of it has ended.
    """

    changed = Signal()

    def __init__(self, context: PaneContext, services: Services, preset: Preset) -> None:
        super().__init__()
        self._context, self._services, self._preset = context, services, preset
        self.task = Task.READ if preset is Preset.WHICH_QUANT else Task.ANSWER
        self._suites: tuple[StoredSuite, ...] | None = None
        self.source = WheelShyBox()
        self.source.setAccessibleName("What is read" if self._is_reading else "Suite")
        self.text = DocumentField(
            "Your text", context.jobs, context.theme, context.icons, services.library
        )
        self.items = ItemsField()
        self.models = ModelChecklist(is_reading=self._is_reading)
        self.model = ModelBox(context, "Model")
        kind = PromptPair if preset is Preset.BETTER_PROMPT else PromptList
        self.prompts: PromptPair | PromptList = kind(context, services)
        self.settings = SettingsField(default_settings(services.settings.current))
        self.metrics = MetricPicker(context)
        self.mixed = Label(_SEVERAL_MODELS, "caption", wrap=True)
        self.mixed.hide()
        self._build()
        self.source.activated.connect(self._on_source_activated)
        for field in (self.text, self.items, self.models, self.model, self.prompts, self.settings):
            field.changed.connect(self._on_changed)
        self.metrics.changed.connect(self._on_changed)

    def show_offers(self, offers: Offers, wanted: SuiteId | None) -> None:
        """Offer what there is; this suite is chosen, else the first choice."""
        self._suites = offers.suites
        ids: list[SuiteId | None] = [each.id for each in offers.suites]
        if self._is_reading:
            self.source.addItem(_MY_TEXT)
            ids.insert(0, None)
        for suite in offers.suites:
            self.source.addItem(suite.name)
        self.source.setCurrentIndex(ids.index(wanted) if wanted in ids else 0)
        self.prompts.show_prompts(offers.prompts)
        self.models.show_models(offers.models, offers.endpoints, offers.in_use)
        self.model.changed.connect(partial(self._choose_model, offers))
        self.model.attach(self._services)
        self.metrics.attach(self._services)
        self._on_source_activated()

    def take_text(self, path: Path) -> None:
        """Read this file."""
        self.source.setCurrentIndex(0)
        self._on_source_activated()
        self.text.choose_file(path)

    @property
    def missing(self) -> str:
        """Why it cannot be begun as it stands; empty if it can."""
        if self._suite is None and not self._is_reading:
            return "There is no suite with items yet. Make or import one first."
        if self._suite is None and not self._own_text:
            return "Paste a text, or choose one."
        if self.prompts.problem and not self._is_reading:
            return self.prompts.problem
        if not self._models:
            return "Tick a model."
        if self._preset is Preset.BETTER_PROMPT and not self.model.chosen.can_answer:
            return "This model cannot be used now. Choose another one."
        if not self.settings.is_usable:
            return self.settings.problem.text()
        if self._lacks_metric:
            return "Nothing would be measured. Add a metric."
        if any(card.problem.text() for card in self.metrics.cards):
            return "A metric is not set right. Open “What is measured” to see which."
        return ""

    @property
    def draft(self) -> RunDraft:
        """What is asked for as it stands."""
        suite = self._suite
        plan = RunPlan(
            NO_SUITE if suite is None else suite.id,
            self._models,
            metrics=READ_METRICS if self._is_reading else self.metrics.documents,
            task=self.task,
            tag="" if suite is None else self.items.tag,
            most_items=0 if suite is None else self.items.most.value(),
        )
        if self._is_reading:
            name = f"Which quant? {', '.join(self.models.chosen_groups)}"
            return RunDraft(replace(plan, name=name), self._own_text)
        return RunDraft(
            replace(
                plan,
                prompts=self.prompts.choices,
                settings=(self.settings.settings,),
                repeats=self.settings.repeats.value(),
                seed=self.settings.seed.value(),
                name=self.prompts.name,
            )
        )

    @property
    def _is_reading(self) -> bool:
        return self.task is Task.READ

    @property
    def _suite(self) -> StoredSuite | None:
        """The chosen suite; None for a text, or where there is no suite."""
        at = self.source.currentIndex() - self._is_reading
        suites = self._suites or ()
        return suites[at] if 0 <= at < len(suites) else None

    @property
    def _lacks_metric(self) -> bool:
        """Whether a person took all metrics away; a run without any would take the suite's."""
        suite = self._suite
        has_own = suite is not None and bool(suite.metrics) and not self._is_reading
        return has_own and not self.metrics.documents

    @property
    def _own_text(self) -> str:
        return str(self.text.value()).strip() if self._suite is None and self._is_reading else ""

    @property
    def _models(self) -> tuple[ModelChoice, ...]:
        if self._preset is not Preset.BETTER_PROMPT:
            return self.models.chosen
        wanted = self.model.wanted
        return (ModelChoice(wanted.model, wanted.endpoint),)

    def _build(self) -> None:
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(18)
        body.addWidget(Label(_INTROS[self._preset], "body2", wrap=True))
        self._text_part = column(self.text, Label(_TEXT, "caption", wrap=True), spacing=6)
        self._text_part.setVisible(self._is_reading)
        self.settings_fold = FoldButton("Settings", self._context.icons)
        self.metrics_fold = FoldButton("What is measured", self._context.icons)
        asked = "What is read" if self._is_reading else "What is asked"
        is_pair = self._preset is Preset.BETTER_PROMPT
        # Each part, and whether this preset asks for it.
        for part, is_wanted in (
            (_part(asked, self.source, self._text_part, self.items), True),
            (_part("Models", self.models, self.mixed), not is_pair),
            (_part("Prompt" if is_pair else "Prompts", self.prompts), not self._is_reading),
            (_part("Model", self.model), is_pair),
            (_folded(self.settings_fold, self.settings), not self._is_reading),
            (_folded(self.metrics_fold, self.metrics), not self._is_reading),
        ):
            body.addWidget(part)
            part.setVisible(is_wanted)

    def _on_source_activated(self) -> None:
        suite = self._suite
        self._text_part.setVisible(suite is None and self._is_reading)
        self.items.setVisible(suite is not None)
        if suite is not None:
            self.items.show_suite(suite, {})
            self.metrics.show_documents(suite.metrics)
            self._context.jobs.submit(
                self._services.evals.suites.tags,
                suite.id,
                owner=self,
                done=partial(self._on_tags, suite),
            )
        self._on_changed()

    def _choose_model(self, offers: Offers) -> None:
        """Once: where no model is in use, choose one that is there."""
        self.model.changed.disconnect()
        self.model.changed.connect(self._on_changed)
        there = [each.id for each in offers.models if each.is_present]
        if not self.model.chosen.can_answer and there:
            self.model.choose(Wanted(model=there[0]))
        self._on_changed()

    def _on_tags(self, suite: StoredSuite, tags: Mapping[str, int]) -> None:
        if suite == self._suite:
            self.items.show_suite(suite, tags)

    def _on_changed(self) -> None:
        if self._suites is None:
            return
        self.mixed.setVisible(self._is_reading and len(self.models.chosen_groups) > 1)
        names = [name_of(each) for each in self.metrics.documents]
        self.metrics_fold.set_words(f"What is measured · {', '.join(names) or 'nothing yet'}")
        self.changed.emit()


def _part(title: str, *fields: QWidget) -> QWidget:
    heading = Label(title, "h3")
    heading.setBuddy(fields[0])
    return column(heading, *fields, spacing=8)


def _folded(fold: FoldButton, content: QWidget) -> QWidget:
    fold.unfolded.connect(content.setVisible)
    content.hide()
    return column(row(fold, None), content, spacing=8)
