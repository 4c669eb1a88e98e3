"""The load options sheet, driven as a person drives it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QWidget

from app.base.errors import AppError
from app.engine.options import (
    ALL_LAYERS,
    AUTOMATIC_LAYERS,
    Adapter,
    KvType,
    LoadOptions,
    Rope,
    RopeScaling,
    Speculation,
    SplitMode,
    Switch,
    WaitPolicy,
)
from app.ui.models.board import CardStatus
from app.ui.models.card import ModelCard
from app.ui.models.option_controls import (
    CountControl,
    FileControl,
    ListControl,
    NumberControl,
    SegmentControl,
    SwitchControl,
    TextControl,
)
from app.ui.models.option_specs import OPTION_GROUPS, read_option, with_option
from app.ui.models.options_sheet import OptionsSheet
from app.ui.models.part_controls import AdaptersControl, CardsControl
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.info_bar import InfoBar
from tests.ui.models.fakes import CARDS, FakeModels, make_model


def click(qtbot, button: QWidget) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def control(sheet: OptionsSheet, name: str, kind: type):
    found = sheet.form.rows[name].control
    assert isinstance(found, kind)
    return found


@pytest.fixture
def open_sheet(open_pane, models: FakeModels, qtbot):
    """Open the sheet of one model and wait until it has its first estimate."""

    def open_it(options: LoadOptions | None = None, *, cards=()) -> OptionsSheet:
        models.cards = cards
        models.listed = {make_model(1).id: make_model(1, options=options)}
        pane = open_pane()
        pane.edit_options(1)
        sheet: OptionsSheet = pane.findChild(OptionsSheet)
        qtbot.waitUntil(lambda: not sheet.fit.words.text().startswith("Estimating"))
        qtbot.waitUntil(lambda: "Looking" not in sheet.form.card_note.text())
        return sheet

    return open_it


def kept(models: FakeModels) -> LoadOptions | None:
    return models.listed[make_model(1).id].options


def test_every_option_has_a_row_and_every_row_an_option():
    named = {spec.name for group in OPTION_GROUPS for spec in group.specs}
    flat = set()
    for name in LoadOptions.__slots__:
        value = getattr(LoadOptions(), name)
        inner = getattr(value, "__slots__", ())
        flat |= {f"{name}.{each}" for each in inner} if name in ("rope", "speculation") else {name}
    assert named == flat


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("context_length", 512),
        ("rope.scaling", RopeScaling.YARN),
        ("speculation.draft_model", "/x.gguf"),
    ],
)
def test_with_option_changes_one_value(name, value):
    changed = with_option(LoadOptions(), name, value)
    assert read_option(changed, name) == value
    assert with_option(changed, name, read_option(LoadOptions(), name)) == LoadOptions()


def test_sheet_shows_the_options_of_the_model(open_sheet):
    sheet = open_sheet(
        LoadOptions(
            context_length=2048,
            threads=3,
            wait_policy=WaitPolicy.PASSIVE,
            kv_type_k=KvType.Q8_0,
            use_mlock=True,
            parked_mb=700,
            speculation=Speculation("/models/draft.gguf"),
            adapters=(Adapter("/models/lora.gguf", 0.5),),
        )
    )
    assert control(sheet, "context_length", NumberControl).box.value() == 2048
    assert control(sheet, "threads", NumberControl).box.value() == 3
    assert control(sheet, "prefill_threads", NumberControl).box.text() == "Automatic"
    assert control(sheet, "wait_policy", SegmentControl).buttons["passive"].isChecked()
    assert control(sheet, "kv_type_k", ListControl).box.currentText().startswith("q8_0")
    assert control(sheet, "use_mlock", SwitchControl).switch.isChecked()
    assert control(sheet, "parked_mb", CountControl).box.value() == 700
    assert control(sheet, "speculation.draft_model", FileControl).name.whole_text == "draft.gguf"
    assert sheet.fit.words.text().startswith("Needs about 1.2 GB of 11.4 GB")


def test_edit_changes_the_estimate_and_save_keeps_it(open_sheet, models, qtbot):
    sheet = open_sheet()
    control(sheet, "context_length", NumberControl).box.setValue(8192)
    assert sheet.fit.words.text().startswith("Estimating")
    qtbot.waitUntil(lambda: "1.8 GB" in sheet.fit.words.text())
    with qtbot.waitSignal(sheet.closed):
        click(qtbot, sheet.save)
    assert kept(models) == LoadOptions(context_length=8192)
    assert ("load", 1) not in models.calls


def test_save_and_load_loads_with_what_was_saved(open_sheet, models, qtbot):
    sheet = open_sheet()
    control(sheet, "flash_attention", SegmentControl).buttons["on"].click()
    click(qtbot, sheet.load)
    qtbot.waitUntil(lambda: models.loaded is not None)
    assert models.loaded.options.flash_attention is Switch.ON


def test_reset_goes_back_to_the_defaults(open_sheet, models, qtbot):
    sheet = open_sheet(LoadOptions(context_length=2048, streams=2))
    assert sheet.reset.isEnabled()
    click(qtbot, sheet.reset)
    assert sheet.options == LoadOptions()
    assert not sheet.reset.isEnabled()
    click(qtbot, sheet.save)
    qtbot.waitUntil(lambda: kept(models) is None)


def test_sheet_that_is_closed_keeps_nothing(open_sheet, models, qtbot):
    sheet = open_sheet()
    control(sheet, "streams", NumberControl).box.setValue(2)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert kept(models) is None


def test_what_does_not_fit_offers_what_would(open_sheet, models, qtbot):
    models.free_bytes = 2_300_000_000
    sheet = open_sheet(LoadOptions(context_length=32_768))
    assert sheet.fit.words.text().startswith("Does not fit: needs about 4.3 GB of 2.3 GB")
    assert sheet.fit.words.property("sev") == "warn"
    assert sheet.fit.button.text() == "Use room for 8,192 tokens"
    click(qtbot, sheet.fit.button)
    assert control(sheet, "context_length", NumberControl).box.value() == 8192
    qtbot.waitUntil(lambda: sheet.fit.words.text().startswith("Needs"))
    assert not sheet.fit.button.isVisible()


def test_options_that_do_not_go_together_cannot_be_saved(open_sheet):
    sheet = open_sheet(LoadOptions(kv_type_v=KvType.Q8_0))
    control(sheet, "flash_attention", SegmentControl).buttons["off"].click()
    assert "need flash attention" in sheet.fit.words.text()
    assert not sheet.save.isEnabled()
    assert not sheet.load.isEnabled()
    control(sheet, "flash_attention", SegmentControl).buttons["auto"].click()
    assert sheet.save.isEnabled()


def test_options_the_service_refuses_stay_open_with_the_reason(open_sheet, models, qtbot):
    models.refuse_options = AppError("draft.gguf is not a model.")
    sheet = open_sheet()
    control(sheet, "streams", NumberControl).box.setValue(2)
    click(qtbot, sheet.save)
    qtbot.waitUntil(lambda: sheet.findChild(InfoBar) is not None)
    assert sheet.findChild(InfoBar).text == "draft.gguf is not a model."
    assert sheet.save.isEnabled()
    models.refuse_options = None
    with qtbot.waitSignal(sheet.closed):
        click(qtbot, sheet.save)


def test_what_cannot_be_estimated_says_why(open_sheet, models):
    models.no_estimate[make_model(1).id] = AppError("The engine does not know this kind.")
    sheet = open_sheet()
    assert "does not know this kind" in sheet.fit.words.text()


def test_without_a_graphics_card_one_line_says_so(open_sheet):
    sheet = open_sheet()
    assert sheet.form.card_note.text() == "No graphics card here that the engine can use."
    assert not sheet.form.rows["gpu_layers"].isVisibleTo(sheet)
    assert not sheet.form.rows["devices"].isVisibleTo(sheet)


def test_with_one_card_only_what_concerns_it_is_shown(open_sheet):
    sheet = open_sheet(cards=CARDS[:1])
    shown = {name for name, row in sheet.form.rows.items() if row.isVisibleTo(sheet)}
    assert {"gpu_layers", "cpu_experts"} <= shown
    assert not {"devices", "split_mode", "main_gpu", "tensor_split"} & shown


def test_layers_are_as_many_as_fit_all_none_or_a_count(open_sheet):
    sheet = open_sheet(cards=CARDS)
    layers = control(sheet, "gpu_layers", CountControl)
    assert sheet.options.gpu_layers == AUTOMATIC_LAYERS
    layers.pick.box.activated.emit(1)
    assert sheet.options.gpu_layers == ALL_LAYERS
    layers.pick.box.activated.emit(3)
    layers.box.setValue(20)
    assert sheet.options.gpu_layers == 20
    assert layers.box.isVisibleTo(sheet)
    layers.pick.box.activated.emit(2)
    assert sheet.options.gpu_layers == 0
    assert not sheet.form.rows["devices"].isVisibleTo(sheet)


def test_cards_can_be_left_out_but_not_all_of_them(open_sheet):
    sheet = open_sheet(cards=CARDS)
    first, second = control(sheet, "devices", CardsControl).findChildren(QCheckBox)
    assert "RTX 4070 · 10 GB of 12 GB free" in first.text()
    first.click()
    assert sheet.options.devices == ("CUDA1",)
    second.click()
    assert sheet.options.devices == ("CUDA1",)
    assert second.isChecked()
    first.click()
    assert sheet.options.devices == ()


def test_one_card_for_the_whole_model_is_picked_by_name(open_sheet):
    sheet = open_sheet(cards=CARDS)
    control(sheet, "split_mode", SegmentControl).buttons["none"].click()
    assert sheet.options.split_mode is SplitMode.NONE
    assert not sheet.form.rows["tensor_split"].isVisibleTo(sheet)
    pick = control(sheet, "main_gpu", ListControl)
    assert [pick.box.itemText(each) for each in range(pick.box.count())] == [
        "NVIDIA GeForce RTX 4070",
        "NVIDIA GeForce RTX 3060",
    ]
    pick.box.activated.emit(1)
    assert sheet.options.main_gpu == 1


@pytest.mark.parametrize(
    ("typed", "shares"),
    [("3, 1", (3.0, 1.0)), ("1", (1.0,)), ("", ()), ("a, b", ()), ("-1, 2", ()), ("inf", ())],
)
def test_shares_are_numbers_with_commas_and_anything_else_is_not_taken(
    open_sheet, qtbot, typed, shares
):
    sheet = open_sheet(cards=CARDS)
    field = control(sheet, "tensor_split", TextControl).field
    qtbot.keyClicks(field, typed)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert sheet.options.tensor_split == shares
    assert field.text() == ", ".join(f"{each:g}" for each in shares)


def test_adapters_are_added_scaled_and_removed(open_sheet):
    sheet = open_sheet()
    adapters = control(sheet, "adapters", AdaptersControl)
    adapters.add.click()
    dialog = sheet.findChild(QFileDialog)
    dialog.filesSelected.emit(["/models/a.gguf", "/models/b.gguf"])
    dialog.reject()
    assert sheet.options.adapters == (Adapter("/models/a.gguf"), Adapter("/models/b.gguf"))
    adapters.scales[1].setValue(0.25)
    assert sheet.options.adapters[1] == Adapter("/models/b.gguf", 0.25)
    remove = next(
        each
        for each in adapters.findChildren(IconButton)
        if each.accessibleName() == "Remove a.gguf"
    )
    remove.click()
    assert sheet.options.adapters == (Adapter("/models/b.gguf", 0.25),)
    assert adapters.scales[0].value() == 0.25


def test_adapter_that_is_there_is_not_added_again(open_sheet):
    sheet = open_sheet(LoadOptions(adapters=(Adapter("/models/a.gguf", 2.0),)))
    control(sheet, "adapters", AdaptersControl).add.click()
    dialog = sheet.findChild(QFileDialog)
    dialog.filesSelected.emit(["/models/a.gguf"])
    dialog.reject()
    assert sheet.options.adapters == (Adapter("/models/a.gguf", 2.0),)


def test_file_is_chosen_and_taken_away(open_sheet, qtbot):
    sheet = open_sheet()
    projector = control(sheet, "projector", FileControl)
    projector.choose.click()
    dialog = sheet.findChild(QFileDialog)
    dialog.filesSelected.emit(["/models/mmproj.gguf"])
    dialog.reject()
    assert sheet.options.projector == "/models/mmproj.gguf"
    projector.clear.click()
    assert sheet.options.projector == ""


def test_guessing_shows_how_many_tokens_only_when_it_is_on(open_sheet):
    sheet = open_sheet()
    row = sheet.form.rows["speculation.most_tokens"]
    assert not row.isVisibleTo(sheet)
    control(sheet, "speculation.prompt_lookup", SwitchControl).switch.click()
    assert row.isVisibleTo(sheet)
    assert sheet.options.speculation == Speculation(prompt_lookup=True)


def test_position_scaling_is_hidden_until_asked_for(open_sheet):
    sheet = open_sheet()
    scaling = sheet.form.rows["rope.scaling"]
    assert not scaling.isVisibleTo(sheet)
    sheet.form.more.click()
    assert scaling.isVisibleTo(sheet)
    sheet.form.more.click()
    assert not scaling.isVisibleTo(sheet)


def test_position_scaling_that_was_changed_is_shown(open_sheet):
    sheet = open_sheet(LoadOptions(rope=Rope(RopeScaling.YARN)))
    assert sheet.form.rows["rope.scaling"].isVisibleTo(sheet)
    assert sheet.form.rows["rope.yarn_original_context"].isVisibleTo(sheet)


def test_adapters_of_the_loaded_model_change_without_a_reload(open_pane, models, qtbot, context):
    models.listed = {make_model(1).id: make_model(1)}
    models.use(make_model(1))
    pane = open_pane()
    pane.edit_options(1)
    sheet = pane.findChild(OptionsSheet)
    assert sheet.load.text() == "Save and reload"
    control(sheet, "adapters", AdaptersControl).edited.emit((Adapter("/models/a.gguf"),))
    with qtbot.waitSignal(sheet.closed):
        click(qtbot, sheet.save)
    names = [call[0] for call in models.calls]
    assert names == ["set_adapters", "set_options"]
    assert models.loaded.options.adapters == (Adapter("/models/a.gguf"),)
    assert context.notify.notes[-1].text == "Load options of Qwen3 1B saved."


def test_other_options_of_the_loaded_model_count_from_the_next_load(
    open_pane, models, qtbot, context
):
    models.listed = {make_model(1).id: make_model(1)}
    models.use(make_model(1))
    pane = open_pane()
    pane.edit_options(1)
    sheet = pane.findChild(OptionsSheet)
    control(sheet, "streams", NumberControl).box.setValue(2)
    with qtbot.waitSignal(sheet.closed):
        click(qtbot, sheet.save)
    assert context.notify.notes[-1].text.endswith("They count from the next load on.")
    assert [call[0] for call in models.calls] == ["set_options"]


def test_sheet_opens_from_the_menu_of_a_card(open_pane, models):
    models.listed = {make_model(1).id: make_model(1)}
    pane = open_pane()
    menu = pane.findChild(ModelCard).make_menu()
    next(each for each in menu.actions() if each.text() == "Load options…").trigger()
    assert pane.findChild(OptionsSheet).isVisible()


def test_everything_in_the_sheet_that_takes_the_focus_has_a_name(open_sheet):
    sheet = open_sheet(
        LoadOptions(adapters=(Adapter("/a.gguf"),), projector="/b.gguf"), cards=CARDS
    )
    sheet.form.more.click()
    unnamed = [
        widget
        for widget in sheet.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget.isVisibleTo(sheet)
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
        and not isinstance(widget.parent(), QLineEdit)
    ]
    assert unnamed == []


# What cards say about it.


def card_of(pane, number: int) -> ModelCard:
    cards: list[ModelCard] = pane.findChildren(ModelCard)
    return next(each for each in cards if each.state.model.id == number)


def test_card_says_before_loading_what_the_model_needs(open_pane, models, qtbot):
    models.listed = {each.id: each for each in (make_model(1), make_model(8))}
    models.free_bytes = 2_000_000_000
    pane = open_pane()
    small, large = card_of(pane, 1), card_of(pane, 8)
    words = "Needs about 1.4 GB of 2.0 GB free memory · room for 4,096 tokens"
    qtbot.waitUntil(lambda: small.fit.words.text() == words)
    qtbot.waitUntil(lambda: large.fit.words.text().startswith("Does not fit"))
    assert small.fit.words.property("sev") == ""
    assert large.fit.words.property("sev") == "warn"
    assert not large.fit.button.isVisible()  # its weights alone are too large


def test_card_offers_the_setting_that_fits_and_keeps_it_once_it_worked(open_pane, models, qtbot):
    long = LoadOptions(context_length=32_768)
    models.listed = {make_model(1).id: make_model(1, options=long)}
    models.free_bytes = 2_300_000_000
    pane = open_pane()
    card = card_of(pane, 1)
    qtbot.waitUntil(lambda: card.fit.button.text() == "Load with room for 8,192 tokens")
    click(qtbot, card.fit.button)
    qtbot.waitUntil(lambda: card.state.status is CardStatus.IN_USE)
    assert models.loaded.options == replace(long, context_length=8192)
    qtbot.waitUntil(lambda: kept(models) == LoadOptions(context_length=8192))


def test_failed_load_offers_the_smaller_setting(open_pane, models, qtbot):
    models.listed = {make_model(1).id: make_model(1)}
    models.proposed = LoadOptions(context_length=2048)

    def fail(_cancel) -> None:
        raise AppError("There is not enough memory for this model.")

    models.during_load = fail
    pane = open_pane()
    card = card_of(pane, 1)
    click(qtbot, card.button)

    def offered() -> Button | None:
        bar = card.findChild(InfoBar)
        words = "Load with room for 2,048 tokens"
        buttons = bar.findChildren(Button) if bar is not None else ()
        return next((each for each in buttons if each.text() == words), None)

    qtbot.waitUntil(lambda: offered() is not None)
    models.during_load = lambda _cancel: None
    button = offered()
    assert button is not None
    click(qtbot, button)
    qtbot.waitUntil(lambda: card.state.status is CardStatus.IN_USE)
    assert models.loaded.options.context_length == 2048


def test_failed_proposal_leaves_the_options_as_they_were(open_pane, models, qtbot):
    models.listed = {make_model(1).id: make_model(1)}

    def fail(_cancel) -> None:
        raise AppError("There is not enough memory for this model.")

    models.during_load = fail
    pane = open_pane()
    pane.load(1, LoadOptions(context_length=2048))
    card = card_of(pane, 1)
    qtbot.waitUntil(lambda: card.state.problem is not None)
    assert kept(models) is None


def test_loaded_card_says_what_it_takes_and_what_it_can(open_pane, models, qtbot):
    models.listed = {make_model(1).id: make_model(1)}
    models.use(make_model(1))
    pane = open_pane()
    card = card_of(pane, 1)
    assert card.fit.words.text() == "Takes 1.5 GB of memory · 1.4 GB were expected"
    assert [tag.text() for tag in card.capabilities.tags] == ["Tools", "Thinks"]
    assert "hermes" in card.capabilities.tags[0].toolTip()
    models.unload()
    qtbot.waitUntil(lambda: card.state.status is CardStatus.IDLE)
    assert card.capabilities.tags == []


def test_engine_that_died_is_loaded_again_in_one_click(open_pane, models, qtbot):
    models.listed = {make_model(1).id: make_model(1)}
    models.use(make_model(1))
    pane = open_pane()
    card = card_of(pane, 1)
    models.die("The model engine crashed (SIGSEGV).")
    qtbot.waitUntil(lambda: bool(card.findChildren(InfoBar)))
    again = card.findChildren(InfoBar)[0].findChildren(Button)[0]
    assert again.text() == "Load again"
    click(qtbot, again)
    qtbot.waitUntil(lambda: card.state.status is CardStatus.IN_USE)
