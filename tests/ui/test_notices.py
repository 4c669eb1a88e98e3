from __future__ import annotations

import threading
from typing import Any

import pytest

from app.base.changes import Notices, Topic
from app.base.jobs import Activity
from app.ui.notices import NoticeRelay


@pytest.fixture
def relay(qtbot):
    relay = NoticeRelay()
    yield relay
    relay.close()
    relay.deleteLater()


def test_relay_first_change_is_told_at_once_on_the_gui_thread(relay: NoticeRelay, qtbot):
    notices, threads = Notices(), []
    relay.listen(notices)
    relay.changed.connect(lambda _topics: threads.append(threading.current_thread()))
    with qtbot.waitSignal(relay.changed, timeout=200) as told:
        threading.Thread(target=notices.changed, args=(Topic.MODELS,)).start()
    assert told.args == [frozenset({Topic.MODELS})]
    assert threads == [threading.main_thread()]


def test_relay_flood_of_changes_becomes_a_few_notices(relay: NoticeRelay, qtbot):
    notices = Notices()
    told: list[Any] = []
    relay.listen(notices)
    relay.changed.connect(told.append)
    for _each in range(500):
        notices.changed(Topic.DOCUMENTS)
        qtbot.waitUntil(lambda: bool(told))
    notices.changed(Topic.CONVERSATIONS)
    qtbot.waitUntil(lambda: Topic.CONVERSATIONS in told[-1])
    assert len(told) <= 3


def test_relay_activities_only_the_latest_of_each_job_is_told(relay: NoticeRelay, qtbot):
    notices = Notices()
    told: list[Any] = []
    relay.listen(notices)
    relay.activity.connect(told.append)
    for done in range(100):
        notices.activity(Activity("a", "Indexing", done, 100))
    notices.activity(Activity("b", "Checking"))
    notices.activity(Activity("a", "Indexing", finished=True))
    qtbot.waitUntil(lambda: len(told) == 2)
    assert {each.id: each.finished for each in told} == {"a": True, "b": False}


def test_relay_closed_hears_nothing_more(relay: NoticeRelay, qtbot):
    notices = Notices()
    relay.listen(notices)
    relay.close()
    with qtbot.assertNotEmitted(relay.changed, wait=30):
        notices.changed(Topic.MODELS)
