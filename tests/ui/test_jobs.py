from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QApplication

from app.base.errors import AppError, Cancelled
from app.base.jobs import CancelToken
from app.ui.jobs import JobRunner, UnexpectedFailure

GUI = threading.main_thread()


@pytest.fixture
def owner(qapp: QApplication):
    owner = QObject()
    yield owner
    owner.deleteLater()


class Heard:
    """Collects what came back, and on which thread."""

    def __init__(self) -> None:
        self.results: list[object] = []
        self.failures: list[AppError] = []
        self.stops = 0
        self.threads: list[threading.Thread] = []

    def done(self, result: object) -> None:
        self.threads.append(threading.current_thread())
        self.results.append(result)

    def failed(self, error: AppError) -> None:
        self.threads.append(threading.current_thread())
        self.failures.append(error)

    def stopped(self) -> None:
        self.stops += 1


def test_submit_result_comes_back_on_the_gui_thread(jobs: JobRunner, owner: QObject, qtbot):
    heard, ran_on = Heard(), []

    def work(a: int, b: int) -> int:
        ran_on.append(threading.current_thread())
        return a + b

    jobs.submit(work, 2, 3, owner=owner, done=heard.done)
    qtbot.waitUntil(lambda: heard.results == [5])
    assert heard.threads == [GUI]
    assert ran_on[0] is not GUI


def test_submit_expected_failure_goes_to_failed(jobs: JobRunner, owner: QObject, qtbot):
    heard = Heard()

    def work() -> None:
        raise AppError("It is empty.", "Choose another.")

    jobs.submit(work, owner=owner, done=heard.done, failed=heard.failed)
    qtbot.waitUntil(lambda: bool(heard.failures))
    assert heard.failures[0].hint == "Choose another."
    assert heard.threads == [GUI]
    assert heard.results == []


def test_submit_bug_is_reported_and_ends_the_wait(jobs: JobRunner, owner: QObject, qtbot):
    heard = Heard()

    def work() -> None:
        raise ZeroDivisionError("oh")

    with qtbot.waitSignal(jobs.bug_found) as found:
        jobs.submit(work, owner=owner, failed=heard.failed)
    assert isinstance(found.args[0], ZeroDivisionError)
    assert isinstance(heard.failures[0], UnexpectedFailure)


def test_cancel_work_that_gives_up_calls_stopped_only(jobs: JobRunner, owner: QObject, qtbot):
    heard, token, started = Heard(), CancelToken(), threading.Event()

    def work() -> None:
        started.set()
        while not token.is_cancelled:
            threading.Event().wait(0.001)
        token.check()

    job = jobs.submit(
        work,
        owner=owner,
        done=heard.done,
        failed=heard.failed,
        stopped=heard.stopped,
        cancel=token,
    )
    qtbot.waitUntil(started.is_set)
    job.cancel()
    qtbot.waitUntil(lambda: heard.stops == 1)
    assert (heard.results, heard.failures) == ([], [])


def test_cancel_work_that_still_returns_is_delivered(jobs: JobRunner, owner: QObject, qtbot):
    heard, token, go = Heard(), CancelToken(), threading.Event()

    def work() -> str:
        go.wait(5)
        return "half an answer"

    job = jobs.submit(work, owner=owner, done=heard.done, cancel=token)
    job.cancel()
    go.set()
    qtbot.waitUntil(lambda: heard.results == ["half an answer"])


def test_drop_result_is_ignored(jobs: JobRunner, owner: QObject, qtbot):
    heard, go = Heard(), threading.Event()
    job = jobs.submit(lambda: go.wait(5), owner=owner, done=heard.done)
    job.drop()
    go.set()
    qtbot.waitUntil(lambda: job.is_finished)
    assert heard.results == []


