from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from app.ui.icons import Icons
from app.ui.text.code_colors import colored_lines, language_title
from app.ui.text.code_view import COLLAPSED_LINES, CodeView
from app.ui.text.markdown import Code
from app.ui.theme import ThemeKeeper
from tests.ui.text.finding import button, child

PYTHON = 'def f(x):\n    """Says\n    why."""\n    return x + 1  # sum'


def make(qtbot, theme: ThemeKeeper, icons: Icons, code: Code, width: int = 500) -> CodeView:
    view = CodeView(code, theme, icons)
    qtbot.addWidget(view)
    view.fit(width)
    view.show()
    return view


def text_of(view: CodeView) -> QPlainTextEdit:
    return child(view, QPlainTextEdit)


def colors(view: CodeView, line: int) -> list[QColor]:
    block = text_of(view).document().findBlockByNumber(line)
    return [each.format.foreground().color() for each in block.layout().formats()]


def test_colored_lines_follow_the_language() -> None:
    lines = list(colored_lines(PYTHON, "python"))
    assert len(lines) == 4
    assert lines[0][0] == (0, 3, "code_keyword")
    assert [role for _start, _length, role in lines[1]] == ["code_string"]
    assert [role for _start, _length, role in lines[2]] == ["code_string"]
    assert lines[3][-1][2] == "code_comment"


@pytest.mark.parametrize("language", ["", "no-such-language", "x" * 500, "💥"])
def test_colored_lines_of_an_unknown_language_are_none(language: str) -> None:
    assert list(colored_lines("x = 1", language)) == []


def test_colored_lines_leave_a_very_long_line_alone() -> None:
    assert list(colored_lines("x = " + "1 + " * 5000 + "1", "python")) == []


@pytest.mark.parametrize(
    ("language", "title"), [("python", "Python"), ("", "Code"), ("nonsense", "nonsense")]
)
def test_language_title(language: str, title: str) -> None:
    assert language_title(language) == title


def test_code_is_colored_with_the_theme(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    view = make(qtbot, theme, icons, Code("python", PYTHON))
    qtbot.waitUntil(lambda: not view.is_coloring)
    assert theme.color("code_keyword") in colors(view, 0)
    assert theme.color("code_comment") in colors(view, 3)


def test_code_copy_takes_all_of_it_and_says_so(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    view = make(qtbot, theme, icons, Code("python", PYTHON))
    copy = button(view, "Copy")
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == PYTHON
    assert "Copied" in copy.text()
    qtbot.waitUntil(lambda: "Copied" not in copy.text())


def test_code_grows_at_its_end(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    view = make(qtbot, theme, icons, Code("python", "def f():", is_open=True))
    low = view.fit(500)
    view.set_code(Code("python", "def f():\n    return 1", is_open=True))
    assert text_of(view).toPlainText() == "def f():\n    return 1"
    assert view.fit(500) > low


def test_code_shows_every_line_without_scrolling(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    view = make(qtbot, theme, icons, Code("", "\n".join(map(str, range(30)))))
    assert text_of(view).verticalScrollBar().maximum() == 0


def test_code_wide_scrolls_sideways_only(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    view = make(qtbot, theme, icons, Code("", "x" * 300))
    assert text_of(view).horizontalScrollBar().isVisible()
    assert text_of(view).verticalScrollBar().maximum() == 0


def test_code_narrow_has_no_scroll_bar(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    view = make(qtbot, theme, icons, Code("", "x"))
    assert not text_of(view).horizontalScrollBar().isVisible()


def test_code_long_is_folded_until_asked(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    lines = [f"line_{number} = {number}" for number in range(COLLAPSED_LINES + 500)]
    view = make(qtbot, theme, icons, Code("python", "\n".join(lines)))
    assert text_of(view).blockCount() == COLLAPSED_LINES
    more = button(view, "Show all")
    assert more.text() == "Show all 900 lines"
    with qtbot.waitSignal(view.reshaped):
        qtbot.mouseClick(more, Qt.MouseButton.LeftButton)
    view.fit(500)
    assert text_of(view).blockCount() == COLLAPSED_LINES + 500
    assert more.isHidden()
    qtbot.waitUntil(lambda: not view.is_coloring)
    assert colors(view, COLLAPSED_LINES + 499)


def test_code_growing_past_the_fold_stays_open(qtbot, theme: ThemeKeeper, icons: Icons) -> None:
    view = make(qtbot, theme, icons, Code("", "a", is_open=True))
    text = "\n".join("a" for _line in range(COLLAPSED_LINES + 10))
    view.set_code(Code("", text, is_open=True))
    view.set_code(Code("", text))
    assert text_of(view).blockCount() == COLLAPSED_LINES + 10
