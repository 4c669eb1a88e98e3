"""The last score of a version, beside it in the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt

from app.base.changes import Topic
from app.engine.messages import Role
from app.evals.runs.entities import MetricId, RunId, RunMetric
from app.evals.runs.results import LastScore
from app.evals.statistics.results import Estimate, Method
from app.prompts.entities import Content, Part
from app.prompts.service import PromptService
from app.settings.schema import Theme
from app.ui.prompts.page import HISTORY
from app.ui.prompts.pane import PromptsPane
from app.ui.prompts.reading import score_text
from app.ui.prompts.row_delegate import LOOK
from app.ui.theme import ThemeKeeper
from tests.ui.prompts.driving import choose_view

OpenPane = Callable[..., PromptsPane]

ESTIMATE = Estimate(0.8249, 0.7051, 0.9012, Method.WILSON, 40, 40, 0, 0)
EXACT = RunMetric(MetricId(1), {"metric": "exact_match"}, "exact match")
LAST = LastScore(RunId(1), "Run", "Contracts", EXACT, ESTIMATE, datetime(2026, 11, 1, tzinfo=UTC))
BITS = RunMetric(MetricId(2), {"metric": "bits_per_byte"}, "bits per byte", higher_is_better=False)
WORDS = "exact match 82.5 % (70.5 to 90.1), 40 items"


@pytest.mark.parametrize(
    ("last", "text"),
    [
        (LAST, WORDS),
        (
            replace(LAST, estimate=replace(ESTIMATE, low=None, items=1)),
            "exact match 82.5 %, 1 item",
        ),
        (
            replace(LAST, metric=BITS, estimate=replace(ESTIMATE, value=1.2345, low=None)),
            "bits per byte 1.234 bits/byte, 40 items",
        ),
        (replace(LAST, estimate=replace(ESTIMATE, value=None)), ""),
    ],
    ids=["whole", "no interval", "no share", "unscored"],
)
def test_score_text_says_what_is_known(last: LastScore, text: str):
    assert score_text(last) == text


@pytest.fixture
def scores(services: Any) -> dict[int, LastScore]:
    """What versions came to, by number; a test may put more in."""
    found = {1: LAST}
    services.evals.last_score = lambda _prompt_id, number: found.get(number)
    return found


@pytest.fixture
def pane(qtbot, prompts: PromptService, scores: Any, open_pane: OpenPane) -> PromptsPane:
    made = prompts.create("terms", Content((Part(Role.SYSTEM, "Be brief."),)), note="First")
    prompts.save_draft(made.id, Content((Part(Role.SYSTEM, "Be very brief."),)))
    prompts.keep_version(made.id, "Shorter still, as the readers wished")
    prompts.save_draft(made.id, Content((Part(Role.SYSTEM, "Be terse."),)))
    prompts.label(made.id, "production", 1)
    assert scores
    opened = open_pane()
    choose_view(qtbot, opened, HISTORY)
    qtbot.waitUntil(lambda: opened.view.history.items.rowCount() == 3)
    return opened


def badges(pane: PromptsPane) -> list[str]:
    items = pane.view.history.items
    return [items.index(row).data(LOOK).badge for row in range(items.rowCount())]


def test_version_that_was_evaluated_shows_its_score_and_the_others_nothing(pane: PromptsPane):
    assert badges(pane) == ["", "", WORDS]
    spoken = pane.view.history.items.index(2).data(Qt.ItemDataRole.AccessibleTextRole)
    assert WORDS in spoken


def test_score_of_an_evaluation_that_ends_appears_and_the_chosen_version_stays(
    qtbot, pane: PromptsPane, scores: dict[int, LastScore], services: Any
):
    history = pane.view.history
    history.list.setCurrentIndex(history.items.index_of(1))
    scores[2] = replace(LAST, metric=BITS)
    services.notices.changed(Topic.EVALS)
    qtbot.waitUntil(lambda: badges(pane)[1].startswith("bits per byte"))
    assert history.chosen == 1


@pytest.mark.parametrize(
    ("look", "width"), [(Theme.LIGHT, 1204), (Theme.DARK, 1204), (Theme.LIGHT, 684)]
)
def test_scores_pictures(
    qtbot, pane: PromptsPane, theme: ThemeKeeper, screenshot, look: Theme, width: int
):
    theme.apply(look, 100, reduce_motion=True)
    pane.resize(width, 760)
    bar = pane.view.page.switch
    qtbot.waitUntil(lambda: bar.width() >= bar.sizeHint().width())
    assert screenshot(pane, f"prompt_scores_{look}_{width}").stat().st_size > 0