def test_owner_deleted_meanwhile_nothing_is_delivered(jobs: JobRunner, qtbot):
    from PySide6.QtCore import QCoreApplication, QEvent

    heard, go, gone = Heard(), threading.Event(), QObject()
    job = jobs.submit(lambda: go.wait(5), owner=gone, done=heard.done)
    gone.deleteLater()
    QCoreApplication.sendPostedEvents(gone, QEvent.Type.DeferredDelete)
    go.set()
    qtbot.waitUntil(lambda: job.is_finished)
    assert heard.results == []


def test_post_from_a_job_arrives_in_order_on_the_gui_thread(jobs: JobRunner, owner: QObject, qtbot):
    heard, words = Heard(), [str(number) for number in range(200)]

    def work() -> None:
        for word in words:
            jobs.post(owner, heard.done, word)

    jobs.submit(work, owner=owner)
    qtbot.waitUntil(lambda: len(heard.results) == 200)
    assert heard.results == words
    assert set(heard.threads) == {GUI}


def test_submit_many_runs_at_most_the_limit_at_once(qapp: QApplication, owner: QObject, qtbot):
    runner = JobRunner(owner, threads=3)
    lock, heard, most, now = threading.Lock(), Heard(), [0], [0]

    def work() -> None:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.002)
        with lock:
            now[0] -= 1

    for _each in range(30):
        runner.submit(work, owner=owner, done=heard.done)
    qtbot.waitUntil(lambda: len(heard.results) == 30)
    assert 1 < most[0] <= 3
    runner.close()


def test_submit_one_after_another_needs_one_thread(qapp: QApplication, owner: QObject, qtbot):
    runner, heard, names = JobRunner(owner), Heard(), set()

    def work() -> None:
        names.add(threading.current_thread().name)

    for count in range(1, 6):
        runner.submit(work, owner=owner, done=heard.done)
        qtbot.waitUntil(lambda count=count: len(heard.results) == count)
    assert len(names) <= 2
    runner.close()


def test_submit_two_at_once_neither_waits_for_the_other(qapp: QApplication, owner: QObject):
    for _ in range(50):  # the one thread that waits must not be counted for both jobs
        runner = JobRunner(owner, threads=2)
        assert runner.submit(list, owner=owner).ended.wait(10)
        second_ran = threading.Event()
        seen: list[bool] = []
        first = runner.submit(lambda seen=seen, e=second_ran: seen.append(e.wait(5)), owner=owner)
        second = runner.submit(second_ran.set, owner=owner)
        assert first.ended.wait(10)
        assert second.ended.wait(10)
        assert seen == [True]
        runner.close()


def test_close_running_job_is_cancelled_and_not_delivered(
    qapp: QApplication, owner: QObject, qtbot
):
    runner, heard, token, started = JobRunner(owner), Heard(), CancelToken(), threading.Event()

    def work() -> str:
        started.set()
        while not token.is_cancelled:
            threading.Event().wait(0.001)
        return "late"

    runner.submit(work, owner=owner, done=heard.done, cancel=token)
    qtbot.waitUntil(started.is_set)
    assert runner.close(5.0) == 0
    QApplication.processEvents()
    assert heard.results == []


def test_close_job_that_hangs_is_left_after_the_deadline(qapp: QApplication, owner: QObject):
    runner, hang, started = JobRunner(owner), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        hang.wait(10)

    runner.submit(work, owner=owner)
    assert started.wait(5)
    assert runner.close(0.05) == 1
    hang.set()


def test_submit_after_close_does_not_run(qapp: QApplication, owner: QObject):
    runner = JobRunner(owner)
    ran: list[int] = []
    runner.close()
    job = runner.submit(ran.append, 1, owner=owner)
    assert job.is_dropped
    assert job.ended.is_set()
    assert ran == []


def test_cancelled_raised_without_a_request_is_no_failure(jobs: JobRunner, owner: QObject, qtbot):
    heard = Heard()

    def work() -> None:
        raise Cancelled

    job = jobs.submit(work, owner=owner, failed=heard.failed)
    qtbot.waitUntil(lambda: job.is_finished)
    assert heard.failures == []
    assert QThread.currentThread() is not None
