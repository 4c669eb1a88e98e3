from __future__ import annotations

import errno
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.base.errors import DiskFull
from app.chat.entities import ConversationId, Message, MessageId, Picture
from app.chat.pictures import (
    MOST_BYTES,
    MOST_PICTURES,
    PictureError,
    PictureFolder,
    PictureMissing,
    check_number,
    is_picture,
    picture_file,
    read_picture,
)
from app.engine.messages import Image, Role
from tests.doubles import images

PNG = images.png(8, 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


def test_picture_is_named_by_its_bytes_and_keeps_its_name(tmp_path: Path) -> None:
    path = tmp_path / "Sign.png"
    path.write_bytes(PNG)
    file = read_picture(path)
    assert file.picture == Picture(hashlib.sha256(PNG).hexdigest(), "Sign.png")
    assert file.data == PNG


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no image"),
        (b"hello", "no image"),
        (PNG[:20], "damaged"),
        (images.jpeg(8, 8)[:-2], "damaged"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (images.png(1, 1)[:16] + b"\0\1\0\0" * 2 + images.png(1, 1)[24:], "pixels"),
    ],
)
def test_what_no_model_could_be_given_is_refused_by_name_and_in_words(
    data: bytes, words: str
) -> None:
    with pytest.raises(PictureError, match=words) as caught:
        picture_file(data, "Sign.png")
    assert "“Sign.png”" in caught.value.message
    assert caught.value.hint


def test_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.write(PNG)
        file.truncate(MOST_BYTES * 50)
    with pytest.raises(PictureError, match="20 MB is the most"):
        read_picture(path)


@pytest.mark.parametrize("name", ["gone.png", "."])
def test_file_that_cannot_be_read_is_refused_in_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(PictureError, match="cannot be read"):
        read_picture(tmp_path / name)


def test_name_is_one_line_of_bearable_length() -> None:
    assert picture_file(PNG, "a\nb\t c.png").picture.name == "a b c.png"
    assert len(picture_file(PNG, "x" * 5000).picture.name) == 120
    assert picture_file(PNG, " ").picture.name == "Picture"


def test_number_of_pictures_is_bounded() -> None:
    check_number([PNG] * MOST_PICTURES)
    with pytest.raises(PictureError, match="8 pictures; these are 9"):
        check_number([PNG] * (MOST_PICTURES + 1))


@pytest.mark.parametrize(
    ("name", "is_one"), [("a.PNG", True), ("b.jpeg", True), ("c.pdf", False), ("png", False)]
)
def test_pictures_are_told_by_their_endings(name: str, is_one: bool) -> None:
    assert is_picture(Path(name)) == is_one


def test_folder_keeps_one_copy_and_gives_the_bytes_back(folder: Path) -> None:
    pictures = PictureFolder(folder)
    file = picture_file(PNG, "Sign.png")
    pictures.put(file)
    pictures.put(picture_file(PNG, "The same.png"))
    assert [each.name for each in folder.iterdir()] == [file.picture.sha256]
    assert pictures.read(file.picture) == PNG


def test_picture_that_was_cut_off_is_written_anew(folder: Path) -> None:
    pictures = PictureFolder(folder)
    file = picture_file(PNG, "Sign.png")
    folder.mkdir()
    (folder / file.picture.sha256).write_bytes(PNG[:9])
    pictures.put(file)
    assert pictures.read(file.picture) == PNG


@pytest.mark.parametrize("content", [None, b"another"])
def test_picture_that_is_lost_or_changed_is_missing_in_words(
    folder: Path, content: bytes | None
) -> None:
    pictures = PictureFolder(folder)
    file = picture_file(PNG, "Sign.png")
    if content is not None:
        folder.mkdir()
        (folder / file.picture.sha256).write_bytes(content)
    with pytest.raises(PictureMissing, match=r"“Sign\.png” is not in Cairn") as caught:
        pictures.read(file.picture)
    assert caught.value.hint


def test_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        PictureFolder(folder).put(picture_file(PNG, "Sign.png"))
    assert list(folder.iterdir()) == []


def test_folder_that_cannot_be_made_is_said_in_words(folder: Path) -> None:
    folder.write_text("in the way")
    with pytest.raises(PictureError, match="cannot be stored"):
        PictureFolder(folder).put(picture_file(PNG, "Sign.png"))


def test_keep_only_removes_what_is_not_used_and_nothing_that_is_not_ours(folder: Path) -> None:
    pictures = PictureFolder(folder)
    pictures.keep_only(())
    kept, gone = picture_file(PNG, "a.png"), picture_file(images.png(9, 9), "b.png")
    for each in (kept, gone):
        pictures.put(each)
    (folder / "new-abc.part").write_bytes(b"left over")
    (folder / "notes.txt").write_text("mine")
    pictures.keep_only({kept.picture.sha256})
    assert {each.name for each in folder.iterdir()} == {kept.picture.sha256, "notes.txt"}


def test_of_former_pictures_only_the_last_few_are_shown_again(folder: Path) -> None:
    pictures = PictureFolder(folder)
    files = [picture_file(images.png(4, 4 + number), f"{number}.png") for number in range(10)]
    for each in files:
        pictures.put(each)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    history = [
        Message(
            MessageId(number),
            ConversationId(1),
            None,
            Role.USER,
            "?",
            moment,
            pictures=(each.picture,),
        )
        for number, each in enumerate(files)
    ]
    shown = pictures.images([files[0].picture], history)
    assert shown == {each.picture.sha256: Image(each.data) for each in (files[0], *files[2:])}
