"""Pictures that questions are asked about: what is taken, and where it is kept.

A picture is an untrusted file. It is told by its first bytes, is kept as it came, and is named by
the SHA-256 of its bytes, so that the same one is kept once however often it is sent.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from app.base.errors import AppError, disk_full, is_disk_full
from app.base.files import is_unfinished, write_whole
from app.chat.entities import Message, Picture, PictureFile
from app.engine.errors import ImageError
from app.engine.llama.vision.image_file import read_image_facts
from app.engine.messages import Image

log = logging.getLogger(__name__)

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
MOST_BYTES = 20_000_000
MOST_PICTURES = 8  # with one question
CANNOT_SEE = "The model in use does not see pictures."
CANNOT_SEE_HINT = "Choose a vision projector in its load options."

_LONGEST_NAME = 120
_OURS = re.compile(r"[0-9a-f]{64}")


class PictureError(AppError):
    """A picture cannot be taken or kept."""


class PictureMissing(AppError):
    """A picture that was kept is not there any more, or is another one by now."""


def cannot_see() -> PictureError:
    """The error for a picture that no model in use could look at."""
    return PictureError(CANNOT_SEE, CANNOT_SEE_HINT)


def is_picture(path: Path) -> bool:
    """Whether a file is meant as a picture, by its name."""
    return path.suffix.lower() in ENDINGS


def read_picture(path: Path) -> PictureFile:
    """Read a picture from a file.

    Raises:
        PictureError: it cannot be read, is too large, or is no picture that a model could be given.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise PictureError(f"“{path.name}” cannot be read ({reason}).") from error
    return picture_file(data, path.name)


def picture_file(data: bytes, name: str) -> PictureFile:
    """Take the bytes of a picture file.

    Raises:
        PictureError: it is too large, or is no picture that a model could be given.
    """
    name = " ".join(name.split())[:_LONGEST_NAME] or "Picture"
    if len(data) > MOST_BYTES:
        raise PictureError(
            f"“{name}” is too large: {MOST_BYTES // 1_000_000} MB is the most.",
            "Make it smaller, then add it again.",
        )
    try:
        read_image_facts(data)
    except ImageError as error:
        raise PictureError(f"“{name}” was not added. {error.message}", error.hint) from error
    return PictureFile(Picture(hashlib.sha256(data).hexdigest(), name), data)


def check_number(pictures: Sequence[object]) -> None:
    """Bound what one question carries.

    Raises:
        PictureError: there are too many.
    """
    if len(pictures) > MOST_PICTURES:
        raise PictureError(
            f"A question can carry {MOST_PICTURES} pictures; these are {len(pictures)}.",
            "Ask about some of them first.",
        )


class PictureFolder:
    """The pictures of all conversations. Written on the database's write lane only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: PictureFile) -> None:
        """Keep a picture.

        Raises:
            DiskFull: there is no room for it.
            PictureError: the folder cannot be written.
        """
        place = self._folder / file.picture.sha256
        try:
            if not place.is_file() or place.stat().st_size != len(file.data):
                self._write(place, file.data)
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(self._folder) from error
            raise PictureError(
                f"“{file.picture.name}” cannot be stored in {self._folder}"
                f" ({error.strerror or type(error).__name__}).",
                "Check that you may write there, then send it again.",
            ) from error

    def read(self, picture: Picture) -> bytes:
        """The bytes of a picture.

        Raises:
            PictureMissing: they are not there any more, or not the same.
        """
        try:
            data = (self._folder / picture.sha256).read_bytes()
        except OSError as error:
            raise _missing(picture) from error
        if hashlib.sha256(data).hexdigest() != picture.sha256:
            raise _missing(picture)
        return data

    def images(self, pictures: Iterable[Picture], history: Sequence[Message]) -> dict[str, Image]:
        """What a model is shown, by SHA-256: the pictures of a question, and of those before it.

        Of former questions only the last few are shown again, and none that is lost.

        Raises:
            PictureMissing: one of the question is lost.
        """
        images = {each.sha256: Image(self.read(each)) for each in pictures}
        former = [each for message in reversed(history) for each in message.pictures]
        for each in former[:MOST_PICTURES]:
            try:
                images.setdefault(each.sha256, Image(self.read(each)))
            except PictureMissing as error:
                log.info("not shown to the model again: %s", error)
        return images

    def keep_only(self, wanted: Collection[str]) -> None:
        """Remove the pictures that nothing refers to; one that cannot be removed stays for now."""
        if not self._folder.is_dir():
            return
        for each in self._folder.iterdir():
            if each.name in wanted or not (_OURS.fullmatch(each.name) or is_unfinished(each.name)):
                continue
            try:
                each.unlink()
            except OSError as error:
                log.info("a picture that is not used any more stays: %s", error)

    def _write(self, place: Path, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(place, data)


def _missing(picture: Picture) -> PictureMissing:
    return PictureMissing(
        f"The picture “{picture.name}” is not in Cairn's data folder any more.",
        "Ask again, with the picture attached once more.",
    )
