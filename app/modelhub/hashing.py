"""Computes the SHA-256 of model files in the background, one file at a time."""

from __future__ import annotations

import hashlib
import logging
import threading

from app.base.errors import AppError
from app.modelhub import store
from app.modelhub.entities import LocalModel, ModelId
from app.storage.db import Database

log = logging.getLogger(__name__)

HASH_BLOCK = 1 << 22


class FileHasher:
    """Hashes every file that has no hash yet, in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Hash what waits for it; does nothing while that is under way."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self._thread = threading.Thread(target=self._run, name="model hashing", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; it starts over at the next start."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        tried: set[ModelId] = set()
        while True:
            with self._database.read() as session:
                listed = store.models(session)
            waiting = [
                each
                for each in listed
                if each.sha256 is None and each.is_present and each.id not in tried
            ]
            if not waiting or self._closing.is_set():
                return
            tried.add(waiting[0].id)
            self._hash(waiting[0])

    def _hash(self, model: LocalModel) -> None:
        digest = hashlib.sha256()
        try:
            with model.path.open("rb") as file:
                while block := file.read(HASH_BLOCK):
                    if self._closing.is_set():
                        return
                    digest.update(block)
            value = digest.hexdigest()
            self._database.write(lambda session: store.set_sha256(session, model.id, value))
        except (OSError, AppError) as error:
            log.info("the hash of %s is not known: %s", model.path.name, error)
