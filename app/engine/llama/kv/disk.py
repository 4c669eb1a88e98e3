"""Parked conversation state on disk, so that a conversation goes on after a restart as it was.

Owns the files of one folder: their format, their names, and how much room they take together. It
knows nothing of llama.cpp; what is stored is bytes with the tokens they stand for. Nothing here
raises: a file that cannot be trusted is removed, and one that cannot be written is not kept.

Use: make one `StateFiles` per loaded model. `index()` lists what is there, last used last, by the
headers alone; pick an entry by its tokens and `read` it; park with `write`.
Tokens are any whole numbers of 64 bits, so the places of an image can be negative numbers made
from its hash. All of it may be called from a worker thread, which is where `write` belongs when
other conversations are decoding: it lets other threads run while it checks, writes and syncs.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import re
import secrets
import shutil
import stat
import threading
import time
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.engine.llama.kv.state_format import (
    MOST_TOKENS,
    Untrusted,
    digest,
    head_bytes,
    make_head,
    read_head,
    read_state,
)

log = logging.getLogger(__name__)

_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{32}\.state")
_UNFINISHED = re.compile(r"[0-9a-f]{16}-[0-9a-f]{32}\.state\.[0-9a-f]{16}\.part")
_PIECE = 8 << 20  # written at once, so that an unfinished file of a living writer stays young
_ABANDONED_S = 120.0


@dataclass(frozen=True, slots=True)
class StateKey:
    """All that decides whether stored state can be used again.

    Attributes:
        identity: of the model file's content, such as its SHA-256.
        build: of the engine that wrote the state.
        settings: everything else that changes the numbers or their layout, as name and value.
    """

    identity: str
    build: str
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole key; the order of the settings makes no difference."""
        parts = [self.identity, self.build, sorted(self.settings)]
        return hashlib.sha256(json.dumps(parts).encode()).digest()


@dataclass(frozen=True, slots=True, eq=False)
class StoredState:
    """One file of this key, known by its header.

    Attributes:
        name: of the file.
        size_bytes: of the state alone.
    """

    name: str
    tokens: array[int]
    size_bytes: int
    used_at: float


