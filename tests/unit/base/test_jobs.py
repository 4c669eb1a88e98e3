from __future__ import annotations

import pytest

from app.base.changes import Notices, Topic
from app.base.errors import Cancelled
from app.base.jobs import Activity, CancelToken, Pace


def test_cancel_token_raises_only_after_cancel() -> None:
    token = CancelToken()
    token.check()
    token.cancel()
    assert token.is_cancelled
    with pytest.raises(Cancelled):
        token.check()


def test_pace_estimates_from_recent_speed() -> None:
    moments = iter([0.0, 10.0, 20.0])
    pace = Pace(clock=lambda: next(moments))
    assert pace.seconds_left(0, 100) is None
    assert pace.seconds_left(10, 100) == pytest.approx(90)
    assert pace.seconds_left(20, 100) == pytest.approx(80)


def test_pace_without_movement_keeps_its_estimate() -> None:
    moments = iter([0.0, 10.0, 20.0])
    pace = Pace(clock=lambda: next(moments))
    pace.seconds_left(0, 100)
    first = pace.seconds_left(10, 100)
    assert pace.seconds_left(10, 100) == first


def test_notices_reach_listeners_until_unsubscribed() -> None:
    notices = Notices()
    seen: list[object] = []
    unsubscribe = notices.subscribe(seen.append)
    notices.changed(Topic.MODELS, Topic.SETTINGS)
    notices.activity(Activity("a", "Working"))
    unsubscribe()
    notices.changed(Topic.DOCUMENTS)
    assert seen == [frozenset({Topic.MODELS, Topic.SETTINGS}), Activity("a", "Working")]


def test_cancel_token_tells_its_listeners_once() -> None:
    token = CancelToken()
    heard: list[str] = []
    token.on_cancel(lambda: heard.append("kept"))
    forget = token.on_cancel(lambda: heard.append("forgotten"))
    forget()
    token.cancel()
    token.cancel()
    assert heard == ["kept"]


def test_cancel_token_tells_a_late_listener_at_once() -> None:
    token = CancelToken()
    token.cancel()
    heard: list[str] = []
    token.on_cancel(lambda: heard.append("late"))()
    assert heard == ["late"]
