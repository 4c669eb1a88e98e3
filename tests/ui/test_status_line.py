from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt

from app.base.jobs import Activity
from app.ui.model_line import Loaded
from app.ui.status_line import StatusLine, detail_text
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel
from tests.ui.shell import child


@pytest.fixture
def line(qtbot, theme) -> StatusLine:
    line = StatusLine()
    line.resize(1000, 100)
    qtbot.addWidget(line)
    return line


def model(**facts: str) -> Any:  # stands in for a model in use
    return SimpleNamespace(**facts)


def titles(line: StatusLine) -> list[str]:
    return [each.whole_text for each in line.findChildren(ElidedLabel) if each.isVisible()]


def test_status_line_shows_only_while_something_runs(line: StatusLine):
    assert not line.isVisible()
    line.show_activity(Activity("a", "Indexing", 1, 4))
    assert line.isVisible()
    line.show_activity(Activity("a", "Indexing", finished=True))
    assert not line.isVisible()


def test_status_line_finish_of_an_unknown_job_is_ignored(line: StatusLine):
    line.show_activity(Activity("never", "", finished=True))
    assert not line.isVisible()


def test_status_line_cancel_pressed_asks_once_and_says_so(line: StatusLine, qtbot):
    line.show_activity(Activity("a", "Indexing", 1, 4, can_cancel=True))
    button = child(line, Button)
    with qtbot.waitSignal(line.cancel_requested) as asked:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked.args == ["a"]
    assert not button.isEnabled()
    line.show_activity(Activity("a", "Indexing", 2, 4, can_cancel=True))
    assert button.text() == "Cancelling…"


def test_status_line_job_that_cannot_be_cancelled_has_no_button(line: StatusLine):
    line.show_activity(Activity("a", "Checking"))
    assert not child(line, Button).isVisible()


def test_status_line_many_jobs_shows_three_and_counts_the_rest(line: StatusLine):
    for number in range(5):
        line.show_activity(Activity(str(number), f"job {number}"))
    assert titles(line) == ["job 0", "job 1", "job 2"]
    assert line._more.text() == "and 2 more"
    line.show_activity(Activity("0", "", finished=True))
    assert titles(line) == ["job 1", "job 2", "job 3"]


@pytest.mark.parametrize(
    ("activity", "text"),
    [
        (Activity("a", "t", 34, 120, "passages", 125), "34 of 120 passages · about 2 min left"),
        (
            Activity("a", "t", 2_100_000_000, 3_400_000_000, "bytes", 27),
            "2.1 GB of 3.4 GB · about 25 s left",
        ),
        (Activity("a", "t"), ""),
        (Activity("a", "t", 3, 0), ""),
    ],
)
def test_detail_text_known_or_not_is_honest(activity: Activity, text: str):
    assert detail_text(activity) == text


def test_progress_more_bytes_than_qt_counts_still_fills_the_bar(line: StatusLine):
    line.show_activity(Activity("a", "t", 30_000_000_000, 40_000_000_000, "bytes"))
    bar = line._rows["a"].bar
    assert bar.value() / bar.maximum() == 0.75


def test_models_lent_and_in_use_are_said_in_one_line(line: StatusLine):
    used = model(name="Qwen3 8B", quantization="Q4_K_M", host="")
    lent = model(name="Llama & Co", quantization="", host="")
    line.show_loaded(Loaded(used, (lent,)))
    assert line.models.whole_text == "Model: Qwen3 8B · Q4_K_M  —  At work: Llama & Co"
    assert line.models.text() == line.models.whole_text.replace("&", "&&")
    assert line.isVisible()


def test_models_without_room_are_shortened_and_the_tool_tip_has_all(line: StatusLine):
    used = model(name="A model with a very long name " * 4, quantization="Q8_0", host="")
    line.resize(300, 40)
    line.show_loaded(Loaded(used))
    assert line.models.width() < 300
    assert line.models.text().endswith("…")
    assert line.models.toolTip() == line.models.whole_text


def test_models_while_one_is_loading_name_no_other(line: StatusLine):
    line.show_loaded(Loaded(is_loading=True))
    assert line.models.whole_text == "Model: loading…"


def test_models_on_a_server_say_where(line: StatusLine):
    used = model(name="big", quantization="", host="here:1", where="on here:1")
    line.show_loaded(Loaded(used))
    assert line.models.whole_text == "Model: big · on here:1"
