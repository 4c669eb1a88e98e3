"""Pictures of the models pane in every state, for a person to look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from app.base.errors import AppError
from app.engine.options import Adapter, LoadOptions, Speculation
from app.settings.schema import Theme
from app.ui.models.board import CardStatus
from app.ui.models.card import ModelCard
from app.ui.models.details import DetailsSheet
from app.ui.models.options_sheet import OptionsSheet
from app.ui.models.pane import ModelsPane
from app.ui.widgets.info_bar import InfoBar
from tests.ui.models.fakes import (
    CARDS,
    NOT_A_MODEL,
    FakeModels,
    hold_until_cancelled,
    make_model,
)

LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.DARK, 824, 600),
}


def fill(models: FakeModels) -> None:
    given = (
        make_model(1, name="Llama 3.2 1B Instruct", architecture="llama"),
        make_model(2, name="A tune whose name " + "goes on and " * 9 + "on", quantization="Q8_0"),
        make_model(3, name="Gemma 3 4B", quantization="Q4_0", is_present=False),
        make_model(4, name="Phi 4 mini", quantization="unknown", has_chat_template=False),
        make_model(8),
    )  # fmt: skip
    models.listed = {each.id: each for each in given}


@pytest.fixture(params=LOOKS)
def look(request, theme, bare_pane):
    wanted, width, height = LOOKS[request.param]
    theme.apply(wanted, 100, reduce_motion=True)
    bare_pane.resize(width, height)
    return request.param


def card(pane: ModelsPane, number: int) -> ModelCard:
    return next(each for each in pane.findChildren(ModelCard) if each.state.model.id == number)


@pytest.fixture
def shoot(screenshot):
    """Take the picture once all pending layout is done."""

    def settle_and_save(widget: QWidget, name: str) -> None:
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        screenshot(widget, name)

    return settle_and_save


def test_screenshot_empty(look, open_pane, shoot):
    shoot(open_pane(), f"models_empty_{look}")


def test_screenshot_full(look, open_pane, shoot, models, qtbot):
    fill(models)
    models.use(models.listed[8])
    pane = open_pane()
    qtbot.waitUntil(lambda: card(pane, 8).state.status is CardStatus.IN_USE)
    shoot(pane, f"models_full_{look}")


def test_screenshot_loading_and_failed(look, open_pane, shoot, models, qtbot):
    fill(models)

    def crash(_cancel) -> None:
        raise AppError(
            "The model engine crashed (SIGABRT). It said: duplicate token in the vocabulary.",
            "The file may be damaged. Download it again, or try another one.",
        )

    models.during_load = crash
    models.bad_files["notes.gguf"] = NOT_A_MODEL
    pane = open_pane()
    pane.load(2)
    qtbot.waitUntil(lambda: card(pane, 2).state.problem is not None)
    models.during_load = hold_until_cancelled
    pane.import_files([Path("/models/notes.gguf")])
    qtbot.waitUntil(lambda: bool(pane.findChildren(InfoBar)))
    pane.load(8)
    qtbot.waitUntil(card(pane, 8).progress.isVisible)
    shoot(pane, f"models_busy_{look}")
    pane.cancel_load()
    qtbot.waitUntil(lambda: card(pane, 8).state.status is CardStatus.IDLE)


def test_screenshot_options(look, open_pane, shoot, models, qtbot):
    fill(models)
    pane = open_pane()
    pane.edit_options(8)
    sheet = pane.findChild(OptionsSheet)
    qtbot.waitUntil(lambda: sheet.fit.words.text().startswith("Needs"))
    shoot(pane, f"models_options_{look}")


def test_screenshot_options_with_cards_and_all_the_way_down(look, open_pane, shoot, models, qtbot):
    fill(models)
    models.cards = CARDS
    models.free_bytes = 6_000_000_000
    own = LoadOptions(
        context_length=32_768,
        gpu_layers=20,
        adapters=(Adapter("/models/formal-tone-lora.gguf", 0.8), Adapter("/models/law.gguf")),
        projector="/models/mmproj-a-rather-long-file-name-of-a-projector-f16.gguf",
        speculation=Speculation(draft_model="/models/qwen3-0.6b-q8_0.gguf"),
    )
    models.listed[8] = make_model(8, options=own)
    pane = open_pane()
    pane.edit_options(8)
    sheet = pane.findChild(OptionsSheet)
    qtbot.waitUntil(lambda: sheet.fit.words.text().startswith("Does not fit"))
    sheet.form.more.click()
    bar = sheet.findChild(QScrollArea).verticalScrollBar()
    for part, share in (("speed", 0.22), ("middle", 0.45), ("cards", 0.72), ("end", 1.0)):
        QApplication.processEvents()
        bar.setValue(round(bar.maximum() * share))
        shoot(pane, f"models_options_{part}_{look}")


def test_screenshot_does_not_fit_and_engine_died(look, open_pane, shoot, models, qtbot):
    fill(models)
    models.free_bytes = 4_500_000_000
    models.listed[2] = make_model(2, options=LoadOptions(context_length=40_960))
    models.no_estimate[make_model(4).id] = AppError(
        "“phi-4.gguf” cannot be loaded. The engine does not know models of the kind “phi9”."
    )
    models.use(models.listed[1])
    pane = open_pane()
    qtbot.waitUntil(lambda: bool(card(pane, 8).fit.words.text()))
    models.die("The model engine was killed, perhaps because memory ran out (SIGKILL).")
    qtbot.waitUntil(lambda: card(pane, 1).state.problem is not None)

    def fail(_cancel) -> None:
        raise AppError(
            "“qwen3-8b-q4_k_m.gguf” cannot be loaded. There is not enough memory for this model.",
            "Choose a smaller file of this model or a shorter context.",
        )

    models.during_load = fail
    models.proposed = LoadOptions(context_length=2048)
    pane.load(8)
    qtbot.waitUntil(lambda: card(pane, 8).state.smaller is not None)
    qtbot.waitUntil(lambda: bool(card(pane, 2).fit.words.text()))
    shoot(pane, f"models_tight_{look}")


def test_screenshot_details(look, open_pane, shoot, models, qtbot):
    fill(models)
    pane = open_pane()
    card(pane, 8).details_requested.emit(8)
    sheet = pane.findChild(DetailsSheet)
    qtbot.waitUntil(lambda: sheet.table.model().rowCount() == 25)
    sheet.table.selectRow(23)
    shoot(pane, f"models_details_{look}")
