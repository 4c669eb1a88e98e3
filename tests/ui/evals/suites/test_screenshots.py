"""Pictures of suites in every state, for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QVBoxLayout

from app.base.paths import DataPaths
from app.bootstrap import Services
from app.settings.schema import Theme
from app.ui.evals.suites.import_sheet import ImportSheet
from app.ui.evals.suites.importing import import_paths
from app.ui.evals.suites.page import SuitePage
from app.ui.pane import Pane, PaneContext
from tests.ui.evals.suites.services import capitals, real_services

LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.LIGHT, 684, 900),
}
TABLE = (
    "id,question,expected answer,topic,source\n"
    "1,What is the capital of France?,Paris,cities,atlas\n"
    "2,What is the capital of Japan?,Tokyo,cities,atlas\n"
    "2,What is the capital of Japan today?,Tokyo,cities,atlas\n"
    "4,,Nairobi,cities,atlas\n"
    '5,"Which river, if any, flows through Lima?",Rímac,rivers,encyclopedia\n'
)


POLITE = {
    "name": "Polite",
    "question": "Is the answer polite?",
    "levels": [
        {"name": "rude", "description": "It insults or orders about."},
        {"name": "polite", "description": "It is friendly, and says please."},
    ],
}


@pytest.fixture
def services(paths: DataPaths) -> Iterator[Services]:
    with real_services(paths) as built:
        yield built


@pytest.fixture(params=LOOKS)
def look(request, theme) -> tuple[str, int, int]:
    wanted, width, height = LOOKS[request.param]
    theme.apply(wanted, 100, reduce_motion=True)
    return request.param, width, height


class Window(Pane):
    """A pane that only holds what is looked at."""

    pane_id, title, icon = "evals", "Evaluation", "ph.chart-bar"


@pytest.fixture
def window(qtbot, context: PaneContext, look) -> Pane:
    pane = Window(context)
    qtbot.addWidget(pane)
    pane.resize(look[1], look[2])
    pane.show()
    return pane


def settle(qtbot, context: PaneContext) -> None:
    for _round in range(4):
        qtbot.waitUntil(lambda: context.jobs.running == 0, timeout=5000)
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def test_screenshot_of_a_suite(qtbot, context, services, window, look, screenshot):
    page = SuitePage(context)
    page.attach(services)
    around = window.layout()
    assert isinstance(around, QVBoxLayout)
    around.addWidget(page)
    page.show_suite(services.evals.suites.create("Nothing in it yet").id)
    settle(qtbot, context)
    screenshot(window, f"suite_empty_{look[0]}")
    suite = capitals(services, 40)
    services.evals.suites.change(suite.id, description="Capitals of four countries, many times.")
    first = services.evals.suites.items(suite.id, limit=1)[0]
    more = replace(first, targets=("Paris", "Paris, France"), metadata={"source": "atlas"})
    services.evals.suites.change_item(suite.id, more)
    page.show_suite(suite.id)
    qtbot.waitUntil(lambda: page.view.editor.item is not None)
    settle(qtbot, context)
    screenshot(window, f"suite_filled_{look[0]}")
    page.view.editor.turns._instruct.click()
    page.view.editor.turns.cards[1].text.setPlainText("")
    page.view.editor.turns.cards[0].text.setPlainText("")
    page.keeper.flush()
    settle(qtbot, context)
    screenshot(window, f"suite_conversation_{look[0]}")
    shown = page.rows.shown
    assert shown is not None
    metrics = (
        {"metric": "exact_match"},
        {"metric": "judgement"},
        {"metric": "semantic_similarity"},
    )
    sheet = page.settings.edit_metrics(services, replace(shown.suite, metrics=metrics))
    sheet.picker.cards[0].set_open(True)
    settle(qtbot, context)
    screenshot(window, f"suite_metrics_{look[0]}")
    sheet.picker.show_documents(({"metric": "regular_expression", "pattern": "("},))
    sheet.picker.add("json_schema").form.findChildren(type(page.view.editor.turns.question))[
        0
    ].setPlainText('{"type": ')
    settle(qtbot, context)
    qtbot.waitUntil(lambda: bool(sheet.picker.cards[1].problem.text()))
    settle(qtbot, context)
    screenshot(window, f"suite_metrics_wrong_{look[0]}")
    sheet.picker.show_documents(({"metric": "judgement", "rubric": POLITE},))
    settle(qtbot, context)
    screenshot(window, f"suite_rubric_{look[0]}")


def test_screenshot_of_an_import(
    qtbot, context, services, window, look, screenshot, tmp_path: Path
):
    path = tmp_path / "questions about places.csv"
    path.write_text(TABLE, encoding="utf-8")
    import_paths([path], window, context, services, lambda _suite: None)
    settle(qtbot, context)
    assert window.findChildren(ImportSheet)
    screenshot(window, f"suite_import_{look[0]}")
