"""What can go wrong with a model, in words for a person.

EngineError
├── ModelLoadError       the file could not be loaded, or the engine crashed on it
├── NoModelLoaded        a request came while nothing is loaded
├── PromptTooLong        the prompt alone does not fit into the context
├── TemplateError        the file's chat template is broken, hostile or refuses these messages
└── EngineStopped        the engine process ended while it answered; carries the partial text
"""

from __future__ import annotations

from app.base.errors import AppError


class EngineError(AppError):
    """Something the engine cannot do."""


class ModelLoadError(EngineError):
    """The model could not be loaded."""


class NoModelLoaded(EngineError):
    """Nothing is loaded that could answer."""


class PromptTooLong(EngineError):
    """The prompt has more tokens than the context has room for. Nothing was cut."""


class TemplateError(EngineError):
    """The chat template in the model file cannot be used."""


class EngineStopped(EngineError):
    """The engine ended in the middle of an answer.

    Attributes:
        partial: the text that had arrived.
    """

    def __init__(self, message: str, hint: str = "", partial: str = "") -> None:
        super().__init__(message, hint)
        self.partial = partial
