"""Brings the pictures of a conversation to the screen, small ones at first, large on a click."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.chat.entities import Picture
from app.ui.chat.pictures.images import THUMBNAIL, decoded
from app.ui.chat.pictures.sheet import PictureSheet
from app.ui.chat.pictures.thumbnails import Thumbnails
from app.ui.icons import Icons
from app.ui.jobs import JobRunner

if TYPE_CHECKING:
    from app.chat.service import ChatService


class PictureViewer(QObject):
    """Reads and decodes off the GUI thread.

    Signals:
        failed: an `AppError`: a picture cannot be opened.
    """

    failed = Signal(object)

    def __init__(
        self, thumbnails: Thumbnails, jobs: JobRunner, icons: Icons, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._thumbnails, self._jobs, self._icons = thumbnails, jobs, icons
        self._widget = parent
        self._chat: ChatService | None = None
        thumbnails.wanted.connect(self._on_wanted)

    def attach(self, chat: ChatService) -> None:
        """The service is there."""
        self._chat = chat

    def open(self, picture: Picture) -> None:
        """Show a picture as large as the window allows."""
        window = self._widget.window()
        longest = round(max(window.width(), window.height()) * window.devicePixelRatioF())
        self._submit(picture, longest, partial(self._on_opened, picture), self.failed.emit)

    def _on_wanted(self, picture: Picture) -> None:
        self._submit(
            picture,
            THUMBNAIL,
            partial(self._thumbnails.put, picture),
            partial(self._on_lost, picture),
        )

    def _submit(
        self,
        picture: Picture,
        longest: int,
        done: Callable[[QImage], object],
        failed: Callable[[AppError], object],
    ) -> None:
        chat = self._chat
        if chat is None:
            return

        def read() -> QImage:
            return decoded(chat.picture(picture), picture.name, longest)

        self._jobs.submit(read, owner=self, done=done, failed=failed)

    def _on_lost(self, picture: Picture, _error: AppError) -> None:
        self._thumbnails.put(picture, QImage())

    def _on_opened(self, picture: Picture, image: QImage) -> None:
        PictureSheet(self._widget.window(), self._icons, picture.name, image).open()
