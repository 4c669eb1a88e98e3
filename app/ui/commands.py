"""The window's own actions. What belongs to a pane comes from `Pane.actions_offered`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.settings.schema import Theme
from app.ui.actions import ActionSpec
from app.ui.main_window import MainWindow
from app.ui.palette import CommandPalette
from app.ui.shortcuts import ShortcutsSheet
from app.ui.toasts import NotesSheet

SCALES = tuple(range(85, 151, 5))
Change = Callable[[str, str, object], None]


@dataclass(frozen=True, slots=True)
class Sheets:
    """What the window's actions open."""

    palette: CommandPalette
    shortcuts: ShortcutsSheet
    notes: NotesSheet


def make_sheets(window: MainWindow) -> Sheets:
    """Make the overlays and connect them."""
    root, icons, actions = window.root, window.icons, window.actions_table
    palette = CommandPalette(root, actions, icons, window.context.theme)
    palette.chosen.connect(actions.run)
    notes = NotesSheet(root, icons, window.notifier)
    window.rail.notes_wanted.connect(notes.open)
    return Sheets(palette, ShortcutsSheet(root, icons, actions), notes)


def window_actions(
    window: MainWindow,
    sheets: Sheets,
    *,
    data_folder: Path,
    change: Change,
    text_scale: Callable[[], int],
) -> tuple[ActionSpec, ...]:
    """Everything that is not a pane's. `change` stores a setting."""
    return (
        *_go_actions(window),
        *_help_actions(window, sheets),
        *_look_actions(change, text_scale),
        ActionSpec(
            "files.open",
            "Open files…",
            "Files",
            "ph.folder-open",
            lambda: choose_files(window),
        ),
        ActionSpec(
            "files.data",
            "Show the data folder",
            "Files",
            "ph.folder",
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(data_folder))),
        ),
        ActionSpec("window.quit", "Quit Cairn", "Window", "ph.sign-out", window.close, "Ctrl+Q"),
    )


def _go_actions(window: MainWindow) -> tuple[ActionSpec, ...]:
    def go(pane_id: str) -> Callable[[], None]:
        return lambda: window.show_pane(pane_id)

    panes = tuple(
        ActionSpec(
            f"go.{rail.pane_id}", rail.title, "Go to", rail.icon, go(rail.pane_id), rail.shortcut
        )
        for rail in window.book.rail_entries
    )
    return (
        *panes,
        ActionSpec(
            "go.next-part",
            "Next part of the window",
            "Go to",
            "ph.arrow-right",
            lambda: window.step_region(1),
            "F6",
        ),
        ActionSpec(
            "go.previous-part",
            "Previous part of the window",
            "Go to",
            "ph.arrow-left",
            lambda: window.step_region(-1),
            "Shift+F6",
        ),
    )


def _help_actions(window: MainWindow, sheets: Sheets) -> tuple[ActionSpec, ...]:
    def only(open_sheet: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            window.dismiss_overlays()
            open_sheet()

        return run

    return (
        ActionSpec(
            "window.palette",
            "Command palette",
            "Window",
            "ph.command",
            only(sheets.palette.open),
            "Ctrl+K",
            enabled_when=lambda: not sheets.palette.isVisible(),
        ),
        ActionSpec(
            "window.shortcuts",
            "Keyboard shortcuts",
            "Window",
            "ph.keyboard",
            only(sheets.shortcuts.open),
            "Ctrl+/",
        ),
        ActionSpec("window.notes", "Notices", "Window", "ph.bell", only(sheets.notes.open)),
    )


def _look_actions(change: Change, text_scale: Callable[[], int]) -> tuple[ActionSpec, ...]:
    def theme(value: Theme) -> Callable[[], None]:
        return lambda: change("appearance", "theme", value.value)

    def scale(step: int) -> None:
        wanted = min(SCALES[-1], max(SCALES[0], text_scale() + step))
        change("appearance", "text_scale", wanted)

    themes = (
        (Theme.LIGHT, "Light theme", "ph.sun"),
        (Theme.DARK, "Dark theme", "ph.moon"),
        (Theme.SYSTEM, "Theme of the system", "ph.circle-half"),
    )
    return (
        *(
            ActionSpec(f"look.{value}", title, "Look", icon, theme(value))
            for value, title, icon in themes
        ),
        ActionSpec("look.larger", "Larger text", "Look", "ph.text-aa", lambda: scale(5), "Ctrl+="),
        ActionSpec(
            "look.smaller", "Smaller text", "Look", "ph.text-aa", lambda: scale(-5), "Ctrl+-"
        ),
        ActionSpec(
            "look.normal",
            "Normal text size",
            "Look",
            "ph.text-aa",
            lambda: change("appearance", "text_scale", 100),
            "Ctrl+0",
        ),
    )


def choose_files(window: MainWindow) -> None:
    """Let a person choose files, and take them as if they had been dropped."""
    dialog = QFileDialog(window, "Open files")
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda names: window.open_paths([Path(name) for name in names]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
