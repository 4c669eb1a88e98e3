"""Pictures of the page of tool servers and of its sheets."""

from __future__ import annotations

from app.ui.agents.servers.add import AddSheet
from app.ui.agents.servers.consent import ConsentSheet
from app.ui.agents.servers.keys import KeysSheet
from app.ui.agents.servers.review import ReviewSheet
from tests.ui.agents.servers.driving import (
    bars,
    call,
    card,
    choose,
    click,
    sheet,
    start_running,
    state,
)


def test_screenshot_empty_and_adding(open_page, qtbot, shoot):
    page = open_page()
    shoot(page, "empty")
    click(qtbot, page.add_button)
    adding = sheet(qtbot, page, AddSheet)
    adding.paste.text.setPlainText('{"mcpServers": {"raw": {"command": "python3" "args": []}}}')
    shoot(page, "add_paste")
    click(qtbot, adding.add)
    qtbot.waitUntil(lambda: bool(bars(adding)))
    shoot(page, "add_broken")
    click(qtbot, adding.way("Program"))
    for name in ("API_KEY", "PLACE"):
        click(qtbot, adding.program.environment.add_button)
        qtbot.keyClicks(adding.program.environment.rows[-1].name, name)
    shoot(page, "add_program")
    click(qtbot, adding.way("Address"))
    shoot(page, "add_address")


def test_screenshot_consent(open_page, add_raw, qtbot, shoot, servers, tmp_path):
    npx = tmp_path / "npx"
    npx.write_text("#!/bin/sh\n", "utf-8")
    npx.chmod(0o755)
    servers.add(
        "files",
        {
            "command": str(npx),
            "args": [
                "-y",
                "server-filesystem",
                "/home/me/Documents and notes",
                "--token",
                "abcdefg",
            ],
            "env": {"API_KEY": "${keyring:API_KEY}", "PLACE": "here"},
        },
    )
    servers.add("remote", {"url": "http://mcp.example.com/mcp", "headers": {"X-Key": "abcdefg"}})
    page = open_page()
    for name in ("files", "remote"):
        click(qtbot, card(page, name).button)
        consent = sheet(qtbot, page, ConsentSheet)
        qtbot.waitUntil(consent.run.isEnabled)
        shoot(page, f"consent_{name}")
        if name == "remote":
            break
        click(qtbot, consent.run)
        keys = sheet(qtbot, page, KeysSheet)
        shoot(page, "keys")
        click(qtbot, keys.back)
        qtbot.waitUntil(lambda: page.findChild(ConsentSheet) is None)


def test_screenshot_states(open_page, add_raw, qtbot, shoot, servers):
    add_raw(agreed=True)
    add_raw("broken", "dies", agreed=True)
    add_raw("off", agreed=True, disabled=True)
    add_raw("not agreed to with a name that goes on and on for a long time")
    page = open_page()
    start_running(qtbot, page)
    click(qtbot, card(page, "broken").button)
    qtbot.waitUntil(lambda: state(page, "broken") == "Failed", timeout=20_000)
    click(qtbot, card(page, "broken").log_fold)
    shoot(page, "states")
    call(servers, "change")
    shown = card(page)
    click(qtbot, shown.tools_fold)
    qtbot.waitUntil(lambda: "1 to review" in shown.tools_fold.accessibleName())
    shoot(page, "tools")
    row = shown.tools.row("echo")
    assert row is not None
    click(qtbot, row.review)
    review = sheet(qtbot, page, ReviewSheet)
    qtbot.waitUntil(review.accept.isEnabled)
    shoot(page, "review")
    click(qtbot, review.back)
    choose(card(page, "off"), "Remove")
    qtbot.waitUntil(lambda: page.cards.card("off") is None)
    shoot(page, "removed")


def test_screenshot_broken_file(open_page, paths, shoot):
    paths.mcp.write_text('{\n "mcpServers": {"raw" {}}\n}', "utf-8")
    shoot(open_page(), "file")
