"""Changing what a server is."""

from __future__ import annotations

import json
import sys

from PySide6.QtWidgets import QLineEdit
from shiboken6 import isValid

from app.ui.agents.servers.change import ChangeSheet
from app.ui.agents.servers.fields import AddressFields, ProgramFields
from tests.doubles.mcp_servers import RAW
from tests.ui.agents.servers.driving import (
    bars,
    card,
    choose,
    click,
    sheet,
    start_running,
    state,
)


def program(change: ChangeSheet) -> ProgramFields:
    assert isinstance(change.fields, ProgramFields)
    return change.fields


def test_changed_server_is_stopped_and_asks_again(
    open_page, add_raw, qtbot, servers, keyring, paths
):
    add_raw(env={"TOKEN": "${keyring:main}", "PLACE": "here"}, agreed=True)
    servers.keep_key("raw", "main", "old")
    page = open_page()
    start_running(qtbot, page)
    choose(card(page), "Change…")
    change = sheet(qtbot, page, ChangeSheet)
    fields = program(change)
    assert fields.command.text() == sys.executable
    token, place = fields.environment.rows
    assert (token.value.text(), token.secret.isChecked()) == ("", True)
    qtbot.keyClicks(token.value, "new")
    click(qtbot, place.remove)
    fields.command.clear()
    click(qtbot, change.save)
    assert bars(change) == ["The server needs a command. Fill in the command."]
    qtbot.keyClicks(fields.command, sys.executable)
    click(qtbot, change.save)
    qtbot.waitUntil(lambda: state(page) == "Wants your agreement", timeout=20_000)
    written = json.loads(paths.mcp.read_text("utf-8"))["mcpServers"]["raw"]
    assert written == {
        "command": sys.executable,
        "args": [str(RAW), ""],
        "env": {"TOKEN": "${keyring:main}"},
    }
    qtbot.waitUntil(lambda: keyring.kept == {"mcp/raw/main": "new"})
    qtbot.waitUntil(lambda: not isValid(change))


def test_nothing_changed_leaves_a_server_running(open_page, add_raw, qtbot):
    add_raw(agreed=True)
    page = open_page()
    start_running(qtbot, page)
    choose(card(page), "Change…")
    change = sheet(qtbot, page, ChangeSheet)
    click(qtbot, change.save)
    qtbot.waitUntil(lambda: not isValid(change))
    assert state(page) == "Running"


def test_secret_that_stands_in_the_file_is_not_shown(open_page, servers, qtbot):
    entry = {"url": "https://example.com/mcp", "headers": {"X-Api-Key": "s3cret", "X-Place": "a"}}
    servers.add("remote", entry)
    page = open_page()
    choose(card(page, "remote"), "Change…")
    fields = sheet(qtbot, page, ChangeSheet).fields
    assert isinstance(fields, AddressFields)
    key, place = fields.headers.rows
    assert key.value.echoMode() == QLineEdit.EchoMode.Password
    assert place.value.echoMode() == QLineEdit.EchoMode.Normal


def test_screenshot_change(open_page, servers, qtbot, shoot):
    environment = {"API_KEY": "${keyring:API_KEY}", "PLACE": "here"}
    arguments = ["-y", "server-filesystem@1.2.3", "/home/me/Documents and notes"]
    servers.add("files", {"command": "npx", "args": arguments, "env": environment})
    page = open_page()
    choose(card(page, "files"), "Change…")
    change = sheet(qtbot, page, ChangeSheet)
    shoot(page, "change")
    program(change).command.clear()
    click(qtbot, change.save)
    shoot(page, "change_refused")
