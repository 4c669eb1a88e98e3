"""Picture files as Qt images. Everything here takes its time and belongs off the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from app.base.errors import AppError
from app.chat.entities import PictureFile
from app.chat.pictures import PictureError, picture_file, read_picture

# Pixels of the longer side: what a transcript shows at most, on a screen with two for one.
THUMBNAIL = 480
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture that is ready to be sent."""

    file: PictureFile
    thumbnail: QImage = field(repr=False)


@dataclass(frozen=True, slots=True)
class TakenFiles:
    """What became of files that shall be sent."""

    pictures: tuple[Taken, ...] = ()
    problem: AppError | None = None


def decoded(data: bytes, name: str, longest: int) -> QImage:
    """A picture as it is looked at, its longer side no longer than this.

    Raises:
        PictureError: the file is damaged inside.
    """
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > longest:
        fitting = size.scaled(longest, longest, Qt.AspectRatioMode.KeepAspectRatio)
        reader.setScaledSize(fitting.expandedTo(QSize(1, 1)))
    image = reader.read()
    if image.isNull():
        raise PictureError(
            f"“{name}” is damaged, or of a kind that cannot be shown.",
            "Open it in another program, save it as a PNG or JPEG file, then add that.",
        )
    return image


def take_files(paths: Sequence[Path]) -> TakenFiles:
    """Read picture files and look into them; those that cannot be taken are named."""
    taken: list[Taken] = []
    refused: list[PictureError] = []
    for path in paths:
        try:
            taken.append(_taken(read_picture(path)))
        except PictureError as error:
            refused.append(error)
    return TakenFiles(tuple(taken), _problem(refused))


def take_image(image: QImage, name: str) -> TakenFiles:
    """Take a picture that is no file, such as one from the clipboard."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # mypy and shiboken agree on bytes here only by way of the buffer's own array.
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stubs miss this overload
        return TakenFiles(problem=PictureError("What was pasted is no picture."))
    try:
        return TakenFiles((_taken(picture_file(bytes(buffer.data().data()), name)),))
    except PictureError as error:
        return TakenFiles(problem=error)


def _taken(file: PictureFile) -> Taken:
    return Taken(file, decoded(file.data, file.picture.name, THUMBNAIL))


def _problem(refused: Sequence[PictureError]) -> AppError | None:
    if len(refused) <= 1:
        return refused[0] if refused else None
    lines = [each.message for each in refused[:_NAMED]]
    if len(refused) > _NAMED:
        lines.append(f"and {len(refused) - _NAMED} more")
    return PictureError(f"{len(refused)} pictures were not added.", "\n".join(lines))
