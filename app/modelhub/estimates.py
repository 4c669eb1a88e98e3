"""What models need beside what this computer has free: asks the engine once and remembers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from app.base.errors import NotFound
from app.base.jobs import CancelToken
from app.engine.host import EngineHost
from app.engine.options import AUTOMATIC_LAYERS, LoadOptions, WaitPolicy
from app.engine.protocol import Device, MemoryNeed
from app.modelhub.fit import (
    NOT_GRAPHICS,
    Fit,
    FreeMemory,
    Verdict,
    judge,
    shrunk,
    smaller,
)

_KEPT = 512
_MOST_TRIES = 6
_FAILED_SHARE = 0.8  # of the estimate is taken to be there after a load ran out of memory

# What the need depends on: path, size, time of change, options.
Key = tuple[Path, int, int, LoadOptions]
Used = tuple[Path, LoadOptions]


class MemoryEstimates:
    """Estimates one file after the other. Methods block and may be called on any thread."""

    def __init__(
        self,
        engine: EngineHost,
        used: Callable[[], Used | None] = lambda: None,
        free: Callable[[], int] = lambda: int(psutil.virtual_memory().available),
    ) -> None:
        """Estimate nothing yet.

        Args:
            engine: knows how much a file needs.
            used: file and options of the loaded model, whose memory will be given back.
            free: bytes of main memory that are free now.
        """
        self._engine = engine
        self._used = used
        self._free = free
        self._lock = threading.Lock()  # one estimate at a time; each may start a process
        self._needs: OrderedDict[Key, MemoryNeed] = OrderedDict()

    def fit(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken | None = None,
        *,
        trained: int = 0,
    ) -> Fit:
        """What the file needs, what is free, and what would fit if it does not.

        Args:
            path: the file.
            options: how it would be loaded.
            cancel: gives up.
            trained: tokens the model was trained for; 0 if unknown.

        Raises:
            NotFound: the file is gone.
            ModelLoadError: the engine cannot read it.
            Cancelled: `cancel` was.
        """
        was_known = self.known_need(path, options) is not None
        need = self.need(path, options, cancel)
        free = self.free(need)
        chooses = options.gpu_layers == AUTOMATIC_LAYERS and need.graphics_memory > 0
        if was_known and chooses and judge(need, free) is not Verdict.FITS:
            # The cards have less free than they had: the engine will put fewer layers there.
            need = self.need(path, options, cancel, anew=True)
            free = self.free(need)
        tokens = options.room(trained)
        fit = Fit(options, need, free, tokens)
        if fit.verdict is not Verdict.DOES_NOT_FIT:
            return fit
        real = replace(options, context_length=tokens)
        return replace(fit, smaller=self._smaller(path, real, need, free, cancel))

    def need(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken | None = None,
        *,
        anew: bool = False,
    ) -> MemoryNeed:
        """What the file needs with these options; raises as `fit`.

        Args:
            path: the file.
            options: how it would be loaded.
            cancel: gives up.
            anew: ask the engine even if the answer is known.
        """
        cancel = cancel or CancelToken()
        key = _key(path, options)
        with self._lock:
            cancel.check()
            found = self._needs.get(key)
            if found is None or anew:
                found = self._engine.estimate(path, options, cancel)
                self._needs[key] = found
                if len(self._needs) > _KEPT:
                    self._needs.popitem(last=False)
            self._needs.move_to_end(key)
        cancel.check()
        return found

    def known_need(self, path: Path, options: LoadOptions) -> MemoryNeed | None:
        """What was estimated before, if it was; asks nobody."""
        try:
            key = _key(path, options)
        except NotFound:
            return None
        return self._needs.get(key)

    def after_failure(
        self,
        path: Path,
        options: LoadOptions,
        cancel: CancelToken | None = None,
        *,
        trained: int = 0,
    ) -> LoadOptions | None:
        """What to try when memory ran out in spite of the estimate; as `fit`."""
        fit = self.fit(path, options, cancel, trained=trained)
        if fit.verdict is Verdict.DOES_NOT_FIT:
            return fit.smaller
        real = replace(options, context_length=fit.room)
        return smaller(real, fit.need, shrunk(fit.need, _FAILED_SHARE))

    def graphics_cards(self) -> tuple[Device, ...]:
        """The graphics cards that the engine can use."""
        return tuple(
            each for each in self._engine.devices() if each.kind.lower() not in NOT_GRAPHICS
        )

    def free(self, need: MemoryNeed) -> FreeMemory:
        """What is free for a model that needs this, once the loaded one is unloaded."""
        cards = self.graphics_cards() if need.graphics_memory else ()
        free = FreeMemory(self._free(), cards)
        used = self._used()
        returned = self.known_need(*used) if used is not None else None
        if used is None or returned is None:
            return free
        return free.with_returned(returned, weights_too=not used[1].use_mmap)

    def _smaller(
        self,
        path: Path,
        options: LoadOptions,
        need: MemoryNeed,
        free: FreeMemory,
        cancel: CancelToken | None,
    ) -> LoadOptions | None:
        """A proposal that the engine agrees with; predictions alone may be wrong."""
        tried: LoadOptions | None = options
        for _round in range(_MOST_TRIES):
            tried = smaller(tried, need, free) if tried is not None else None
            if tried is None:
                return None
            need = self.need(path, tried, cancel)
            if judge(need, free) is not Verdict.DOES_NOT_FIT:
                return tried
        return None


def _key(path: Path, options: LoadOptions) -> Key:
    try:
        status = path.stat()
    except OSError as error:
        raise NotFound(
            f"{path.name} cannot be read in {path.parent} ({error.strerror or error}).",
            "Put it back, or import it from where it is now.",
        ) from error
    # What changes nothing about the memory shares an estimate.
    same = replace(
        options, threads=0, prefill_threads=0, wait_policy=WaitPolicy.AUTO, keep_on_disk=True
    )
    return path, status.st_size, status.st_mtime_ns, same
