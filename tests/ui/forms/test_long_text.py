"""The text of several lines: as high as what is in it."""

from __future__ import annotations

import pytest

from app.ui.forms.long_text import LongText


@pytest.mark.parametrize("lines", [1, 5, 12])
def test_text_that_has_room_needs_no_scroll_bar(qtbot, theme, lines):
    text = LongText()
    qtbot.addWidget(text)
    text.resize(400, 100)
    text.show()
    text.setPlainText("\n".join("A line" for _ in range(lines)))
    bar = text.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() == 0 and not bar.isVisible())
