"""One run of the window: makes its parts in the order that shows it soonest, and ends them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QFileOpenEvent, QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

import app
from app.base.changes import Topic
from app.base.errors import AppError
from app.base.jobs import Activity
from app.base.paths import DataPaths, resource
from app.settings.schema import Settings
from app.settings.store import SettingsStore
from app.ui.crash import CrashReporter
from app.ui.focus import KeyboardFocus
from app.ui.jobs import JobRunner
from app.ui.main_window import MainWindow
from app.ui.notices import NoticeRelay
from app.ui.panes import ENTRIES, PaneBook, PaneEntry, connect_panes
from app.ui.shutdown import Shutdown
from app.ui.starting import ServiceStarter
from app.ui.theme import ThemeKeeper
from app.ui.widgets.choice import Severity
from app.ui.window_state import WindowState

if TYPE_CHECKING:
    from app.bootstrap import Services

log = logging.getLogger(__name__)

DESKTOP_FILE = "cairn"
INGESTION = "ingestion"  # the id of the library's activity
EVALUATION = "evaluation"  # that of the run which is worked on
SWITCH_INTERVAL_S = 0.001


class Application(QApplication):
    """The Qt application.

    Signals:
        file_opened: the system wants us to open this file (only a Mac does it this way).
    """

    file_opened = Signal(object)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent):
            self.file_opened.emit(Path(event.file()))
            return True
        return super().event(event)


def make_application() -> Application:
    """The application with its name, before anything is shown."""
    # A thread that computes in Python otherwise holds the GUI thread up for 5 ms at a time.
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    application = Application(sys.argv[:1])
    application.setApplicationName("Cairn")
    application.setApplicationVersion(app.__version__)
    application.setDesktopFileName(DESKTOP_FILE)
    application.setQuitOnLastWindowClosed(False)  # the shutdown steps come first
    return application


def build_services(paths: DataPaths) -> Services:
    """Build the services; called off the GUI thread, where the import may take its time."""
    from app.bootstrap import build

    services = build(paths)
    services.start()
    return services


def _pause_run(services: Services) -> None:
    """Pause the run that is worked on; those that wait for their turn go on."""
    for run in services.evals.runs():
        if run.state in ("running", "scoring"):
            services.evals.pause(run.id)


def settle_clipboard() -> None:
    """Leave plain text in the clipboard.

    What Python made for it would be freed after the interpreter is gone, and end in a crash.
    """
    clipboard = QGuiApplication.clipboard()
    # Without a screen Qt cannot tell whose it is; there is nobody else.
    if clipboard.ownsClipboard() or QGuiApplication.platformName() == "offscreen":
        clipboard.setText(clipboard.text())


class Session(QObject):
    """Owns everything that lives as long as the window.

    Signals:
        became_ready: services and all panes are there.
        ended: the window is closed and all steps of the shutdown were taken.
    """

    became_ready = Signal()
    ended = Signal()

    def __init__(
        self,
        application: QApplication,
        paths: DataPaths,
        *,
        entries: tuple[PaneEntry, ...] = ENTRIES,
        connect: Callable[[PaneBook, Callable[[str], None]], None] = connect_panes,
        build: Callable[[DataPaths], Services] = build_services,
        theme: ThemeKeeper | None = None,
        owns_process: bool = True,
    ) -> None:
        super().__init__(application)
        self._paths = paths
        self._connect = connect
        self._services: Services | None = None
        self._all_made = False
        self._shutdown = Shutdown()
        # Only for the first looks; from `_on_started` on the services' settings count.
        early = SettingsStore(paths.settings)
        self._early_settings, self._problems = early.current, early.problems
        self._crash = CrashReporter(paths.logs, self)
        self._owns_process = owns_process
        self._fault = self._crash.install() if owns_process else ""
        self._theme = theme or ThemeKeeper(application)
        self._apply_looks()
        self._jobs = JobRunner(self)
        self._relay = NoticeRelay(self)
        self._starter = ServiceStarter(paths, build, self)
        self.window = MainWindow(
            entries,
            theme=self._theme,
            jobs=self._jobs,
            state=WindowState(paths.window_state),
            keyboard=KeyboardFocus(application),
        )
        self._connect_parts(application)
        self._add_shutdown_steps()

    @property
    def services(self) -> Services:
        """The services; only after `became_ready`."""
        if self._services is None:
            raise RuntimeError("the services were used before became_ready")
        return self._services

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._services.settings.current if self._services else self._early_settings

    def open(self, files: Sequence[Path] = ()) -> None:
        """Show the window; all that is slow, the panes too, follows the first paint."""
        self.window.mark_last_pane()
        self.window.open_paths(files)
        self.window.show()

    def close(self) -> None:
        """Close the window without asking, such as at the end of a test."""
        self.window.close_now()

    def _connect_parts(self, application: QApplication) -> None:
        window = self.window
        window.first_painted.connect(self._on_first_painted)
        window.closing.connect(self._on_closing)
        window.retry_wanted.connect(self._starter.start)
        window.cancel_requested.connect(self._on_cancel_requested)
        self._relay.changed.connect(self._on_changed)
        self._relay.activity.connect(window.status.show_activity)
        self._relay.activity.connect(self._on_activity)
        self._jobs.bug_found.connect(self._crash.report_bug)
        self._starter.started.connect(self._on_started)
        self._starter.failed.connect(self._on_start_failed)
        self._starter.bug_found.connect(self._on_start_bug)
        if isinstance(application, Application):
            application.file_opened.connect(lambda path: window.open_paths([path]))

    def _on_first_painted(self) -> None:
        self.window.show_last_pane()
        QTimer.singleShot(0, self._start_rest)  # the pane paints before that

    def _start_rest(self) -> None:
        if self._shutdown.has_run:
            return
        from app.base.log import configure  # these can wait until now
        from app.ui.interrupts import Interrupts
        from app.ui.single_instance import InstanceServer

        if self._owns_process:
            configure(self._paths.logs)
            interrupts = Interrupts(self.close, self)
            self._shutdown.add("interrupts", interrupts.close)
        QGuiApplication.setWindowIcon(QIcon(str(resource("icons/cairn.svg"))))
        self._instance = InstanceServer(self._paths, self)
        self._instance.called.connect(self._on_called)
        if not self._instance.listen():
            log.warning("a second start will not find this window")
        self._shutdown.add("single instance", self._instance.close)
        self._starter.start()
        self.add_commands()
        QTimer.singleShot(0, self._make_more)

    def add_commands(self) -> None:
        """Fill the palette with what is not a pane's, and show what this start found."""
        from app.ui.commands import make_sheets, window_actions  # nobody misses them before
        from app.ui.crash_sheet import CrashSheet

        window = self.window
        sheets = make_sheets(window)
        window.actions_table.add(
            window_actions(
                window,
                sheets,
                data_folder=self._paths.root,
                change=self.change_setting,
                text_scale=lambda: self.settings.appearance.text_scale,
            )
        )
        self.crash_sheet = CrashSheet(window.root, window.icons)
        self._crash.reported.connect(self.crash_sheet.show_bug)
        for problem in self._problems:
            window.notifier.toast(problem, Severity.WARN)
        if self._fault:
            self.crash_sheet.show_last_run(self._fault)

    def _make_more(self) -> None:
        if self._shutdown.has_run:
            return
        if self.window.make_next_pane():
            QTimer.singleShot(0, self._make_more)
        else:
            self._connect(self.window.book, self.window.show_pane)
            self._all_made = True
            self._tell_ready()

    def _on_started(self, services: Services) -> None:
        self._services = services
        self._relay.listen(services.notices)
        self._apply_looks()
        self.window.attach(services)
        self._tell_ready()

    def _tell_ready(self) -> None:
        if self._services is not None and self._all_made:
            self.became_ready.emit()

    def _on_start_failed(self, error: AppError) -> None:
        log.warning("the services did not start: %s", error)
        self.window.show_start_failure(error)

    def _on_start_bug(self, bug: Exception) -> None:
        self._crash.report_bug(bug)
        words = "Something went wrong inside Cairn while it started."
        self.window.show_start_failure(AppError(words, "The report says what it was."))

    def _on_called(self, files: Sequence[Path]) -> None:
        self.window.bring_to_front()
        self.window.open_paths(files)

    def _on_activity(self, activity: Activity) -> None:
        if activity.problem:
            self.window.notifier.toast(activity.problem, Severity.DANGER)

    def _on_changed(self, topics: frozenset[Topic]) -> None:
        if Topic.SETTINGS in topics:
            self._apply_looks()
        self.window.notice(topics)

    def _on_cancel_requested(self, activity_id: str) -> None:
        services = self._services
        if services is not None and activity_id == INGESTION:
            self._jobs.submit(
                services.library.cancel_all,
                owner=self.window,
                failed=self.window.notifier.problem,
            )
        if services is not None and activity_id == EVALUATION:
            self._jobs.submit(
                _pause_run, services, owner=self.window, failed=self.window.notifier.problem
            )

    def change_setting(self, group: str, name: str, value: object) -> None:
        """Store a setting and apply it; does nothing before the services are there."""
        services = self._services
        if services is None:
            return

        def store() -> None:
            services.settings.change(group, name, value)
            services.notices.changed(Topic.SETTINGS)

        self._jobs.submit(store, owner=self.window, failed=self.window.notifier.problem)

    def _apply_looks(self) -> None:
        looks = self.settings.appearance
        self._theme.apply(looks.theme, looks.text_scale, reduce_motion=looks.reduce_motion)

    def _add_shutdown_steps(self) -> None:
        add = self._shutdown.add
        add("crash reports", self._crash.uninstall)
        add("clipboard", settle_clipboard)
        add("services", self._starter.close)
        add("jobs", self._close_jobs)
        add("notices", self._relay.close)
        add("panes", self._close_panes)

    def _close_panes(self) -> None:
        for pane in self.window.book.made:
            pane.close_down()

    def _close_jobs(self) -> None:
        left = self._jobs.close()
        if left:
            log.warning("%d jobs did not end in time and were left", left)

    def _on_closing(self) -> None:
        self._shutdown.run()
        self.ended.emit()
        QTimer.singleShot(0, QApplication.quit)
