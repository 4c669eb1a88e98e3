"""Looks at a prompt through the model in use. Blocks: for a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.base.errors import AppError
from app.chat.sampling import template_from
from app.modelhub.borrowing import Wanted
from app.modelhub.in_use import ModelInUse, ServedModel
from app.prompts.entities import Content
from app.prompts.preview import Preview, preview

if TYPE_CHECKING:
    from app.bootstrap import Services

_ESTIMATED = "This server does not count tokens, so these are estimates on the high side."


@dataclass(frozen=True, slots=True)
class Look:
    """A preview, and the name of the model it was made with; empty without one."""

    preview: Preview
    model: str = ""


def look(services: Services | None, content: Content, given: Mapping[str, object]) -> Look:
    """The preview of a prompt. Nothing leaves this computer for it.

    Args:
        services: for the model in use; None while they are not there yet.
        content: of the prompt.
        given: values from a form.
    """
    used = services.models.in_use if services is not None else None
    if services is None or used is None:
        return Look(preview(None, content, given))
    if refusal := _refusal(used):
        return Look(replace(preview(None, content, given), note=refusal))
    try:
        return _through(services, content, given)
    except AppError as error:  # it was unloaded meanwhile, or its server is gone
        return Look(replace(preview(None, content, given), note=str(error)))


def _refusal(used: ModelInUse) -> str:
    """Why a model is not to be asked while somebody writes; empty if it may."""
    if not isinstance(used, ServedModel) or used.is_on_this_computer:
        return ""
    return (
        f"“{used.name}” runs {used.where}. Nothing is sent there while you write, so its template"
        " and tokens are not shown."
    )


def _through(services: Services, content: Content, given: Mapping[str, object]) -> Look:
    with services.lending.borrow(Wanted()) as borrowed:
        template = template_from(services.settings.current.chat, borrowed.used.facts)
        found = preview(borrowed.engine, content, given, template)
        if isinstance(borrowed.used, ServedModel) and not borrowed.used.counts_exactly:
            found = replace(found, note=f"{found.note} {_ESTIMATED}".strip())
        return Look(found, borrowed.used.name)
