"""Fixtures for all that has a window: offscreen, its own folder, and nothing left behind."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import DataPaths
from app.settings.schema import Theme
from app.ui.actions import ActionTable
from app.ui.icons import Icons
from app.ui.jobs import JobRunner
from app.ui.notify import Notifier
from app.ui.pane import PaneContext
from app.ui.session import Session
from app.ui.theme import ThemeKeeper
from app.ui.window_state import WindowState
from tests.ui.shell import entries, fake_services, no_wires

SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"


@pytest.fixture(scope="session", autouse=True)
def tidy_process() -> Iterator[None]:
    """Keep imported things out of the many collections, and the clipboard empty at the end."""
    gc.collect()
    gc.freeze()
    yield
    if QApplication.instance() is not None:
        QApplication.clipboard().clear()  # what Python made for it is freed too late otherwise


@pytest.fixture(autouse=True)
def qt_leaks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a window or a thread behind."""
    if "qtbot" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("qtbot")
    started: list[QThread] = []
    real = QThread.start

    def start(thread: QThread, *args: QThread.Priority) -> None:
        started.append(thread)
        real(thread, *args)

    monkeypatch.setattr(QThread, "start", start)
    before = {id(widget) for widget in QApplication.topLevelWidgets()}
    yield
    from pytestqt.qtbot import _close_widgets  # qtbot would close them only after this check

    _close_widgets(request.node)
    _delete_deferred()
    running = [thread for thread in started if thread.isRunning()]
    assert not running, f"threads still running: {running}"
    assert QThreadPool.globalInstance().waitForDone(2000), "the thread pool is still busy"
    left = [each for each in QApplication.topLevelWidgets() if id(each) not in before]
    assert not left, f"windows left behind: {left}"


def _delete_deferred() -> None:
    """Deferred deletes do not run outside an event loop unless they are sent."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    """A data folder of the test's own."""
    paths = DataPaths(tmp_path / "data")
    paths.make()
    return paths


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> ThemeKeeper:
    """The theme of the one application; `light` and `dark` tests switch it."""
    keeper = ThemeKeeper(qapp)
    keeper.apply(Theme.LIGHT, 100, reduce_motion=True)
    QApplication.setCursorFlashTime(0)
    return keeper


@pytest.fixture(autouse=True)
def light_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test starts in the light theme at 100 %."""
    yield
    if "theme" in request.fixturenames:
        request.getfixturevalue("theme").apply(Theme.LIGHT, 100, reduce_motion=True)


@pytest.fixture
def icons(theme: ThemeKeeper) -> Icons:
    return Icons(theme)


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[JobRunner]:
    """A real runner; at the end every job must have ended."""
    runner = JobRunner(qapp)  # a runner without a parent could go on a worker's thread
    yield runner
    assert runner.close(5.0) == 0, "a job did not end"
    runner.deleteLater()


@pytest.fixture
def context(
    qtbot, jobs: JobRunner, theme: ThemeKeeper, icons: Icons, paths: DataPaths
) -> PaneContext:
    """What a pane gets. `context.actions` belongs to a window that is never shown."""
    window = QWidget()
    qtbot.addWidget(window)
    return PaneContext(
        jobs=jobs,
        theme=theme,
        icons=icons,
        notify=Notifier(window),
        actions=ActionTable(window, icons),
        state=WindowState(paths.window_state),
    )


@pytest.fixture
def screenshot():
    """Save a picture of a widget into the ignored `screenshots` folder."""

    def save(widget: QWidget, name: str) -> Path:
        SCREENSHOTS.mkdir(exist_ok=True)
        file = SCREENSHOTS / f"{name}.png"
        assert widget.grab().save(str(file))
        return file

    return save


@pytest.fixture
def session(qapp: QApplication, qtbot, paths: DataPaths, theme: ThemeKeeper) -> Iterator[Session]:
    """The whole window around stand-in panes and services, shown and ready."""
    session = Session(
        qapp,
        paths,
        entries=entries(),
        connect=no_wires,
        build=fake_services,
        theme=theme,
        owns_process=False,  # pytest-qt wants to see them
    )
    with qtbot.waitSignal(session.became_ready, timeout=5000):
        session.open()
    yield session
    session.close()
    session.deleteLater()
    session.window.deleteLater()
