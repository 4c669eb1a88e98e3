"""Models on servers in the models pane, driven as a person drives it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.remote.errors import CannotConnect
from app.ui.models.board import CardStatus
from app.ui.models.card import ModelCard
from app.ui.models.endpoint_board import ServerStatus
from app.ui.models.endpoint_card import EndpointCard
from app.ui.models.endpoint_sheet import EndpointSheet
from app.ui.models.pane import ModelsPane
from app.ui.widgets.buttons import Button
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.info_bar import InfoBar
from tests.ui.models.fakes import hold_until_cancelled, make_endpoint, make_model
from tests.ui.text.finding import child

GONE = CannotConnect("192.168.1.20:8000 does not answer.", "Is the server running?")
WORDS = "192.168.1.20:8000 does not answer. Is the server running?"


def put(servers, *endpoints) -> None:
    servers.listed |= {each.id: each for each in endpoints}


def card_of(pane: ModelsPane, number: int) -> EndpointCard:
    found = [each for each in pane.findChildren(EndpointCard) if each.isVisible()]
    return next(each for each in found if each.state.endpoint.id == number)


def model_card(pane: ModelsPane, number: int) -> ModelCard:
    found = [each for each in pane.findChildren(ModelCard) if each.isVisible()]
    return next(each for each in found if each.state.model.id == number)


def status(pane: ModelsPane, number: int) -> ServerStatus:
    return card_of(pane, number).state.status


def problems(widget: QWidget) -> list[str]:
    return [bar.text for bar in widget.findChildren(InfoBar) if bar.isVisible()]


def click(qtbot, button: QWidget) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(card: EndpointCard, text: str) -> None:
    """Take an entry of the More menu."""
    next(each for each in card.make_menu().actions() if each.text() == text).trigger()


def fail(_cancel: CancelToken) -> None:
    raise GONE


def test_pane_without_models_offers_both_ways(open_pane, qtbot):
    pane = open_pane()
    words = " ".join(each.text() for each in pane.findChildren(QWidget) if hasattr(each, "text"))
    assert "from a GGUF file on this computer, or on a server of yours" in words
    buttons = {each.text().strip(): each for each in pane.findChildren(Button) if each.isVisible()}
    assert set(buttons) == {"Import GGUF", "Connect to a server…"}
    click(qtbot, buttons["Connect to a server…"])
    assert pane.findChild(EndpointSheet) is not None


def test_card_of_a_server_says_what_and_where_it_is(open_pane, servers, models):
    models.listed = {each.id: each for each in (make_model(1), make_model(2))}
    put(servers, make_endpoint(1), make_endpoint(2))
    pane = open_pane()
    card = card_of(pane, 1)
    assert card.name.whole_text == "Qwen3-1B on 192.168.1.20:8000"
    assert card.facts.whole_text == "Qwen/Qwen3-1B · 192.168.1.20:8000 · vLLM"
    assert card.server.isVisible()
    assert not card.in_use.isVisible()
    assert pane.connect_button.isVisible()
    shown = [each for each in pane.findChildren(QWidget) if isinstance(each, EndpointCard)]
    assert max(each.y() for each in shown) < model_card(pane, 2).y()  # added later, so above


def test_use_and_disconnect_by_the_button(open_pane, servers, qtbot):
    put(servers, make_endpoint(1))
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IN_USE)
    card = card_of(pane, 1)
    assert pane.summary.whole_text == "In use: Qwen3-1B · on 192.168.1.20:8000"
    assert card.now.text() == (
        "Room for 32,768 tokens · Questions and passages go to 192.168.1.20:8000"
    )
    assert [tag.text() for tag in card.capabilities.tags] == ["Tools", "Vision"]
    assert card.button.text() == "Disconnect"
    click(qtbot, card.button)
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IDLE)
    assert servers.calls == [("connect", 1), ("disconnect",)]
    assert card_of(pane, 1).capabilities.tags == []
    assert pane.summary.whole_text.startswith("No model is loaded.")


def test_connecting_can_be_cancelled_and_files_wait(open_pane, servers, models, qtbot):
    models.listed = {1: make_model(1)}
    put(servers, make_endpoint(1), make_endpoint(2))
    servers.during = hold_until_cancelled
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: ("connect", 1) in servers.calls)
    card = card_of(pane, 1)
    assert card.progress.isVisible()
    assert card.now.text() == "Connecting…"
    assert not model_card(pane, 1).button.isEnabled()
    assert not card_of(pane, 2).button.isEnabled()
    pane.load(1)
    assert models.calls == []
    click(qtbot, card.button)
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IDLE)
    assert problems(pane) == []
    assert model_card(pane, 1).button.isEnabled()


def test_server_that_does_not_answer_says_so_and_is_tried_again(open_pane, servers, qtbot):
    put(servers, make_endpoint(1), make_endpoint(2))
    servers.during = fail
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: problems(card_of(pane, 1)) == [WORDS])
    assert problems(card_of(pane, 2)) == []
    servers.during = lambda _cancel: None
    again = child(card_of(pane, 1), InfoBar).findChildren(Button)[0]
    assert again.text() == "Try again"
    click(qtbot, again)
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IN_USE)
    assert problems(pane) == []


def test_problem_that_was_dismissed_stays_away(open_pane, servers, qtbot):
    put(servers, make_endpoint(1))
    servers.during = fail
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: problems(pane) == [WORDS])
    child(card_of(pane, 1), InfoBar).dismiss()
    servers.put(make_endpoint(2))
    qtbot.waitUntil(lambda: len(pane.findChildren(EndpointCard)) == 2)
    assert problems(pane) == []


def test_using_a_server_unloads_the_local_model_and_loading_leaves_the_server(
    open_pane, servers, models, qtbot
):
    models.listed = {1: make_model(1)}
    models.use(make_model(1))
    put(servers, make_endpoint(1))
    pane = open_pane()
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IN_USE)
    assert model_card(pane, 1).state.status is CardStatus.IDLE
    click(qtbot, model_card(pane, 1).button)
    qtbot.waitUntil(lambda: model_card(pane, 1).state.status is CardStatus.IN_USE)
    assert status(pane, 1) is ServerStatus.IDLE
    assert "2 processor threads" in model_card(pane, 1).engine.text()


def test_load_of_a_file_holds_the_servers(open_pane, servers, models, qtbot):
    models.listed = {1: make_model(1)}
    models.during_load = hold_until_cancelled
    put(servers, make_endpoint(1))
    pane = open_pane()
    click(qtbot, model_card(pane, 1).button)
    qtbot.waitUntil(lambda: ("load", 1) in models.calls)
    assert not card_of(pane, 1).button.isEnabled()
    pane.cancel_load()
    qtbot.waitUntil(card_of(pane, 1).button.isEnabled)


def test_the_one_action_unloads_or_disconnects(open_pane, servers, qtbot):
    put(servers, make_endpoint(1))
    servers.use(make_endpoint(1))
    pane = open_pane()
    spec = next(each for each in pane.actions_offered() if each.id == "models.unload")
    spec.run()
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IDLE)
    assert servers.calls == [("disconnect",)]


# Connecting, changing, testing, removing.


def test_new_connection_from_the_palette_is_used_at_once(open_pane, servers, qtbot):
    pane = open_pane()
    spec = next(each for each in pane.actions_offered() if each.id == "models.connect")
    spec.run()
    sheet = pane.findChild(EndpointSheet)
    qtbot.keyClicks(sheet.address, "192.168.1.20:8000")
    click(qtbot, sheet.look)
    qtbot.waitUntil(lambda: sheet.model.count() == 1)
    click(qtbot, sheet.save)
    qtbot.waitUntil(lambda: bool(pane.findChildren(EndpointCard)))
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IN_USE)
    assert card_of(pane, 1).state.endpoint.model == "Qwen/Qwen3-32B"


def test_change_of_the_server_in_use_connects_anew(open_pane, servers, qtbot):
    put(servers, make_endpoint(1))
    servers.use(make_endpoint(1))
    pane = open_pane()
    choose(card_of(pane, 1), "Change…")
    sheet = pane.findChild(EndpointSheet)
    sheet.name.setText("The big one")
    click(qtbot, sheet.save)
    qtbot.waitUntil(lambda: servers.calls == [("connect", 1)])
    qtbot.waitUntil(lambda: card_of(pane, 1).name.whole_text == "The big one")
    qtbot.waitUntil(lambda: pane.summary.whole_text.startswith("In use: The big one"))


def test_change_of_a_server_that_is_not_in_use_connects_to_nothing(open_pane, servers, qtbot):
    put(servers, make_endpoint(1))
    pane = open_pane()
    choose(card_of(pane, 1), "Change…")
    sheet = pane.findChild(EndpointSheet)
    sheet.name.setText("The big one")
    click(qtbot, sheet.save)
    qtbot.waitUntil(lambda: card_of(pane, 1).name.whole_text == "The big one")
    assert servers.calls == []


def test_test_says_what_answers(open_pane, servers, qtbot, context):
    put(servers, make_endpoint(1, name="The big one"))
    pane = open_pane()
    choose(card_of(pane, 1), "Test connection")
    qtbot.waitUntil(lambda: bool(context.notify.notes))
    assert context.notify.notes[0].text == (
        "The big one answers: vLLM 0.11.2, with room for 32,768 tokens."
    )
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IDLE)


def test_test_that_fails_says_why_and_tries_the_test_again(open_pane, servers, qtbot, context):
    put(servers, make_endpoint(1))
    servers.use(make_endpoint(1))
    servers.during = fail
    pane = open_pane()
    choose(card_of(pane, 1), "Test connection")
    qtbot.waitUntil(lambda: problems(card_of(pane, 1)) == [WORDS])
    assert status(pane, 1) is ServerStatus.IN_USE
    servers.during = lambda _cancel: None
    click(qtbot, child(card_of(pane, 1), InfoBar).findChildren(Button)[0])
    qtbot.waitUntil(lambda: bool(context.notify.notes))
    assert servers.calls == [("test", 1), ("test", 1)]


def test_remove_asks_first(open_pane, servers, qtbot):
    put(servers, make_endpoint(1), make_endpoint(2))
    pane = open_pane()
    kept = card_of(pane, 2)
    choose(card_of(pane, 1), "Remove…")
    sheet = pane.findChild(ConfirmSheet)
    click(qtbot, sheet.back)
    assert servers.calls == []
    choose(card_of(pane, 1), "Remove…")
    sheet = next(each for each in pane.findChildren(ConfirmSheet) if each.isVisible())
    click(qtbot, sheet.confirm)
    qtbot.waitUntil(lambda: len(pane.findChildren(EndpointCard)) == 1)
    assert servers.calls == [("remove", 1)]
    assert card_of(pane, 2) is kept


def test_everything_that_takes_the_focus_has_a_name(open_pane, servers):
    put(servers, make_endpoint(1))
    card = card_of(open_pane(), 1)
    assert card.button.accessibleName() == "Use Qwen3-1B on 192.168.1.20:8000"
    assert card.more.accessibleName() == "More about Qwen3-1B on 192.168.1.20:8000"


def test_menu_rests_while_a_server_is_asked(open_pane, servers, qtbot):
    put(servers, make_endpoint(1))
    servers.during = hold_until_cancelled
    pane = open_pane()
    choose(card_of(pane, 1), "Test connection")
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.TESTING)
    assert not any(each.isEnabled() for each in card_of(pane, 1).make_menu().actions())
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: status(pane, 1) is ServerStatus.IDLE)


def test_connection_that_is_gone_says_so_on_use(open_pane, servers, qtbot):
    put(servers, make_endpoint(1))
    pane = open_pane()

    def refuse(_cancel: CancelToken) -> None:
        raise AppError("This server is not in the list any more.", "Connect to it again.")

    servers.during = refuse
    click(qtbot, card_of(pane, 1).button)
    qtbot.waitUntil(lambda: "not in the list" in "".join(problems(pane)))
    servers.put(replace(make_endpoint(1), base_url="http://other/v1"))
    qtbot.waitUntil(lambda: problems(pane) == [])
