"""Ways out of a granted folder, each tried with every tool of files. None may have an effect."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import chdir, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.agents.entities import GrantedFolder
from app.agents.tools.editing import edit_file, write_file
from app.agents.tools.files import ListFiles, ReadFile
from app.agents.tools.folders import Folders, opened_folder, opened_parent
from app.agents.tools.moving import delete_file, make_folder, move_file, restore_file
from app.agents.tools.searching import SearchFiles
from app.agents.tools.tables import AnalyseTable, ReadTable
from app.agents.tools.text_file import read_content
from app.agents.tools.tool import Tool, ToolFault
from app.base.jobs import CancelToken
from tests.unit.agents.tools.grants import granted, ran

SECRET = "SECRET-7f3a"
PATHS = {
    "up": """
        .. ../ ../outside/secret.txt ../../outside/secret.txt ./../outside/secret.txt
        sub/../../outside/secret.txt sub/./../../outside/secret.txt .//..//outside/secret.txt
        sub/.. a.txt/../../outside/secret.txt ....//outside/secret.txt ..;/outside/secret.txt
        .../outside/secret.txt %2e%2e/outside/secret.txt ..%2foutside%2fsecret.txt
        ..%c0%afoutside/secret.txt
    """,
    "absolute": """
        {outside}/secret.txt /{outside}/secret.txt //{outside}/secret.txt
        {granted}/../outside/secret.txt {granted}-twin/secret.txt {granted}/sub/../../outside
        {GRANTED}/a.txt / /etc/passwd /proc/self/environ /proc/self/cwd/README.md
        /proc/self/root{outside}/secret.txt /dev/zero /dev/stdin /dev/fd/0
    """,
    "home and addresses": """
        ~ ~/secret.txt ~/../outside/secret.txt $HOME/secret.txt ${{HOME}}/.ssh/id_rsa
        file://{outside}/secret.txt file:{outside}/secret.txt FILE:///etc/passwd
        http://127.0.0.1:9/secret.txt smb://server/share/secret.txt
    """,
    "windows": r"""
        ..\outside\secret.txt sub\..\..\outside\secret.txt C:\Windows\win.ini C:/Windows/win.ini
        c:secret.txt \\server\share\secret.txt //server/share/secret.txt \\?\C:\secret.txt
        \\.\pipe\secret //?/C:/secret.txt CON NUL.txt a.txt::$DATA
    """,
    "look-alikes": """
        \u2024\u2024/outside/secret.txt \u2025/outside/secret.txt \uff0e\uff0e/outside/secret.txt
        ..\u2215outside\u2215secret.txt ..\uff0foutside\uff0fsecret.txt ..\u2044outside
        .\u200b./outside/secret.txt \u202e../outside/secret.txt ..\u0338/outside/secret.txt
    """,
    "links": """
        file_link folder_link folder_link/secret.txt folder_link/../outside/secret.txt
        chain_1 chain_1/secret.txt sub/back/../outside/secret.txt sub/up/outside/secret.txt
        root_link{outside}/secret.txt twin_link dangling loop loop/secret.txt proc_link
        folder_link/new.txt zero_link
    """,
    "private and hidden": """
        .ssh .ssh/id_rsa .SSH/id_rsa .ssh./id_rsa .\u200bssh/id_rsa ./.ssh/../.ssh/id_rsa
        innocent.txt sub/.env .bashrc .git/hooks/pre-commit git_link/hooks/pre-commit
        {granted}/.ssh/id_rsa
    """,
    "special": "pipe socket pipe_link",
    "read only": "locked/keep.txt LOCKED/keep.txt {granted}/locked/keep.txt locked_link/keep.txt",
}
PROTECTED = {".ssh", ".git", ".bashrc", "locked"}
LEAKS = (SECRET, "root:x:", "only-outside", "id_rsa  ")
AWKWARD = [
    "",
    " ",
    ".. /outside/secret.txt",
    "../outside/secret.txt\0.png",
    "a.txt\0",
    "..\n/outside/secret.txt",
    "\ud800",
    "x" * 5000,
    "sub/" * 1500 + "a.txt",
    "../" * 40 + "etc/passwd",
]


@pytest.fixture(params=["held", "by path"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of opening: with folders held open, and as on Windows."""
    if request.param == "by path":
        monkeypatch.setattr("app.agents.tools.open_folder.HOLDS_FOLDERS", False)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A granted folder in which all links lead out, beside what nobody granted."""
    for name in ("granted/sub", "granted/locked", "granted/.ssh", "granted/.git/hooks"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("outside", "granted-twin"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "secret.txt").write_text(SECRET)
        (tmp_path / name / "only-outside").touch()
    inside = tmp_path / "granted"
    for name in (".ssh/id_rsa", "sub/.env"):
        (inside / name).write_text(SECRET)
    for name in ("a.txt", "locked/keep.txt", ".bashrc", ".git/hooks/pre-commit"):
        (inside / name).write_text("one\n")
    links: dict[str, str | Path] = {
        "file_link": "../outside/secret.txt",
        "folder_link": tmp_path / "outside",
        "chain_1": "sub/chain_2",
        "sub/chain_2": "../chain_3",
        "chain_3": "../outside",
        "sub/back": "..",
        "sub/up": "../..",
        "root_link": "/",
        "twin_link": f"{inside}-twin/secret.txt",
        "dangling": tmp_path / "outside/new.txt",
        "loop": "loop",
        "proc_link": "/proc/self/cwd",
        "zero_link": "/dev/zero",
        "pipe_link": "pipe",
        "innocent.txt": ".ssh/id_rsa",
        "git_link": ".git",
        "locked_link": "locked",
    }
    for name, target in links.items():
        (inside / name).symlink_to(target)
    os.mkfifo(inside / "pipe")
    with socket.socket(socket.AF_UNIX) as server, chdir(inside):  # its address has to be short
        server.bind("socket")
    return tmp_path


def corpus(world: Path) -> list[str]:
    inside = world / "granted"
    names = {"outside": world / "outside", "granted": inside, "GRANTED": str(inside).upper()}
    written = [text.format(**names) for group in PATHS.values() for text in group.split()]
    return written + AWKWARD


def granted_with_locked(world: Path) -> Folders:
    inside = world / "granted"
    return Folders([GrantedFolder(inside, can_write=True), GrantedFolder(inside / "locked")])


def state(world: Path) -> dict[str, bytes]:
    """What may not change: all but the plain files of the granted folder."""
    found = {}
    for folder, _, names in os.walk(world):
        for path in (Path(folder, name) for name in names):
            inside = path.relative_to(world).parts[1:]
            is_free = path.is_relative_to(world / "granted") and inside[0] not in PROTECTED
            if path.is_symlink():
                found[str(path)] = os.fsencode(path.readlink())
            elif path.is_file() and not is_free:
                found[str(path)] = path.read_bytes()
    return found


def tidy(inside: Path, kept: set[str]) -> None:
    """Take away what was rightly made at the top, and put back what was rightly moved."""
    for path in inside.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not (inside / "a.txt").exists():
        (inside / "a.txt").write_text("one\n")


def attempts(folders: Folders, path: str) -> Iterator[Callable[[], str]]:
    """Every tool, tried with this path; each gives all that came of it."""
    top = "granted/" if len(folders.roots) > 1 else ""
    calls: list[tuple[Tool, dict[str, str]]] = [
        (ListFiles(folders), {"path": path}),
        (ReadFile(folders), {"path": path}),
        (SearchFiles(folders), {"path": path, "text": SECRET[:6]}),
        (SearchFiles(folders), {"path": path, "name": "*only*"}),
        (write_file(folders), {"path": path, "content": "overwritten\n"}),
        (edit_file(folders), {"path": path, "old_text": "one", "new_text": "two"}),
        (edit_file(folders), {"path": path, "old_text": SECRET, "new_text": "two"}),
        (move_file(folders), {"from": path, "to": f"{top}moved.txt"}),
        (move_file(folders), {"from": f"{top}a.txt", "to": path}),
        (make_folder(folders), {"path": path}),
        (delete_file(folders), {"path": path}),
        (restore_file(folders), {"path": path}),
        (ReadTable(folders), {"path": path}),
        (AnalyseTable(folders), {"path": path, "code": "rows"}),
    ]
    for tool, arguments in calls:
        yield partial(everything, tool, arguments)


def everything(tool: Tool, arguments: dict[str, str]) -> str:
    try:
        result = tool.run(arguments, CancelToken())
    except ToolFault as fault:
        return str(fault)
    return result.text + result.whole + result.preview


@pytest.mark.usefixtures("_way")
def test_corpus_of_escapes_has_no_effect_with_any_tool(
    world: Path, capsys: pytest.CaptureFixture[str]
):
    before, kept = state(world), {path.name for path in (world / "granted").iterdir()}
    tried, effects = 0, []
    for folders in (granted_with_locked(world), granted(world / "granted", can_write=False)):
        prefix = "granted/" if len(folders.roots) > 1 else ""
        for path in corpus(world):
            for text in {path, prefix + path}:
                said = []
                for attempt in attempts(folders, text):
                    tidy(world / "granted", kept)
                    said.append(attempt())
                tried += len(said)
                leaks = [each[:80] for each in said if any(leak in each for leak in LEAKS)]
                if leaks or state(world) != before:
                    effects.append(f"{text!r}: {leaks}")
    with capsys.disabled():
        sys.stdout.write(f"\nescapes: {tried} tried, {len(effects)} had an effect\n")
    assert effects == []
    assert tried > 1_000


def test_corpus_of_escapes_gets_out_where_nothing_is_checked(world: Path):
    """The corpus is worth something: plain opening falls for it."""
    out = set()
    for path in corpus(world):
        with suppress(OSError, ValueError):
            target = world / "granted" / path
            if stat.S_ISREG(target.stat().st_mode) and SECRET in target.read_text():
                out.add(path)
    assert len(out) > 15


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("swapped", ["folder", "file"])
def test_link_put_in_place_between_preview_and_write_is_refused(world: Path, swapped: str):
    inside = world / "granted"
    (inside / "sub/secret.txt").write_text("one\n")
    tool = write_file(granted(inside))
    arguments = {"path": "sub/secret.txt", "content": "overwritten\n"}
    shown = tool.preview(arguments, CancelToken())
    swap_for_link(inside / "sub" if swapped == "folder" else inside / "sub/secret.txt", world)
    with pytest.raises(ToolFault, match="not in a folder that was granted"):
        tool.run(arguments, CancelToken(), shown)
    assert (world / "outside/secret.txt").read_text() == SECRET


def swap_for_link(path: Path, world: Path) -> None:
    target = world / "outside" / ("" if path.is_dir() else path.name)
    path.rename(world / "moved")
    path.symlink_to(target)


@pytest.mark.usefixtures("_way")
@pytest.mark.parametrize("swapped", ["sub", "sub/secret.txt"])
def test_link_put_in_place_between_check_and_use_is_refused(world: Path, swapped: str):
    inside = world / "granted"
    (inside / "sub/secret.txt").write_text("one\n")
    place = granted(inside).place("sub/secret.txt")
    swap_for_link(inside / swapped, world)
    with pytest.raises(ToolFault), opened_parent(place) as (folder, name):
        read_content(folder, name)


@pytest.mark.usefixtures("_way")
def test_link_put_in_place_of_a_folder_in_use_is_not_followed(world: Path):
    inside = world / "granted"
    (inside / "sub/secret.txt").write_text("one\n")
    with opened_parent(granted(inside).place("sub/secret.txt")) as (folder, name):
        swap_for_link(inside / "sub", world)
        with suppress(ToolFault):  # by path it is refused; held open it is still the same folder
            assert read_content(folder, name).data == b"one\n"


def test_pipe_put_in_place_between_check_and_open_is_not_waited_for(
    world: Path, monkeypatch: pytest.MonkeyPatch
):
    path = world / "granted/a.txt"
    lstat = os.lstat

    def swapping(*given: Any, **where: Any) -> os.stat_result:
        found = lstat(*given, **where)
        if where:
            monkeypatch.undo()
            path.unlink()
            os.mkfifo(path)
        return found

    place = granted(world / "granted").place("a.txt")
    monkeypatch.setattr("os.lstat", swapping)
    with pytest.raises(ToolFault, match="no ordinary file"), opened_parent(place) as (folder, name):
        read_content(folder, name)


def test_folder_swapped_for_a_link_during_a_write_changes_nothing_outside(
    world: Path, monkeypatch: pytest.MonkeyPatch
):
    inside = world / "granted"
    monkeypatch.setattr("os.fsync", lambda _: swap_for_link(inside / "sub", world))
    ran(write_file(granted(inside)), path="sub/secret.txt", content="overwritten\n")
    assert (world / "moved/secret.txt").read_text() == "overwritten\n"
    assert (world / "outside/secret.txt").read_text() == SECRET


def test_link_that_comes_and_goes_all_the_time_is_never_followed(world: Path):
    inside = world / "granted"
    (inside / "secret.txt").write_text("one\n")
    (inside / "way_out").symlink_to(world / "outside/secret.txt")
    ended = threading.Event()

    def flip() -> None:
        while not ended.is_set():
            (inside / "plain").write_text("one\n")
            (inside / "plain").replace(inside / "secret.txt")
            (inside / "link").symlink_to(world / "outside/secret.txt")
            (inside / "link").replace(inside / "secret.txt")

    flipping = threading.Thread(target=flip)
    flipping.start()
    said = {everything(ReadFile(granted(inside)), {"path": "secret.txt"}) for _ in range(2_000)}
    ended.set()
    flipping.join()
    assert "one\n" in said
    assert not any(SECRET in each for each in said)


@pytest.mark.usefixtures("_way")
def test_granted_folder_that_became_another_is_refused(world: Path):
    folders = granted(world / "granted")
    place = folders.place(".")
    (world / "granted").rename(world / "moved")
    (world / "outside").rename(world / "granted")
    with pytest.raises(ToolFault, match="not the one that was granted"), opened_folder(place):
        pass
    with pytest.raises(ToolFault, match="not in a folder that was granted"):
        folders.place(".")


@pytest.mark.usefixtures("_way")
def test_folder_granted_for_reading_inside_one_for_writing_stays_so(world: Path):
    folders = Folders(
        [GrantedFolder(world / "granted", can_write=True), GrantedFolder(world / "granted/locked")]
    )
    for path in ("locked/keep.txt", "granted/locked/keep.txt", "granted/locked_link/keep.txt"):
        assert everything(ReadFile(folders), {"path": path}) == "one\n"
        with pytest.raises(ToolFault, match="reading only"):
            ran(write_file(folders), path=path, content="overwritten\n")


def test_granted_folder_that_is_not_there_is_a_fault(tmp_path: Path):
    with pytest.raises(ToolFault):
        ran(ListFiles(granted(tmp_path / "none")))
