from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.base.paths import DataPaths
from app.ui.crash import CrashReporter
from app.ui.session import Session
from app.ui.widgets.buttons import Button

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def reporter(paths: DataPaths, qtbot):
    reporter = CrashReporter(paths.logs)
    reporter.install()
    yield reporter
    reporter.uninstall()
    reporter.deleteLater()


def test_reporter_bug_on_the_gui_thread_becomes_a_report(reporter: CrashReporter, qtbot):
    with qtbot.waitSignal(reporter.reported) as reported:
        try:
            raise LookupError("lost")
        except LookupError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    text = reported.args[0]
    assert "LookupError: lost" in text
    assert "test_crash.py" in text
    assert "Python 3" in text


def test_reporter_bug_on_another_thread_arrives_on_the_gui_thread(reporter: CrashReporter, qtbot):
    threads: list[threading.Thread] = []
    reporter.reported.connect(lambda _text: threads.append(threading.current_thread()))

    def work() -> None:
        raise RuntimeError("in the dark")

    with qtbot.waitSignal(reporter.reported) as reported:
        threading.Thread(target=work).start()
    assert "in the dark" in reported.args[0]
    assert threads == [threading.main_thread()]


def test_reporter_uninstalled_gives_the_old_handlers_back(paths: DataPaths, qapp):
    before = sys.excepthook, threading.excepthook
    reporter = CrashReporter(paths.logs)
    reporter.install()
    assert sys.excepthook != before[0]
    reporter.uninstall()
    assert (sys.excepthook, threading.excepthook) == before
    reporter.deleteLater()


def test_reporter_native_crash_of_the_last_run_is_found(paths: DataPaths, qapp):
    program = (
        "import ctypes, sys; from pathlib import Path\n"
        "from app.ui.crash import CrashReporter\n"
        "CrashReporter(Path(sys.argv[1])).install()\n"
        "ctypes.string_at(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(paths.logs)],
        capture_output=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )
    assert done.returncode != 0
    reporter = CrashReporter(paths.logs)
    left = reporter.install()
    reporter.uninstall()
    reporter.deleteLater()
    assert "Segmentation fault" in left or "access violation" in left


def test_reporter_clean_run_leaves_nothing(paths: DataPaths, qapp):
    for _run in range(2):
        reporter = CrashReporter(paths.logs)
        assert reporter.install() == ""
        reporter.uninstall()
        reporter.deleteLater()


def test_crash_sheet_copy_puts_the_report_on_the_clipboard(session: Session, qtbot):
    sheet = session.crash_sheet
    sheet.show_bug("it was the butler")
    copy = next(each for each in sheet.findChildren(Button) if "Copy" in each.text())
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "it was the butler"
    assert copy.text().strip() == "Copied"


def test_crash_sheet_second_bug_is_added_to_the_first(session: Session):
    sheet = session.crash_sheet
    sheet.show_bug("first")
    sheet.show_bug("second")
    assert sheet.report.toPlainText().split() == ["first", "second"]


def test_job_with_a_bug_shows_the_report(session: Session, qtbot):
    def work() -> None:
        raise ZeroDivisionError("in a job")

    session.window.context.jobs.submit(work, owner=session.window)
    qtbot.waitUntil(session.crash_sheet.isVisible)
    assert "in a job" in session.crash_sheet.report.toPlainText()
