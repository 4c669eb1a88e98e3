"""Pictures of the sheet of a new evaluation, by preset, for a person to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import DataPaths
from app.bootstrap import Services
from app.engine.messages import Role
from app.prompts.entities import Content, Part
from app.settings.schema import Theme
from app.ui.evals.new_run.prompts import PromptList
from app.ui.evals.new_run.sheet import NewRunSheet
from app.ui.evals.presets import Preset
from tests.ui.evals.suites.services import capitals, put_model, real_services

LOOKS = {
    "light": (Theme.LIGHT, 1280, 880),
    "dark": (Theme.DARK, 1280, 880),
    "narrow": (Theme.LIGHT, 760, 900),
}
TEXT = "The notice period is three months. It begins with the end of a month.\n\n" * 60


@pytest.fixture(params=LOOKS)
def window(request, theme, qtbot) -> QWidget:
    wanted, width, height = LOOKS[request.param]
    theme.apply(wanted, 100, reduce_motion=True)
    window = QWidget()
    window.setObjectName("page")
    window.setProperty("look", request.param)
    qtbot.addWidget(window)
    window.resize(width, height)
    window.show()
    return window


@pytest.fixture
def services(paths: DataPaths, tmp_path: Path) -> Iterator[Services]:
    with real_services(paths) as built:
        capitals(built, 40)
        for name in ("qwen3-1.7b-q8_0", "qwen3-1.7b-q4_k_m", "llama-3.2-3b-q6_k"):
            put_model(built, tmp_path, name)
        yield built


def settle(qtbot, sheet: NewRunSheet, context) -> None:
    for _round in range(3):
        qtbot.waitUntil(lambda: not sheet.is_busy and context.jobs.running == 0, timeout=9000)
        QApplication.sendPostedEvents()
        QApplication.processEvents()


def test_screenshot_of_each_preset(qtbot, context, services, window, screenshot):
    look = window.property("look")
    plain = NewRunSheet(window, context, services, None, Preset.NONE)
    plain.open()
    settle(qtbot, plain, context)
    screenshot(window, f"new_run_plain_{look}")
    assert isinstance(plain.fields.prompts, PromptList)
    plain.fields.prompts.add()
    plain.fields.settings_fold.click()
    plain.fields.settings.way.setCurrentIndex(1)
    plain.fields.settings.way.activated.emit(1)
    plain.fields.metrics.add("judgement")
    settle(qtbot, plain, context)
    screenshot(window, f"new_run_filled_{look}")
    plain.dismiss()
    quant = NewRunSheet(window, context, services, None, Preset.WHICH_QUANT)
    quant.open()
    settle(qtbot, quant, context)
    screenshot(window, f"new_run_quant_empty_{look}")
    quant.fields.text.set_value(TEXT)
    quant.fields.models.lines[0].box.setChecked(True)
    settle(qtbot, quant, context)
    screenshot(window, f"new_run_quant_{look}")
    quant.dismiss()


def test_screenshot_of_two_versions(qtbot, context, services, window, screenshot):
    look = window.property("look")
    lonely = NewRunSheet(window, context, services, None, Preset.BETTER_PROMPT)
    made = services.prompts.create("tutor", Content((Part(Role.SYSTEM, "Be brief."),)), note="")
    lonely.open()
    settle(qtbot, lonely, context)
    screenshot(window, f"new_run_versions_problem_{look}")
    lonely.dismiss()
    changed = replace(made and services.prompts.version(made.id, 1).content)
    services.prompts.save_draft(
        made.id, replace(changed, parts=(Part(Role.SYSTEM, "Answer in one word."),))
    )
    services.prompts.keep_version(made.id, "Says how long an answer may be, and nothing else")
    sheet = NewRunSheet(window, context, services, None, Preset.BETTER_PROMPT)
    sheet.open()
    settle(qtbot, sheet, context)
    sheet.fields.model.choose(sheet.fields.model._offered[1].wanted)
    settle(qtbot, sheet, context)
    screenshot(window, f"new_run_versions_{look}")
    sheet.dismiss()
