"""Between the load options sheet and the model service: estimates, devices, saving."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.base.jobs import CancelToken
from app.engine.options import LoadOptions
from app.modelhub.entities import LocalModel, ModelId
from app.modelhub.options import differ_only_in_adapters
from app.ui.models.options_sheet import OptionsSheet
from app.ui.pane import PaneContext
from app.ui.widgets.choice import Severity

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from app.modelhub.service import ModelService


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of options that were saved; `needs_reload` if the loaded model has others."""

    needs_reload: bool


def save_options(
    models: ModelService, model_id: ModelId, options: LoadOptions, *, and_load: bool
) -> Saved:
    """Keep the options, and let the loaded model follow where it can without loading again.

    Raises:
        AppError: they cannot be used; nothing was kept.
    """
    loaded = models.loaded
    in_use = loaded.options if loaded is not None and loaded.model.id == model_id else None
    if in_use is not None and not and_load and differ_only_in_adapters(options, in_use):
        models.set_adapters(model_id, options.adapters)
        models.set_options(model_id, options)
        return Saved(needs_reload=False)
    models.set_options(model_id, options)
    return Saved(needs_reload=in_use is not None and in_use != options)


class OptionEditing(QObject):
    """Opens the sheet and does what it asks.

    Signals:
        load_requested: with the model's id; its options were saved.
    """

    load_requested = Signal(int)

    def __init__(self, context: PaneContext, models: ModelService, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._models = models
        self._parent = parent
        self._estimate = CancelToken()

    def open(
        self, model: LocalModel, options: LoadOptions, *, defaults: LoadOptions, is_loaded: bool
    ) -> OptionsSheet:
        """Open the sheet for a model."""
        sheet = OptionsSheet(
            self._parent.window(),
            self._context.icons,
            self._context.theme,
            model,
            options,
            defaults=defaults,
            is_loaded=is_loaded,
        )
        sheet.estimate_wanted.connect(partial(self._on_estimate_wanted, sheet, model.id))
        sheet.save_requested.connect(partial(self._on_save_requested, sheet, model))
        self._context.jobs.submit(
            self._models.devices,
            owner=sheet,
            done=sheet.show_cards,
            failed=lambda _error: sheet.show_cards(()),
        )
        sheet.open()
        return sheet

    def _on_estimate_wanted(
        self, sheet: OptionsSheet, model_id: ModelId, options: LoadOptions
    ) -> None:
        self._estimate.cancel()  # nobody waits for the one before
        self._estimate = CancelToken()
        self._context.jobs.submit(
            self._models.estimate,
            model_id,
            options,
            self._estimate,
            owner=sheet,
            done=sheet.show_fit,
            failed=sheet.show_no_fit,
            cancel=self._estimate,
        )

    def _on_save_requested(
        self, sheet: OptionsSheet, model: LocalModel, options: LoadOptions, and_load: bool
    ) -> None:
        self._context.jobs.submit(
            partial(save_options, and_load=and_load),
            self._models,
            model.id,
            options,
            owner=sheet,
            done=partial(self._on_saved, sheet, model, and_load),
            failed=sheet.show_problem,
        )

    def _on_saved(
        self, sheet: OptionsSheet, model: LocalModel, and_load: bool, saved: Saved
    ) -> None:
        sheet.dismiss()
        if and_load:
            self.load_requested.emit(int(model.id))
            return
        after = " They count from the next load on." if saved.needs_reload else ""
        self._context.notify.toast(f"Load options of {model.name} saved.{after}", Severity.OK)
