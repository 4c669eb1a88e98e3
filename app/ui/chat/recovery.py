"""Loads the model of a broken-off answer again, after its engine died."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from app.base.errors import NotFound
from app.engine.host import EngineStatus
from app.ui.chat.words import ModelState

if TYPE_CHECKING:
    from app.engine.host import EngineState
    from app.modelhub.in_use import ModelInUse
    from app.modelhub.service import ModelService


def model_state(used: ModelInUse | None, engine: EngineState) -> ModelState:
    """Whether a model can answer now."""
    if used is not None:
        return ModelState.READY
    is_loading = engine.status is EngineStatus.LOADING
    return ModelState.LOADING if is_loading else ModelState.GONE


def load_again(models: ModelService, path: Path) -> None:
    """Load the model whose file this is; runs off the GUI thread.

    Raises:
        NotFound: it is not among the models any more, or its file is gone.
        ModelLoadError: it cannot be loaded; why.
    """
    found = [each for each in models.models() if each.path == path]
    if not found:
        raise NotFound(
            f"{path.name} is not among your models any more.", "Import it again under Models."
        )
    models.load(found[0].id)
