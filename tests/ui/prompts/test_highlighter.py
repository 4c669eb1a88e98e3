"""The colours of a template, line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QTextDocument

from app.settings.schema import Theme
from app.ui.prompts.highlighter import State, TemplateHighlighter, template_spans


def colored(line: str, state: State = State.TEXT) -> list[tuple[str, str]]:
    """The coloured pieces with the ends of their colours' names."""
    spans, _state = template_spans(line, state)
    return [(line[at : at + length], role.removeprefix("code_")) for at, length, role in spans]


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("Just words } {", []),
        ("a {# note #} b", [("{# note #}", "comment")]),
        ("{{ who }}", [("{{ who }}", "decorator"), ("who", "function")]),
        (
            "{{ who | upper }}",
            [("{{ who | upper }}", "decorator"), ("who", "function"), ("| upper", "keyword")],
        ),
        (
            "{% if n > 2 %}x",
            [
                ("{% if n > 2 %}", "decorator"),
                ("if", "keyword"),
                ("n", "function"),
                ("2", "number"),
            ],
        ),
        ("{{ 'a}b' }}", [("{{ 'a}b' }}", "decorator"), ("'a}b'", "string")]),
        ("{{ open", [("{{ open", "decorator"), ("open", "function")]),
    ],
)
def test_pieces_of_a_line_have_the_colours_of_what_they_are(line, pieces):
    assert colored(line) == pieces


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("{# on", State.COMMENT),
        ("{% if", State.TAG),
        ("{{ a", State.VARIABLE),
        ("{{ a }} {# b #}", State.TEXT),
    ],
)
def test_line_tells_the_next_what_it_begins_inside_of(line, state):
    assert template_spans(line, State.TEXT)[1] is state


def test_comment_over_lines_ends_where_it_ends():
    assert colored("all of it", State.COMMENT) == [("all of it", "comment")]
    assert colored("end #} x {{ y }}", State.COMMENT)[0] == ("end #}", "comment")
    assert template_spans("end #}", State.COMMENT)[1] is State.TEXT


def test_positions_are_those_of_qt_after_characters_of_two_units():
    assert template_spans("😀{{ a }}", State.TEXT)[0][0] == (2, 7, "code_decorator")


@given(st.text("{}%# ab'\"|1😀\n", max_size=40), st.sampled_from(State))
def test_spans_lie_within_the_line_whatever_is_typed(line: str, state: State) -> None:
    spans, _after = template_spans(line, state)
    units = len(line.encode("utf-16-le")) // 2
    assert all(at >= 0 and length > 0 and at + length <= units for at, length, _role in spans)


def test_colours_follow_the_theme(qtbot, theme):
    document = QTextDocument("{# note #}")
    highlighter = TemplateHighlighter(document, theme)
    highlighter.rehighlight()
    for wanted in (Theme.LIGHT, Theme.DARK):
        theme.apply(wanted, 100, reduce_motion=True)
        (span,) = document.firstBlock().layout().formats()
        assert span.format.foreground().color() == QColor(theme.color("code_comment"))
