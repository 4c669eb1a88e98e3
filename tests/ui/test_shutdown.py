from __future__ import annotations

import logging
from functools import partial

from app.ui.shutdown import Shutdown


def test_shutdown_steps_run_in_reverse_and_once():
    order: list[int] = []
    shutdown = Shutdown()
    for number in range(3):
        shutdown.add(str(number), partial(order.append, number))
    shutdown.run()
    shutdown.run()
    assert order == [2, 1, 0]


def test_shutdown_step_that_fails_keeps_none_from_running(caplog):
    order: list[str] = []

    def fail() -> None:
        raise OSError("gone")

    shutdown = Shutdown()
    shutdown.add("last", lambda: order.append("last"))
    shutdown.add("bad", fail)
    with caplog.at_level(logging.ERROR):
        shutdown.run()
    assert order == ["last"]
    assert "bad" in caplog.text
