"""What can go wrong with suites and runs, in words for a person."""

from __future__ import annotations

from typing import Final

from app.base.errors import AppError
from app.engine.errors import EngineStopped, NoModelLoaded
from app.engine.remote.errors import CannotConnect, KeyRefused, NotOnServer, ServerBusy

# A model that fails so cannot be asked any more, whatever it is asked.
LOST: Final = (EngineStopped, NoModelLoaded, CannotConnect, KeyRefused, NotOnServer, ServerBusy)


class BadSuiteName(AppError):
    """A name or description of a suite that cannot be used, or another suite's name."""


class RunRefused(AppError):
    """A run cannot be made as it was asked for."""


class NotNow(AppError):
    """The run is in a state in which this cannot be done."""
