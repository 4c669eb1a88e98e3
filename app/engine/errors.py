"""What can go wrong with a model, in words for a person.

EngineError
├── ModelLoadError       the file could not be loaded, or the engine crashed on it
│   ├── NotEnoughMemory  there was no room for it; smaller options may fit
│   ├── DraftError       the draft model does not go with the model
│   └── ProjectorError   the vision projector does not go with the model
├── AdapterError         a LoRA adapter does not go with the model; the former ones stay
├── ImageError           an image cannot be read, or is too large
├── NoModelLoaded        a request came while nothing is loaded
├── PromptTooLong        the prompt alone does not fit into the context
├── TemplateError        the file's chat template is broken, hostile or refuses these messages
├── SamplingError        a sampler setting has a value that it cannot have
├── GrammarError         a grammar cannot be compiled, or no token fits it any more
├── EngineStopped        the engine process ended while it answered; carries the partial text
└── NotSupported         this engine lacks what was asked for
"""

from __future__ import annotations

from app.base.errors import AppError


class EngineError(AppError):
    """Something the engine cannot do."""


class ModelLoadError(EngineError):
    """The model could not be loaded."""


class NotEnoughMemory(ModelLoadError):
    """There was no room for the model with these options."""


class DraftError(ModelLoadError):
    """The draft model cannot guess for the model."""


class ProjectorError(ModelLoadError):
    """The vision projector cannot be used with the model."""


class AdapterError(EngineError):
    """An adapter cannot be used with the model. Those in use before stay in use."""


class ImageError(EngineError):
    """An image cannot be shown to the model."""


class NoModelLoaded(EngineError):
    """Nothing is loaded that could answer."""


class PromptTooLong(EngineError):
    """The prompt has more tokens than the context has room for. Nothing was cut."""


class TemplateError(EngineError):
    """The chat template in the model file cannot be used."""


class SamplingError(EngineError):
    """A sampler setting is out of its range."""


class GrammarError(EngineError):
    """A grammar that cannot be used. It is never replaced by a looser one."""


class EngineStopped(EngineError):
    """The engine ended in the middle of an answer.

    Attributes:
        partial: the text that had arrived.
    """

    def __init__(self, message: str, hint: str = "", partial: str = "") -> None:
        super().__init__(message, hint)
        self.partial = partial


class NotSupported(EngineError):
    """This engine, or the server behind it, lacks what was asked for."""
