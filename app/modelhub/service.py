"""The model hub's use cases: import, inspect, load and unload. Files stay where they lie."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path

from app.base.changes import Notices, Topic
from app.base.errors import AppError, NotFound
from app.base.jobs import CancelToken
from app.engine.host import EngineHost, EngineState
from app.engine.options import LoadOptions
from app.engine.protocol import ModelFacts
from app.modelhub import store
from app.modelhub.entities import GgufFacts, LocalModel, ModelId
from app.modelhub.errors import GgufError
from app.modelhub.gguf import read_gguf_facts
from app.settings.store import SettingsStore
from app.storage.db import Database

log = logging.getLogger(__name__)

HASH_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """The model in use, and what the engine says of it."""

    model: LocalModel
    facts: ModelFacts


class ModelService:
    """Knows the GGUF files and which one answers."""

    def __init__(
        self, settings: SettingsStore, database: Database, notices: Notices, engine: EngineHost
    ) -> None:
        self._settings = settings
        self._database = database
        self._notices = notices
        self._engine = engine
        self._used: LocalModel | None = None
        self._closing = threading.Event()
        self._hashing: threading.Thread | None = None
        self._hash_lock = threading.Lock()

    def close(self) -> None:
        """Stop hashing; it starts over at the next import or start."""
        self._closing.set()
        if self._hashing is not None:
            self._hashing.join(timeout=5)

    @property
    def loaded(self) -> LoadedModel | None:
        """The model in use; None when nothing is loaded or its engine died."""
        facts, model = self._engine.loaded, self._used
        return LoadedModel(model, facts) if facts is not None and model is not None else None

    @property
    def state(self) -> EngineState:
        """What the engine is doing, with the path of the file it is about."""
        return self._engine.state

    def models(self) -> tuple[LocalModel, ...]:
        """Every imported model, newest first."""
        with self._database.read() as session:
            return store.models(session)

    def inspect(self, path: Path) -> GgufFacts:
        """Read the header of any GGUF file.

        Raises:
            GgufError: it is not a whole, well-formed GGUF file.
        """
        return read_gguf_facts(Path(os.path.abspath(path.expanduser())))  # noqa: PTH100 - keeps links

    def import_file(self, path: Path) -> LocalModel:
        """Put a GGUF file on the list, referenced where it lies.

        Raises:
            GgufError: it is not a whole, well-formed GGUF file.
        """
        facts = self.inspect(path)
        part = dict(facts.metadata).get("general.type", "model")
        if part != "model":
            raise GgufError(
                f"{path.name} is a part for another model ({part}), not a model of its own.",
                "Import the model it belongs to.",
            )
        model = self._database.write(lambda session: store.put(session, facts))
        self._notices.changed(Topic.MODELS)
        self.hash_in_background()
        return model

    def find(self, name: str) -> LocalModel:
        """An imported model by name, id, or file name.

        Raises:
            NotFound: there is none, or more than one.
        """
        wanted = name.casefold()
        hits = [
            model
            for model in self.models()
            if wanted in (str(model.id), model.name.casefold(), model.path.name.casefold())
        ]
        if not hits:
            raise NotFound(
                f"There is no model “{name}”.", "`models list` names them; a file path works too."
            )
        if len(hits) > 1:
            raise NotFound(f"“{name}” names {len(hits)} models.", "Use the number or the file.")
        return hits[0]

    def remove(self, model_id: ModelId) -> None:
        """Take a model off the list, unloading it first. Its file stays."""
        if self._used is not None and self._used.id == model_id:
            self.unload()
        self._database.write(lambda session: store.remove(session, model_id))
        self._notices.changed(Topic.MODELS)

    def load(self, model_id: ModelId, cancel: CancelToken | None = None) -> LoadedModel:
        """Load a model in place of the one in use, which stays if the new file is no good.

        Raises:
            ModelLoadError: it cannot be loaded, or the engine crashed on it; why.
            TemplateError: its chat template cannot be used.
            NotFound: the file is gone.
            Cancelled: `cancel` was.
        """
        with self._database.read() as session:
            model = store.get(session, model_id)
        if not model.is_present:
            raise NotFound(
                f"{model.path.name} is not in {model.path.parent} any more.",
                "Put it back, or import it from where it is now.",
            )
        chosen = self._settings.current.engine
        options = LoadOptions(chosen.context_length, chosen.threads, chosen.gpu_layers)
        try:
            facts = self._engine.load(model.path, options, cancel)
            self._used = model
        finally:
            self._notices.changed(Topic.MODELS)
        return LoadedModel(model, facts)

    def unload(self) -> None:
        """Give the memory of the model in use back."""
        self._engine.unload()
        self._used = None
        self._notices.changed(Topic.MODELS)

    def hash_in_background(self) -> None:
        """Compute the SHA-256 of files that have none yet; answers name it in their record."""
        with self._hash_lock:
            if self._hashing is not None and self._hashing.is_alive():
                return
            self._hashing = threading.Thread(
                target=self._hash_all, name="model hashing", daemon=True
            )
            self._hashing.start()

    def sha256(self, model_id: ModelId) -> str:
        """The hash of a model's file, empty while it is not known yet."""
        with self._database.read() as session:
            return store.get(session, model_id).sha256 or ""

    def _hash_all(self) -> None:
        tried: set[ModelId] = set()
        while True:
            waiting = [
                each
                for each in self.models()
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
