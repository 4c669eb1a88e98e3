"""Vectors of texts, from models that embed instead of chatting.

Owns a context of its own that pools; knows nothing of conversations.

Use: where `embeds(model)` says so, make an `Embedder` instead of a context for chat, close it
before the model is freed. `embed` may be called from any thread; calls wait for one another. To
stop one, let its `should_stop` say so and lift `flag`, which interrupts a computation under way;
a call that was not meant goes on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from math import hypot, isfinite
from threading import Lock
from typing import Any

from app.base.errors import Cancelled
from app.engine.causes import load_error
from app.engine.errors import EngineError, ModelLoadError, PromptTooLong
from app.engine.llama.computing.batch import TokenBatch
from app.engine.llama.computing.context import Computed, StopFlag
from app.engine.llama.native import llama_cpp, native_log, trained_length
from app.engine.llama.vocabulary import Vocabulary

_NONE, _MEAN, _LAST, _RANK = 0, 1, 3, 4  # llama_pooling_type
_MOST_SEQUENCES = 64
# llama.cpp makes room for the logits of every token that is pooled, even where none are computed.
_MOST_OUTPUT_BYTES = 2 << 30
_USUAL_OUTPUT_BYTES = 128 << 20


def embeds(model: Any) -> bool:
    """Whether a loaded model turns text into vectors rather than into more text."""
    if llama_cpp.llama_model_is_diffusion(model):
        return False
    if llama_cpp.llama_model_has_encoder(model):
        return not llama_cpp.llama_model_has_decoder(model)
    return _pooling(model) != _NONE or not _is_causal(model)


class Embedder:
    """A model with a context that pools the tokens of a text into one vector.

    Attributes:
        size: numbers of a vector.
        longest: tokens of a text at most, with those the model puts around it.
        flag: interrupts a computation.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        vocabulary: Vocabulary,
        *,
        context_length: int,
        batch: int = 512,
        params: Any = None,
    ) -> None:
        """Make the context.

        Args:
            name: of the model file, for errors.
            model: the native model; it must outlive this object.
            vocabulary: of that model.
            context_length: `longest` is not longer, nor longer than the model was trained for.
            batch: tokens that are computed together where texts are short.
            params: native context parameters with threads, devices and flash attention set; what
                concerns lengths, sequences and pooling is set here.

        Raises:
            ModelLoadError: it ranks pairs of texts instead, or there is no room for it.
        """
        pooling = _pooling(model)
        if pooling == _RANK:
            raise ModelLoadError(
                f"“{name}” ranks passages for a question; it does not turn text into vectors.",
                "Choose an embedding model.",
            )
        self._vocabulary = vocabulary
        self._is_encoder = llama_cpp.llama_model_has_encoder(model)
        # Only the last token counts, so the others need no outputs.
        self._last_only = pooling == _LAST and _is_causal(model) and not self._is_encoder
        trained = trained_length(model)
        self.longest = min(context_length, trained or context_length)
        if not self._last_only:
            self.longest = min(self.longest, _MOST_OUTPUT_BYTES // (4 * vocabulary.size))
        self._is_cut_short = self.longest < trained
        fitting = max(batch if self._last_only else _USUAL_OUTPUT_BYTES // (4 * vocabulary.size), 1)
        self._budget = min(batch, fitting, self.longest)
        self.size: int = llama_cpp.llama_model_n_embd_out(model)
        at_once = self._budget if self._last_only else self.longest
        # llama.cpp shares its largest batch out evenly, and ends the process if that fails.
        self._capacity = -(-at_once // _MOST_SEQUENCES) * _MOST_SEQUENCES
        self._one_at_a_time = Lock()
        self.flag = StopFlag()
        self._context: Any = self._new_context(name, model, pooling or _MEAN, params)
        self._memory: Any = llama_cpp.llama_get_memory(self._context)
        self._batch = TokenBatch(self._capacity)

    def embed(
        self, texts: Sequence[str], should_stop: Callable[[], bool] = lambda: False
    ) -> tuple[tuple[float, ...], ...]:
        """One vector of length 1 for each text.

        Raises:
            PromptTooLong: a text does not fit; nothing was computed, and no text is ever cut.
            Cancelled: it was stopped.
        """
        tokens = [self._tokens(text) for text in texts]
        for number, each in enumerate(tokens, start=1):
            if len(each) > self.longest:
                raise self._too_long(number, len(tokens), len(each))
        vectors: list[tuple[float, ...]] = []
        with self._one_at_a_time:
            for batch in self._batches(tokens):
                vectors += self._uninterrupted(batch, should_stop)
        return tuple(vectors)

    def count(self, text: str) -> int:
        """Tokens of a text, with those the model puts around it."""
        return len(self._tokens(text))

    def close(self) -> None:
        """Give the memory back."""
        if self._context:
            self._batch.close()
            llama_cpp.llama_free(self._context)
            self._context = None

    def _new_context(self, name: str, model: Any, pooling: int, params: Any) -> Any:
        params = llama_cpp.llama_context_default_params() if params is None else params
        params.embeddings = True
        params.pooling_type = pooling
        params.n_ctx = self.longest
        # A text that is pooled, or that looks ahead, has to be computed at one go.
        params.n_batch = params.n_ubatch = self._capacity
        params.n_outputs_max = _MOST_SEQUENCES if self._last_only else 0
        params.n_seq_max = _MOST_SEQUENCES
        params.kv_unified = True
        params.no_perf = True
        params.abort_callback = self.flag.callback
        params.abort_callback_data = self.flag.address
        native_log.errors.clear()
        context = llama_cpp.llama_init_from_model(model, params)
        if not context:
            raise load_error(name, [*native_log.errors, "failed to allocate the context"])
        return context

    def _tokens(self, text: str) -> list[int]:
        """As the model wants a whole text: with its begin, end and separator tokens."""
        data = text.encode("utf-8", "replace")
        size = len(data) + 8  # never more tokens than bytes, but for those around them
        while True:
            found = (llama_cpp.llama_token * size)()
            count = llama_cpp.llama_tokenize(
                self._vocabulary.handle, data, len(data), found, size, True, False
            )
            if count >= 0:
                break
            size = -count
        if not count:  # an empty text has a vector too
            return self._vocabulary.tokenize(" ", parse_special=False) or [0]
        return list(found[:count])

    def _too_long(self, number: int, count: int, tokens: int) -> PromptTooLong:
        which = f"Text {number} of {count}" if count > 1 else "The text"
        hint = "Split it into shorter parts."
        if self._is_cut_short:
            hint += " A longer context in Settings may make room for it."
        return PromptTooLong(
            f"{which} has {tokens:,} tokens; this model takes {self.longest:,} at once.", hint
        )

    def _batches(self, texts: Sequence[list[int]]) -> Iterator[list[list[int]]]:
        """Neighbours that fit together; a text longer than the budget goes alone."""
        batch: list[list[int]] = []
        for each in texts:
            full = sum(map(len, batch)) + len(each) > self._budget
            if batch and (full or len(batch) == _MOST_SEQUENCES):
                yield batch
                batch = []
            batch.append(each)
        if batch:
            yield batch

    def _uninterrupted(
        self, texts: list[list[int]], should_stop: Callable[[], bool]
    ) -> list[tuple[float, ...]]:
        while True:
            if should_stop():
                raise Cancelled
            try:
                return self._vectors(texts, should_stop)
            except _Interrupted:
                self.flag.lower()  # meant for this call, or a late Stop of another

    def _vectors(
        self, texts: list[list[int]], should_stop: Callable[[], bool]
    ) -> list[tuple[float, ...]]:
        if self._memory:
            llama_cpp.llama_memory_clear(self._memory, False)
        if self._last_only:
            self._read_beginnings(texts, should_stop)
        self._batch.clear()
        for sequence, tokens in enumerate(texts):
            start = len(tokens) - 1 if self._last_only else 0
            self._batch.add(sequence, start, tokens[start:], [True] * (len(tokens) - start))
        self._compute()
        return [self._vector(sequence) for sequence in range(len(texts))]

    def _read_beginnings(self, texts: list[list[int]], should_stop: Callable[[], bool]) -> None:
        """Compute all but the last token of each text, without outputs."""
        llama_cpp.llama_set_embeddings(self._context, False)
        try:
            places = (
                (sequence, position, token)
                for sequence, tokens in enumerate(texts)
                for position, token in enumerate(tokens[:-1])
            )
            while part := list(islice(places, self._budget)):
                if should_stop():
                    raise Cancelled
                self._batch.clear()
                for sequence, position, token in part:
                    self._batch.add(sequence, position, [token], [False])
                self._compute()
        finally:
            llama_cpp.llama_set_embeddings(self._context, True)

    def _compute(self) -> None:
        run = llama_cpp.llama_encode if self._is_encoder else llama_cpp.llama_decode
        result = run(self._context, self._batch.native)
        if result == Computed.ABORTED:
            raise _Interrupted
        if result != Computed.DONE:
            raise EngineError(
                f"The engine could not compute these vectors ({result}).",
                "Load the model again, or choose another one.",
            )

    def _vector(self, sequence: int) -> tuple[float, ...]:
        values = llama_cpp.llama_get_embeddings_seq(self._context, sequence)
        vector = values[: self.size] if values else []
        length = hypot(*vector)
        if not (length and isfinite(length)):
            raise EngineError(
                "This model gives no usable vector for a text.", "Choose another embedding model."
            )
        return tuple(value / length for value in vector)


class _Interrupted(Exception):
    """A computation was broken off."""


def _pooling(model: Any) -> int:
    found = _entry(model, "pooling_type")
    return int(found) if found.isdecimal() else _NONE


def _is_causal(model: Any) -> bool:
    return _entry(model, "attention.causal") != "false"


def _entry(model: Any, name: str) -> str:
    """An entry of the file's header that is named after its architecture."""
    buffer = ctypes.create_string_buffer(256)

    def value(key: bytes) -> bytes:
        size = llama_cpp.llama_model_meta_val_str(model, key, buffer, 256)
        return buffer.value if size >= 0 else b""

    architecture = value(b"general.architecture")
    return value(architecture + b"." + name.encode()).decode("utf-8", "replace")
