from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.base.paths import DataPaths
from app.ui.single_instance import InstanceServer, hand_over, server_name

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(paths: DataPaths, qtbot):
    server = InstanceServer(paths)
    assert server.listen()
    yield server
    server.close()
    server.deleteLater()


@pytest.fixture
def second_start(paths: DataPaths):
    """Starts another process that hands over; its exit code is 0 when it was answered."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*files: Path) -> subprocess.Popen[bytes]:
        program = (
            "import sys; from pathlib import Path\n"
            "from app.base.paths import DataPaths\n"
            "from app.ui.single_instance import hand_over\n"
            "root, *files = map(Path, sys.argv[1:])\n"
            "sys.exit(0 if hand_over(DataPaths(root), files) else 1)\n"
        )
        words = [sys.executable, "-c", program, str(paths.root), *map(str, files)]
        started.append(subprocess.Popen(words, cwd=ROOT))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_hand_over_running_window_gets_the_files(
    server: InstanceServer, second_start, tmp_path: Path, qtbot
):
    files = [tmp_path / "ä b.pdf", tmp_path / "c.gguf"]
    with qtbot.waitSignal(server.called, timeout=20_000) as called:
        process = second_start(*files)
    assert called.args == [tuple(files)]
    qtbot.waitUntil(lambda: process.poll() == 0, timeout=20_000)


def test_hand_over_no_files_still_calls(server: InstanceServer, second_start, qtbot):
    with qtbot.waitSignal(server.called, timeout=20_000) as called:
        second_start()
    assert called.args == [()]


def test_hand_over_nobody_there_is_false(paths: DataPaths, qapp):
    assert hand_over(paths, []) is False


def test_hand_over_other_data_folder_is_another_window(
    server: InstanceServer, tmp_path: Path, qapp
):
    assert hand_over(DataPaths(tmp_path / "elsewhere"), []) is False


def test_listen_leaves_a_sign_that_close_takes_away(paths: DataPaths, qapp):
    server = InstanceServer(paths)
    server.listen()
    assert paths.open_window.exists()
    server.close()
    assert not paths.open_window.exists()
    server.deleteLater()


def test_listen_after_a_crash_takes_over_what_was_left(paths: DataPaths, qapp):
    left = QLocalServer()
    assert left.listen(server_name(paths))
    name = left.fullServerName()
    left.close()
    if not name.startswith("\\"):
        Path(name).touch()  # what a killed process leaves behind
    server = InstanceServer(paths)
    assert server.listen()
    server.close()
    server.deleteLater()


@pytest.mark.parametrize(
    "message",
    [
        b"not json\n",
        b"{}\n",
        b'["relative.pdf", 7, null, "/with\\u0000nul"]\n',
        json.dumps([[["deep"]]]).encode() + b"\n",
    ],
)
def test_server_strange_message_opens_nothing(
    server: InstanceServer, paths: DataPaths, message: bytes, qtbot
):
    socket = QLocalSocket()
    with qtbot.waitSignal(server.called) as called:
        socket.connectToServer(server_name(paths))
        socket.write(message)
        socket.flush()
    assert called.args == [()]
    socket.abort()


def test_server_endless_message_is_cut_off(server: InstanceServer, paths: DataPaths, qtbot):
    socket = QLocalSocket()
    socket.connectToServer(server_name(paths))
    with qtbot.waitSignal(socket.disconnected, timeout=10_000):
        socket.write(b"x" * 3_000_000)
        socket.flush()
    assert server._received == {}


def test_listen_where_no_sign_can_be_left_is_no_failure(paths: DataPaths, qapp):
    paths.open_window.mkdir()
    server = InstanceServer(paths)
    assert not server.listen()
    paths.open_window.rmdir()
    server.close()
