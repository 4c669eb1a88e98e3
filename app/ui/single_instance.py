"""One window for each data folder: a second start hands its files to the first and ends."""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from app.base.paths import DataPaths

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 1_000_000
CONNECT_MS = 500
ANSWER_MS = 3000
ANSWER = b"ok\n"


class InstanceServer(QObject):
    """Listens for later starts.

    Signals:
        called: somebody started Cairn again; the paths that were given to it, perhaps none.
    """

    called = Signal(object)

    def __init__(self, paths: DataPaths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths = paths
        self._name = server_name(paths)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_new_connection)
        self._received: dict[QLocalSocket, bytes] = {}

    def listen(self) -> bool:
        """Start listening; clears away what a crashed Cairn left. False: no one will find us."""
        is_listening = self._server.listen(self._name)
        if not is_listening:
            QLocalServer.removeServer(self._name)
            is_listening = self._server.listen(self._name)
        return is_listening and self._say_where()

    def _say_where(self) -> bool:
        try:
            self._paths.open_window.write_text(self._name, encoding="utf-8")
        except OSError as error:  # a full disk must not keep the window from starting
            log.info("cannot say that this window is open: %s", error)
            return False
        return True

    def close(self) -> None:
        """Stop listening, and leave whoever is calling."""
        for socket in tuple(self._received):
            socket.disconnect(self)
            socket.abort()
        self._received.clear()
        if self._server.isListening():
            self._paths.open_window.unlink(missing_ok=True)
        self._server.close()

    def _on_new_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            self._received[socket] = b""
            socket.readyRead.connect(self._on_any_ready_read)
            socket.disconnected.connect(self._on_any_disconnected)
            self._on_ready_read(socket)

    def _on_any_ready_read(self) -> None:
        for socket in tuple(self._received):
            if socket.bytesAvailable():
                self._on_ready_read(socket)

    def _on_any_disconnected(self) -> None:
        for socket in tuple(self._received):
            if socket.state() == QLocalSocket.LocalSocketState.UnconnectedState:
                del self._received[socket]
                socket.deleteLater()

    def _on_ready_read(self, socket: QLocalSocket) -> None:
        if socket not in self._received:
            return
        self._received[socket] += bytes(socket.readAll().data())
        message = self._received[socket]
        if len(message) > LONGEST_MESSAGE:
            socket.abort()
        elif message.endswith(b"\n"):
            self._received[socket] = b""
            socket.write(ANSWER)
            socket.flush()
            self.called.emit(_paths(message))


def hand_over(paths: DataPaths, files: Sequence[Path]) -> bool:
    """Ask a running Cairn to come to the front and open these files; False if none answers."""
    socket = QLocalSocket()
    socket.connectToServer(server_name(paths))
    if not socket.waitForConnected(CONNECT_MS):
        return False
    socket.write(json.dumps([str(file.absolute()) for file in files]).encode() + b"\n")
    socket.flush()
    answered = socket.waitForReadyRead(ANSWER_MS) and bytes(socket.readAll().data()) == ANSWER
    socket.disconnectFromServer()
    return answered


def server_name(paths: DataPaths) -> str:
    """A name of its own for each user and data folder; short, since sockets' paths are."""
    key = f"{getpass.getuser()}\0{paths.root.absolute()}".encode()
    return f"cairn-{hashlib.sha256(key).hexdigest()[:20]}"


def _paths(message: bytes) -> tuple[Path, ...]:
    """The paths of a message; anything else in it is ignored, whoever sent it."""
    try:
        names = json.loads(message)
    except ValueError:
        return ()
    if not isinstance(names, list):
        return ()
    given = [Path(name) for name in names if isinstance(name, str) and "\0" not in name]
    return tuple(path for path in given if path.is_absolute())
