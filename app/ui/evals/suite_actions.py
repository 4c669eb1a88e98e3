"""What is done to the items of a suite as a whole: pasting, removing, exporting, with a way back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from app.base.errors import AppError
from app.evals.runs.entities import StoredSuite, SuiteId
from app.ui.amounts import count_text
from app.ui.evals.suite_drafts import ItemKeeper
from app.ui.evals.suite_reading import ItemFilter, add_all, pasted_items
from app.ui.pane import PaneContext
from app.ui.reveal import show_in_folder
from app.ui.widgets.choice import Choice, Severity

if TYPE_CHECKING:
    from app.evals.suites.service import SuiteService


def paste_rows(suites: SuiteService, suite_id: SuiteId, text: str) -> tuple[str, ...]:
    """Make items of two columns separated by tabs. Returns their keys."""
    return add_all(suites, suite_id, pasted_items(text))


def remove_rows(
    suites: SuiteService,
    suite_id: SuiteId,
    wanted: ItemFilter,
    rows: Sequence[tuple[int, str]],
) -> tuple[str, ...]:
    """Remove items by their rows and keys; a key that is not known yet is read by its row.

    Returns:
        the keys.
    """
    keys = [key for _row, key in rows]
    if not all(keys):
        items = suites.items(suite_id, search=wanted.search, tag=wanted.tag, limit=-1)
        keys = [key or items[row].key for row, key in rows if key or row < len(items)]
    suites.remove_items(suite_id, keys)
    return tuple(keys)


def export_file(suites: SuiteService, suite_id: SuiteId, path: Path) -> Path:
    """Write a suite as JSON Lines."""
    from app.evals.suites.writing import write_suite

    write_suite(suites.whole(suite_id), path)
    return path


class SuiteActions(QObject):
    """Does it after everything typed is saved, and tells of it. Reports failures to its page."""

    def __init__(self, context: PaneContext, keeper: ItemKeeper, page: QWidget, failed) -> None:  # type: ignore[no-untyped-def]
        super().__init__(page)
        self._context, self._keeper, self._page = context, keeper, page
        self._failed = failed
