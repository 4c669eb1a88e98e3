"""Pictures of pictures in the chat pane, to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPolygonF

from app.chat.entities import Message, Picture
from app.settings.schema import Theme
from app.ui.chat.pane import ChatPane
from app.ui.chat.pictures.sent import SentPicture
from app.ui.chat.pictures.sheet import PictureSheet
from app.ui.theme import ThemeKeeper
from tests.ui.chat.driving import question
from tests.ui.chat.fakes import (
    LOADED_FACTS,
    LOCAL_MODEL,
    MODEL_RECORD,
    FakeLoaded,
    FakeServices,
    make_message,
)

OpenPane = Callable[..., ChatPane]
LOOKS = {
    "light": (Theme.LIGHT, 1204),
    "dark": (Theme.DARK, 1204),
    "narrow": (Theme.LIGHT, 640),
}


def drawn(width: int, height: int, hue: int) -> bytes:
    """A landscape as a PNG file."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    sky = QLinearGradient(0, 0, 0, height)
    sky.setColorAt(0, QColor.fromHsl(hue, 120, 210))
    sky.setColorAt(1, QColor.fromHsl((hue + 40) % 360, 160, 235))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(image.rect(), sky)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#FFF3C4"))
    painter.drawEllipse(QPointF(width * 0.75, height * 0.28), height * 0.09, height * 0.09)
    for step, shade in enumerate((150, 110, 70)):
        top, foot = height * (0.35 + 0.13 * step), float(height)
        painter.setBrush(QColor.fromHsl((hue + 120) % 360, 70, shade))
        peaks = [QPointF(0.0, foot)]
        peaks += [
            QPointF(width * at / 6, top + (height * 0.2 if (at + step) % 2 else 0.0))
            for at in range(7)
        ]
        painter.drawPolygon(QPolygonF([*peaks, QPointF(float(width), foot)]))
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "PNG")  # type: ignore[call-overload]  # missing in the stubs
    return bytes(buffer.data().data())


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest, theme: ThemeKeeper) -> tuple[str, int]:
    chosen, width = LOOKS[request.param]
    theme.apply(chosen, 100, reduce_motion=True)
    return request.param, width


def show(
    qtbot, open_pane: OpenPane, services: FakeServices, width: int, messages: Sequence[Message]
) -> ChatPane:
    services.models.loaded = FakeLoaded(LOCAL_MODEL, facts=replace(LOADED_FACTS, sees=True))
    made = services.chat.add("What the signs say", messages)
    services.chat.add("Summarise the tender PDF")
    pane = open_pane(width)
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() > 0)
    pane.show_conversation(made.id)
    qtbot.waitUntil(lambda: len(pane.view.transcript.messages) == len(messages))
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
    return pane


def asked(services: FakeServices, sizes: Sequence[tuple[int, int]], lost: int = 0) -> Message:
    pictures = [Picture(f"{index}" * 64, f"View {index}.png") for index in range(len(sizes))]
    services.chat.kept |= {
        each: drawn(*size, 30 + 50 * index)
        for index, (each, size) in enumerate(zip(pictures, sizes, strict=True))
    }
    gone = [Picture(f"{index:064}", "Lost.png") for index in range(100, 100 + lost)]
    text = "Where could this have been taken? Look at the mountains and at the light."
    return make_message(0, text, pictures=(*pictures, *gone))


ANSWER = make_message(
    1,
    "It looks like a range of fold mountains in the evening: three ridges, one behind the"
    " other, with the sun low on the right.",
    MODEL_RECORD,
)


@pytest.mark.parametrize(
    ("name", "sizes", "lost"),
    [
        ("one", [(900, 600)], 0),
        ("two", [(900, 600), (500, 800)], 0),
        ("many", [(900, 600), (500, 800), (300, 300), (1600, 200)], 1),
    ],
)
def test_transcript(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot, name, sizes, lost
) -> None:
    messages = (asked(services, sizes, lost), ANSWER)
    pane = show(qtbot, open_pane, services, look[1], messages)
    views = pane.findChildren(SentPicture)
    qtbot.waitUntil(lambda: sum(each.has_image for each in views) == len(sizes))
    qtbot.waitUntil(lambda: sum(not each.isEnabled() for each in views) == lost)
    assert screenshot(pane, f"chat_picture_{name}_{look[0]}").exists()


def test_composer(
    qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot, tmp_path: Path
) -> None:
    paths = [
        tmp_path / name
        for name in ("Ridge.png", "Valley in the evening, from the hut.png", "c.png")
    ]
    for index, path in enumerate(paths):
        path.write_bytes(drawn(640, 480, 60 + 90 * index))
    pane = show(qtbot, open_pane, services, look[1], (asked(services, [(900, 600)]), ANSWER))
    pane.take_drop(paths)
    qtbot.waitUntil(lambda: len(pane.view.composer.tray.pictures) == len(paths))
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
    if look[0] != "narrow":
        question(pane).setPlainText("Which of these three was taken last?")
    question(pane).setFocus()
    assert screenshot(pane, f"chat_picture_composer_{look[0]}").exists()


def test_menu(qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot) -> None:
    pane = show(qtbot, open_pane, services, look[1], (ANSWER,))
    pane._pictures.set_sees(look[0] == "dark")
    menu = pane.view.composer.make_menu()
    menu.ensurePolished()
    menu.resize(menu.sizeHint())
    assert screenshot(menu, f"chat_picture_menu_{look[0]}").exists()


def test_sheet(qtbot, open_pane: OpenPane, services: FakeServices, look, screenshot) -> None:
    pane = show(qtbot, open_pane, services, look[1], (asked(services, [(1800, 1200)]), ANSWER))
    view = pane.findChildren(SentPicture)[0]
    qtbot.waitUntil(lambda: view.has_image)
    view.click()
    qtbot.waitUntil(lambda: pane.findChild(PictureSheet) is not None)
    assert screenshot(pane, f"chat_picture_sheet_{look[0]}").exists()