class StateFiles:
    """The state files of one folder, for one key.

    Several processes may share a folder. Each file appears whole or not at all, and one that
    another process removes meanwhile is simply not there.
    """

    def __init__(
        self,
        folder: Path,
        key: StateKey,
        budget_bytes: int,
        *,
        can_cut: bool = True,
        left_free_bytes: int = 1 << 30,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is read or written yet.

        Args:
            folder: made when it is needed, readable by its owner only.
            key: files of other keys are not read, but count against the budget and go first.
            budget_bytes: of all files together; 0 keeps nothing.
            can_cut: state of a longer conversation serves for one that is its beginning, so that
                one's file is removed. False for recurrent and hybrid models.
            left_free_bytes: of the disk, never taken.
            now: the clock, as file times are measured.
        """
        self._folder = folder
        self._key = key.digest
        self._prefix = self._key.hex()[:16]
        self._budget = budget_bytes
        self._can_cut = can_cut
        self._left_free = left_free_bytes
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, tuple[tuple[int, int], StoredState]] = {}

    def index(self) -> tuple[StoredState, ...]:
        """What can be read, last used last. Removes what is damaged or was left unfinished."""
        with self._lock:
            known = self._known
            self._known = {}
            for found in self._scan():
                if not found.name.startswith(self._prefix):
                    continue
                before = known.get(found.name)
                entry = before[1] if before and before[0] == found.stamp else self._header(found)
                if entry is not None:
                    self._known[found.name] = found.stamp, entry
            entries = [entry for _, entry in self._known.values()]
        return tuple(sorted(entries, key=lambda each: each.used_at))

    def write(self, tokens: Sequence[int], state: bytes | bytearray | memoryview) -> bool:
        """Keep the state of these tokens; whether it was kept.

        Args:
            tokens: what the state stands for.
            state: as the engine gave it; it is not copied. For llama.cpp to write into it without
                a copy either, make a bytearray and give it `(c_uint8 * size).from_buffer(it)`.
        """
        payload = memoryview(state).cast("B")
        stands_for = array("q", tokens)
        size = head_bytes(len(stands_for)) + len(payload)
        if not stands_for or len(stands_for) > MOST_TOKENS or size > self._budget:
            return False
        name = f"{self._prefix}-{digest(self._key + stands_for.tobytes()).hex()}.state"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._has(name, size):
                return True
            if not self._has_room(size):
                return False
            self._write(name, stands_for, payload)
        except OSError as error:
            log.warning("state of %d tokens was not kept: %s", len(stands_for), error)
            return False
        if self._can_cut:
            self._remove_prefixes(name, stands_for)
        self._bound(spared=name)
        return True

    def read(self, entry: StoredState) -> bytes | None:
        """The state, checked; None when it is gone or damaged, and then it is removed."""
        path = self._folder / entry.name
        try:
            with _open(path) as file:
                head = read_head(file, self._key)
                if head.tokens != entry.tokens:
                    raise Untrusted
                state = read_state(file, head)
        except FileNotFoundError:
            return None
        except Untrusted:
            self._remove_untrusted(entry.name)
            return None
        except (OSError, MemoryError) as error:
            log.warning("%s cannot be read: %s", entry.name, error)
            return None
        with suppress(OSError):  # used now, so it goes last
            os.utime(path, (self._now(), self._now()))
        return state

    def remove(self, entry: StoredState) -> None:
        """Forget one state, such as that of a conversation that was deleted."""
        self._unlink(entry.name)

    def clear(self) -> None:
        """Forget the states of every model."""
        for found in self._scan():
            self._unlink(found.name)

    def _scan(self) -> Iterator[_Found]:
        """Our files. Others in the folder are left alone; abandoned unfinished ones are removed."""
        try:
            listed = list(os.scandir(self._folder))
        except OSError:
            return
        for each in listed:
            unfinished = _UNFINISHED.fullmatch(each.name)
            if not unfinished and not _NAME.fullmatch(each.name):
                continue
            with suppress(OSError):
                status = each.stat(follow_symlinks=False)
                age = abs(self._now() - status.st_mtime)
                if not stat.S_ISREG(status.st_mode):
                    continue
                if not unfinished:
                    yield _Found(each.name, status.st_size, status.st_mtime_ns)
                elif age > _ABANDONED_S:
                    self._unlink(each.name)

    def _header(self, found: _Found) -> StoredState | None:
        try:
            with _open(self._folder / found.name) as file:
                head = read_head(file, self._key)
        except Untrusted:
            self._remove_untrusted(found.name)
            return None
        except OSError as error:
            log.info("%s cannot be read: %s", found.name, error)
            return None
        return StoredState(found.name, head.tokens, head.state_bytes, found.time_ns / 1e9)

    def _remove_untrusted(self, name: str) -> None:
        log.warning("%s is damaged or of another kind and was removed", name)
        self._unlink(name)

    def _has(self, name: str, size: int) -> bool:
        """Whether the same is stored already; then it is used now."""
        for entry in self.index():
            if entry.name == name and head_bytes(len(entry.tokens)) + entry.size_bytes == size:
                os.utime(self._folder / name, (self._now(), self._now()))
                return True
        return False

    def _has_room(self, size: int) -> bool:
        free = shutil.disk_usage(self._folder).free
        if free - size < self._left_free:
            log.info("state of %d bytes was not kept: only %d bytes are free", size, free)
            return False
        return True

    def _write(self, name: str, tokens: array[int], payload: memoryview) -> None:
        head = make_head(self._key, tokens, payload)
        unfinished = self._folder / f"{name}.{secrets.token_hex(8)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            with os.fdopen(os.open(unfinished, flags, 0o600), "wb", buffering=0) as file:
                _write_all(file, memoryview(head))
                for start in range(0, len(payload), _PIECE):
                    _write_all(file, payload[start : start + _PIECE])
                os.fsync(file.fileno())
            os.utime(unfinished, (self._now(), self._now()))
            unfinished.replace(self._folder / name)
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise

    def _remove_prefixes(self, name: str, tokens: array[int]) -> None:
        for entry in self.index():
            size = len(entry.tokens)
            if entry.name != name and size < len(tokens) and entry.tokens == tokens[:size]:
                self._unlink(entry.name)

    def _bound(self, spared: str) -> None:
        """Keep to the budget: other keys' files go first, then by last use."""
        files = [found for found in self._scan() if found.name != spared]
        files.sort(key=lambda each: (each.name.startswith(self._prefix), each.time_ns))
        total = sum(found.size for found in self._scan())
        for found in files:
            if total <= self._budget:
                return
            if self._unlink(found.name):
                total -= found.size

    def _unlink(self, name: str) -> bool:
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:  # on Windows while another process reads it
            log.info("%s could not be removed: %s", name, error)
            return False
        return True


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    size: int
    time_ns: int

    @property
    def stamp(self) -> tuple[int, int]:
        return self.size, self.time_ns


def _open(path: Path) -> BinaryIO:
    """Open for reading, but never what a link points to."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags), "rb")


def _write_all(file: io.RawIOBase, data: memoryview) -> None:
    while data:
        data = data[file.write(data) or 0 :]
