"""Pictures for the next question: chosen, pasted or dropped, and read off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from app.base.errors import AppError
from app.chat.pictures import ENDINGS, MOST_PICTURES, PictureError, cannot_see
from app.ui.chat.composer import Composer
from app.ui.chat.pictures.images import TakenFiles, take_files, take_image
from app.ui.chat.pictures.thumbnails import Thumbnails
from app.ui.jobs import JobRunner


class PictureControl(QObject):
    """Fills the composer's tray.

    Signals:
        failed: an `AppError`.
    """

    failed = Signal(object)

    def __init__(
        self, composer: Composer, thumbnails: Thumbnails, jobs: JobRunner, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._composer, self._tray = composer, composer.tray
        self._thumbnails, self._jobs, self._window = thumbnails, jobs, parent
        self._sees = False
        self._pasted = 0  # since the start, so that no two have one name
        composer.pictures_requested.connect(self.choose_files)
        composer.files_pasted.connect(self.add_files)
        composer.image_pasted.connect(self.add_image)

    @property
    def sees(self) -> bool:
        """Whether the model in use sees pictures."""
        return self._sees

    def set_sees(self, sees: bool) -> None:
        """Another model is in use, or none. What is attached already stays."""
        self._sees = sees
        self._composer.set_sees(sees)

    def choose_files(self) -> None:
        """Let a person choose pictures."""
        dialog = QFileDialog(self._window, "Add pictures")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(f"Pictures ({' '.join(f'*{each}' for each in ENDINGS)})")
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add_files(self, paths: Sequence[Path]) -> None:
        """Attach picture files."""
        room = self._room(len(paths))
        if room:
            self._read(min(room, len(paths)), take_files, tuple(paths[:room]))

    def add_image(self, image: QImage) -> None:
        """Attach a picture from the clipboard."""
        if self._room(1):
            self._pasted += 1
            self._read(1, take_image, image, f"Pasted picture {self._pasted}.png")

    def _room(self, wanted: int) -> int:
        """How many more can be taken; says so if that is fewer than wanted."""
        if not self._sees:
            self.failed.emit(cannot_see())
            return 0
        room = MOST_PICTURES - self._tray.count
        if wanted > room:
            self.failed.emit(
                PictureError(
                    f"A question can carry {MOST_PICTURES} pictures.",
                    "Ask about these first, or remove some.",
                )
            )
        return room

    def _read(self, number: int, work: Callable[..., TakenFiles], *args: object) -> None:
        self._tray.begin(number)
        self._jobs.submit(
            work,
            *args,
            owner=self,
            done=lambda files: self._on_taken(number, files),
            failed=lambda error: self._on_failed(number, error),
        )

    def _on_files_selected(self, names: Iterable[str]) -> None:
        self.add_files([Path(name) for name in names])

    def _on_taken(self, number: int, files: TakenFiles) -> None:
        for each in files.pictures:
            self._thumbnails.put(each.file.picture, each.thumbnail)
        self._tray.end(number, files.pictures)
        if files.problem is not None:
            self.failed.emit(files.problem)

    def _on_failed(self, number: int, error: AppError) -> None:
        self._tray.end(number)
        self.failed.emit(error)
