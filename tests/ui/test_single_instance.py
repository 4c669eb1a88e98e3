from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.base.paths import DataPaths
from app.ui.single_instance import InstanceServer, hand_over, server_name


@pytest.fixture
def server(paths: DataPaths, qtbot):
    server = InstanceServer(paths)
    assert server.listen()
    yield server
    server.close()
    server.deleteLater()


def call(paths: DataPaths, files: list[Path], outcome: list[bool]) -> threading.Thread:
    thread = threading.Thread(target=lambda: outcome.append(hand_over(paths, files)))
    thread.start()
    return thread


def test_hand_over_running_window_gets_the_files(
    server: InstanceServer, paths: DataPaths, tmp_path: Path, qtbot
):
    files, outcome = [tmp_path / "ä b.pdf", tmp_path / "c.gguf"], []
    with qtbot.waitSignal(server.called) as called:
        thread = call(paths, files, outcome)
    thread.join(5)
    assert called.args == [tuple(files)]
    assert outcome == [True]


def test_hand_over_no_files_still_calls(server: InstanceServer, paths: DataPaths, qtbot):
    outcome: list[bool] = []
    with qtbot.waitSignal(server.called) as called:
        thread = call(paths, [], outcome)
    thread.join(5)
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
