from __future__ import annotations

import pytest

from app.engine.replies.stream import Markers

MARKERS = Markers(["<a>", "<a>b", "<b", "[x]"])


@pytest.mark.parametrize(
    ("text", "whole", "found"),
    [
        ("plain", False, (5, "")),
        ("one <a> two", False, (4, "<a>")),
        ("one <a>b", False, (4, "<a>b")),
        ("one <a>", False, (4, "")),  # may go on to <a>b
        ("one <a>", True, (4, "<a>")),
        ("one <", False, (4, "")),
        ("one <", True, (5, "")),
        ("<<<b", False, (2, "<b")),
        ("x < y", False, (5, "")),
        ("[x<a>", False, (2, "")),
    ],
)
def test_markers_find_holds_back_only_what_may_be_one(
    text: str, whole: bool, found: tuple[int, str]
) -> None:
    assert MARKERS.find(text, 0, whole) == found


def test_markers_of_nothing_find_nothing() -> None:
    assert Markers([]).find("<a>", 0, False) == (3, "")
