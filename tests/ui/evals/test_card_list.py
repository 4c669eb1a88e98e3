"""Cards that keep their place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.ui.evals.card_list import AT_FIRST, CardList
from app.ui.widgets.labels import Label


@pytest.fixture
def page(qtbot) -> QWidget:
    page = QWidget()
    qtbot.addWidget(page)
    return page


@pytest.fixture
def grown() -> list[bool]:
    return []


@pytest.fixture
def cards(page, grown) -> CardList[int, Label]:
    cards: CardList[int, Label] = CardList(
        int, lambda each: Label(str(each)), lambda card, each: card.setText(f"{each} again"),
        lambda: grown.append(True),
    )  # fmt: skip
    page.setLayout(cards.layout)
    page.show()
    return cards


def words(cards: CardList[int, Label]) -> list[str]:
    """What the cards say, from top to bottom."""
    shown = sorted(cards.cards.values(), key=lambda card: card.y())
    return [card.text() for card in shown]


def test_first_dozen_is_shown_and_more_on_request(cards, grown, qtbot):
    cards.show(range(AT_FIRST + 2))
    assert len(words(cards)) == AT_FIRST
    qtbot.mouseClick(cards.more, Qt.MouseButton.LeftButton)
    assert len(words(cards)) == AT_FIRST + 2
    assert grown == [True]
    assert not cards.more.isVisible()


def test_card_stays_the_same_widget_when_others_come_and_go(cards):
    cards.show((1, 2, 3))
    kept = cards.cards[2]
    cards.show((4, 2, 1))
    QApplication.processEvents()  # so that they are laid out
    assert words(cards) == ["4", "2 again", "1 again"]
    assert cards.cards[2] is kept
    assert 3 not in cards.cards
