"""A small model that guesses what a large one of the same family will say.

Owns a second model with a context of its own. A guess can be wrong, never harmful: the large model
checks each token. Nothing here raises once the model is loaded; where it cannot guess, it does not.

Use: `guess(sequence, tokens, most)` before a decode step, with the large model's number of the
sequence and all its tokens. It keeps in step by itself. One call computes at most one batch of what
it has not read yet, so a long prompt is caught up with over a few steps and nobody waits for it.
`forget` when a sequence is gone; a number that is used again is noticed anyway.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from math import exp
from pathlib import Path
from typing import Any

from app.base.errors import Cancelled
from app.engine.causes import load_error
from app.engine.errors import DraftError
from app.engine.llama.computing.batch import TokenBatch
from app.engine.llama.computing.context import Computed, StopFlag
from app.engine.llama.kv.parking import common_prefix
from app.engine.llama.native import llama_cpp, native_log, trained_length
from app.engine.llama.sampling import logprobs
from app.engine.llama.vocabulary import Vocabulary

# Files of one family may differ in padding, and in the names of tokens kept in reserve.
_MOST_SIZE_DIFFERENCE = 128
_MOST_OTHER_TEXTS = 0.001
_SAME_FAMILY = "Choose a smaller model of the same family, or none."


class DraftModel:
    """A loaded draft model.

    Attributes:
        flag: interrupts a computation, as with a chat context.
    """

    def __init__(
        self,
        path: Path,
        vocabulary: Vocabulary,
        *,
        context_length: int,
        sequences: int,
        batch: int = 512,
        least_probability: float = 0.5,
        model_params: Any = None,
        context_params: Any = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load it.

        Args:
            path: of the GGUF file.
            vocabulary: of the model that checks the guesses.
            context_length: tokens of KV space, shared by all sequences.
            sequences: numbers of sequences are below this.
            batch: tokens computed in one call at most.
            least_probability: guessing ends where the draft model is less sure than this.
            model_params: native parameters with devices set; what they point to must live until
                this returns.
            context_params: native parameters with threads and flash attention set; lengths are
                set here.
            is_cancelled: gives up loading.

        Raises:
            DraftError: it cannot be loaded, or does not go with the model.
            Cancelled: loading was given up.
        """
        self._name = path.name
        self._least = least_probability
        self._held: dict[int, list[int]] = {}  # tokens by sequence, last used last
        self._context: Any = None
        self._batch: TokenBatch | None = None
        self.flag = StopFlag()
        self._model: Any = _load(path, model_params, is_cancelled)
        try:
            self._vocabulary = Vocabulary(self._model)
            _check(self._name, self._model, self._vocabulary, vocabulary)
            self._size = min(self._vocabulary.size, vocabulary.size)
            self._batch = TokenBatch(min(batch, context_length))
            self._context = self._new_context(context_params, context_length, sequences)
        except BaseException:
            self.close()
            raise
        self._memory: Any = llama_cpp.llama_get_memory(self._context)
        trained = trained_length(self._model) or context_length
        self._longest = min(llama_cpp.llama_n_ctx(self._context), trained)

    def guess(self, sequence: int, tokens: Sequence[int], most: int) -> list[int]:
        """The tokens that probably follow, at most `most`; empty where it is not sure.

        Args:
            sequence: number of the sequence; each has state of its own.
            tokens: all known tokens of it.
            most: tokens wanted.
        """
        most = min(most, self._longest - len(tokens))
        if most <= 0 or not tokens or not self._read(sequence, tokens):
            return []
        held = self._held[sequence]
        guessed: list[int] = []
        while True:
            token = self._surest()
            if token is None:
                return guessed
            guessed.append(token)
            if len(guessed) >= most or not self._compute(sequence, held, [token]):
                return guessed

    def forget(self, sequence: int) -> None:
        """A sequence is gone."""
        if self._held.pop(sequence, None) is not None:
            llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def close(self) -> None:
        """Give the memory back."""
        if self._batch is not None:
            self._batch.close()
        if self._context:
            llama_cpp.llama_free(self._context)
            self._context = None
        if self._model:
            llama_cpp.llama_model_free(self._model)
            self._model = None

    def _new_context(self, params: Any, length: int, sequences: int) -> Any:
        params = llama_cpp.llama_context_default_params() if params is None else params
        params.n_ctx = length
        params.n_batch = params.n_ubatch = min(self._capacity, length)
        params.n_seq_max = params.n_outputs_max = sequences  # one output each is all it takes
        params.kv_unified = True
        params.swa_full = True  # or it could not be cut back to what was accepted
        params.no_perf = True
        params.abort_callback = self.flag.callback
        params.abort_callback_data = self.flag.address
        native_log.errors.clear()
        context = llama_cpp.llama_init_from_model(self._model, params)
        if not context:
            raise _draft_error(self._name, [*native_log.errors, "failed to allocate the context"])
        if llama_cpp.llama_get_memory(context) is None:
            llama_cpp.llama_free(context)
            raise _refused(self._name, "It is not a chat model.")
        return context

    @property
    def _capacity(self) -> int:
        return self._batch.capacity if self._batch is not None else 0

    def _read(self, sequence: int, tokens: Sequence[int]) -> bool:
        """Compute what is new, so that the next token can be told; False while more is left."""
        held = self._held.pop(sequence, [])
        self._held[sequence] = held  # last used
        # The last token is always computed again: what follows it is the question.
        common = common_prefix(held, tokens[:-1])
        if common < len(held) and not self._cut(sequence, held, common):
            return False
        new = list(tokens[common : common + self._capacity])
        # Pictures stand as negative numbers, and a larger vocabulary may have tokens of its own.
        if not all(0 <= token < self._size for token in new):
            return False
        return self._compute(sequence, held, new) and len(held) == len(tokens)

    def _cut(self, sequence: int, held: list[int], length: int) -> bool:
        if not llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1):
            self.forget(sequence)
            return False
        del held[length:]
        return True

    def _compute(self, sequence: int, held: list[int], tokens: list[int]) -> bool:
        """Compute more tokens of a sequence, the last with an output; False when that fails."""
        assert self._batch is not None  # it is there until `close`
        last = len(tokens) - 1
        self._batch.clear()
        self._batch.add(sequence, len(held), tokens, [index == last for index in range(last + 1)])
        while True:
            result = llama_cpp.llama_decode(self._context, self._batch.native)
            if result == Computed.DONE:
                held += tokens
                return True
            oldest = next(iter(self._held))
            if result != Computed.NO_ROOM or oldest == sequence:
                self.forget(sequence)
                return False
            self.forget(oldest)

    def _surest(self) -> int | None:
        """The most probable next token, unless it is not probable enough or ends the reply."""
        logits = logprobs.row(self._context, -1, self._vocabulary.size)
        token = int(logits.argmax())
        if exp(logprobs.logprob_of(logits, token)) < self._least or token >= self._size:
            return None
        return None if self._vocabulary.is_end(token) else token


