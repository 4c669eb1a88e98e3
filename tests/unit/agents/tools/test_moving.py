from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.agents.entities import GrantedFolder, Risk
from app.agents.tools.arranging import Arranger
from app.agents.tools.folders import Folders
from app.agents.tools.moving import BIN, delete_file, make_folder, move_file, restore_file
from app.agents.tools.tool import PreviewedTool, ToolFault
from app.base.jobs import CancelToken
from tests.unit.agents.tools.grants import granted, previewed, ran

ALL = (move_file, make_folder, delete_file, restore_file)


@pytest.fixture(params=["held", "by path"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of opening: with folders held open, and as on Windows."""
    if request.param == "by path":
        monkeypatch.setattr("app.agents.tools.open_folder.HOLDS_FOLDERS", False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a.txt, sub/b.txt and an empty folder."""
    folder = tmp_path / "granted"
    for name in ("sub", "empty"):
        (folder / name).mkdir(parents=True)
    (folder / "a.txt").write_text("a\n")
    (folder / "sub/b.txt").write_text("b\n")
    return folder


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def moved(folder: Path, old: str, new: str) -> str:
    return ran(move_file(granted(folder)), **{"from": old, "to": new}).text


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize(
    ("old", "new", "title", "change", "there"),
    [
        ("a.txt", "c.txt", "Rename the file a.txt", ["rename to c.txt"], "c.txt"),
        ("a.txt", "sub/c.txt", "Move the file a.txt", ["rename to sub/c.txt"], "sub/c.txt"),
        ("a.txt", "sub", "Move the file a.txt", ["rename to sub/a.txt"], "sub/a.txt"),
        ("a.txt", "new/", "Move the file a.txt", ["new folder new"], "new/a.txt"),
        ("sub/b.txt", ".", "Move the file sub/b.txt", ["rename to b.txt"], "b.txt"),
        ("a.txt", "x/y/a.txt", "Move the file a.txt", ["folder x\n", "folder x/y"], "x/y/a.txt"),
        ("sub", "empty", "Move the folder sub", ["rename to empty/sub"], "empty/sub/b.txt"),
        ("sub", "other", "Rename the folder sub", ["rename to other"], "other/b.txt"),
    ],
)
def test_move_is_shown_and_then_made(
    folder: Path, old: str, new: str, title: str, change: list[str], there: str
):
    tool, arguments = move_file(granted(folder)), {"from": old, "to": new}
    before = files(folder)
    shown = tool.preview(arguments, CancelToken())
    assert files(folder) == before
    assert shown.title == title
    assert [each for each in change if each not in f"{shown.diff}\n"] == []
    result = tool.run(arguments, CancelToken(), shown)
    assert result.preview == shown.diff
    assert "is now" in result.text
    assert (folder / there).is_file()
    assert not (folder / old).exists()
    assert sorted(files(folder).values()) == ["a\n", "b\n"]


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("a.txt", "sub/b.txt", "already"),
        ("a.txt", "a.txt", "there already"),
        ("sub", "sub/inner", "into itself"),
        ("sub", "sub", "there already"),
        ("none.txt", "c.txt", "There is no none.txt"),
        ("none/a.txt", "c.txt", "There is no folder “none”"),
        ("a.txt", "sub/b.txt/c", "no folder"),
        (".", "elsewhere", "itself stays"),
        ("a.txt", ".hidden", "hidden"),
        ("a.txt", f"{BIN}/x/a.txt", "hidden"),
    ],
)
def test_move_that_cannot_be_is_a_fault_and_changes_nothing(
    folder: Path, old: str, new: str, words: str
):
    before = sorted(folder.rglob("*"))
    with pytest.raises(ToolFault, match=words):
        moved(folder, old, new)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.usefixtures("_way")
def test_move_between_granted_folders_needs_both_to_be_writable(folder: Path, tmp_path: Path):
    (tmp_path / "other").mkdir()
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked/c.txt").write_text("c\n")
    folders = Folders(
        [
            GrantedFolder(folder, can_write=True),
            GrantedFolder(tmp_path / "other", can_write=True),
            GrantedFolder(tmp_path / "locked"),
        ]
    )
    tool = move_file(folders)
    for old, new in (("granted/a.txt", "locked/a.txt"), ("locked/c.txt", "granted/c.txt")):
        with pytest.raises(ToolFault, match="reading only"):
            ran(tool, **{"from": old, "to": new})
    text = ran(tool, **{"from": "granted/a.txt", "to": "other"}).text
    assert text == "granted/a.txt is now other/a.txt."
    assert (tmp_path / "other/a.txt").read_text() == "a\n"


