"""What can go wrong with agents and their runs, in words for a person.

AppError
├── BadAgent      an agent cannot be kept as it is written
├── NameTaken     another agent has the name
└── CannotGoOn    a run cannot be continued
"""

from __future__ import annotations

from app.base.errors import AppError


class BadAgent(AppError):
    """A part of an agent cannot be used."""


class NameTaken(AppError):
    """Another agent is called so."""


class CannotGoOn(AppError):
    """A run is over, or goes on already."""
