"""What an empty chat shows: what to do next, and how answers are made at the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.ui.icons import Icons
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState

_NO_MODEL = "No model is loaded: Cairn answers by quoting your documents."


@dataclass(frozen=True, slots=True)
class StartState:
    """What the start page depends on."""

    has_documents: bool
    model_name: str  # empty when none is in use
    host: str = ""  # of the server it runs on; empty when it runs here


def start_page(
    state: StartState,
    icons: Icons,
    *,
    add: Callable[[], object],
    choose: Callable[[], object],
    load_model: Callable[[], object],
) -> EmptyState:
    """The page for a state; `choose` opens the scope picker, `load_model` the models pane."""
    where = f" on {state.host}" if state.host else ""
    how = f"{state.model_name}{where} writes the answers." if state.model_name else _NO_MODEL
    fate = f"; only passages go to {state.host}" if state.host else " and never leave it"
    add_choice = Choice("Add documents", add, icons.icon("ph.plus", "on_accent"))
    if not state.has_documents:
        return EmptyState(
            icons.icon("ph.file-arrow-down", "accent_text"),
            "Drop a document, then ask",
            "PDF, Word, slides, spreadsheets, web pages, e-books and notes are read on this "
            f"computer{fate}.",
            primary=add_choice,
            secondary=None if state.model_name else Choice("Load a model", load_model),
            caption=how,
        )
    return EmptyState(
        icons.icon("ph.chat-circle-text", "accent_text"),
        "Ask your documents",
        "Every answer says which page it comes from; a click on the number opens that page with "
        "the passage marked.",
        primary=Choice("Choose documents to ask", choose, icons.icon("ph.funnel", "on_accent")),
        secondary=Choice("Add documents", add, icons.icon("ph.plus", "text")),
        caption=how,
    )
