"""The models pane, driven as a person drives it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from app.base.changes import Topic
from app.base.errors import AppError
from app.engine.host import EngineState, EngineStatus
from app.modelhub.errors import GgufError, GgufIncomplete
from app.ui.models.board import CardStatus
from app.ui.models.card import ModelCard
from app.ui.models.details import DetailsSheet, MetadataTableModel
from app.ui.models.pane import ModelsPane
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import InfoBar
from tests.ui.models.fakes import FakeModels, hold_until_cancelled, make_model


def put(models: FakeModels, *given) -> None:
    models.listed |= {each.id: each for each in given}


def cards(pane: ModelsPane) -> list[ModelCard]:
    return sorted(
        (each for each in pane.findChildren(ModelCard) if each.isVisible()),
        key=lambda each: each.y(),
    )


def card_of(pane: ModelsPane, number: int) -> ModelCard:
    return next(each for each in cards(pane) if each.state.model.id == number)


def status(pane: ModelsPane, number: int) -> CardStatus:
    return card_of(pane, number).state.status


def problems(widget: QWidget) -> list[str]:
    return [bar.text for bar in widget.findChildren(InfoBar) if bar.isVisible()]


def bar_of(widget: QWidget):
    return widget.findChild(InfoBar)


def click(qtbot, button: QWidget) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(card: ModelCard, text: str) -> None:
    """Take an entry of the More menu."""
    menu = card.make_menu()
    next(each for each in menu.actions() if each.text() == text).trigger()


def test_pane_without_models_says_what_one_is_for(open_pane):
    pane = open_pane()
    assert not pane.import_button.isVisible()
    words = " ".join(each.text() for each in pane.findChildren(QWidget) if hasattr(each, "text"))
    assert "quoting" in words
    assert "Import GGUF" in words


def test_pane_shows_a_card_for_each_model_newest_first(open_pane, models):
    put(models, make_model(1), make_model(8))
    pane = open_pane()
    assert [card.name.whole_text for card in cards(pane)] == ["Qwen3 8B", "Qwen3 1B"]
    assert pane.summary.whole_text == "No model is loaded. Cairn answers by quoting your documents."


def test_load_and_unload_by_the_button(open_pane, models, qtbot):
    put(models, make_model(1), make_model(2))
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: status(pane, 1) is CardStatus.IN_USE)
    assert pane.summary.whole_text == "In use: Qwen3 1B · Q4_K_M"
    assert card_of(pane, 1).engine.text() == (
        "Room for 4,096 tokens · up to 8 answers at once"
        " · 2 processor threads, sleeping while they wait"
    )
    assert card_of(pane, 1).button.text() == "Unload"
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: status(pane, 1) is CardStatus.IDLE)
    assert models.calls == [("load", 1), ("unload",)]


def test_model_that_is_lent_says_so_until_it_is_given_back(open_pane, models, services, qtbot):
    put(models, make_model(1), make_model(2))
    pane = open_pane()
    services.lending.opened = (SimpleNamespace(model=make_model(1)),)
    services.notices.changed(Topic.MODELS)
    qtbot.waitUntil(card_of(pane, 1).lent.isVisible)
    assert not card_of(pane, 2).lent.isVisible()
    services.lending.opened = ()
    services.notices.changed(Topic.MODELS)
    qtbot.waitUntil(lambda: not card_of(pane, 1).lent.isVisible())


def test_loading_can_be_cancelled_and_others_wait(open_pane, models, qtbot):
    put(models, make_model(1), make_model(2))
    models.during_load = hold_until_cancelled
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: ("load", 1) in models.calls)
    loading, other = card_of(pane, 1), card_of(pane, 2)
    assert loading.progress.isVisible()
    assert loading.button.text() == "Cancel"
    assert not other.button.isEnabled()
    click(qtbot, loading.button)
    qtbot.waitUntil(lambda: status(pane, 1) is CardStatus.IDLE)
    assert not problems(pane)
    assert other.button.isEnabled()


def test_load_that_fails_says_why_on_its_card_and_tries_again(open_pane, models, qtbot):
    put(models, make_model(1), make_model(2))

    def crash(_cancel) -> None:
        raise AppError("The model engine crashed (SIGABRT).", "Download the file again.")

    models.during_load = crash
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    words = ["The model engine crashed (SIGABRT). Download the file again."]
    qtbot.waitUntil(lambda: problems(card_of(pane, 1)) == words)
    assert problems(card_of(pane, 2)) == []
    assert card_of(pane, 2).button.isEnabled()
    models.during_load = lambda _cancel: None
    again = bar_of(card_of(pane, 1)).findChildren(Button)[0]
    assert again.text() == "Try again"
    click(qtbot, again)
    qtbot.waitUntil(lambda: status(pane, 1) is CardStatus.IN_USE)
    assert problems(pane) == []


def test_load_that_fails_leaves_the_model_in_use_in_use(open_pane, models, qtbot):
    put(models, make_model(1), make_model(2))
    models.use(make_model(1))

    def refuse(_cancel) -> None:
        raise AppError("The file is cut off.")

    models.during_load = refuse
    pane = open_pane()
    click(qtbot, card_of(pane, 2).button)
    qtbot.waitUntil(lambda: problems(card_of(pane, 2)) == ["The file is cut off."])
    assert status(pane, 1) is CardStatus.IN_USE


def test_engine_that_dies_later_shows_on_the_card_and_can_be_dismissed(open_pane, models, qtbot):
    put(models, make_model(1))
    models.use(make_model(1))
    pane = open_pane()
    models.die("The model engine was killed, perhaps because memory ran out (SIGKILL).")
    qtbot.waitUntil(lambda: "SIGKILL" in "".join(problems(card_of(pane, 1))))
    assert status(pane, 1) is CardStatus.IDLE
    bar_of(card_of(pane, 1)).dismiss()
    models.put(make_model(2))
    qtbot.waitUntil(lambda: len(cards(pane)) == 2)
    assert problems(pane) == []


def test_load_from_elsewhere_shows_without_a_way_to_cancel_it(open_pane, models, qtbot):
    put(models, make_model(1))
    pane = open_pane()
    models.state = EngineState(EngineStatus.LOADING, make_model(1).path)
    models.put()
    qtbot.waitUntil(lambda: status(pane, 1) is CardStatus.LOADING)
    assert not card_of(pane, 1).button.isEnabled()


# Importing.


def test_import_from_the_dialog_lists_the_file_and_offers_to_load_it(
    open_pane, models, qtbot, context
):
    pane = open_pane()
    click(qtbot, next(each for each in pane.findChildren(Button) if each.isVisible()))
    dialog = pane.findChild(QFileDialog)
    dialog.filesSelected.emit(["/models/tiny.gguf"])
    dialog.reject()
    qtbot.waitUntil(lambda: [card.name.whole_text for card in cards(pane)] == ["tiny"])
    qtbot.waitUntil(lambda: bool(context.notify.notes))
    note = context.notify.notes[0]
    assert note.text == "tiny imported."
    note.choice.run()
    qtbot.waitUntil(lambda: status(pane, 1) is CardStatus.IN_USE)


def test_import_of_bad_files_names_each_with_its_reason_and_takes_the_good_ones(
    open_pane, models, qtbot
):
    models.bad_files = {
        "bad.gguf": GgufError("This file is not a GGUF model.", "Look for .gguf."),
        "cut.gguf": GgufIncomplete("This file is incomplete: 5 of 9 bytes are there."),
    }
    pane = open_pane()
    names = ("bad.gguf", "good.gguf", "cut.gguf")
    assert pane.take_drop([Path("/models") / name for name in names])
    qtbot.waitUntil(lambda: len(problems(pane)) == 2)
    assert set(problems(pane)) == {
        "bad.gguf: This file is not a GGUF model. Look for .gguf.",
        "cut.gguf: This file is incomplete: 5 of 9 bytes are there.",
    }
    qtbot.waitUntil(lambda: [card.name.whole_text for card in cards(pane)] == ["good"])


def test_drop_of_documents_is_left_to_the_window(open_pane, models):
    assert not open_pane().take_drop([Path("/files/a.pdf")])


def test_files_given_before_the_services_are_there_are_imported_once_they_are(
    bare_pane, open_pane, models, qtbot
):
    assert bare_pane.take_drop([Path("/models/early.gguf")])
    open_pane()
    qtbot.waitUntil(lambda: len(cards(bare_pane)) == 1)


# A file that is gone.


def test_missing_file_offers_to_locate_it_and_replaces_the_entry(open_pane, models, qtbot):
    put(models, make_model(1, is_present=False))
    pane = open_pane()
    assert "any more" in "".join(problems(card_of(pane, 1)))
    click(qtbot, card_of(pane, 1).button)
    dialog = pane.findChild(QFileDialog)
    models.sizes["moved.gguf"] = make_model(1).size_bytes
    dialog.filesSelected.emit(["/elsewhere/moved.gguf"])
    dialog.reject()
    qtbot.waitUntil(lambda: [card.state.model.id for card in cards(pane)] == [2])
    assert models.calls == [("import_file", Path("/elsewhere/moved.gguf")), ("remove", 1)]


def test_missing_file_located_as_another_file_is_refused(open_pane, models, qtbot):
    put(models, make_model(1, is_present=False))
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    dialog = pane.findChild(QFileDialog)
    models.sizes["other.gguf"] = 77
    dialog.filesSelected.emit(["/elsewhere/other.gguf"])
    dialog.reject()
    qtbot.waitUntil(lambda: any("Its size differs" in each for each in problems(pane)))
    assert models.calls == []


def test_missing_file_can_be_taken_off_the_list(open_pane, models, qtbot, context):
    put(models, make_model(1, is_present=False))
    pane = open_pane()
    click(qtbot, bar_of(card_of(pane, 1)).findChildren(Button)[0])
    qtbot.waitUntil(lambda: not cards(pane) and bool(context.notify.notes))
    assert context.notify.notes[0].choice is None  # there is no file to bring back


# The More menu.


def test_remove_from_the_list_can_be_undone(open_pane, models, qtbot, context):
    put(models, make_model(1))
    pane = open_pane()
    choose(card_of(pane, 1), "Remove from the list (the file stays)")
    qtbot.waitUntil(lambda: not cards(pane) and bool(context.notify.notes))
    note = context.notify.notes[0]
    assert note.text == "Qwen3 1B is off the list. The file stays."
    note.choice.run()
    qtbot.waitUntil(lambda: len(cards(pane)) == 1)


def test_removing_a_model_keeps_the_other_cards(open_pane, models, qtbot):
    put(models, *(make_model(number) for number in (1, 2, 3)))
    pane = open_pane()
    kept = card_of(pane, 3)
    del models.listed[make_model(2).id]
    models.put()
    qtbot.waitUntil(lambda: [card.state.model.id for card in cards(pane)] == [3, 1])
    assert card_of(pane, 3) is kept


def test_details_can_be_searched_and_read_in_full(open_pane, models, qtbot):
    put(models, make_model(1))
    pane = open_pane()
    choose(card_of(pane, 1), "Details")
    sheet = pane.findChild(DetailsSheet)
    qtbot.waitUntil(lambda: sheet.table.model().rowCount() == 25)
    assert "36 layers" in sheet.summary.text()
    qtbot.keyClicks(sheet.field, "CHAT_template")
    assert sheet.table.model().rowCount() == 1
    sheet.table.selectRow(0)
    assert "\n<|im_start|>" in sheet.value.toPlainText()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: pane.findChild(DetailsSheet) is None)


def test_details_of_a_file_that_cannot_be_read_say_why(open_pane, models, qtbot):
    put(models, make_model(1))
    models.bad_files[make_model(1).path.name] = GgufError("This file is not a GGUF model.")
    pane = open_pane()
    choose(card_of(pane, 1), "Details")
    sheet = pane.findChild(DetailsSheet)
    qtbot.waitUntil(lambda: problems(sheet) == ["This file is not a GGUF model."])


def test_show_in_folder_of_a_folder_that_is_gone_says_so(open_pane, models, qtbot):
    put(models, make_model(1, path=Path("/nowhere/at/all/a.gguf")))
    pane = open_pane()
    choose(card_of(pane, 1), "Show in folder")
    qtbot.waitUntil(lambda: "is not there any more" in "".join(problems(pane)))


def test_metadata_table_keeps_qts_contract(qapp, qtmodeltester):
    qtmodeltester.check(MetadataTableModel((("a", "1"), ("b", "2"))))


# Access.


def test_everything_that_takes_the_focus_has_a_name(open_pane, models, qtbot):
    put(models, make_model(1), make_model(2, is_present=False))
    pane = open_pane()
    choose(card_of(pane, 1), "Details")
    unnamed = [
        widget
        for widget in pane.findChildren(QWidget)
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus
        and widget.isVisible()
        and not QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)
        and not isinstance(widget.parent(), QLineEdit)
    ]
    assert unnamed == []


def test_actions_run_without_services_and_do_no_harm(bare_pane):
    for spec in bare_pane.actions_offered():
        spec.run()
    assert bare_pane.findChild(QFileDialog) is None


def test_a_list_that_cannot_be_read_says_so_and_tries_again(open_pane, models, qtbot, monkeypatch):
    def fail() -> None:
        raise AppError("The database is locked.")

    with monkeypatch.context() as patch:
        patch.setattr(models, "models", fail, raising=False)
        pane = open_pane()
        qtbot.waitUntil(lambda: problems(pane) == ["The database is locked."])
    put(models, make_model(1))
    click(qtbot, bar_of(pane).findChildren(Button)[0])
    qtbot.waitUntil(lambda: len(cards(pane)) == 1)
