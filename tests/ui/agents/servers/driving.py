"""Driving the page of tool servers as a person does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.agents.mcp.service import McpServers
from app.agents.tools.tool import checked
from app.base.jobs import CancelToken
from app.ui.agents.servers.card import ServerCard
from app.ui.agents.servers.lines import LinesBox
from app.ui.agents.servers.page import ServersPage
from app.ui.agents.servers.sheet import ServerSheet
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.labels import Label

S = TypeVar("S", bound=ServerSheet)


def served(**parts: Any) -> Any:
    """As much of the services as is used here."""
    return SimpleNamespace(**parts)


def card(page: ServersPage, name: str = "raw") -> ServerCard:
    found = page.cards.card(name)
    assert found is not None, f"no card {name}"
    return found


def state(page: ServersPage, name: str = "raw") -> str:
    return card(page, name).state.text()


def click(qtbot, widget: QWidget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(card: ServerCard, text: str) -> None:
    """Take an entry of the More menu."""
    next(each for each in card.make_menu().actions() if each.text() == text).trigger()


def sheet(qtbot, page: ServersPage, kind: type[S]) -> S:
    """The sheet of this kind, once it is open."""

    def found() -> S | None:
        return next((each for each in page.findChildren(kind) if each.isVisible()), None)

    qtbot.waitUntil(lambda: found() is not None)
    opened = found()
    assert opened is not None
    return opened


def box(parent: QWidget, name: str) -> tuple[str, ...]:
    found = [each for each in parent.findChildren(LinesBox) if each.accessibleName() == name]
    assert len(found) == 1
    return found[0].lines


def words(widget: QWidget) -> str:
    labels = [each.text() for each in widget.findChildren(Label) if each.isVisible()]
    return " ".join(labels).replace("\u200b", "")


def bars(widget: QWidget) -> list[str]:
    found = [bar.text for bar in widget.findChildren(InfoBar) if bar.isVisible()]
    return [each.replace("\u200b", "") for each in found]


def start_running(qtbot, page: ServersPage) -> None:
    click(qtbot, card(page).button)
    qtbot.waitUntil(lambda: state(page) == "Running", timeout=20_000)


def call(servers: McpServers, tool: str) -> None:
    found = {each.spec.name: each for each in servers.tools_for(["raw"])}[f"raw__{tool}"]
    found.run(checked(found.spec, {}), CancelToken())