@pytest.mark.parametrize("can_write", [False, True])
def test_folder_with_a_granted_folder_in_it_stays(folder: Path, can_write: bool):
    (folder / "sub/deep").mkdir()
    folders = Folders(
        [GrantedFolder(folder, can_write=True), GrantedFolder(folder / "sub/deep", can_write)]
    )
    with pytest.raises(ToolFault, match="the granted folder deep is in it"):
        ran(move_file(folders), **{"from": "granted/sub", "to": "granted/other"})
    for old in ("granted/sub/deep", "deep"):
        for tool, arguments in (
            (move_file(folders), {"from": old, "to": "granted/other"}),
            (delete_file(folders), {"path": old}),
        ):
            with pytest.raises(ToolFault, match="stays where it is" if can_write else "reading"):
                ran(tool, **arguments)
    assert (folder / "sub/deep").is_dir()


@pytest.mark.usefixtures("_way")
def test_make_folder_makes_those_on_the_way_and_no_other(folder: Path):
    tool = make_folder(granted(folder))
    shown = previewed(tool, path="x/y")
    assert shown.diff == "new folder x\nnew folder x/y"
    assert not (folder / "x").exists()
    assert ran(tool, path="x/y").text == "The folder x/y is made."
    assert (folder / "x/y").is_dir()
    for path in ("x/y", "a.txt", "."):
        with pytest.raises(ToolFault, match="already"):
            ran(tool, path=path)


@pytest.mark.usefixtures("_way")
def test_delete_keeps_the_file_and_restore_brings_it_back(folder: Path):
    folders = granted(folder)
    shown = previewed(delete_file(folders), path="sub/b.txt")
    assert shown.title == "Delete the file sub/b.txt"
    assert shown.diff == f"deleted file sub/b.txt\nkept in {BIN}"
    said = ran(delete_file(folders), path="sub/b.txt").text
    assert not (folder / "sub/b.txt").exists()
    [kept] = [path for path in files(folder) if path.startswith(BIN)]
    assert kept in said
    back = previewed(restore_file(folders), path="sub/b.txt")
    assert back.title == "Bring back the file sub/b.txt"
    assert back.diff == f"rename from {kept}\nrename to sub/b.txt"
    assert ran(restore_file(folders), path="sub/b.txt").text == "sub/b.txt is back."
    assert files(folder) == {"a.txt": "a\n", "sub/b.txt": "b\n"}
    assert not (folder / BIN).exists()


def test_restore_takes_what_was_deleted_last_and_overwrites_nothing(folder: Path):
    folders = granted(folder)
    for day, text in ((1, "old\n"), (2, "new\n")):
        (folder / "a.txt").write_text(text)
        now = partial(datetime, 2026, 3, day, tzinfo=UTC)
        ran(delete_file(folders, now), path="a.txt")
    ran(restore_file(folders), path="a.txt")
    assert (folder / "a.txt").read_text() == "new\n"
    with pytest.raises(ToolFault, match="already"):
        ran(restore_file(folders), path="a.txt")
    (folder / "a.txt").unlink()
    ran(restore_file(folders), path="a.txt")
    assert (folder / "a.txt").read_text() == "old\n"
    for path in ("a.txt", "never.txt", "sub", "."):
        with pytest.raises(ToolFault):
            ran(restore_file(folders), path=path)


def test_delete_of_a_folder_only_if_it_is_empty(folder: Path):
    with pytest.raises(ToolFault, match="not empty"):
        ran(delete_file(granted(folder)), path="sub")
    ran(delete_file(granted(folder)), path="empty")
    assert not (folder / "empty").exists()
    ran(restore_file(granted(folder)), path="empty")
    assert (folder / "empty").is_dir()


def test_bin_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (folder / BIN).symlink_to(tmp_path / "outside")
    for tool in (delete_file, restore_file):
        with pytest.raises(ToolFault):
            ran(tool(granted(folder)), path="a.txt")
    assert list((tmp_path / "outside").iterdir()) == []
    assert (folder / "a.txt").exists()


