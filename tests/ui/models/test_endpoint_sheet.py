"""The sheet that connects to a server, driven as a person would."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.base.errors import AppError
from app.base.jobs import CancelToken
from app.engine.remote.errors import CannotConnect, KeyRefused
from app.engine.remote.keys import KeyringMissing
from app.engine.remote.probe import OfferedModel, ServerFacts
from app.engine.remote.server import ServerKind
from app.modelhub.endpoints import EndpointDraft, EndpointService
from app.modelhub.entities import Endpoint, EndpointId
from app.settings.schema import Theme
from app.ui.models.endpoint_editing import EndpointEditing
from app.ui.models.endpoint_sheet import EndpointSheet
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import InfoBar
from tests.ui.models.fakes import hold_until_cancelled

VLLM = ServerFacts(
    ServerKind.VLLM,
    "0.11.2",
    (OfferedModel("nomic-embed", embeds=True), OfferedModel("Qwen/Qwen3-32B"), OfferedModel("b")),
)
KNOWN = Endpoint(
    EndpointId(3),
    "The big one",
    "http://192.168.1.20:8000/v1",
    "b",
    ServerKind.VLLM,
    32768,
    allow_plain_http=False,
    key_name="k",
    added_at=datetime(2026, 11, 20, tzinfo=UTC),
)
REFUSED = KeyRefused(
    "192.168.1.20:8000 does not accept the key. It says: Invalid API key",
    "Check the key of this server under Models.",
)


@dataclass
class FakeEndpoints:
    """Does what EndpointService does; `trouble` is raised by whatever is asked next."""

    facts: ServerFacts = VLLM
    trouble: AppError | None = None
    hold: bool = False
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    stopped: list[bool] = field(default_factory=list)

    def _meet(self, cancel: CancelToken | None) -> None:
        if self.hold:
            try:
                hold_until_cancelled(cancel or CancelToken())
            finally:
                self.stopped.append(True)
        if self.trouble is not None:
            raise self.trouble

    def look(self, base_url, key=None, *, endpoint_id=None, allow_plain_http=False, cancel=None):
        self.calls.append(("look", base_url, key, endpoint_id, allow_plain_http))
        self._meet(cancel)
        return self.facts

    def add(self, draft: EndpointDraft, key="", *, only_this_run=False, cancel=None) -> Endpoint:
        self.calls.append(("add", draft, key, only_this_run))
        self._meet(cancel)
        return replace(KNOWN, name=draft.name, model=draft.model)

    def update(self, endpoint_id, draft, key=None, *, only_this_run=False, cancel=None) -> Endpoint:
        self.calls.append(("update", endpoint_id, draft, key, only_this_run))
        self._meet(cancel)
        return replace(KNOWN, name=draft.name, model=draft.model)


@pytest.fixture
def endpoints() -> FakeEndpoints:
    return FakeEndpoints()


@pytest.fixture
def saved() -> list[Endpoint]:
    return []


@pytest.fixture
def open_sheet(qtbot, context, endpoints: FakeEndpoints, saved: list[Endpoint]):
    """Open the sheet in a window of usual size."""
    window = QWidget()
    window.setObjectName("page")
    window.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    qtbot.addWidget(window)
    window.resize(1204, 840)
    window.show()
    qtbot.waitExposed(window)

    def open_it(endpoint: Endpoint | None = None) -> EndpointSheet:
        editing = EndpointEditing(context, cast(EndpointService, endpoints), window)
        editing.saved.connect(saved.append)
        return editing.open(endpoint)

    return open_it


def type_in(qtbot, widget: QLineEdit, text: str) -> None:
    widget.setFocus()
    widget.selectAll()
    qtbot.keyClicks(widget, text)


def find(qtbot, sheet: EndpointSheet, address: str = "192.168.1.20:8000", key: str = "") -> None:
    type_in(qtbot, sheet.address, address)
    if key:
        type_in(qtbot, sheet.key, key)
    qtbot.mouseClick(sheet.look, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(sheet.busy.isHidden)


def bar(sheet: EndpointSheet) -> InfoBar:
    (found,) = [each for each in sheet.findChildren(InfoBar) if each.isVisible()]
    return found


def test_fresh_sheet_waits_for_an_address(open_sheet):
    sheet = open_sheet()
    assert QApplication.focusWidget() is sheet.address
    assert not sheet.look.isEnabled()
    assert not sheet.save.isEnabled()
    assert not sheet.model.isEnabled()
    assert sheet.key.echoMode() is QLineEdit.EchoMode.Password


def test_find_models_offers_them_and_chooses_one_that_chats(open_sheet, endpoints, qtbot):
    sheet = open_sheet()
    find(qtbot, sheet, key="sk-secret")
    assert endpoints.calls == [("look", "192.168.1.20:8000", "sk-secret", None, False)]
    assert sheet.model.currentText() == "Qwen/Qwen3-32B"
    assert sheet.model.count() == 3
    assert sheet.found.text() == "Found vLLM 0.11.2 with 3 models."
    assert sheet.save.isEnabled()


def test_return_in_address_and_key_finds_models(open_sheet, endpoints, qtbot):
    sheet = open_sheet()
    type_in(qtbot, sheet.address, "localhost:11434")
    qtbot.keyClick(sheet.address, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: sheet.model.count() == 3)
    qtbot.keyClicks(sheet.key, "k")
    qtbot.keyClick(sheet.key, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(endpoints.calls) == 2 and sheet.busy.isHidden())


def test_connect_keeps_what_was_entered_and_closes(open_sheet, endpoints, saved, qtbot):
    sheet = open_sheet()
    find(qtbot, sheet, key="sk-secret")
    sheet.context.setValue(16384)
    qtbot.keyClicks(sheet.name, " Mine ")
    with qtbot.waitSignal(sheet.closed):
        qtbot.mouseClick(sheet.save, Qt.MouseButton.LeftButton)
    wanted = EndpointDraft("192.168.1.20:8000", "Qwen/Qwen3-32B", "Mine", 16384)
    assert endpoints.calls[-1] == ("add", wanted, "sk-secret", False)
    assert [each.name for each in saved] == ["Mine"]


def test_while_it_asks_nothing_can_be_changed_and_closing_stops_it(open_sheet, endpoints, qtbot):
    endpoints.hold = True
    sheet = open_sheet()
    type_in(qtbot, sheet.address, "192.168.1.20:8000")
    sheet.look.click()
    assert sheet.busy.isVisible()
    assert "Asking the server" in sheet.found.text()
    for entered in (sheet.address, sheet.key, sheet.name):
        assert entered.isReadOnly()
    for part in (sheet.look, sheet.model, sheet.save, sheet.context):
        assert not part.isEnabled()
    qtbot.keyClick(sheet.address, Qt.Key.Key_Return)
    assert sheet.isVisible()
    assert sheet.back.isEnabled()
    with qtbot.waitSignal(sheet.closed):
        qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: endpoints.stopped == [True])


def test_failure_is_said_and_can_be_mended(open_sheet, endpoints, qtbot):
    endpoints.trouble = REFUSED
    sheet = open_sheet()
    find(qtbot, sheet)
    assert "does not accept the key" in bar(sheet).text
    assert "Check the key" in bar(sheet).text
    assert not sheet.save.isEnabled()
    endpoints.trouble = None
    type_in(qtbot, sheet.key, "right")
    assert [each for each in sheet.findChildren(InfoBar) if each.isVisible()] == []
    qtbot.keyClick(sheet.key, Qt.Key.Key_Return)
    qtbot.waitUntil(sheet.save.isEnabled)


def test_failure_while_connecting_keeps_the_sheet_open(open_sheet, endpoints, saved, qtbot):
    sheet = open_sheet()
    find(qtbot, sheet)
    endpoints.trouble = CannotConnect("Nothing answers at 192.168.1.20:8000.", "Start the server.")
    sheet.save.click()
    qtbot.waitUntil(lambda: bool([e for e in sheet.findChildren(InfoBar) if e.isVisible()]))
    assert sheet.isVisible()
    assert sheet.save.isEnabled()
    assert saved == []


def test_without_a_keyring_the_key_can_be_kept_until_the_end(open_sheet, endpoints, saved, qtbot):
    sheet = open_sheet()
    find(qtbot, sheet, key="sk-secret")
    endpoints.trouble = KeyringMissing("This system has no keyring that could keep the key.")
    sheet.save.click()
    qtbot.waitUntil(lambda: bool([e for e in sheet.findChildren(InfoBar) if e.isVisible()]))
    endpoints.trouble = None
    (offer,) = [each for each in bar(sheet).findChildren(Button) if "until" in each.text()]
    with qtbot.waitSignal(sheet.closed):
        qtbot.mouseClick(offer, Qt.MouseButton.LeftButton)
    assert endpoints.calls[-1][2:] == ("sk-secret", True)
    assert len(saved) == 1


def test_other_address_forgets_what_was_found(open_sheet, qtbot):
    sheet = open_sheet()
    find(qtbot, sheet)
    qtbot.keyClicks(sheet.address, "0")
    assert sheet.model.count() == 0
    assert not sheet.save.isEnabled()
    assert not sheet.found.isVisible()


def test_unencrypted_internet_has_to_be_allowed(open_sheet, endpoints, qtbot):
    sheet = open_sheet()
    type_in(qtbot, sheet.address, "http://api.example.com")
    assert sheet.allow.isVisible()
    sheet.allow.click()
    sheet.look.click()
    qtbot.waitUntil(lambda: sheet.model.count() == 3)
    assert endpoints.calls[-1][-1] is True
    type_in(qtbot, sheet.address, "http://127.0.0.1:8080")
    assert not sheet.allow.isVisible()
    assert sheet.entry.draft.allow_plain_http is False


def test_server_without_models_is_said(open_sheet, endpoints, qtbot):
    endpoints.facts = ServerFacts(ServerKind.OLLAMA, "0.12", ())
    sheet = open_sheet()
    find(qtbot, sheet)
    assert sheet.found.text().startswith("Found Ollama 0.12, but it offers no model.")
    assert not sheet.save.isEnabled()


def test_known_connection_is_shown_without_its_key_and_keeps_it(
    open_sheet, endpoints, saved, qtbot
):
    sheet = open_sheet(KNOWN)
    assert (sheet.address.text(), sheet.model.currentText()) == (KNOWN.base_url, "b")
    assert (sheet.key.text(), sheet.context.value()) == ("", 32768)
    type_in(qtbot, sheet.name, "Better")
    sheet.look.click()
    qtbot.waitUntil(lambda: sheet.model.count() == 3)
    assert endpoints.calls == [("look", KNOWN.base_url, None, KNOWN.id, False)]
    assert sheet.model.currentText() == "b"
    with qtbot.waitSignal(sheet.closed):
        sheet.save.click()
    wanted = EndpointDraft(KNOWN.base_url, "b", "Better", 32768)
    assert endpoints.calls[-1] == ("update", KNOWN.id, wanted, None, False)
    assert [each.name for each in saved] == ["Better"]


def test_known_connection_gets_a_new_key(open_sheet, endpoints, qtbot):
    sheet = open_sheet(KNOWN)
    type_in(qtbot, sheet.key, "new")
    with qtbot.waitSignal(sheet.closed):
        sheet.save.click()
    assert endpoints.calls[-1][3] == "new"


def test_key_leaves_the_field_when_the_sheet_closes(open_sheet, qtbot):
    sheet = open_sheet()
    type_in(qtbot, sheet.key, "sk-secret")
    with qtbot.waitSignal(sheet.closed):
        sheet.back.click()
    assert sheet.key.text() == ""


def test_every_field_has_a_name_for_screen_readers(open_sheet):
    sheet = open_sheet()
    for part in (sheet.address, sheet.key, sheet.model, sheet.context, sheet.name, sheet.look):
        assert part.accessibleName()


LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.DARK, 824, 600),
}


@pytest.mark.parametrize("look", LOOKS)
def test_screenshots(look, open_sheet, endpoints, theme, screenshot, qtbot):
    wanted, width, height = LOOKS[look]
    theme.apply(wanted, 100, reduce_motion=True)

    def shoot(sheet: EndpointSheet, name: str) -> None:
        window = sheet.parentWidget()
        assert window is not None
        window.resize(width, height)
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        assert screenshot(window, f"endpoint_{name}_{look}").is_file()

    sheet = open_sheet()
    shoot(sheet, "fresh")
    find(qtbot, sheet, key="sk-secret-key")
    shoot(sheet, "found")
    endpoints.trouble = KeyringMissing(
        "This system has no keyring that could keep the key.",
        "Cairn can hold it until you close it. On Linux, GNOME Keyring and KWallet are keyrings.",
    )
    sheet.save.click()
    qtbot.waitUntil(sheet.busy.isHidden)
    shoot(sheet, "no_keyring")
    endpoints.trouble = REFUSED
    type_in(qtbot, sheet.address, "http://api.example.com/v1")
    sheet.look.click()
    qtbot.waitUntil(sheet.busy.isHidden)
    shoot(sheet, "failed")
    endpoints.trouble, endpoints.hold = None, True
    sheet.look.click()
    shoot(sheet, "busy")
    sheet.back.click()
    qtbot.waitUntil(lambda: bool(endpoints.stopped))