def _load(path: Path, params: Any, is_cancelled: Callable[[], bool]) -> Any:
    params = llama_cpp.llama_model_default_params() if params is None else params
    go_on = llama_cpp.llama_progress_callback(lambda _share, _data: not is_cancelled())
    params.progress_callback = go_on
    native_log.errors.clear()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
    if is_cancelled():
        if model:
            llama_cpp.llama_model_free(model)
        raise Cancelled
    if not model:
        raise _draft_error(path.name, list(native_log.errors))
    return model


def _draft_error(name: str, lines: Sequence[str]) -> DraftError:
    error = load_error(name, lines)
    return DraftError(f"The draft model cannot be used. {error.message}", error.hint)


def _refused(name: str, why: str) -> DraftError:
    return DraftError(f"“{name}” cannot be the draft model. {why}", _SAME_FAMILY)


def _check(name: str, model: Any, own: Vocabulary, other: Vocabulary) -> None:
    """Refuse a draft model whose guesses would mean nothing to the other.

    Raises:
        DraftError: why.
    """
    if llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model):
        raise _refused(name, "It cannot go back over wrong guesses.")
    if llama_cpp.llama_model_has_encoder(model) or not llama_cpp.llama_model_has_decoder(model):
        raise _refused(name, "It is not a chat model.")
    kinds = {llama_cpp.llama_vocab_type(each.handle) for each in (own, other)}
    if len(kinds) > 1 or abs(own.size - other.size) > _MOST_SIZE_DIFFERENCE:
        raise _refused(
            name,
            f"Its vocabulary is another one: {own.size:,} tokens instead of {other.size:,}.",
        )
    if own.adds_bos != other.adds_bos or (own.adds_bos and own.bos != other.bos):
        raise _refused(name, "Its texts begin with another token than the model's.")
    if own.eos != other.eos:
        raise _refused(name, "Its replies end with another token than the model's.")
    size = min(own.size, other.size)
    differing = sum(
        llama_cpp.llama_vocab_get_text(own.handle, token)
        != llama_cpp.llama_vocab_get_text(other.handle, token)
        for token in range(size)
    )
    if differing > _MOST_OTHER_TEXTS * size:
        raise _refused(
            name, f"{differing:,} of its {size:,} tokens mean something else to the model."
        )