@pytest.mark.parametrize("happens", ["changed", "replaced", "taken", "gone"])
def test_run_after_something_changed_since_the_preview_changes_nothing(folder: Path, happens: str):
    tool, arguments = move_file(granted(folder)), {"from": "a.txt", "to": "sub/c.txt"}
    shown = tool.preview(arguments, CancelToken())
    match happens:
        case "changed":
            (folder / "a.txt").write_text("longer\n")
        case "replaced":
            (folder / "new").write_text("a\n")
            (folder / "new").replace(folder / "a.txt")
        case "taken":
            (folder / "sub/c.txt").write_text("taken\n")
        case _:
            (folder / "a.txt").unlink()
    before = files(folder)
    with pytest.raises(ToolFault):
        tool.run(arguments, CancelToken(), shown)
    assert files(folder) == before


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("old", ["a.txt", "sub"])
def test_place_taken_in_the_instant_of_the_move_is_not_overwritten(
    folder: Path, old: str, monkeypatch: pytest.MonkeyPatch
):
    """Another program puts its file there once all checks are done."""

    def taken(*_given: object, **_where: object) -> None:
        monkeypatch.undo()
        (folder / "target").mkdir(exist_ok=True)
        (folder / "target/theirs.txt").write_text("theirs\n")
        raise FileExistsError

    monkeypatch.setattr("app.agents.tools.open_folder.OpenFolder._reserve", taken)
    with pytest.raises(ToolFault, match="already"):
        moved(folder, old, "target")
    assert files(folder) == {"a.txt": "a\n", "sub/b.txt": "b\n", "target/theirs.txt": "theirs\n"}


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("old", ["a.txt", "sub"])
def test_move_that_fails_on_the_way_leaves_nothing_behind(
    folder: Path, old: str, monkeypatch: pytest.MonkeyPatch
):
    def far(*_given: object, **_where: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    before = sorted(folder.rglob("*"))
    monkeypatch.setattr("os.replace", far)
    with pytest.raises(ToolFault, match="another disk"):
        moved(folder, old, "elsewhere")
    assert sorted(folder.rglob("*")) == before


def test_target_folder_swapped_for_a_link_during_the_move_lets_nothing_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "outside").mkdir()
    replace = os.replace

    def swapping(*given: object, **where: object) -> None:
        monkeypatch.undo()
        (folder / "sub").rename(tmp_path / "sub-moved")
        (folder / "sub").symlink_to(tmp_path / "outside")
        replace(*given, **where)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr("os.replace", swapping)
    moved(folder, "a.txt", "sub/a.txt")
    assert list((tmp_path / "outside").iterdir()) == []
    assert (tmp_path / "sub-moved/a.txt").read_text() == "a\n"


def test_all_tools_can_be_previewed_and_are_of_the_risk_of_writing(folder: Path):
    for make in ALL:
        tool = make(granted(folder))
        assert isinstance(tool, PreviewedTool)
        assert tool.spec.risk is Risk.WRITE


def test_folder_granted_for_reading_is_not_arranged(folder: Path):
    folders = granted(folder, can_write=False)
    before = sorted(folder.rglob("*"))
    with pytest.raises(ToolFault, match="reading only"):
        ran(move_file(folders), **{"from": "a.txt", "to": "b.txt"})
    for tool in (make_folder, delete_file, restore_file):
        with pytest.raises(ToolFault, match="reading only"):
            ran(tool(folders), path="a.txt" if tool is delete_file else "new")
    assert sorted(folder.rglob("*")) == before


paths = st.sampled_from(["a", "b", "c", "d/a", "d/b", "d", "e/f", "e", "."])
steps = st.tuples(st.sampled_from(ALL), paths, paths)


@given(st.lists(steps, max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_is_done_in_whatever_order_no_content_is_lost(
    steps: list[tuple[Callable[[Folders], Arranger], str, str]],
):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, path in enumerate(("a", "b", "d/a")):
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(f"{number}")
        for make, one, other in steps:
            tool = make(granted(folder))
            try:
                if make is move_file:
                    ran(tool, **{"from": one, "to": other})
                else:
                    ran(tool, path=one)
            except ToolFault:
                pass
            assert sorted(files(folder).values()) == ["0", "1", "2"]
