"""Guards for every test: its own data folder, no network, and no child process left behind."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.paths import DATA_DIR_VARIABLE, DataPaths


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that forgets to say where never writes to the real data folder."""
    monkeypatch.setenv(DATA_DIR_VARIABLE, str(tmp_path / "default-data"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only sockets of this machine may be connected."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        is_local = self.family == getattr(socket, "AF_UNIX", None) or (
            isinstance(address, tuple) and str(address[0]) in ("127.0.0.1", "::1", "localhost")
        )
        assert is_local, f"a test tried to reach {address}"
        real(self, address)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(autouse=True)
def no_children_left() -> Iterator[None]:
    """Child processes that a test started are gone when it ends."""
    before = {each.pid for each in multiprocessing.active_children()}
    yield
    left = [each for each in multiprocessing.active_children() if each.pid not in before]
    for each in left:
        each.kill()
        each.join()
    assert not left, f"child processes left behind: {[each.name for each in left]}"


@pytest.fixture
def data_paths(tmp_path: Path) -> DataPaths:
    """A data folder of the test's own, made."""
    paths = DataPaths(tmp_path / "data")
    paths.make()
    return paths
