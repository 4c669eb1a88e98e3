"""What can go wrong with suites and runs, in words for a person."""

from __future__ import annotations

from app.base.errors import AppError


class BadSuiteName(AppError):
    """A name or description of a suite that cannot be used, or another suite's name."""


class RunRefused(AppError):
    """A run cannot be made as it was asked for."""


class NotNow(AppError):
    """The run is in a state in which this cannot be done."""
