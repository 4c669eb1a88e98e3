"""The tokens that may come next with their logits, laid out as llama.cpp's samplers take them."""

from __future__ import annotations

import ctypes
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.llama.native import llama_cpp
from app.engine.llama.sampling.logprobs import Logits

_LAYOUT = np.dtype([("token", np.int32), ("logit", np.float32), ("share", np.float32)])
_TOKEN_DATA = ctypes.POINTER(llama_cpp.llama_token_data)


class Candidates:
    """A list of tokens for llama.cpp's samplers, which reorder, shorten and mark it in place."""

    def __init__(self, size: int) -> None:
        self._all = np.arange(size, dtype=np.int32)
        self._rows = np.empty(size, _LAYOUT)
        self._data = self._rows.ctypes.data_as(_TOKEN_DATA)
        self.native: Any = llama_cpp.llama_token_data_array(self._data, 0, -1, False)

    def fill(self, logits: Logits, forbidden: Collection[int] = ()) -> None:
        """All tokens but the forbidden ones."""
        rows = self._rows
        rows["token"], rows["logit"], rows["share"] = self._all, logits, 0.0
        if forbidden:
            rows["logit"][list(forbidden)] = -np.inf
        self._start(len(rows))

    def single(self, token: int) -> None:
        """One token, with logit 0."""
        self._rows[0] = (token, 0.0, 0.0)
        self._start(1)

    def several(self, tokens: NDArray[np.int32], logits: Logits) -> None:
        """These tokens."""
        rows = self._rows[: len(tokens)]
        rows["token"], rows["logit"], rows["share"] = tokens, logits, 0.0
        self._start(len(rows))

    def logits(self) -> Logits:
        """A copy of the logits, in the order of the list."""
        return np.ascontiguousarray(self._rows["logit"][: self.native.size])

    def possible(self) -> NDArray[np.bool_]:
        """Which places of the list have any probability."""
        found: NDArray[np.bool_] = self._rows["logit"][: self.native.size] > -np.inf
        return found

    def apply(self, sampler: Any) -> None:
        """Let a native sampler work on the list."""
        llama_cpp.llama_sampler_apply(sampler, ctypes.byref(self.native))

    def drop_impossible(self) -> int:
        """Take out what has no probability, on which some samplers stumble; how many are left."""
        possible = self.possible()
        count = int(np.count_nonzero(possible))
        if count < len(possible):
            self._rows[:count] = self._rows[np.flatnonzero(possible)]
        self._start(count)
        return count

    def selected(self) -> int:
        """The token that the last sampler of a chain chose; below 0 for none."""
        place = self.native.selected
        if not 0 <= place < self.native.size:
            return -1
        # Not by `_rows`: samplers also shorten the list from its start.
        chosen = self.native.data[place]
        return int(chosen.id) if chosen.logit > -np.inf else -1

    def _start(self, size: int) -> None:
        array = self.native
        array.data, array.size, array.selected, array.sorted = self._data, size, -1, False
